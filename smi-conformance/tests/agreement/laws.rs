//! The laws of every world, and of the two derivations for every query.

use smi_adapter::diagnostic::{Code, Diagnostic, Effect};
use smi_adapter::model::route::{Backend, Conditional, PortRoute, PortSplit, Root, ServiceRoute};
use smi_adapter::model::{Model, Policy, PolicyKey};
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::query::{Destination, Distribution, Endpoint, Routing, RoutingQuery, Traffic};
use smi_adapter::resolve::{Resolution, resolve};
use smi_adapter::semantics::{Outcome, Step, Trace, route};
use smi_adapter::snapshot::Snapshot;
use smi_conformance::world::{World, snapshot};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A world as both derivations read it.
#[derive(Debug)]
pub struct Seen<'w> {
    /// The world.
    pub world: &'w World,
    /// The snapshot of the world.
    pub snapshot: Snapshot,
    /// The resolution of the snapshot.
    pub resolution: Resolution,
}

/// Returns an error with a message if a condition does not hold.
macro_rules! hold {
    ($holds:expr, $($text:tt)*) => {
        if !$holds {
            return Err(format!($($text)*));
        }
    };
}

impl<'w> Seen<'w> {
    /// Reads and resolves a world.
    ///
    /// # Errors
    /// If a result depends on the order of the input, differs between two runs, or loses an object.
    pub fn new(world: &'w World) -> Result<Self, String> {
        let documents = world.documents();
        let read = snapshot(&documents);
        let resolution = quietly(|| resolve(&read, &world.settings))?;
        let again = quietly(|| resolve(&read, &world.settings))?;
        hold!(
            resolution == again,
            "two resolutions of one snapshot differ: {resolution:#?}\n{again:#?}"
        );
        let reversed = snapshot(documents.iter().rev());
        hold!(
            read == reversed,
            "the order of insertion matters: {read:#?}\n{reversed:#?}"
        );
        let again = quietly(|| resolve(&reversed, &world.settings))?;
        hold!(
            resolution == again,
            "the order of insertion matters: {resolution:#?}\n{again:#?}"
        );
        let seen = Self {
            world,
            snapshot: read,
            resolution,
        };
        seen.nothing_is_lost()?;
        seen.resolution
            .model
            .policies()
            .try_for_each(|(key, policy)| invariants(key, policy))?;
        Ok(seen)
    }

    /// Checks that every split and group in scope is a source of a policy or has a diagnostic.
    fn nothing_is_lost(&self) -> Result<(), String> {
        let sources = self
            .resolution
            .model
            .policies()
            .flat_map(|(_, policy)| policy.sources());
        let reported = self
            .resolution
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.object.clone());
        let known: BTreeSet<ObjectRef> = sources.chain(reported).collect();
        let key = |namespace: &str, name: &str| ObjectKey::new(namespace, name);
        let splits = self
            .world
            .splits
            .iter()
            .map(|split| ObjectRef::split(key(split.namespace, &split.name)));
        let groups = self
            .world
            .groups
            .iter()
            .map(|group| ObjectRef::group(key(group.namespace, &group.name)));
        for object in splits.chain(groups) {
            let in_scope = self.world.settings.scope.contains(&object.key.namespace);
            hold!(
                known.contains(&object) == in_scope,
                "{object} is dropped silently, or appears although it is out of scope"
            );
        }
        Ok(())
    }

    /// Returns the routing of a query by the reference, with its trace.
    ///
    /// # Errors
    /// If the reference panics.
    pub fn route(&self, query: &RoutingQuery) -> Result<(Routing, Trace), String> {
        quietly(|| route(&self.snapshot, &self.world.settings, query))
    }

    /// Compares the two derivations.
    ///
    /// # Errors
    /// If the answers differ, or the reports to the author of an object.
    pub fn agree(&self, query: &RoutingQuery, routing: &Routing, trace: &Trace) -> Result<(), String> {
        let Destination::Service { key, port } = &query.to;
        let route = policy_of(&self.resolution.model, key);
        let nowhere = Distribution::all_to(Endpoint::Nowhere);
        if routing.allows(&nowhere) {
            // The port does not exist. The model does not cover UDP ports.
            let ports = route.into_iter().flat_map(ServiceRoute::ports);
            let absent = ports.into_iter().all(|known| known.port() != *port);
            hold!(
                absent || query.traffic == Traffic::Udp,
                "{key} has no port {port}, but it is split there"
            );
            return Ok(());
        }
        let got = quietly(|| distribution(route, key, *port, &query.traffic))?;
        hold!(routing.allows(&got), "expected {}\n     got {got}", routing);
        trace.steps().iter().try_for_each(|step| self.reported(step))
    }

    /// Checks that each fault that the reference finds in an object is reported on it, and that no object that is
    /// reported as inert takes traffic.
    fn reported(&self, step: &Step) -> Result<(), String> {
        let Step { object, outcome, .. } = step;
        let mut diagnostics = self
            .resolution
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.object == *object);
        if let Outcome::Takes { .. } = outcome {
            let inert = diagnostics.find(|diagnostic| diagnostic.code.effect() == Effect::Inert);
            hold!(
                inert.is_none(),
                "`{step}`, but the object is reported as inert: {inert:?}"
            );
            return Ok(());
        }
        let Some(codes) = codes(step) else { return Ok(()) };
        let of_code = |diagnostic: &Diagnostic| codes.contains(&diagnostic.code);
        hold!(diagnostics.any(of_code), "`{step}`, but none of {codes:?} is reported");
        Ok(())
    }
}

