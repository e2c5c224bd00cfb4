//! The grants of workloads whose selectors select each other's pods.

use super::super::Report;
use super::super::view::View;
use super::common;
use super::destinations::Destinations;
use super::target::Target;
use super::workloads::Owned;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::WorkloadAccess;
use crate::model::access::{Grant, InMesh, Ports};
use crate::object::{ObjectKey, ObjectRef, SmolStr};
use crate::workload::Transport;
use smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The targets of the pods of one workload.
struct Member<'a> {
    owned: &'a Owned,
    /// The targets of each pod or template, sorted.
    by_pod: Vec<Vec<&'a Target>>,
    /// The targets of which some pod is the destination, sorted.
    targets: Vec<&'a Target>,
}

impl<'a> Member<'a> {
    fn new(owned: &'a Owned, destinations: &'a Destinations) -> Self {
        let by_pod: Vec<Vec<&Target>> = owned.pods.iter().map(|pod| destinations.of(pod)).collect();
        let targets: BTreeMap<&ObjectKey, &Target> =
            by_pod.iter().flatten().map(|target| (&target.key, *target)).collect();
        Self {
            owned,
            targets: targets.into_values().collect(),
            by_pod,
        }
    }

    /// Returns the policy of the workload with these grants.
    fn access(&self, view: View<'_>, grants: Arc<[Grant]>) -> WorkloadAccess {
        let Self { owned, targets, .. } = self;
        let granted = |transport| {
            let over = grants
                .iter()
                .filter(move |grant| grant.traffic.transport() == transport);
            over.filter_map(|grant| match &grant.ports {
                Ports::Only(ports) => Some(ports),
                Ports::All => None,
            })
        };
        let named_ports = || targets.iter().flat_map(|target| &target.named_ports);
        let ports = |transport| {
            let of_targets = named_ports()
                .filter(|named| named.transport == transport)
                .map(|named| named.port);
            let mut ports = owned.ports(transport);
            ports.extend(of_targets.chain(granted(transport).flatten().copied()));
            ports
        };
        WorkloadAccess {
            workload: owned.object.clone(),
            selector: Arc::clone(&owned.selector),
            tcp_ports: ports(Transport::Tcp),
            udp_ports: ports(Transport::Udp),
            health_checks: owned.health_checks(),
            annotations: owned.annotations(),
            containers: owned.containers(),
            in_mesh: InMesh {
                has_pods: owned.has_pods(),
                host_network: owned.pods.iter().any(|pod| pod.has_host_network()),
            },
            marks: Arc::clone(owned.marks()),
            trust_domain: SmolStr::new(&view.settings.trust_domain),
            named_by: targets
                .iter()
                .map(|target| target.object())
                .chain(named_ports().map(|named| named.object.clone()))
                .collect(),
            grants,
        }
    }
}

/// Grants by the targets that give them. Most workloads have a single list of targets, and many share it.
pub(super) type Shared<'a> = BTreeMap<Vec<&'a ObjectKey>, Arc<[Grant]>>;

/// The policies of overlapping workloads.
pub(crate) struct Overlap {
    /// A policy for every workload that labels select.
    pub(crate) policies: Vec<WorkloadAccess>,
    /// The targets of which some pod is the destination.
    pub(crate) matched: BTreeSet<ObjectKey>,
}

impl Overlap {
    /// Resolves the access control of workloads whose selectors select each other's pods.
    pub(crate) fn new(view: View<'_>, group: &[Arc<Owned>], destinations: &Destinations, report: &mut Report) -> Self {
        Self::sharing(&mut Shared::new(), view, group, destinations, report)
    }

    /// Does the same, and shares equal grants with other groups.
    pub(super) fn sharing<'a>(
        shared: &mut Shared<'a>,
        view: View<'_>,
        group: &'a [Arc<Owned>],
        destinations: &'a Destinations,
        report: &mut Report,
    ) -> Self {
        let group: Vec<Member<'a>> = group.iter().map(|owned| Member::new(owned, destinations)).collect();
        let lists: BTreeMap<Vec<&'a ObjectKey>, Vec<&'a Target>> = group
            .iter()
            .flat_map(|member| &member.by_pod)
            .map(|list| (keys(list), list.clone()))
            .collect();
        let grants: Vec<Vec<&Grant>> = lists.values().map(|list| grants(list)).collect();
        let only = lists.into_keys().next().filter(|_| grants.len() == 1);
        let (grants, lost) = if let Some(shared) = only.as_ref().and_then(|list| shared.get(list)) {
            (Arc::clone(shared), BTreeSet::new())
        } else {
            let common = common::to_all(&grants);
            (common.grants.into(), common.lost)
        };
        if let Some(list) = only {
            shared.insert(list, Arc::clone(&grants));
        }
        for member in &group {
            report_ports(member, report);
        }
        report_overlaps(&group, &lost, report);
        let matched = group.iter().flat_map(|member| &member.targets);
        Self {
            matched: matched.map(|target| target.key.clone()).collect(),
            policies: policies(view, &group, &grants, report),
        }
    }
}

