//! `Source`: requirements on the client.

use super::context::Context;
use super::logic::{all, any, listed};
use super::{address, not_modelled, principal, trust_domain};
use serde::Deserialize;
use smi_conformance::NotModelledError;

/// The maximum number of service accounts that an API server accepts.
const MAX_SERVICE_ACCOUNTS: usize = 16;

/// `Source`. An empty list requires nothing.
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

    pub(super) fn check(&self) -> Result<(), NotModelledError> {
        let lists = self.lists();
        if lists.iter().all(|list| list.is_empty()) {
            return not_modelled("an empty source, which the webhook rejects");
        }
        if lists.iter().any(|list| list.iter().any(String::is_empty)) {
            return not_modelled("an empty value, which the webhook rejects");
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
        if [accounts, not_accounts]
            .iter()
            .any(|list| list.len() > MAX_SERVICE_ACCOUNTS)
        {
            return not_modelled(format!("more than {MAX_SERVICE_ACCOUNTS} service accounts"));
        }
        let has_accounts = !accounts.is_empty() || !not_accounts.is_empty();
        if has_accounts && named.iter().any(|list| !list.is_empty()) {
            return not_modelled("service accounts together with principals or namespaces, which the webhook rejects");
        }
        Ok(())
    }

    pub(super) fn is_about_requests(&self) -> bool {
        !self.request_principals.is_empty() || !self.not_request_principals.is_empty()
    }

    /// Returns `true` if the client matches. `namespace` is the namespace of the policy.
    pub(super) fn matches(&self, context: &Context<'_>, namespace: &str) -> Result<bool, NotModelledError> {
        all([
            listed(&self.principals, &self.not_principals, |value| {
                is_principal(context, value)
            }),
            listed(&self.namespaces, &self.not_namespaces, |value| {
                is_of_namespace(context, value)
            }),
            listed(&self.service_accounts, &self.not_service_accounts, |value| {
                is_service_account(context, namespace, value)
            }),
            if context.request.is_none() {
                // Not evaluated without a request.
                Ok(true)
            } else {
                listed(&self.request_principals, &self.not_request_principals, has_token)
            },
            listed(&self.ip_blocks, &self.not_ip_blocks, |block| {
                address::is_in(block, context.ip)
            }),
            listed(&self.remote_ip_blocks, &self.not_remote_ip_blocks, |block| {
                is_remote(context, block)
            }),
        ])
    }
}

/// Returns `true` if the client is the principal `value`, or the same principal in another trust domain of the mesh.
pub(super) fn is_principal(context: &Context<'_>, value: &str) -> Result<bool, NotModelledError> {
    let values = trust_domain::expand(context.mesh, value)?;
    by_name(context, |name| {
        any(values.iter().map(|value| principal::is_principal(value, name)))
    })
}

pub(super) fn is_of_namespace(context: &Context<'_>, value: &str) -> Result<bool, NotModelledError> {
    by_name(context, |name| principal::is_of_namespace(value, name))
}

pub(super) fn is_service_account(
    context: &Context<'_>,
    namespace: &str,
    value: &str,
) -> Result<bool, NotModelledError> {
    by_name(context, |name| principal::is_service_account(value, namespace, name))
}

/// Returns `false` for a client without a certificate, and otherwise applies `is` to its name.
fn by_name(
    context: &Context<'_>,
    is: impl FnOnce(&str) -> Result<bool, NotModelledError>,
) -> Result<bool, NotModelledError> {
    match context.client {
        Some(name) => is(name),
        None => Ok(false),
    }
}

/// Returns `true` if the original client that the request names is in `block`. If it names none, this is the peer.
pub(super) fn is_remote(context: &Context<'_>, block: &str) -> Result<bool, NotModelledError> {
    let is_forwarded = context
        .request
        .is_some_and(|parsed| !parsed.sent("x-forwarded-for").is_empty());
    if is_forwarded {
        return not_modelled("an address from `x-forwarded-for`");
    }
    address::is_in(block, context.ip)
}

/// Returns `false`: without `RequestAuthentication` no request has a token.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it is used like the other predicates on a value"
)]
pub(super) fn has_token(_value: &str) -> Result<bool, NotModelledError> {
    Ok(false)
}

#[cfg(test)]
mod tests;
