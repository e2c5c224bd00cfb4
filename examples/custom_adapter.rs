//! A complete adapter for a toy mesh, a model of that mesh, and the conformance tests. It needs no crates besides
//! `smi-adapter`, `smi-conformance` and `serde`.

use serde::{Deserialize, Serialize};
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::{Native, NativeObject, Stage};
use smi_adapter::model::{Policy, ServiceRoute, route::Root};
use smi_adapter::object::{Kind, ObjectRef, bounded_name};
use smi_adapter::query::{Destination, Distribution, Endpoint, RoutingQuery, Traffic};
use smi_adapter::smi_types::FieldPath;
use smi_conformance::{Cases, Interpreter, MeshWorld, NotModelledError, judge, laws};
use std::process::ExitCode;

/// The native resource of the toy mesh: the services that share the connections to one port of a service, by weight.
#[derive(Serialize, Deserialize)]
struct Shares {
    service: String,
    port: u16,
    to: Vec<(String, u128)>,
}

impl Native for Shares {
    const KIND: Kind = Kind::new(&["toy.example.com", "v1", "Shares", "shares"]);
}

#[derive(Debug)]
struct Toy;

impl MeshAdapter for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn kinds(&self) -> &[Kind] {
        static KINDS: [Kind; 1] = [Shares::KIND];
        &KINDS
    }

    fn support(&self, feature: Feature) -> Support {
        match feature {
            Feature::HttpSplit | Feature::TcpSplit => Support::Full,
            Feature::ConditionalSplit => Support::None("the proxies do not inspect requests".into()),
            _ => Support::None("the mesh has no access control".into()),
        }
    }

    fn translate(&self, policy: &Policy) -> Translation {
        let mut out = Translation::default();
        if let Policy::Route(route) = policy {
            translate_route(policy, route, &mut out);
            return out;
        }
        for object in policy.sources() {
            let message = "the toy mesh has no access control, so it denies nothing";
            out.report(Diagnostic::new(Code::NotEnforced, object, FieldPath::root(), message));
        }
        out
    }
}

/// Writes one object for each port of the root, and reports the splits that the mesh cannot express.
fn translate_route(policy: &Policy, route: &ServiceRoute, out: &mut Translation) {
    for port in route.ports() {
        let in_cluster = matches!(route.root(), Root::Service(_));
        let expressed = port.default().filter(|_| in_cluster);
        if let Some(split) = expressed {
            let backends = split.backends().iter();
            let spec = Shares {
                service: route.root().key().name.to_string(),
                port: port.port(),
                to: backends
                    .map(|backend| (backend.service().to_owned(), backend.weight()))
                    .collect(),
            };
            let name = bounded_name(&format!("{}-{}", spec.service, spec.port));
            out.emit(policy, Stage::Route, &name, &spec);
        }
        for split in port.splits().filter(|split| Some(*split) != expressed) {
            let message = "the toy mesh can only split all traffic of a service in the cluster";
            let object = ObjectRef::split(split.key().clone());
            let inert = Diagnostic::new(Code::Inexpressible, object, "spec".into(), message);
            out.report(inert.on_port(port.port()));
        }
    }
}

/// A model of the mesh, written from its documentation and independently of the adapter.
#[derive(Debug)]
struct ToyMesh;

impl Interpreter for ToyMesh {
    fn route(
        &self,
        objects: &[NativeObject],
        _: &MeshWorld,
        query: &RoutingQuery,
    ) -> Result<Distribution, NotModelledError> {
        let Destination::Service { key, port } = &query.to;
        let here = |object: &&NativeObject| object.kind == Shares::KIND && object.key().namespace == key.namespace;
        let mut specs = objects
            .iter()
            .filter(here)
            .map(|object| &*object.spec)
            .filter_map(|spec| Shares::deserialize(spec).ok());
        let shares = specs.find(|shares| shares.service == key.name && shares.port == *port);
        let weights = match shares {
            Some(shares) if query.traffic != Traffic::Udp => shares.to,
            _ => vec![(key.name.to_string(), 1)],
        };
        let endpoints = weights
            .into_iter()
            .map(|(name, weight)| (Endpoint::service(&key.namespace, name, *port), weight));
        Distribution::of(endpoints).ok_or_else(|| NotModelledError("the weights add up to zero".to_owned()))
    }
}

fn main() -> ExitCode {
    let judgement = judge(&Toy, &ToyMesh, &laws::no_limits, Cases::from_env()).with_mutants(&Toy, &ToyMesh);
    println!("{judgement}");
    ExitCode::from(u8::from(!judgement.passed()))
}

#[cfg(test)]
smi_conformance::conformance_tests!(Toy, ToyMesh);
