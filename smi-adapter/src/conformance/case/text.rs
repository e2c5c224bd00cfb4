//! Probes as text.

use crate::object::ObjectKey;
use crate::probe::{Destination, Identity, Probe, Request, Traffic};
use serde_json::{Value, json};

/// A probe as JSON.
pub(super) fn probe(probe: &Probe) -> Value {
    let Destination::Service { key, port } = &probe.to;
    let from = probe.from.as_ref();
    json!({
        "from": from.map(|from| json!({"namespace": from.namespace, "serviceAccount": from.service_account})),
        "namespace": key.namespace,
        "service": key.name,
        "port": port,
        "traffic": match &probe.traffic {
            Traffic::Tcp => json!("TCP"),
            Traffic::Udp => json!("UDP"),
            Traffic::Http(Request { method, path, headers }) => {
                json!({"method": method, "path": path, "headers": headers})
            }
        },
    })
}

/// A probe from JSON.
pub(super) fn read_probe(value: &Value) -> Result<Probe, String> {
    let text = |pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| format!("a probe has no text at `{pointer}`"))
    };
    let port = value.get("port").and_then(Value::as_u64);
    let traffic = match value.get("traffic").and_then(Value::as_str) {
        Some("TCP") => Traffic::Tcp,
        Some("UDP") => Traffic::Udp,
        Some(other) => return Err(format!("a probe has no traffic `{other}`")),
        None => {
            let headers = value.pointer("/traffic/headers").cloned().unwrap_or(json!([]));
            Traffic::Http(Request {
                method: text("/traffic/method")?,
                path: text("/traffic/path")?,
                headers: serde_json::from_value(headers).map_err(|error| format!("headers of a probe: {error}"))?,
            })
        }
    };
    let from = match value.get("from") {
        None | Some(Value::Null) => None,
        Some(_) => Some(Identity {
            namespace: text("/from/namespace")?,
            service_account: text("/from/serviceAccount")?,
        }),
    };
    Ok(Probe {
        from,
        to: Destination::Service {
            key: ObjectKey::new(text("/namespace")?, text("/service")?),
            port: port
                .and_then(|port| port.try_into().ok())
                .ok_or("a probe has no port")?,
        },
        traffic,
    })
}

/// A probe as what one would type.
#[must_use]
pub fn curl(probe: &Probe) -> String {
    let Destination::Service { key, port } = &probe.to;
    let to = format!("{}.{}:{port}", key.name, key.namespace);
    match &probe.traffic {
        Traffic::Tcp => format!("nc {}.{} {port}", key.name, key.namespace),
        Traffic::Udp => format!("nc -u {}.{} {port}", key.name, key.namespace),
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
                "curl -X {} http://{to} --path-as-is --request-target {}{headers}",
                quoted(method),
                quoted(path)
            )
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
