//! Laws about access: the reference compared with the mesh.

mod excuse;

use super::{Fault, Known, Subject, Tally, written};
use crate::case::knock;
use crate::world::reduce::Sent;
use crate::world::workloads::{pod_name, pod_of};
use crate::{Case, Decision, Inbound, MeshWorld, NotModelledError, Peer};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use serde_json::Value;
use smi_adapter::adapter::{Feature, Support};
use smi_adapter::diagnostic::{Code, Diagnostic, Effect};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::principal::{Identity, Principal};
use smi_adapter::query::{AccessQuery, Authorization, Traffic};
use smi_adapter::semantics::{Trace, authorize};
use smi_adapter::snapshot::Snapshot;
use std::net::{IpAddr, Ipv4Addr};

pub(super) const DENIED: &[&str] = &[
    "denied: HTTP",
    "denied: TCP",
    "denied: by source",
    "denied: by route or port",
    "denied: by default",
];

pub(super) const ALLOWED: &[&str] = &[
    "allowed: HTTP",
    "allowed: TCP",
    "allowed: not enforced",
    "denied: HTTP",
    "denied: TCP",
];

/// A case as the reference and the mesh see it: the snapshot, and the native objects that the adapter wrote.
struct Sight<'a> {
    subject: &'a Subject<'a>,
    case: &'a Case,
    snapshot: Snapshot,
    planned: Planned,
    /// The native objects, written as YAML and read back.
    objects: Vec<NativeObject>,
    world: MeshWorld,
}

/// Returns the state of the cluster apart from native objects. An object that occurs twice is in it once.
pub(super) fn mesh_world(case: &Case, snapshot: &Snapshot, closed: bool) -> MeshWorld {
    let services = snapshot.services();
    let pods = case.documents.iter().filter_map(pod_of).filter_map(|pod| {
        let pod: Pod = serde_json::from_value(pod).ok()?;
        Some((ObjectKey::of(&pod.metadata), pod))
    });
    let is_namespace = |document: &&Value| document.get("kind").and_then(Value::as_str) == Some("Namespace");
    let namespaces = case.documents.iter().filter(is_namespace).filter_map(|document| {
        let namespace: Namespace = serde_json::from_value(document.clone()).ok()?;
        Some((namespace.metadata.name.clone()?, namespace))
    });
    MeshWorld {
        services: services.map(|(key, service)| (key.clone(), service.clone())).collect(),
        pods: pods.collect(),
        namespaces: namespaces.collect(),
        cluster_domain: case.settings.cluster_domain.clone(),
        trust_domain: case.settings.trust_domain.clone(),
        closed,
    }
}

/// Asks the mesh for its decision on one query.
pub(super) fn ask_mesh(
    subject: &Subject<'_>,
    objects: &[NativeObject],
    world: &MeshWorld,
    query: &AccessQuery,
) -> Result<Decision, NotModelledError> {
    let Some(mesh) = subject.mesh else {
        return Err(NotModelledError("there is no interpreter".to_owned()));
    };
    let ObjectRef { kind, key } = &query.to;
    let inbound = Inbound {
        from: match &query.from {
            None => Peer::Plaintext,
            Some(Principal::Account(account)) => Peer::Account(account.clone()),
            Some(Principal::Spiffe(id)) => {
                own_account(id, &world.trust_domain).unwrap_or_else(|| Peer::Spiffe(id.clone()))
            }
        },
        ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)),
        pod: ObjectKey::new(&key.namespace, pod_name(kind.name(), &key.name)),
        port: query.port,
        traffic: query.traffic.clone(),
    };
    mesh.authorize(objects, world, &inbound)
}

/// Returns the service account of a SPIFFE ID in the mesh's own trust domain, since some meshes identify it in another
/// way.
fn own_account(id: &str, trust_domain: &str) -> Option<Peer> {
    let path = id.strip_prefix("spiffe://")?.strip_prefix(trust_domain)?;
    let (namespace, service_account) = path.strip_prefix("/ns/")?.split_once("/sa/")?;
    Some(Peer::Account(Identity {
        namespace: namespace.into(),
        service_account: service_account.into(),
    }))
}

/// The answers of the reference and of the mesh to an access query.
struct Answer {
    expected: Authorization,
    trace: Trace,
    got: Decision,
}

impl<'a> Sight<'a> {
    fn new(subject: &'a Subject<'a>, case: &'a Case, closed: bool) -> Result<Self, Box<Fault>> {
        let input = case.input();
        let snapshot = input.snapshot().clone();
        let planned = subject.adapter.plan(&input, &case.settings, &Observed::default())?;
        let objects = written(subject, planned.manifests.iter().map(|manifest| &manifest.object))?;
        Ok(Self {
            subject,
            case,
            world: mesh_world(case, &snapshot, closed),
            planned,
            objects,
            snapshot,
        })
    }

    /// Asks the reference and the mesh about one query. Returns `None` if its workload does not exist or the mesh does
    /// not model it.
    fn ask(&self, query: &AccessQuery, tally: &mut Tally) -> Option<Answer> {
        self.snapshot.workload(&query.to)?;
        let (expected, trace) = authorize(&self.snapshot, &self.case.settings, query);
        tally.queries += 1;
        note(expected, &trace, query, tally);
        match ask_mesh(self.subject, &self.objects, &self.world, query) {
            Ok(got) => Some(Answer { expected, trace, got }),
            Err(NotModelledError(why)) => {
                tally.not_modelled += 1;
                let first = || format!("{}: {why}", knock(query));
                tally.first_not_modelled.get_or_insert_with(first);
                None
            }
        }
    }

