//! Whether the workloads behind a service let a request in.

use smi_adapter::object::ObjectRef;
use smi_adapter::principal::Principal;
use smi_adapter::query::{AccessQuery, Authorization, Endpoint, Routing, RoutingQuery};
use smi_adapter::semantics::{Trace, authorize, is_enforced};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use std::collections::BTreeSet;

/// Every workload of an enforced namespace that a query may reach, whether it lets the query in, and why. Where the input holds no workload behind
/// a service, nothing is known of it.
pub(super) fn knocks(
    snapshot: &Snapshot,
    settings: &Settings,
    query: &RoutingQuery,
    routing: &Routing,
) -> Vec<(AccessQuery, Authorization, Trace)> {
    let answers = match routing {
        Routing::Exactly(answer) => std::slice::from_ref(answer),
        Routing::Either { of, .. } => of,
    };
    let targets: BTreeSet<&Endpoint> = answers
        .iter()
        .flat_map(|answer| answer.shares().map(|(target, _)| target))
        .collect();
    let reached: BTreeSet<(ObjectRef, u16)> = targets
        .into_iter()
        .flat_map(|target| behind(snapshot, target))
        .collect();
    let enforced = reached
        .into_iter()
        .filter(|(to, _)| is_enforced(snapshot, settings, &to.key.namespace));
    let knocks = enforced.map(|(to, port)| {
        let query = AccessQuery {
            from: query.from.clone().map(Principal::Account),
            to,
            port,
            traffic: query.traffic.clone(),
        };
        let (access, trace) = authorize(snapshot, settings, &query);
        (query, access, trace)
    });
    knocks.collect()
}

/// The workloads behind a port of a service, and the port that they listen on.
fn behind(snapshot: &Snapshot, target: &Endpoint) -> Vec<(ObjectRef, u16)> {
    let Endpoint::Service { key, port } = target else {
        return Vec::new();
    };
    let spec = snapshot.service(key).and_then(|service| service.spec.as_ref());
    let selector = spec.and_then(|spec| spec.selector.as_ref());
    let Some((spec, selector)) = spec.zip(selector) else {
        return Vec::new();
    };
    let ports = spec
        .ports
        .iter()
        .flatten()
        .filter(|known| known.port == i32::from(*port));
    let ports: Vec<_> = ports.collect();
    let here = snapshot
        .workloads()
        .filter(|workload| workload.object().key.namespace == key.namespace);
    let selected = here.filter(|workload| workload.is_selected_by(selector));
    let reached = selected.flat_map(|workload| {
        let ports = ports.iter().filter_map(|port| workload.target_port(port));
        ports.map(|port| (workload.object().clone(), port)).collect::<Vec<_>>()
    });
    reached.collect()
}
