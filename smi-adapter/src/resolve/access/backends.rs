//! Backends that the callers of a split may not reach (T33).

use super::super::Report;
use super::super::fact::Fact;
use super::super::view::View;
use super::workloads::Workloads;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::access::Granted;
use crate::model::route::{PortRoute, Root};
use crate::model::{Model, ServiceRoute, WorkloadAccess};
use crate::object::{ObjectKey, ObjectRef, SmolStr};
use crate::principal::Principal;
use smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

/// Reports the backends of a route in an enforced namespace that callers of the same root may not reach.
pub(crate) fn report_unreachable(
    view: View<'_>,
    model: &Model,
    route: &ServiceRoute,
    workloads: &Workloads,
    report: &mut Report,
) {
    let callers = Callers::of(view, model, route, workloads);
    for split in route.splits() {
        for service in backends(route, split.key()) {
            let Some(denied) = callers.denied(&service) else {
                continue;
            };
            let message = format!("no traffic target allows {denied} to reach the pods of backend `{service}`");
            let object = ObjectRef::split(split.key().clone());
            let diagnostic = Diagnostic::new(Code::BackendNotAllowed, object, FieldPath::root(), message);
            report.push(diagnostic.on_backend(service));
        }
    }
}

/// Returns the names of the backends of one split of a route.
fn backends(route: &ServiceRoute, split: &ObjectKey) -> BTreeSet<SmolStr> {
    let shares = route.ports().iter().flat_map(PortRoute::splits);
    let own = shares.filter(|share| share.key() == split);
    own.flat_map(|share| share.backends().iter().map(|backend| backend.service.clone()))
        .collect()
}

/// The callers that may reach the pods of each service on some port, by the name of the service.
struct Callers(BTreeMap<SmolStr, BTreeSet<Principal>>);

impl Callers {
    fn of(view: View<'_>, model: &Model, route: &ServiceRoute, workloads: &Workloads) -> Self {
        let shares = route.ports().iter().flat_map(PortRoute::splits);
        let mut services: BTreeSet<SmolStr> = shares
            .flat_map(|share| share.backends().iter().map(|backend| backend.service.clone()))
            .collect();
        if let Root::Service(root) = route.root() {
            services.insert(root.name.clone());
        }
        let mut callers = BTreeMap::new();
        for service in services {
            view.note(Fact::Behind(&ObjectKey::new(route.root().namespace(), &service)));
            let mut behind = workloads.behind(&service).peekable();
            if behind.peek().is_none() {
                // Its pods are unknown.
                continue;
            }
            let grants = behind
                .inspect(|workload| view.note(Fact::Access(workload)))
                .filter_map(|workload| model.access(workload))
                .flat_map(WorkloadAccess::grants)
                .filter(|grant| !matches!(grant.traffic(), Granted::Udp));
            let sources = grants.flat_map(|grant| grant.sources().iter().cloned()).collect();
            callers.insert(service, sources);
        }
        Self(callers)
    }

    /// Names the callers that may reach another service of the same split but not this one, for a message.
    fn denied(&self, service: &str) -> Option<String> {
        let allowed = self.0.get(service)?;
        if allowed.is_empty() {
            return Some("any caller".to_owned());
        }
        let all: BTreeSet<&Principal> = self.0.values().flatten().collect();
        let denied: Vec<String> = all
            .into_iter()
            .filter(|source| !allowed.contains(source))
            .take(3)
            .map(|source| format!("`{source}`"))
            .collect();
        (!denied.is_empty()).then(|| denied.join(", "))
    }
}
