//! Envoy's RBAC engine, as far as it is read: `envoy.config.rbac.v3.RBAC`.

use super::super::address;
use super::super::arrival::Arrival;
use super::super::logic::{all, and, any};
use super::super::source;
use super::matchers::{HeaderMatcher, PathMatcher, StringMatcher};
use super::not_modelled;
use crate::request::Seen;
use serde::Deserialize;
use serde_json::Value;
use smi_conformance::NotModelled;
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
    /// Whether the engine allows: any policy matches, or none, if they deny.
    pub(super) fn allow(&self, arrival: &Arrival<'_>, seen: &Seen) -> Result<bool, NotModelled> {
        let matched = any(self.policies.values().map(|policy| policy.matches(arrival, seen)))?;
        Ok(match self.action {
            Action::Allow => matched,
            Action::Deny => !matched,
        })
    }
}

impl Policy {
    fn matches(&self, arrival: &Arrival<'_>, seen: &Seen) -> Result<bool, NotModelled> {
        if self.permissions.is_empty() || self.principals.is_empty() {
            return not_valid();
        }
        let permissions = self
            .permissions
            .iter()
            .map(|permission| permission.matches(arrival, seen));
        let principals = self.principals.iter().map(|principal| principal.matches(arrival, seen));
        let condition = || match &self.condition {
            None => Ok(true),
            Some(_) => not_modelled("a condition in CEL"),
        };
        and(any(principals), || and(any(permissions), condition))
    }
}

impl Permission {
    fn matches(&self, arrival: &Arrival<'_>, seen: &Seen) -> Result<bool, NotModelled> {
        let each =
            |set: &'_ Permissions| -> Vec<_> { set.rules.iter().map(|one| one.matches(arrival, seen)).collect() };
        match self {
            Self::Any(true) => Ok(true),
            Self::Any(false) => not_valid(),
            Self::AndRules(set) | Self::OrRules(set) if set.rules.is_empty() => not_valid(),
            Self::AndRules(set) => all(each(set)),
            Self::OrRules(set) => any(each(set)),
            Self::NotRule(one) => one.matches(arrival, seen).map(|matched| !matched),
            Self::Header(header) => header.matches(arrival, seen),
            Self::UrlPath(path) => path.matches(seen),
            Self::DestinationPort(port) => Ok(*port == arrival.port),
        }
    }
}

impl Principal {
    fn matches(&self, arrival: &Arrival<'_>, seen: &Seen) -> Result<bool, NotModelled> {
        let each = |set: &'_ Principals| -> Vec<_> { set.ids.iter().map(|one| one.matches(arrival, seen)).collect() };
        match self {
            Self::Any(true) => Ok(true),
            Self::Any(false) => not_valid(),
            Self::AndIds(set) | Self::OrIds(set) if set.ids.is_empty() => not_valid(),
            Self::AndIds(set) => all(each(set)),
            Self::OrIds(set) => any(each(set)),
            Self::NotId(one) => one.matches(arrival, seen).map(|matched| !matched),
            Self::Authenticated(Authenticated { principal_name }) => match (arrival.client, principal_name) {
                (None, _) => Ok(false),
                (Some(_), None) => Ok(true),
                (Some(name), Some(matcher)) => matcher.matches(name),
            },
            Self::DirectRemoteIp(block) => address::is_in(&block.text(), arrival.ip),
            Self::RemoteIp(block) => source::is_remote(arrival, &block.text()),
            Self::Header(header) => header.matches(arrival, seen),
            Self::UrlPath(path) => path.matches(seen),
        }
    }
}

impl Block {
    fn text(&self) -> String {
        format!("{}/{}", self.address_prefix, self.prefix_len)
    }
}

/// What Envoy refuses: the listener then stays as it was.
fn not_valid<T>() -> Result<T, NotModelled> {
    not_modelled("a filter that Envoy refuses")
}
