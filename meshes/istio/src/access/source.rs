//! `Source`: who a client has to be.

use super::arrival::Arrival;
use super::logic::{all, any, listed};
use super::{address, not_modelled, principal, trust_domain};
use serde::Deserialize;
use smi_conformance::NotModelled;

/// How many service accounts an API server takes.
const MOST_ACCOUNTS: usize = 16;

/// `Source`. An empty list asks for nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Source {
    principals: Vec<String>,
    not_principals: Vec<String>,
    request_principals: Vec<String>,
    not_request_principals: Vec<String>,
    namespaces: Vec<String>,
    not_namespaces: Vec<String>,
    service_accounts: Vec<String>,
    not_service_accounts: Vec<String>,
    ip_blocks: Vec<String>,
    not_ip_blocks: Vec<String>,
    remote_ip_blocks: Vec<String>,
    not_remote_ip_blocks: Vec<String>,
}

impl Source {
    fn lists(&self) -> [&Vec<String>; 12] {
        [
            &self.principals,
            &self.not_principals,
            &self.namespaces,
            &self.not_namespaces,
            &self.service_accounts,
            &self.not_service_accounts,
            &self.request_principals,
            &self.not_request_principals,
            &self.ip_blocks,
            &self.not_ip_blocks,
            &self.remote_ip_blocks,
            &self.not_remote_ip_blocks,
        ]
    }

    pub(super) fn check(&self) -> Result<(), NotModelled> {
        let lists = self.lists();
        if lists.iter().all(|list| list.is_empty()) {
            return not_modelled("an empty source, which the webhook refuses");
        }
        if lists.iter().any(|list| list.iter().any(String::is_empty)) {
            return not_modelled("an empty value, which the webhook refuses");
        }
        let [
            principals,
            not_principals,
            namespaces,
            not_namespaces,
            accounts,
            not_accounts,
            ..,
        ] = lists;
        let named = [principals, not_principals, namespaces, not_namespaces];
        if [accounts, not_accounts].iter().any(|list| list.len() > MOST_ACCOUNTS) {
            return not_modelled(format!("more than {MOST_ACCOUNTS} service accounts"));
        }
        let has_accounts = !accounts.is_empty() || !not_accounts.is_empty();
        if has_accounts && named.iter().any(|list| !list.is_empty()) {
            return not_modelled("service accounts beside principals or namespaces, which the webhook refuses");
        }
        Ok(())
    }

    pub(super) fn is_about_requests(&self) -> bool {
        !self.request_principals.is_empty() || !self.not_request_principals.is_empty()
    }

    /// Whether the client is one of these. `namespace` is that of the policy.
    pub(super) fn matches(&self, arrival: &Arrival<'_>, namespace: &str) -> Result<bool, NotModelled> {
        all([
            listed(&self.principals, &self.not_principals, |value| {
                is_principal(arrival, value)
            }),
            listed(&self.namespaces, &self.not_namespaces, |value| {
                is_of_namespace(arrival, value)
            }),
            listed(&self.service_accounts, &self.not_service_accounts, |value| {
                is_service_account(arrival, namespace, value)
            }),
            if arrival.request.is_none() {
                // Not asked where there is no request.
                Ok(true)
            } else {
                listed(&self.request_principals, &self.not_request_principals, has_token)
            },
            listed(&self.ip_blocks, &self.not_ip_blocks, |block| {
                address::is_in(block, arrival.ip)
            }),
            listed(&self.remote_ip_blocks, &self.not_remote_ip_blocks, |block| {
                is_remote(arrival, block)
            }),
        ])
    }
}

/// Whether the client is the principal `value`, or the same of another trust domain of the mesh.
pub(super) fn is_principal(arrival: &Arrival<'_>, value: &str) -> Result<bool, NotModelled> {
    let values = trust_domain::expand(arrival.mesh, value)?;
    by_name(arrival, |name| {
        any(values.iter().map(|value| principal::is_principal(value, name)))
    })
}

pub(super) fn is_of_namespace(arrival: &Arrival<'_>, value: &str) -> Result<bool, NotModelled> {
    by_name(arrival, |name| principal::is_of_namespace(value, name))
}

pub(super) fn is_service_account(arrival: &Arrival<'_>, namespace: &str, value: &str) -> Result<bool, NotModelled> {
    by_name(arrival, |name| principal::is_service_account(value, namespace, name))
}

/// A client without certificate is nobody.
fn by_name(arrival: &Arrival<'_>, is: impl FnOnce(&str) -> Result<bool, NotModelled>) -> Result<bool, NotModelled> {
    match arrival.client {
        Some(name) => is(name),
        None => Ok(false),
    }
}

/// Whether the client that the request names as its origin is in `block`. Without such a name it is the peer.
pub(super) fn is_remote(arrival: &Arrival<'_>, block: &str) -> Result<bool, NotModelled> {
    let is_told = arrival
        .request
        .is_some_and(|seen| !seen.sent("x-forwarded-for").is_empty());
    if is_told {
        return not_modelled("an address from `x-forwarded-for`");
    }
    address::is_in(block, arrival.ip)
}

/// Without `RequestAuthentication` nobody has a token.
#[expect(clippy::unnecessary_wraps, reason = "one of several tests of a value")]
pub(super) fn has_token(_value: &str) -> Result<bool, NotModelled> {
    Ok(false)
}

#[cfg(test)]
mod tests;
