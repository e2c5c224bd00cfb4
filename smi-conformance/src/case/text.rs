//! Queries as command lines.

use smi_adapter::principal::Principal;
use smi_adapter::query::{AccessQuery, Destination, Request, RoutingQuery, Traffic};

/// Returns an access query as a command line, with its client and its workload.
#[must_use]
pub fn knock(query: &AccessQuery) -> String {
    let from = match &query.from {
        None => "a client without identity".to_owned(),
        Some(Principal::Account(account)) => format!("{}/{}", account.namespace, account.service_account),
        Some(Principal::Spiffe(id)) => id.clone(),
    };
    let to = format!("{}:{}", query.to, query.port);
    format!("{from} to {to}: {}", typed(&query.traffic, "POD", query.port))
}

/// Returns a routing query as a command line.
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
                // `curl` needs a semicolon to send an empty header.
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
