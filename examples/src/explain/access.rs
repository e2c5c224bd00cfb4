//! Access control at the workloads behind a service.

use smi_adapter::object::ObjectRef;
use smi_adapter::principal::Principal;
use smi_adapter::query::{AccessQuery, Authorization, Endpoint, Routing, RoutingQuery};
use smi_adapter::semantics::{Trace, authorize, is_enforced};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use std::collections::BTreeSet;

/// Returns the decision of every workload in an enforced namespace that a query may reach, with its trace. A service
/// without workloads in the input contributes nothing.
pub(super) fn decisions(
    snapshot: &Snapshot,
    settings: &Settings,
    query: &RoutingQuery,
    routing: &Routing,
) -> Vec<(AccessQuery, Authorization, Trace)> {
    let answers = match routing {
        Routing::Exactly(answer) => std::slice::from_ref(answer),
        Routing::Either { of, .. } => of,
    };
    let endpoints: BTreeSet<&Endpoint> = answers
        .iter()
        .flat_map(|answer| answer.shares().map(|(endpoint, _)| endpoint))
        .collect();
    let reached: BTreeSet<(ObjectRef, u16)> = endpoints
        .into_iter()
        .flat_map(|endpoint| behind(snapshot, endpoint))
        .collect();
    let enforced = reached
        .into_iter()
        .filter(|(to, _)| is_enforced(snapshot, settings, &to.key.namespace));
    let decisions = enforced.map(|(to, port)| {
        let query = AccessQuery {
            from: query.from.clone().map(Principal::Account),
            to,
            port,
            traffic: query.traffic.clone(),
        };
        let (authorization, trace) = authorize(snapshot, settings, &query);
        (query, authorization, trace)
    });
    decisions.collect()
}

/// Returns the workloads behind a port of a service, and the ports that they listen on.
fn behind(snapshot: &Snapshot, target: &Endpoint) -> Vec<(ObjectRef, u16)> {
    let Endpoint::Service { key, port } = target else {
        return Vec::new();
    };
    let spec = snapshot.service(key).and_then(|service| service.spec.as_ref());
    let selector = spec.and_then(|spec| spec.selector.as_ref());
    let Some((spec, selector)) = spec.zip(selector) else {
        return Vec::new();
    };
    let ports: Vec<_> = spec
        .ports
        .iter()
        .flatten()
        .filter(|known| known.port == i32::from(*port))
        .collect();
    let selected = snapshot
        .workloads()
        .filter(|workload| workload.object().key.namespace == key.namespace && workload.is_selected_by(selector));
    let reached = selected.flat_map(|workload| {
        let ports = ports.iter().filter_map(|port| workload.target_port(port));
        ports.map(|port| (workload.object().clone(), port)).collect::<Vec<_>>()
    });
    reached.collect()
}
