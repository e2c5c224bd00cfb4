//! Probes as what one would type.

use smi_adapter::principal::Principal;
use smi_adapter::query::{AccessQuery, Destination, Request, RoutingQuery, Traffic};

/// An access query as what one would type, and where.
#[must_use]
pub fn knock(query: &AccessQuery) -> String {
    let from = match &query.from {
        None => "somebody without identity".to_owned(),
        Some(Principal::Account(account)) => format!("{}/{}", account.namespace, account.service_account),
        Some(Principal::Spiffe(id)) => id.clone(),
    };
    let to = format!("{}:{}", query.to, query.port);
    format!("{from} to {to}: {}", typed(&query.traffic, "POD", query.port))
}

/// A query as what one would type.
#[must_use]
pub fn curl(query: &RoutingQuery) -> String {
    let Destination::Service { key, port } = &query.to;
    typed(&query.traffic, &format!("{}.{}", key.name, key.namespace), *port)
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
