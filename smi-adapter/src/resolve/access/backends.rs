//! Splits to backends that their callers may not reach (T33).

use super::super::Report;
use super::workloads::Workloads;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::access::Granted;
use crate::model::route::Root;
use crate::model::{Model, ServiceRoute, WorkloadAccess};
use crate::object::{ObjectKey, ObjectRef};
use crate::principal::Principal;
use smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn unreachable(
    model: &Model,
    policies: &BTreeMap<ObjectRef, WorkloadAccess>,
    workloads: &Workloads<'_>,
    enforced: &BTreeSet<String>,
    report: &mut Report,
) {
    for route in model
        .routes()
        .filter(|route| enforced.contains(route.root().namespace()))
    {
        let callers = Callers::of(route, policies, workloads);
        for split in route.splits() {
            for service in backends(route, split.key()) {
                let Some(lack) = callers.lack(&service) else { continue };
                let message = format!("{lack} of the backend `{service}`, by no traffic target");
                let object = ObjectRef::split(split.key().clone());
                let diagnostic = Diagnostic::new(Code::BackendNotAllowed, object, FieldPath::root(), message);
                report.push(diagnostic.on_backend(service));
            }
        }
    }
}

fn backends(route: &ServiceRoute, split: &ObjectKey) -> BTreeSet<String> {
    let shares = route.ports().iter().flat_map(crate::model::route::PortRoute::splits);
    let mine = shares.filter(|share| share.key() == split);
    mine.flat_map(|share| share.backends().iter().map(|backend| backend.service().to_owned()))
        .collect()
}

/// Who may reach the pods of which service, at all.
struct Callers(BTreeMap<String, BTreeSet<Principal>>);

impl Callers {
    fn of(route: &ServiceRoute, policies: &BTreeMap<ObjectRef, WorkloadAccess>, workloads: &Workloads<'_>) -> Self {
        let namespace = route.root().namespace();
        let shares = route.ports().iter().flat_map(crate::model::route::PortRoute::splits);
        let mut services: BTreeSet<String> = shares
            .flat_map(|share| share.backends().iter().map(|backend| backend.service().to_owned()))
            .collect();
        if let Root::Service(root) = route.root() {
            services.insert(root.name.clone());
        }
        let mut callers = BTreeMap::new();
        for service in services {
            let behind = workloads.behind(namespace, &service);
            if behind.is_empty() {
                // Nothing is known of its pods.
                continue;
            }
            let access = behind.iter().filter_map(|owned| policies.get(&owned.object));
            let grants = access.flat_map(WorkloadAccess::grants);
            let grants = grants.filter(|grant| !matches!(grant.traffic(), Granted::Udp));
            callers.insert(
                service,
                grants.flat_map(|grant| grant.sources().iter().cloned()).collect(),
            );
        }
        Self(callers)
    }

    /// Who cannot reach a service that may reach others of the same split, in words.
    fn lack(&self, service: &str) -> Option<String> {
        let mine = self.0.get(service)?;
        if mine.is_empty() {
            return Some("no caller may reach the pods".to_owned());
        }
        let all: BTreeSet<&Principal> = self.0.values().flatten().collect();
        let lacking: Vec<String> = all
            .into_iter()
            .filter(|source| !mine.contains(source))
            .take(3)
            .map(|source| format!("`{source}`"))
            .collect();
        (!lacking.is_empty()).then(|| format!("{} may not reach the pods", lacking.join(", ")))
    }
}
