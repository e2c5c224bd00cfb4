//! Access control: the grants of every workload in an enforced namespace.

mod backends;
mod common;
mod enforced;
mod ports;
mod subjects;
mod target;
mod workloads;

use super::Report;
use super::specs::Groups;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::access::{Grant, InMesh, Ports};
use crate::model::{Model, NamespaceBaseline, Policy, WorkloadAccess};
use crate::object::{ObjectKey, ObjectRef};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::workload::Transport;
use smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use subjects::Destination;
use target::Target;
use workloads::{Owned, Workloads};

/// The input of every step.
pub(super) struct Context<'a> {
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    groups: &'a Groups,
    tcp_routes: ports::Routes<'a>,
    udp_routes: ports::Routes<'a>,
    accounts: subjects::Accounts<'a>,
}

/// Adds the policies of access control to a model, and returns the objects that targets refer to.
///
/// `observed` are the namespaces that objects managed by us already enforce (A2).
pub(super) fn policies(
    snapshot: &Snapshot,
    settings: &Settings,
    already_enforced: &BTreeSet<String>,
    groups: &Groups,
    model: &mut Model,
    report: &mut Report,
) -> BTreeSet<ObjectRef> {
    let context = Context {
        snapshot,
        settings,
        groups,
        tcp_routes: ports::tcp(snapshot, settings),
        udp_routes: ports::udp(snapshot, settings),
        accounts: subjects::accounts(snapshot, settings),
    };
    let mut used = BTreeSet::new();
    let mut enforced = enforced::namespaces(snapshot, settings, already_enforced, report);
    let targets = target::all(&context, &mut used, report);
    let untouched = enforced::not_covered(snapshot, settings, already_enforced, &mut enforced);
    enforced::report_untouched(&untouched, &targets, report);
    let known = |target: &Target| enforced.contains(target.namespace()) || untouched.contains(target.namespace());
    for target in targets.iter().filter(|target| target.in_force && !known(target)) {
        let message = format!(
            "namespace `{}` is not enforced, so all traffic is allowed there",
            target.namespace()
        );
        let diagnostic = Diagnostic::new(Code::NamespaceReleased, target.object(), FieldPath::root(), message);
        report.push(diagnostic.caused_by(ObjectRef::namespace(target.namespace())));
    }
    let workloads = Workloads::new(snapshot, settings, &enforced);
    let granted = Granted::new(&targets, &enforced, &workloads);
    granted.report_destinations(&context, report);
    granted.report_ports(&workloads, report);
    let policies = granted.policies(&context, &workloads, report);
    backends::report_unreachable(model, &policies, &workloads, &enforced, report);
    for namespace in &enforced {
        let baseline = NamespaceBaseline {
            namespace: namespace.clone(),
            unselectable: workloads.unselectable(namespace),
        };
        let policy = Policy::Baseline(baseline);
        model.policies.insert(policy.key(), policy);
    }
    model.policies.extend(policies.into_values().map(|access| {
        let policy = Policy::Access(access);
        (policy.key(), policy)
    }));
    used
}

/// The targets in force, and the pods that are their destinations.
struct Granted<'a> {
    targets: Vec<&'a Target>,
    /// The indices of the targets of each pod or template, by workload.
    by_pod: BTreeMap<&'a ObjectRef, Vec<Vec<usize>>>,
    /// The targets of which some pod of a workload is the destination, with their indices, by workload.
    by_workload: BTreeMap<&'a ObjectRef, BTreeMap<usize, &'a Target>>,
}

impl<'a> Granted<'a> {
    fn new(targets: &'a [Target], enforced: &BTreeSet<String>, workloads: &'a Workloads<'a>) -> Self {
        let in_force = targets.iter().filter(|target| enforced.contains(target.namespace()));
        let targets: Vec<&Target> = in_force.collect();
        let index = subjects::Index::new(targets.iter().map(|target| &target.destination));
        let mut by_pod: BTreeMap<_, Vec<Vec<usize>>> = BTreeMap::new();
        let mut by_workload = BTreeMap::new();
        for owned in workloads.all() {
            let pods: Vec<Vec<usize>> = owned.pods.iter().map(|pod| index.of(pod)).collect();
            let of_any = pods
                .iter()
                .flatten()
                .filter_map(|index| Some((*index, *targets.get(*index)?)));
            by_workload.insert(&owned.object, of_any.collect());
            by_pod.insert(&owned.object, pods);
        }
        Self {
            targets,
            by_pod,
            by_workload,
        }
    }

