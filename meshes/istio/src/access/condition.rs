//! `Condition`: what else has to hold.

use super::arrival::Arrival;
use super::logic::listed;
use super::source::{has_token, is_of_namespace, is_principal, is_remote, is_service_account};
use super::{address, header, not_modelled, operation, shadow, text};
use serde::Deserialize;
use smi_conformance::NotModelled;

const HEADERS: &str = "request.headers";
const METADATA: &str = "experimental.envoy.filters.http.rbac";

/// Keys that are whole.
const KEYS: [&str; 11] = [
    "source.ip",
    "remote.ip",
    "source.principal",
    "source.namespace",
    "source.serviceAccount",
    "destination.port",
    "destination.ip",
    "connection.sni",
    "request.auth.principal",
    "request.auth.audiences",
    "request.auth.presenter",
];

/// Keys that a name in brackets follows.
const KEYS_WITH_NAME: [&str; 3] = [HEADERS, METADATA, "request.auth.claims"];

/// `Condition`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Condition {
    key: String,
    values: Vec<String>,
    not_values: Vec<String>,
}

impl Condition {
    pub(super) fn check(&self) -> Result<(), NotModelled> {
        let mut values = self.values.iter().chain(&self.not_values).peekable();
        if values.peek().is_none() || values.any(String::is_empty) {
            return not_modelled("a condition without values or with empty ones, which the webhook refuses");
        }
        let known = KEYS.contains(&self.key.as_str());
        if !known && !KEYS_WITH_NAME.iter().any(|name| in_brackets(&self.key, name).is_some()) {
            return not_modelled(format!("a condition on `{}`", self.key));
        }
        Ok(())
    }

    pub(super) fn is_about_requests(&self) -> bool {
        self.key.starts_with("request.")
    }

    /// Whether it holds. `namespace` is that of the policy.
    pub(super) fn matches(&self, arrival: &Arrival<'_>, namespace: &str) -> Result<bool, NotModelled> {
        if self.is_about_requests() && arrival.request.is_none() {
            // Not asked where there is no request.
            return Ok(true);
        }
        listed(&self.values, &self.not_values, |value| {
            self.is(arrival, namespace, value)
        })
    }

    fn is(&self, arrival: &Arrival<'_>, namespace: &str, value: &str) -> Result<bool, NotModelled> {
        match self.key.as_str() {
            "source.ip" => return address::is_in(value, arrival.ip),
            "remote.ip" => return is_remote(arrival, value),
            "source.principal" => return is_principal(arrival, value),
            "source.namespace" => return is_of_namespace(arrival, value),
            "source.serviceAccount" => return is_service_account(arrival, namespace, value),
            "destination.port" => return operation::is_port(arrival, value),
            "destination.ip" => return is_destination(arrival, value),
            "connection.sni" => return is_server_name(arrival, value),
            _ => {}
        }
        if let Some(name) = in_brackets(&self.key, HEADERS)
            && let Some(seen) = arrival.request
        {
            return header::is(arrival, seen, name, value);
        }
        if let Some(key) = in_brackets(&self.key, METADATA) {
            return shadow::is(arrival, key, value);
        }
        has_token(value)
    }
}

/// What a key `NAME[…]` has in its brackets.
fn in_brackets<'k>(key: &'k str, name: &str) -> Option<&'k str> {
    let inner = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
    (!inner.is_empty() && !inner.contains(['[', ']'])).then_some(inner)
}

fn is_destination(arrival: &Arrival<'_>, block: &str) -> Result<bool, NotModelled> {
    let addresses = arrival.workload.addresses();
    let mut answers = addresses.iter().map(|ip| address::is_in(block, *ip));
    let Some(first) = answers.next() else {
        return not_modelled("a condition on the address of a pod that has none yet");
    };
    if answers.any(|answer| answer != first) {
        return not_modelled("a condition on one of several addresses of the pod");
    }
    first
}

/// Whether the client asked for the server `value`. Plaintext requests ask for none; all else may.
fn is_server_name(arrival: &Arrival<'_>, value: &str) -> Result<bool, NotModelled> {
    if arrival.client.is_some() || arrival.request.is_none() {
        return not_modelled("a condition on the server name that TLS asks for");
    }
    text::is(value, "")
}

#[cfg(test)]
mod tests;
