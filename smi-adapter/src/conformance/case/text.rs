//! Probes as text.

use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::probe::{Attempt, Caller, Destination, Identity, Probe, Request, Traffic};
use serde_json::{Value, json};

/// A probe as JSON.
pub(super) fn probe(probe: &Probe) -> Value {
    let Destination::Service { key, port } = &probe.to;
    json!({
        "from": probe.from.as_ref().map(identity),
        "namespace": key.namespace,
        "service": key.name,
        "port": port,
        "traffic": traffic(&probe.traffic),
    })
}

/// An attempt as JSON.
pub(super) fn attempt(attempt: &Attempt) -> Value {
    json!({
        "from": attempt.from.as_ref().map(|caller| match caller {
            Caller::Account(account) => identity(account),
            Caller::Spiffe(id) => json!(id),
        }),
        "namespace": attempt.to.key.namespace,
        "kind": attempt.to.kind.kind,
        "workload": attempt.to.key.name,
        "port": attempt.port,
        "traffic": traffic(&attempt.traffic),
    })
}

fn identity(identity: &Identity) -> Value {
    json!({"namespace": identity.namespace, "serviceAccount": identity.service_account})
}

fn traffic(traffic: &Traffic) -> Value {
    match traffic {
        Traffic::Tcp => json!("TCP"),
        Traffic::Udp => json!("UDP"),
        Traffic::Http(Request { method, path, headers }) => {
            json!({"method": method, "path": path, "headers": headers})
        }
    }
}

/// A probe from JSON.
pub(super) fn read_probe(value: &Value) -> Result<Probe, String> {
    let from = match value.get("from") {
        None | Some(Value::Null) => None,
        Some(_) => Some(read_identity(value)?),
    };
    Ok(Probe {
        from,
        to: Destination::Service {
            key: ObjectKey::new(text(value, "/namespace")?, text(value, "/service")?),
            port: read_port(value)?,
        },
        traffic: read_traffic(value)?,
    })
}

/// An attempt from JSON.
pub(super) fn read_attempt(value: &Value) -> Result<Attempt, String> {
    let from = match value.get("from") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(Caller::Spiffe(id.clone())),
        Some(_) => Some(Caller::Account(read_identity(value)?)),
    };
    let name = text(value, "/kind")?;
    let kind = MAKERS.into_iter().find(|kind| kind.kind == name);
    let kind = kind.ok_or_else(|| format!("an attempt goes to no `{name}`"))?;
    Ok(Attempt {
        from,
        to: ObjectRef::new(
            kind,
            ObjectKey::new(text(value, "/namespace")?, text(value, "/workload")?),
        ),
        port: read_port(value)?,
        traffic: read_traffic(value)?,
    })
}

/// What attempts go to.
const MAKERS: [Kind; 8] = [
    Kind::POD,
    Kind::REPLICATION_CONTROLLER,
    Kind::DEPLOYMENT,
    Kind::STATEFUL_SET,
    Kind::DAEMON_SET,
    Kind::REPLICA_SET,
    Kind::JOB,
    Kind::CRON_JOB,
];

fn text(value: &Value, pointer: &str) -> Result<String, String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| format!("a probe has no text at `{pointer}`"))
}

fn read_identity(value: &Value) -> Result<Identity, String> {
    Ok(Identity {
        namespace: text(value, "/from/namespace")?,
        service_account: text(value, "/from/serviceAccount")?,
    })
}

fn read_port(value: &Value) -> Result<u16, String> {
    let port = value.get("port").and_then(Value::as_u64);
    let port = port.and_then(|port| port.try_into().ok());
    port.ok_or_else(|| "a probe has no port".to_owned())
}

fn read_traffic(value: &Value) -> Result<Traffic, String> {
    Ok(match value.get("traffic").and_then(Value::as_str) {
        Some("TCP") => Traffic::Tcp,
        Some("UDP") => Traffic::Udp,
        Some(other) => return Err(format!("a probe has no traffic `{other}`")),
        None => {
            let headers = value.pointer("/traffic/headers").cloned().unwrap_or(json!([]));
            Traffic::Http(Request {
                method: text(value, "/traffic/method")?,
                path: text(value, "/traffic/path")?,
                headers: serde_json::from_value(headers).map_err(|error| format!("headers of a probe: {error}"))?,
            })
        }
    })
}

/// An attempt as what one would type, and where.
#[must_use]
pub fn knock(attempt: &Attempt) -> String {
    let from = match &attempt.from {
        None => "somebody without identity".to_owned(),
        Some(Caller::Account(account)) => format!("{}/{}", account.namespace, account.service_account),
        Some(Caller::Spiffe(id)) => id.clone(),
    };
    let to = format!("{}:{}", attempt.to, attempt.port);
    format!("{from} to {to}: {}", typed(&attempt.traffic, "POD", attempt.port))
}

/// A probe as what one would type.
#[must_use]
pub fn curl(probe: &Probe) -> String {
    let Destination::Service { key, port } = &probe.to;
    typed(&probe.traffic, &format!("{}.{}", key.name, key.namespace), *port)
}

fn typed(traffic: &Traffic, host: &str, port: u16) -> String {
    match traffic {
        Traffic::Tcp => format!("nc {host} {port}"),
        Traffic::Udp => format!("nc -u {host} {port}"),
        Traffic::Http(Request { method, path, headers }) => {
            let headers = headers.iter().map(|(name, value)| {
                // An empty header is written with a semicolon.
                let line = if value.is_empty() {
                    format!("{name};")
                } else {
                    format!("{name}: {value}")
                };
                format!(" -H {}", quoted(&line))
            });
            let headers: String = headers.collect();
            format!(
                "curl -X {} http://{host}:{port} --path-as-is --request-target {}{headers}",
                quoted(method),
                quoted(path)
            )
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