    /// Returns the targets of which some pod of a workload is the destination.
    fn of(&self, owned: &Owned<'_>) -> impl Iterator<Item = &'a Target> {
        self.by_workload
            .get(&owned.object)
            .into_iter()
            .flat_map(BTreeMap::values)
            .copied()
    }

    /// Reports targets whose destination matches no pod (A18).
    fn report_destinations(&self, context: &Context<'_>, report: &mut Report) {
        let matched: BTreeSet<usize> = self.by_workload.values().flat_map(BTreeMap::keys).copied().collect();
        let unmatched = self
            .targets
            .iter()
            .enumerate()
            .filter(|(index, target)| target.in_force && !matched.contains(index));
        for (_, target) in unmatched {
            let message = format!(
                "no workload that matches this destination is known in namespace `{}`{}",
                target.namespace(),
                elsewhere(&target.destination, &context.accounts)
            );
            report.add(
                Code::NoDestinationWorkload,
                &target.object(),
                target.path("destination"),
                message,
            );
        }
    }

    /// Reports ports of a service in place of the ports that its pods listen on (A10).
    fn report_ports(&self, workloads: &Workloads<'_>, report: &mut Report) {
        for owned in workloads.all() {
            for target in self.of(owned).filter(|target| target.in_force) {
                for named in &target.named_ports {
                    let Some(targets) = workloads.behind_service_port(owned, named.port, named.transport) else {
                        continue;
                    };
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
    }

    /// Returns a policy for every workload that labels select.
    fn policies(
        &self,
        context: &Context<'_>,
        workloads: &Workloads<'_>,
        report: &mut Report,
    ) -> BTreeMap<ObjectRef, WorkloadAccess> {
        let mut policies = BTreeMap::new();
        // Most workloads have a single list of targets, and many share it.
        let mut known: BTreeMap<&Vec<usize>, Arc<[Grant]>> = BTreeMap::new();
        for group in workloads.overlapping() {
            let indices: BTreeSet<&Vec<usize>> = group
                .iter()
                .filter_map(|owned| self.by_pod.get(&owned.object))
                .flatten()
                .collect();
            let only = indices.first().copied().filter(|_| indices.len() == 1);
            let lists: Vec<Vec<&Grant>> = indices.into_iter().map(|list| self.grants(list)).collect();
            let common = common::to_all(&lists);
            self.report_overlaps(&group, &common.lost, report);
            let grants: Arc<[Grant]> = match only {
                Some(list) => known.entry(list).or_insert_with(|| common.grants.into()).clone(),
                None => common.grants.into(),
            };
            let checks = group
                .iter()
                .map(|owned| owned.health_checks())
                .reduce(|one, other| &one & &other)
                .unwrap_or_default();
            for owned in group.iter().filter(|owned| !owned.selector.is_empty()) {
                let mut access = self.access(context, workloads, owned, Arc::clone(&grants));
                // What is granted to all of them depends on the targets of each.
                let targets = group.iter().flat_map(|other| self.of(other));
                access.named_by.extend(targets.map(Target::object));
                // A38: an exemption would apply to all pods that its labels select.
                access.health_checks.retain(|check| checks.contains(check));
                if access.health_checks != owned.health_checks() {
                    let message = "its labels also select other pods; a health check that not all of these pods declare is not exempted, so the mesh may deny it";
                    report.add(Code::SelectorAmbiguous, &owned.object, FieldPath::root(), message);
                }
                policies.insert(owned.object.clone(), access);
            }
        }
        policies
    }

    /// Reports targets that are not in force, or only in part, on workloads of an overlapping group.
    fn report_overlaps(&self, group: &[&Owned<'_>], lost: &BTreeSet<ObjectKey>, report: &mut Report) {
        for owned in group {
            let is_selected = !owned.selector.is_empty();
            for target in self
                .of(owned)
                .filter(|target| !is_selected || lost.contains(&target.key))
            {
                let other = group.iter().find(|other| is_selected && other.object != owned.object);
                report.push(ambiguous(
                    target,
                    &owned.object,
                    is_selected,
                    other.map(|other| &other.object),
                ));
            }
        }
    }

    fn grants(&self, targets: &[usize]) -> Vec<&'a Grant> {
        let targets = targets.iter().filter_map(|index| self.targets.get(*index));
        targets.flat_map(|target| &target.grants).collect()
    }

    fn access(
        &self,
        context: &Context<'_>,
        workloads: &Workloads<'_>,
        owned: &Owned<'_>,
        grants: Arc<[Grant]>,
    ) -> WorkloadAccess {
        let named = |transport| {
            let granted = grants
                .iter()
                .filter(move |grant| grant.traffic.transport() == transport);
            granted.filter_map(|grant| match &grant.ports {
                Ports::Only(ports) => Some(ports),
                Ports::All => None,
            })
        };
        let targets: Vec<&Target> = self.of(owned).collect();
        let named_ports = || targets.iter().flat_map(|target| &target.named_ports);
        let ports = |transport| {
            let of_targets = named_ports()
                .filter(|named| named.transport == transport)
                .map(|named| named.port);
            let mut ports = workloads.ports(owned, transport);
            ports.extend(of_targets.chain(named(transport).flatten().copied()));
            ports
        };
        WorkloadAccess {
            workload: owned.object.clone(),
            selector: owned.selector.clone(),
            tcp_ports: ports(Transport::Tcp),
            udp_ports: ports(Transport::Udp),
            health_checks: owned.health_checks(),
            annotations: owned.annotations(),
            containers: owned.containers(),
            in_mesh: InMesh {
                has_pods: owned.has_pods(),
                host_network: owned.pods.iter().any(|pod| pod.has_host_network()),
            },
            marks: owned.marks(context.snapshot),
            trust_domain: context.settings.trust_domain.clone(),
            named_by: targets
                .iter()
                .map(|target| target.object())
                .chain(named_ports().map(|named| named.object.clone()))
                .collect(),
            grants,
        }
    }
}

/// Names another namespace with a workload that a destination would match, for a message.
fn elsewhere(destination: &Destination, accounts: &subjects::Accounts<'_>) -> String {
    let mut others = accounts.keys().filter(|account| {
        account.namespace != destination.namespace && destination.accounts.contains(&account.service_account)
    });
    let other = others.next().map(|account| &account.namespace);
    other.map_or_else(String::new, |other| format!(", but in namespace `{other}`"))
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

#[cfg(test)]
mod tests;