    /// Returns `true` if a diagnostic reports that the mesh cannot close the target of an access query.
    fn open(&self, query: &AccessQuery) -> bool {
        let feature = match query.traffic {
            Traffic::Udp => Feature::UdpAccess,
            Traffic::Tcp | Traffic::Http(_) => Feature::DenyByDefault,
        };
        let owner = self.owner(&query.to);
        let about = |diagnostic: &Diagnostic| {
            let object = &diagnostic.object;
            // On a namespace as a whole it is about datagrams only.
            let namespace = query.traffic == Traffic::Udp && *object == ObjectRef::namespace(&query.to.key.namespace);
            let workload = *object == query.to || Some(object) == owner.as_ref();
            let here = diagnostic.ports.contains(query.port);
            diagnostic.code == Code::NotEnforced && here && (namespace || workload)
        };
        self.subject.adapter.support(feature) != Support::Full && self.planned.diagnostics.iter().any(about)
    }

    /// Returns the owner of an old pod of this world.
    fn owner(&self, object: &ObjectRef) -> Option<ObjectRef> {
        let name = object.key.name.strip_suffix("-old")?;
        let key = ObjectKey::new(&object.key.namespace, name);
        let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::CronJob];
        let mut owners = kinds.into_iter().map(|kind| ObjectRef::new(kind, key.clone()));
        owners.find(|owner| self.snapshot.workload(owner).is_some())
    }

    /// Returns the diagnostics that claim a difference between this mesh and the specification.
    fn claims(&self) -> Vec<Diagnostic> {
        let known = Known::of(&self.snapshot, &self.case.settings);
        let of_mesh = |claim: &&Diagnostic| {
            let by_adapter = claim.code.effect() != Effect::InForce && !known.contains(claim);
            by_adapter || claim.code == Code::SelectorAmbiguous
        };
        self.planned.diagnostics.iter().filter(of_mesh).cloned().collect()
    }
}

/// Notes the classes that an access query shows.
fn note(expected: Authorization, trace: &Trace, query: &AccessQuery, tally: &mut Tally) {
    let protocol = match query.traffic {
        Traffic::Tcp => "TCP",
        Traffic::Udp => "UDP",
        Traffic::Http(_) => "HTTP",
    };
    let by = |rules: &[&str]| trace.steps().iter().any(|step| rules.contains(&step.rule));
    match expected {
        Authorization::Allow if by(&["A3"]) => tally.coverage.note(&format!("allowed: {protocol}")),
        Authorization::Allow => tally.coverage.note("allowed: not enforced"),
        Authorization::Either { rule } => tally.coverage.note(&format!("Either {rule}")),
        Authorization::Deny => {
            let (source, route) = (by(&["A4", "A20", "A34"]), by(&["A5", "A10", "A12"]));
            tally.coverage.note(&format!("denied: {protocol}"));
            tally.coverage.note_if(source, "denied: by source");
            tally.coverage.note_if(route, "denied: by route or port");
            tally.coverage.note_if(!source && !route, "denied: by default");
        }
    }
}

pub(super) fn fault(query: &AccessQuery, expected: &str, got: Decision, trace: &Trace) -> Box<Fault> {
    let got = match got {
        Decision::Allow => "allowed",
        Decision::Deny => "denied",
    };
    Box::new(Fault {
        sent: Some(Sent::AccessQuery(query.clone())),
        why: format!("expected {expected}\n     got {got}"),
        reference: trace.to_string(),
    })
}

pub(super) fn never_widens(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let sight = Sight::new(subject, case, true)?;
    // In a closed world all datagrams are denied.
    for query in case.access_queries.iter().filter(|query| query.traffic != Traffic::Udp) {
        let Some(Answer { expected, trace, got }) = sight.ask(query, tally) else {
            continue;
        };
        if expected == Authorization::Deny && got == Decision::Allow {
            return Err(fault(query, "denied", got, &trace));
        }
    }
    Ok(())
}

pub(super) fn enforces(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let sight = Sight::new(subject, case, false)?;
    for query in &case.access_queries {
        let Some(Answer { expected, trace, got }) = sight.ask(query, tally) else {
            continue;
        };
        if expected == Authorization::Deny && got == Decision::Allow {
            if !sight.open(query) {
                return Err(fault(query, "denied, or a `NotEnforced` on the workload", got, &trace));
            }
            tally.excused += 1;
        }
    }
    Ok(())
}

pub(super) fn grants(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let sight = Sight::new(subject, case, false)?;
    let claims = sight.claims();
    for query in &case.access_queries {
        let Some(Answer { expected, trace, got }) = sight.ask(query, tally) else {
            continue;
        };
        match (expected, got) {
            (Authorization::Either { .. }, _) => tally.either += 1,
            // A mesh never carries some traffic, whatever is written for it.
            (Authorization::Allow, Decision::Deny)
                if ask_mesh(subject, &[], &sight.world, query) == Ok(Decision::Deny) =>
            {
                tally.refused += 1;
            }
            (Authorization::Allow, Decision::Deny) => {
                if !sight.excused(query, &claims) {
                    return Err(fault(query, "allowed", got, &trace));
                }
                tally.excused += 1;
            }
            _ => {}
        }
    }
    Ok(())
}
