//! An adapter for a mesh of one's own, what that mesh does, and the proof: on `smi-adapter`, `smi-conformance` and `serde` alone.

use serde::{Deserialize, Serialize};
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::{Native, NativeObject, Stage};
use smi_adapter::model::{Policy, route::Root};
use smi_adapter::object::{Kind, ObjectRef, bounded_name};
use smi_adapter::probe::{Destination, Distribution, Probe, Target, Traffic};
use smi_adapter::smi_types::FieldPath;
use smi_conformance::{Cases, Interpreter, MeshWorld, NotModelled, judge, laws};
use std::process::ExitCode;

/// How the toy mesh shares out the connections to one port of a service: other services, and their weights.
#[derive(Serialize, Deserialize)]
struct Shares {
    service: String,
    port: u16,
    to: Vec<(String, u128)>,
}

impl Native for Shares {
    const KIND: Kind = Kind::new("toy.example.com", "v1", "Shares", "shares");
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
            Feature::ConditionalSplit => Support::None("its proxies do not look into requests".into()),
            _ => Support::None("it has no access control".into()),
        }
    }

    fn translate(&self, policy: &Policy) -> Translation {
        let mut out = Translation::default();
        let Policy::Route(route) = policy else {
            for object in policy.sources() {
                let message = "the toy mesh has no access control";
                out.report(Diagnostic::new(Code::NotEnforced, object, FieldPath::root(), message));
            }
            return out;
        };
        let inside = matches!(route.root(), Root::Service(_));
        for (port, number) in route.ports().iter().map(|port| (port, port.port())) {
            if let Some(split) = port.default().filter(|_| inside) {
                let (service, port) = (route.root().key().name, number);
                let to = split.backends().iter().map(|it| (it.service().to_owned(), it.weight()));
                let (name, to) = (bounded_name(&format!("{service}-{port}")), to.collect());
                out.emit(policy, Stage::Route, &name, &Shares { service, port, to });
            }
            for split in port.splits().filter(|split| !inside || Some(*split) != port.default()) {
                let message = format!("the toy mesh splits all traffic of a service on port {number}, or none");
                let object = ObjectRef::split(split.key().clone());
                let disabled = Diagnostic::new(Code::Inexpressible, object, "spec".into(), message);
                out.report(disabled.on_port(number));
            }
        }
        out
    }
}

/// What the mesh does, from its documentation: the adapter's author may have misread it, and this should not.
#[derive(Debug)]
struct ToyMesh;

impl Interpreter for ToyMesh {
    fn route(&self, objects: &[NativeObject], _: &MeshWorld, probe: &Probe) -> Result<Distribution, NotModelled> {
        let Destination::Service { key, port } = &probe.to;
        let of_namespace = |it: &&NativeObject| it.kind == Shares::KIND && it.key().namespace == key.namespace;
        let all = objects.iter().filter(of_namespace);
        let mut all = all.filter_map(|it| Shares::deserialize(&it.spec).ok());
        let found = all.find(|it| it.service == key.name && it.port == *port && probe.traffic != Traffic::Udp);
        let to = found.map_or_else(|| vec![(key.name.clone(), 1)], |shares| shares.to);
        let service = |name| Target::service(&key.namespace, name, *port);
        let shares = Distribution::of(to.into_iter().map(|(name, weight)| (service(name), weight)));
        shares.ok_or_else(|| NotModelled("shares without a weight".to_owned()))
    }
}

fn main() -> ExitCode {
    let judgement = judge(&Toy, &ToyMesh, &laws::no_limits, Cases::from_env()).with_mutants(&Toy, &ToyMesh);
    println!("{judgement}");
    ExitCode::from(u8::from(!judgement.passed()))
}

#[cfg(test)]
smi_conformance::conformance_tests!(Toy, ToyMesh);
