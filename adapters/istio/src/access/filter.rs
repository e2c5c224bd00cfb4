//! Filters that note whether a request fulfils regular expressions, for policies that ask for the note.
//!
//! Without the filter there is no note, and then nothing is allowed: it fails closed.

use super::names;
use crate::native::EnvoyFilter;
use crate::native::authorization::{Condition, Listed};
use crate::native::envoy_filter::{Permission, Principal, RbacPolicy, Text};
use smi_adapter::adapter::Translation;
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter::model::access::{Grant, Ports, WorkloadAccess};
use smi_adapter::object::{ObjectKey, content_hash};
use std::collections::{BTreeMap, BTreeSet};

/// How large the policies of one filter may be, in bytes as JSON.
const MAX_FILTER: usize = 900_000;

/// What a filter looks for in the name of one grant: the whole condition, since its note does not say which grant
/// it is due to.
#[derive(Debug)]
pub(super) struct Sought<'a> {
    grant: &'a Grant,
    policy: RbacPolicy,
    size: usize,
}

impl<'a> Sought<'a> {
    /// `None` without sources or matches.
    pub(super) fn new(grant: &'a Grant, principals: &[String], matches: Vec<Permission>) -> Option<Self> {
        if principals.is_empty() || matches.is_empty() {
            return None;
        }
        let permission = match grant.ports() {
            Ports::All => Permission::any(matches),
            Ports::Only(ports) => {
                let ports = ports.iter().copied().map(Permission::DestinationPort).collect();
                Permission::all(vec![Permission::any(ports), Permission::any(matches)])
            }
        };
        let principal = |principal: &String| Principal::Authenticated {
            principal_name: Text::Exact(format!("spiffe://{principal}")),
        };
        let policy = RbacPolicy {
            permissions: vec![permission],
            principals: principals.iter().map(principal).collect(),
        };
        let size = serde_json::to_string(&policy).map_or(usize::MAX, |text| text.len());
        Some(Self { grant, policy, size })
    }
}

/// Writes the filters of a workload, mostly one or none, and returns what a policy has to ask for, by the place of
/// what is `sought`.
pub(super) fn emit(
    access: &WorkloadAccess,
    policy: &Policy,
    sought: Vec<Option<Sought<'_>>>,
    translation: &mut Translation,
) -> BTreeMap<usize, Condition> {
    let mut conditions = BTreeMap::new();
    for sought in filters(sought) {
        let mut sources = BTreeSet::from([access.workload().clone()]);
        let mut policies = BTreeMap::new();
        let mut places = Vec::new();
        for (number, (place, one)) in sought.into_iter().enumerate() {
            sources.extend(one.grant.references().iter().cloned());
            let ObjectKey { namespace, name } = one.grant.target();
            policies.insert(format!("{namespace}.{name}.{number}"), one.policy);
            places.push(place);
        }
        let content = serde_json::to_string(&(access.selector(), &policies)).unwrap_or_default();
        let hash = content_hash(&content);
        let prefix = format!("smi_{hash}_");
        let condition = Condition {
            key: format!("experimental.envoy.filters.http.rbac[{prefix}shadow_engine_result]"),
            values: Listed::one("allowed".to_owned()),
        };
        conditions.extend(places.into_iter().map(|place| (place, condition.clone())));
        let spec = EnvoyFilter::new(access.selector().clone(), format!("smi.rbac.{hash}"), prefix, policies);
        let name = names::filter(access.workload(), &hash);
        translation.emit_for(policy, sources, Stage::Leaf, &name, &spec);
    }
    conditions
}

/// What is sought with its place, by filter. What is too large for any stands alone, so that no other is refused with
/// it.
fn filters(sought: Vec<Option<Sought<'_>>>) -> Vec<Vec<(usize, Sought<'_>)>> {
    let mut filters: Vec<Vec<_>> = Vec::new();
    let mut size = 0usize;
    for (place, one) in sought.into_iter().enumerate() {
        let Some(one) = one else { continue };
        size = size.saturating_add(one.size);
        match filters.last_mut() {
            Some(last) if size <= MAX_FILTER => last.push((place, one)),
            _ => {
                size = one.size;
                filters.push(vec![(place, one)]);
            }
        }
    }
    filters
}
