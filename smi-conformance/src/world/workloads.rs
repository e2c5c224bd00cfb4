//! Workloads and namespaces.

use super::NAMESPACES;
use super::json::rarely;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// The names of service accounts, in every namespace.
pub const ACCOUNTS: [&str; 3] = ["sa-a", "sa-b", "sa-c"];

/// Sets of labels, some of which are subsets of others.
const LABELS: [&[(&str, &str)]; 9] = [
    &[("app", "web")],
    &[("app", "web")],
    &[("app", "api")],
    &[("app", "db")],
    &[("app", "queue")],
    &[("app", "cache")],
    &[("app", "web"), ("tier", "one")],
    &[("tier", "one")],
    &[],
];

/// A pod, or an object that creates pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name, from its position among the workloads of its namespace.
    pub name: String,
    /// The object that creates the pods.
    pub maker: Maker,
    /// The labels that select its pods.
    pub labels: &'static [(&'static str, &'static str)],
    /// Additional labels of its pods.
    pub more: &'static [(&'static str, &'static str)],
    /// The service account; `None` stands for `default`.
    pub account: Option<&'static str>,
    /// The TCP ports of its container.
    pub ports: Vec<u16>,
    /// Is `true` if it has a UDP port.
    pub udp: bool,
    /// Is `true` if the kubelet probes it.
    pub probed: bool,
    /// Another service account, as which one of its pods still runs.
    pub old_account: Option<&'static str>,
}

/// An object that creates pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// A Deployment.
    Deployment,
    /// A StatefulSet whose selector has an expression that labels can express.
    StatefulSet,
    /// A Deployment whose selector labels cannot express.
    Inexact,
    /// No object: the workload is a pod.
    Pod,
    /// A CronJob, which has no selector.
    CronJob,
}

impl Workload {
    /// Returns the strategy of all workloads. The world assigns the name.
    pub fn any() -> impl Strategy<Value = Self> {
        let namespace = prop_oneof![8 => Just(NAMESPACES[0]), 2 => Just(NAMESPACES[1])];
        let maker = prop_oneof![
            12 => Just(Maker::Deployment),
            3 => Just(Maker::StatefulSet),
            1 => Just(Maker::Inexact),
            3 => Just(Maker::Pod),
            1 => Just(Maker::CronJob),
        ];
        let labels = prop_oneof![30 => select(&LABELS[..6]), 5 => select(&LABELS[..])];
        let more = prop_oneof![30 => Just(LABELS[8]), 4 => select(&LABELS[6..])];
        let account = prop_oneof![20 => select(&ACCOUNTS[..]).prop_map(Some), 1 => Just(None)];
        let ports = prop_oneof![10 => vec(select(&[8080, 9000, 9001][..]), 1..=2), 1 => Just(Vec::new())];
        let rest = (
            any::<bool>(),
            proptest::bool::weighted(0.2),
            rarely(30, select(&ACCOUNTS[..])),
        );
        ((namespace, maker, labels, more), account, ports, rest).prop_map(
            |((namespace, maker, labels, more), account, mut ports, (udp, probed, old_account))| {
                ports.sort_unstable();
                ports.dedup();
                Self {
                    namespace,
                    name: String::new(),
                    maker,
                    labels,
                    more,
                    account,
                    ports,
                    udp,
                    probed,
                    old_account,
                }
            },
        )
    }

