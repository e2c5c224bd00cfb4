//! Random edits of one service, workload or namespace.

use crate::dice::Dice;
use crate::world::workloads::ACCOUNTS;
use serde_json::{Map, Value, json};
use smi_adapter::settings::ENFORCE_LABEL;

/// The values of the label `app`.
const APPS: [&str; 4] = ["web", "api", "db", "other"];

/// Returns the map of a field, which is created if it is absent or `null`.
pub(super) fn map<'v>(value: &'v mut Value, field: &str) -> Option<&'v mut Map<String, Value>> {
    let field = value.as_object_mut()?.entry(field).or_insert(Value::Null);
    if field.is_null() {
        *field = json!({});
    }
    field.as_object_mut()
}

/// Changes a port, the selector or the cluster IP of a service.
pub(super) fn service(document: &mut Value, dice: &mut Dice) -> Option<()> {
    let spec = document.get_mut("spec")?.as_object_mut()?;
    match dice.below(7) {
        0 => _ = spec.insert("selector".into(), json!({"app": dice.pick(&APPS)?})),
        1 => {
            let ip = if spec.contains_key("clusterIP") {
                Value::Null
            } else {
                json!("None")
            };
            spec.insert("clusterIP".into(), ip);
        }
        2 => {
            let port = json!({"name": "extra", "port": 9443, "targetPort": 8443});
            spec.get_mut("ports")?.as_array_mut()?.push(port);
        }
        3 => {
            let ports = spec.get_mut("ports")?.as_array_mut()?;
            let at = dice.below(ports.len());
            (at < ports.len()).then(|| ports.remove(at))?;
        }
        way => {
            let ports = spec.get_mut("ports")?.as_array_mut()?;
            let at = dice.below(ports.len());
            let port = ports.get_mut(at)?.as_object_mut()?;
            let (field, value) = match way {
                4 => ("appProtocol", json!(dice.text(&["tcp", "http", "grpc", "https"]))),
                5 => ("targetPort", json!(dice.pick(&[8080, 8443, 9090])?)),
                _ => ("name", json!(dice.text(&["http", "tcp-x", "grpc-y"]))),
            };
            port.insert(field.into(), value);
        }
    }
    Some(())
}

/// Changes a label, an annotation, the account or the ports of the pods of a workload.
pub(super) fn workload(document: &mut Value, dice: &mut Dice) -> Option<()> {
    let template = match document.get("kind")?.as_str()? {
        "Pod" => "",
        "CronJob" => "/spec/jobTemplate/spec/template",
        _ => "/spec/template",
    };
    let pod = document.pointer_mut(template)?;
    match dice.below(6) {
        0 | 1 => {
            let labels = map(pod.get_mut("metadata")?, "labels")?;
            labels.insert("app".into(), json!(dice.pick(&APPS)?));
        }
        2 => {
            let labels = map(pod.get_mut("metadata")?, "labels")?;
            let names: Vec<String> = labels.keys().cloned().collect();
            labels.remove(dice.pick(&names)?);
        }
        3 => _ = map(pod, "spec")?.insert("serviceAccountName".into(), json!(dice.pick(&ACCOUNTS)?)),
        4 => {
            let ports = pod.pointer_mut("/spec/containers/0/ports")?.as_array_mut()?;
            if dice.one_in(2) {
                ports.pop()?;
            } else {
                ports.push(json!({"containerPort": 9090, "name": "p9090"}));
            }
        }
        _ => {
            let annotations = map(pod.get_mut("metadata")?, "annotations")?;
            let name = dice.text(&[
                "traffic.sidecar.istio.io/excludeInboundPorts",
                "config.linkerd.io/skip-inbound-ports",
                "example.com/note",
            ]);
            annotations.insert(name.to_owned(), json!(dice.text(&["8080", "9090"])));
        }
    }
    Some(())
}

/// Changes the label that enforces a namespace, or an annotation.
pub(super) fn namespace(document: &mut Value, dice: &mut Dice) -> Option<()> {
    let metadata = document.get_mut("metadata")?;
    match dice.below(4) {
        0 => _ = map(metadata, "labels")?.remove(ENFORCE_LABEL)?,
        1 => {
            let name = dice.text(&["config.linkerd.io/default-inbound-policy", "example.com/note"]);
            map(metadata, "annotations")?.insert(name.to_owned(), json!(dice.text(&["deny", "all-authenticated"])));
        }
        way => {
            let value = if way == 2 { "true" } else { "false" };
            map(metadata, "labels")?.insert(ENFORCE_LABEL.into(), json!(value));
        }
    }
    Some(())
}
