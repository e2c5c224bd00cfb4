//! `Condition`: additional requirements of a rule.

use super::context::Context;
use super::logic::listed;
use super::source::{has_token, is_of_namespace, is_principal, is_remote, is_service_account};
use super::{address, header, not_modelled, operation, shadow, text};
use serde::Deserialize;
use smi_conformance::NotModelledError;

const HEADERS: &str = "request.headers";
const METADATA: &str = "experimental.envoy.filters.http.rbac";

/// Keys without a name in brackets.
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

/// Keys with a name in brackets.
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
    pub(super) fn check(&self) -> Result<(), NotModelledError> {
        let mut values = self.values.iter().chain(&self.not_values).peekable();
        if values.peek().is_none() || values.any(String::is_empty) {
            return not_modelled("a condition without values or with empty ones, which the webhook rejects");
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

    /// Returns `true` if the condition holds. `namespace` is the namespace of the policy.
    pub(super) fn matches(&self, context: &Context<'_>, namespace: &str) -> Result<bool, NotModelledError> {
        if self.is_about_requests() && context.request.is_none() {
            // Not evaluated without a request.
            return Ok(true);
        }
        listed(&self.values, &self.not_values, |value| {
            self.is(context, namespace, value)
        })
    }

    fn is(&self, context: &Context<'_>, namespace: &str, value: &str) -> Result<bool, NotModelledError> {
        match self.key.as_str() {
            "source.ip" => return address::is_in(value, context.ip),
            "remote.ip" => return is_remote(context, value),
            "source.principal" => return is_principal(context, value),
            "source.namespace" => return is_of_namespace(context, value),
            "source.serviceAccount" => return is_service_account(context, namespace, value),
            "destination.port" => return operation::is_port(context, value),
            "destination.ip" => return is_destination(context, value),
            "connection.sni" => return is_server_name(context, value),
            _ => {}
        }
        if let Some(name) = in_brackets(&self.key, HEADERS)
            && let Some(parsed) = context.request
        {
            return header::is(context, parsed, name, value);
        }
        if let Some(key) = in_brackets(&self.key, METADATA) {
            return shadow::is(context, key, value);
        }
        has_token(value)
    }
}

/// Returns the content of the brackets in a key `NAME[…]`.
fn in_brackets<'k>(key: &'k str, name: &str) -> Option<&'k str> {
    let inner = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
    (!inner.is_empty() && !inner.contains(['[', ']'])).then_some(inner)
}

fn is_destination(context: &Context<'_>, block: &str) -> Result<bool, NotModelledError> {
    let addresses = context.workload.addresses();
    let mut answers = addresses.iter().map(|ip| address::is_in(block, *ip));
    let Some(first) = answers.next() else {
        return not_modelled("a condition on the address of a pod without an address");
    };
    if answers.any(|answer| answer != first) {
        return not_modelled("a condition on one of several addresses of the pod");
    }
    first
}

/// Returns `true` if the client sent the server name `value`. Plaintext requests contain none; all other traffic may
/// contain one.
fn is_server_name(context: &Context<'_>, value: &str) -> Result<bool, NotModelledError> {
    if context.client.is_some() || context.request.is_none() {
        return not_modelled("a condition on the server name of TLS");
    }
    text::is(value, "")
}

#[cfg(test)]
mod tests;
