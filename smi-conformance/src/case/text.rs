//! Probes as what one would type.

use smi_adapter::probe::{Attempt, Caller, Destination, Probe, Request, Traffic};

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