/// Reports ports of a service in place of the ports that its pods listen on (A10).
fn report_ports(Member { owned, targets, .. }: &Member<'_>, report: &mut Report) {
    for target in targets.iter().filter(|target| target.in_force) {
        for named in &target.named_ports {
            let behind = owned.behind_service_port(named.port, named.transport);
            let Some(targets) = behind else { continue };
            let numbers: Vec<String> = targets.iter().map(u16::to_string).collect();
            let message = format!(
                "`{}` is a port of a service, but its pods ({}) listen on `{}`; specify the target port",
                named.port,
                owned.object,
                numbers.join("`, `")
            );
            let (object, field) = (named.object.clone(), named.field.clone());
            let diagnostic = Diagnostic::new(Code::PortIsServicePort, object, field, message);
            report.push(diagnostic.on_port(named.port).on_workload(owned.object.clone()));
        }
    }
}

/// Returns the policies of workloads whose selectors select each other's pods, so that all of them have the same
/// grants.
fn policies(view: View<'_>, group: &[Member<'_>], grants: &Arc<[Grant]>, report: &mut Report) -> Vec<WorkloadAccess> {
    let checks = group.iter().map(|member| member.owned.health_checks());
    let checks = checks.reduce(|one, other| &one & &other).unwrap_or_default();
    let mut policies = Vec::new();
    for member in group.iter().filter(|member| !member.owned.selector.is_empty()) {
        let mut access = member.access(view, Arc::clone(grants));
        // What is granted to all of them depends on the targets of each.
        let targets = group.iter().flat_map(|other| &other.targets);
        access.named_by.extend(targets.map(|target| target.object()));
        // A38: an exemption would apply to all pods that its labels select.
        access.health_checks.retain(|check| checks.contains(check));
        if access.health_checks != member.owned.health_checks() {
            let message = "its labels also select other pods; a health check that not all of these pods declare is not exempted, so the mesh may deny it";
            report.add(
                Code::SelectorAmbiguous,
                &member.owned.object,
                FieldPath::root(),
                message,
            );
        }
        policies.push(access);
    }
    policies
}

fn keys<'a>(targets: &[&'a Target]) -> Vec<&'a ObjectKey> {
    targets.iter().map(|target| &target.key).collect()
}

fn grants<'a>(targets: &[&'a Target]) -> Vec<&'a Grant> {
    targets.iter().flat_map(|target| &target.grants).collect()
}

/// Reports targets that are not in force, or only in part, on workloads of an overlapping group.
fn report_overlaps(group: &[Member<'_>], lost: &BTreeSet<ObjectKey>, report: &mut Report) {
    for Member { owned, targets, .. } in group {
        let is_selected = !owned.selector.is_empty();
        let is_lost = |target: &&&Target| !is_selected || lost.contains(&target.key);
        for target in targets.iter().filter(is_lost) {
            let mut others = group.iter().map(|other| &other.owned.object);
            let other = others.find(|other| is_selected && **other != owned.object);
            report.push(ambiguous(target, &owned.object, is_selected, other));
        }
    }
}

/// Returns the diagnostic on a target that is not in force, or only in part, on a workload whose pods no labels select
/// exactly.
fn ambiguous(target: &Target, workload: &ObjectRef, is_selected: bool, other: Option<&ObjectRef>) -> Diagnostic {
    let common = "only grants to all of these pods are in force";
    let message = match other {
        _ if !is_selected => {
            format!("no labels select exactly the pods of `{workload}`, so the target grants nothing there")
        }
        Some(other) => {
            format!("`{workload}` and `{other}` are among workloads whose labels select pods of each other; {common}")
        }
        None => format!("the labels of `{workload}` also select pods with another identity; {common}"),
    };
    let (object, field) = (target.object(), target.path("destination"));
    let diagnostic = Diagnostic::new(Code::SelectorAmbiguous, object, field, message).on_workload(workload.clone());
    match other {
        Some(other) => diagnostic.caused_by(other.clone()),
        None => diagnostic,
    }
}
