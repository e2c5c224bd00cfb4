//! Envoy's RBAC engine: the modelled subset of `envoy.config.rbac.v3.RBAC`.

use super::super::address;
use super::super::context::Context;
use super::super::logic::{all, and, any};
use super::super::source;
use super::matchers::{HeaderMatcher, PathMatcher, StringMatcher};
use super::not_modelled;
use crate::request::ParsedRequest;
use serde::Deserialize;
use serde_json::Value;
use smi_conformance::NotModelledError;
use std::collections::BTreeMap;

/// `RBAC`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    #[serde(default)]
    action: Action,
    #[serde(default)]
    policies: BTreeMap<String, Policy>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Action {
    #[default]
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    permissions: Vec<Permission>,
    principals: Vec<Principal>,
    condition: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Permission {
    Any(bool),
    AndRules(Permissions),
    OrRules(Permissions),
    NotRule(Box<Permission>),
    Header(HeaderMatcher),
    UrlPath(PathMatcher),
    DestinationPort(u16),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Permissions {
    rules: Vec<Permission>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Principal {
    Any(bool),
    AndIds(Principals),
    OrIds(Principals),
    NotId(Box<Principal>),
    Authenticated(Authenticated),
    DirectRemoteIp(Block),
    RemoteIp(Block),
    Header(HeaderMatcher),
    UrlPath(PathMatcher),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Principals {
    ids: Vec<Principal>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Authenticated {
    principal_name: Option<StringMatcher>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    address_prefix: String,
    #[serde(default)]
    prefix_len: u32,
}

impl Rules {
    /// Returns `true` if the engine allows the request: any policy matches, or none does if the action is `DENY`.
    pub(super) fn allow(&self, context: &Context<'_>, parsed: &ParsedRequest) -> Result<bool, NotModelledError> {
        let matched = any(self.policies.values().map(|policy| policy.matches(context, parsed)))?;
        Ok(match self.action {
            Action::Allow => matched,
            Action::Deny => !matched,
        })
    }
}

impl Policy {
    fn matches(&self, context: &Context<'_>, parsed: &ParsedRequest) -> Result<bool, NotModelledError> {
        if self.permissions.is_empty() || self.principals.is_empty() {
            return not_valid();
        }
        let permissions = self
            .permissions
            .iter()
            .map(|permission| permission.matches(context, parsed));
        let principals = self
            .principals
            .iter()
            .map(|principal| principal.matches(context, parsed));
        let condition = || match &self.condition {
            None => Ok(true),
            Some(_) => not_modelled("a condition in CEL"),
        };
        and(any(principals), || and(any(permissions), condition))
    }
}

impl Permission {
    fn matches(&self, context: &Context<'_>, parsed: &ParsedRequest) -> Result<bool, NotModelledError> {
        let each =
            |set: &'_ Permissions| -> Vec<_> { set.rules.iter().map(|one| one.matches(context, parsed)).collect() };
        match self {
            Self::Any(true) => Ok(true),
            Self::Any(false) => not_valid(),
            Self::AndRules(set) | Self::OrRules(set) if set.rules.is_empty() => not_valid(),
            Self::AndRules(set) => all(each(set)),
            Self::OrRules(set) => any(each(set)),
            Self::NotRule(one) => one.matches(context, parsed).map(|matched| !matched),
            Self::Header(header) => header.matches(context, parsed),
            Self::UrlPath(path) => path.matches(parsed),
            Self::DestinationPort(port) => Ok(*port == context.port),
        }
    }
}

impl Principal {
    fn matches(&self, context: &Context<'_>, parsed: &ParsedRequest) -> Result<bool, NotModelledError> {
        let each = |set: &'_ Principals| -> Vec<_> { set.ids.iter().map(|one| one.matches(context, parsed)).collect() };
        match self {
            Self::Any(true) => Ok(true),
            Self::Any(false) => not_valid(),
            Self::AndIds(set) | Self::OrIds(set) if set.ids.is_empty() => not_valid(),
            Self::AndIds(set) => all(each(set)),
            Self::OrIds(set) => any(each(set)),
            Self::NotId(one) => one.matches(context, parsed).map(|matched| !matched),
            Self::Authenticated(Authenticated { principal_name }) => match (context.client, principal_name) {
                (None, _) => Ok(false),
                (Some(_), None) => Ok(true),
                (Some(name), Some(matcher)) => matcher.matches(name),
            },
            Self::DirectRemoteIp(block) => address::is_in(&block.text(), context.ip),
            Self::RemoteIp(block) => source::is_remote(context, &block.text()),
            Self::Header(header) => header.matches(context, parsed),
            Self::UrlPath(path) => path.matches(parsed),
        }
    }
}

impl Block {
    fn text(&self) -> String {
        format!("{}/{}", self.address_prefix, self.prefix_len)
    }
}

/// Reports configuration that Envoy rejects. The listener then keeps its previous configuration.
fn not_valid<T>() -> Result<T, NotModelledError> {
    not_modelled("a filter that Envoy rejects")
}
