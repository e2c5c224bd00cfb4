//! Permissions: the least that a controller needs.

use crate::mirror::kinds;
use crate::served::is_built_in;
use k8s_openapi::api::rbac::v1::PolicyRule;
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::object::Kind;
use smi_adapter::settings::{Scope, Settings};
use std::collections::{BTreeMap, BTreeSet};

/// The permissions of a controller, to be granted to its service account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// The permissions in the whole cluster, for a `ClusterRole` with a `ClusterRoleBinding`.
    pub cluster: Vec<PolicyRule>,
    /// The permissions in each namespace of the [scope](Settings::scope), for a `Role` with a `RoleBinding` in each of
    /// them. Empty if the scope is the whole cluster.
    pub namespaces: Vec<PolicyRule>,
}

/// Returns the least permissions that a [`Controller`](crate::Controller) for `adapter` with `settings` needs. Leader
/// election needs [more](lease_rules).
///
/// ```
/// use smi_adapter::Settings;
/// # use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
/// # use smi_adapter::{model::Policy, object::Kind};
/// # #[derive(Debug)]
/// # struct Mesh;
/// # impl MeshAdapter for Mesh {
/// #     fn name(&self) -> &str { "mesh" }
/// #     fn kinds(&self) -> &[Kind] { &[] }
/// #     fn support(&self, _: Feature) -> Support { Support::None("it can express nothing".into()) }
/// #     fn translate(&self, _: &Policy) -> Translation { Translation::default() }
/// # }
///
/// let rules = smi_controller::rules(&Mesh, &Settings::default());
/// let splits = rules.cluster.iter().find(|rule| {
///     rule.resources.iter().flatten().any(|resource| resource == "trafficsplits")
/// });
/// assert_eq!(splits.unwrap().verbs, ["list", "watch"]);
/// ```
#[must_use]
pub fn rules<A: MeshAdapter + ?Sized>(adapter: &A, settings: &Settings) -> Rules {
    let mut cluster = Vec::new();
    let mut spread = Vec::new();
    let followed = kinds(adapter, settings);
    let crds: BTreeSet<String> = followed
        .iter()
        .filter(|kind| !is_built_in(kind))
        .map(|kind| format!("{}.{}", kind.plural(), kind.group()))
        .collect();
    cluster.push(PolicyRule {
        resource_names: Some(crds.into_iter().collect()),
        ..rule(
            "apiextensions.k8s.io",
            ["customresourcedefinitions"],
            &["list", "watch"],
        )
    });
    // Resources of one group with the same verbs are one rule.
    let mut grouped: BTreeMap<(&[&str], &str), BTreeSet<String>> = BTreeMap::new();
    for kind in &followed {
        if *kind == Kind::Namespace {
            let mut namespaces = rule("", ["namespaces"], READ);
            if let Scope::Namespaces(names) = &settings.scope {
                namespaces.resource_names = Some(names.iter().cloned().collect());
            }
            cluster.push(namespaces);
            continue;
        }
        let verbs = if adapter.kinds().contains(kind) { WRITE } else { READ };
        let resources = grouped.entry((verbs, kind.group())).or_default();
        resources.insert(kind.plural().to_owned());
    }
    for kind in &Kind::SMI {
        let statuses = grouped.entry((PATCH, kind.group())).or_default();
        statuses.insert(format!("{}/status", kind.plural()));
    }
    for ((verbs, group), resources) in &grouped {
        spread.push(rule(group, resources.iter().map(String::as_str), verbs));
    }
    spread.push(rule("events.k8s.io", ["events"], &["create"]));
    match settings.scope {
        Scope::All => {
            cluster.append(&mut spread);
            Rules {
                cluster,
                namespaces: Vec::new(),
            }
        }
        Scope::Namespaces(_) => Rules {
            cluster,
            namespaces: spread,
        },
    }
}

/// Returns the permissions that leader election needs, for a `Role` in the namespace of the lease.
#[must_use]
pub fn lease_rules(lease: &str) -> Vec<PolicyRule> {
    let group = "coordination.k8s.io";
    vec![
        // The name of an object that does not exist yet cannot be checked.
        rule(group, ["leases"], &["create"]),
        PolicyRule {
            resource_names: Some(vec![lease.to_owned()]),
            ..rule(group, ["leases"], &["get", "update"])
        },
    ]
}

const PATCH: &[&str] = &["patch"];
const READ: &[&str] = &["list", "watch"];
const WRITE: &[&str] = &["create", "delete", "get", "list", "update", "watch"];

fn rule<'a>(group: &str, resources: impl IntoIterator<Item = &'a str>, verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(resources.into_iter().map(str::to_owned).collect()),
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        ..PolicyRule::default()
    }
}