/// Returns the codes, one of which must report the fault that a step of the reference finds in its object.
fn codes(step: &Step) -> Option<&'static [Code]> {
    let on_split = step.object.kind == Kind::TrafficSplit;
    Some(match step.rule {
        "I1" => &[Code::DuplicateObject],
        "I3" if on_split => &[Code::Undecodable],
        "I6" => &[Code::HeadersLost],
        "S6" => &[Code::NotPortable],
        "S11" => &[Code::Unmatchable],
        "S21" | "T6" | "T31" => &[Code::Invalid],
        "T10" => &[Code::AllWeightsZero],
        "T16" | "T17" if on_split => &[Code::UnresolvedRef],
        "T23" => &[Code::NoUsableBackend],
        "T29" if on_split => &[Code::Conflict],
        "T40" => &[Code::RootUnusable],
        _ => return None,
    })
}

/// Returns the route of a root service.
fn policy_of<'m>(model: &'m Model, key: &ObjectKey) -> Option<&'m ServiceRoute> {
    match model.policy(&PolicyKey::Route(key.clone())) {
        Some(Policy::Route(route)) if *route.root() == Root::Service(key.clone()) => Some(route),
        _ => None,
    }
}

/// Returns the distribution of traffic to an existing port by the model. Traffic that it does not split goes to the
/// root.
fn distribution(route: Option<&ServiceRoute>, root: &ObjectKey, port: u16, traffic: &Traffic) -> Distribution {
    let target = |name: &str| Endpoint::Service {
        key: ObjectKey::new(&*root.namespace, name),
        port,
    };
    let request = match traffic {
        Traffic::Http(request) => Some(request),
        _ => None,
    };
    let ports = route.into_iter().flat_map(ServiceRoute::ports);
    let split = ports
        .filter(|known| known.port() == port && *traffic != Traffic::Udp)
        .find_map(|known| known.choose(request));
    let shares = split.into_iter().flat_map(PortSplit::backends);
    Distribution::of(shares.map(|backend| (target(backend.service()), backend.weight())))
        .unwrap_or_else(|| Distribution::all_to(target(&root.name)))
}

/// Checks the invariants of the model's types.
fn invariants(key: &PolicyKey, policy: &Policy) -> Result<(), String> {
    hold!(policy.key() == *key, "{key} has the key {}", policy.key());
    let Policy::Route(route) = policy else { return Ok(()) };
    hold!(
        !route.splits().is_empty() && !route.ports().is_empty(),
        "{key} is empty"
    );
    let numbers = route.ports().iter().map(PortRoute::port);
    hold!(numbers.is_sorted_by(|a, b| a < b), "the ports of {key} are not sorted");
    for port in route.ports() {
        let conditional = port.conditional().iter();
        hold!(
            conditional.clone().all(|split| !split.matches().is_empty()),
            "{key} has a conditional split without matches"
        );
        let splits: Vec<&PortSplit> = conditional.map(Conditional::split).chain(port.default()).collect();
        hold!(!splits.is_empty(), "{key} has a port without a split: {port:?}");
        for split in splits {
            let backends = split.backends();
            let names: BTreeSet<&str> = backends.iter().map(Backend::service).collect();
            let shares = backends.iter().map(|backend| {
                let key = ObjectKey::new("", backend.service());
                (Endpoint::Service { key, port: port.port() }, backend.weight())
            });
            let total: u128 = backends.iter().map(Backend::weight).sum();
            let reduced = Distribution::of(shares).is_some_and(|shares| shares.total() == total);
            let weighted = backends.iter().all(|backend| backend.weight() > 0);
            hold!(
                names.len() == backends.len() && reduced && weighted,
                "{key} has bad backends: {split:?}"
            );
            let source = route.splits().iter().any(|source| source.key() == split.key());
            hold!(source, "{key} does not list {}", split.key());
        }
    }
    Ok(())
}

/// Turns a panic into an error, so that it is shown with its world.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied());
        format!("panicked: {}", text.unwrap_or_default())
    })
}
