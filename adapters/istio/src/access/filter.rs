//! Filters that record whether a request matches regular expressions, for policies that require the record.
//!
//! This fails closed: without the filter there is no record, and the policy allows nothing.

use super::names;
use crate::native::EnvoyFilter;
use crate::native::authorization::{Condition, NonEmpty};
use crate::native::envoy_filter::{Permission, Principal, RbacPolicy, Text};
use smi_adapter::adapter::Translation;
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter::model::access::{Grant, Ports, WorkloadAccess};
use smi_adapter::object::{ObjectKey, content_hash};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum size of the policies of one filter, in bytes as JSON.
const MAX_FILTER: usize = 900_000;

/// The policy that a filter evaluates for one grant. It contains every condition of the grant, including the sources and
/// ports, because the record does not identify the grant.
#[derive(Debug)]
pub(super) struct FilterPolicy<'a> {
    grant: &'a Grant,
    policy: RbacPolicy,
    size: usize,
}

impl<'a> FilterPolicy<'a> {
    /// Returns `None` if there are no sources or no matches.
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

/// Writes the filters of a workload, usually one or none. Returns the conditions that the rules have to require, by
/// index into `filter_policies`.
pub(super) fn emit(
    access: &WorkloadAccess,
    policy: &Policy,
    filter_policies: Vec<Option<FilterPolicy<'_>>>,
    translation: &mut Translation,
) -> BTreeMap<usize, Condition> {
    let mut conditions = BTreeMap::new();
    for filter in filters(filter_policies) {
        let mut sources = BTreeSet::from([access.workload().clone()]);
        let mut policies = BTreeMap::new();
        let mut indices = Vec::new();
        for (number, (index, of_grant)) in filter.into_iter().enumerate() {
            sources.extend(of_grant.grant.references().iter().cloned());
            let ObjectKey { namespace, name } = of_grant.grant.target();
            policies.insert(format!("{namespace}.{name}.{number}"), of_grant.policy);
            indices.push(index);
        }
        let content = serde_json::to_string(&(access.selector(), &policies)).unwrap_or_default();
        let hash = content_hash(&content);
        let prefix = format!("smi_{hash}_");
        let condition = Condition {
            key: format!("experimental.envoy.filters.http.rbac[{prefix}shadow_engine_result]"),
            values: NonEmpty::one("allowed".to_owned()),
        };
        conditions.extend(indices.into_iter().map(|index| (index, condition.clone())));
        let spec = EnvoyFilter::new(access.selector().clone(), format!("smi.rbac.{hash}"), prefix, policies);
        let name = names::filter(access.workload(), &hash);
        translation.emit_for(policy, sources, Stage::Leaf, &name, &spec);
    }
    conditions
}

/// Distributes the policies over filters of a bounded size, each policy with its index. A policy that exceeds the bound
/// gets a filter of its own, so that no other policy is rejected with it.
fn filters(filter_policies: Vec<Option<FilterPolicy<'_>>>) -> Vec<Vec<(usize, FilterPolicy<'_>)>> {
    let mut filters: Vec<Vec<_>> = Vec::new();
    let mut size = 0usize;
    for (index, policy) in filter_policies.into_iter().enumerate() {
        let Some(policy) = policy else { continue };
        size = size.saturating_add(policy.size);
        match filters.last_mut() {
            Some(last) if size <= MAX_FILTER => last.push((index, policy)),
            _ => {
                size = policy.size;
                filters.push(vec![(index, policy)]);
            }
        }
    }
    filters
}