    /// Returns the kind of the object that creates its pods.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.maker {
            Maker::Deployment | Maker::Inexact => "Deployment",
            Maker::StatefulSet => "StatefulSet",
            Maker::Pod => "Pod",
            Maker::CronJob => "CronJob",
        }
    }

    fn selector(&self) -> Value {
        let labels = map(self.labels.iter());
        match self.maker {
            Maker::StatefulSet => {
                let expressions = self
                    .labels
                    .iter()
                    .map(|(name, value)| json!({"key": name, "operator": "In", "values": [value]}));
                json!({"matchExpressions": expressions.collect::<Vec<_>>()})
            }
            Maker::Inexact => {
                json!({"matchLabels": labels, "matchExpressions": [{"key": "app", "operator": "Exists"}]})
            }
            _ => json!({"matchLabels": labels}),
        }
    }

    /// Returns the spec of a pod that runs as `account`.
    fn pod(&self, account: Option<&str>) -> Value {
        let mut ports: Vec<Value> = self
            .ports
            .iter()
            .map(|port| json!({"containerPort": port, "name": format!("p{port}")}))
            .collect();
        if self.udp {
            ports.push(json!({"containerPort": 5353, "protocol": "UDP"}));
        }
        let mut container = json!({"name": "app", "image": "app", "ports": ports});
        if let (true, Some(port), Some(fields)) = (self.probed, self.ports.first(), container.as_object_mut()) {
            fields.insert(
                "livenessProbe".into(),
                json!({"httpGet": {"path": "/healthz", "port": port}}),
            );
        }
        let mut spec = json!({"containers": [container]});
        if let (Some(account), Some(fields)) = (account, spec.as_object_mut()) {
            fields.insert("serviceAccountName".into(), json!(account));
        }
        spec
    }

    /// Returns the manifests.
    #[must_use]
    pub fn documents(&self) -> Vec<Value> {
        let labels = map(self.labels.iter().chain(self.more));
        let template = json!({"metadata": {"labels": labels}, "spec": self.pod(self.account)});
        let metadata = json!({"name": self.name, "namespace": self.namespace});
        let object = |api_version: &str, spec: Value| json!({"apiVersion": api_version, "kind": self.kind(), "metadata": metadata, "spec": spec});
        let whole = match self.maker {
            Maker::Pod => {
                let metadata = json!({"name": self.name, "namespace": self.namespace, "labels": meshed(labels)});
                let spec = injected(self.pod(self.account));
                return vec![json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})];
            }
            Maker::CronJob => object(
                "batch/v1",
                json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}),
            ),
            Maker::StatefulSet => object(
                "apps/v1",
                json!({"serviceName": "web", "selector": self.selector(), "template": template}),
            ),
            Maker::Deployment | Maker::Inexact => {
                object("apps/v1", json!({"selector": self.selector(), "template": template}))
            }
        };
        let old = self.old_account.map(|account| {
            let owner = json!([{
                "apiVersion": "apps/v1", "kind": self.kind(), "name": self.name, "uid": "u", "controller": true,
            }]);
            let metadata = json!({
                "name": format!("{}-old", self.name), "namespace": self.namespace, "labels": meshed(labels.clone()), "ownerReferences": owner,
            });
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": injected(self.pod(Some(account)))})
        });
        std::iter::once(whole).chain(old).collect()
    }
}

/// Returns the labels of a running pod, with the one by which Linkerd identifies meshed pods.
fn meshed(mut labels: Value) -> Value {
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("linkerd.io/control-plane-ns".into(), json!("linkerd"));
    }
    labels
}

/// Returns the spec of a running pod, with the proxies of Istio and Linkerd.
fn injected(mut spec: Value) -> Value {
    if let Some(containers) = spec.get_mut("containers").and_then(Value::as_array_mut) {
        containers.extend(["istio-proxy", "linkerd-proxy"].map(|name| json!({"name": name})));
    }
    spec
}

/// Returns the pod of a document: the document itself, or a pod from its template. Returns `None` for other kinds.
#[must_use]
pub fn pod_of(document: &Value) -> Option<Value> {
    let kind = document.get("kind")?.as_str()?;
    let metadata = document.get("metadata")?;
    let template = match kind {
        "Pod" => return Some(document.clone()),
        "CronJob" => document.pointer("/spec/jobTemplate/spec/template")?,
        "Deployment" | "StatefulSet" => document.pointer("/spec/template")?,
        _ => return None,
    };
    let name = pod_name(kind, metadata.get("name")?.as_str()?);
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": template.get("metadata")?});
    let fields = pod.as_object_mut()?;
    fields.insert("spec".into(), injected(template.get("spec")?.clone()));
    let own = fields.get_mut("metadata")?.as_object_mut()?;
    let labels = own.get("labels").cloned().unwrap_or_else(|| json!({}));
    own.insert("labels".into(), meshed(labels));
    own.insert("name".into(), json!(name));
    own.insert("namespace".into(), metadata.get("namespace")?.clone());
    Some(pod)
}

/// Returns the name of the pod that represents an object.
#[must_use]
pub fn pod_name(kind: &str, name: &str) -> String {
    if kind == "Pod" {
        name.to_owned()
    } else {
        format!("{}-{name}", kind.to_ascii_lowercase())
    }
}

fn map<'a>(labels: impl Iterator<Item = &'a (&'a str, &'a str)>) -> Value {
    let labels = labels.map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    Value::Object(labels.collect())
}

/// A Namespace object, with or without the enforcement label (A2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: &'static str,
    /// The value of the label.
    pub label: Option<&'static str>,
}

impl Namespace {
    /// Returns the strategy of the Namespace objects of a world.
    pub fn all() -> impl Strategy<Value = Vec<Self>> {
        let label = || {
            prop_oneof![
                12 => Just(None),
                6 => Just(Some("true")),
                1 => Just(Some("false")),
                1 => Just(Some("yes")),
            ]
        };
        let [one, two] = NAMESPACES;
        let there = |name| label().prop_map(move |label| Self { name, label });
        (rarely(2, there(one)), rarely(2, there(two))).prop_map(|(one, two)| one.into_iter().chain(two).collect())
    }

    /// Returns the manifest.
    #[must_use]
    pub fn document(&self) -> Value {
        let labels = self
            .label
            .map(|label| json!({smi_adapter::settings::ENFORCE_LABEL: label}));
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "labels": labels}})
    }
}
