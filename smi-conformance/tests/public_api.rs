//! A third party that judges its own adapter, with public items only.

use serde::{Deserialize, Serialize};
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::{Native, NativeObject, Stage};
use smi_adapter::model::route::Root;
use smi_adapter::model::{Policy, ServiceRoute};
use smi_adapter::object::{Kind, ObjectRef, bounded_name};
use smi_adapter::query::{Destination, Distribution, Endpoint, RoutingQuery, Traffic};
use smi_adapter::smi_types::FieldPath;
use smi_conformance::laws::{self, Law};
use smi_conformance::mutants::{Fate, Mutant};
use smi_conformance::{Case, Cases, Interpreter, MeshWorld, NotModelledError, State};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The shares of the connections to one port of a service, by weight.
#[derive(Serialize, Deserialize)]
struct Shares {
    service: String,
    port: u16,
    to: Vec<(String, u128)>,
}

impl Native for Shares {
    const KIND: Kind = Kind::new(&["toy.example.com", "v1", "Shares", "shares"]);
}

/// The adapter for a mesh that splits all connections to a port of a service.
#[derive(Debug)]
struct Toy {
    /// Returns the port that is written for a port of the root. In a correct adapter they are equal.
    port: fn(u16) -> u16,
}

const CORRECT: Toy = Toy { port: |port| port };
const BROKEN: Toy = Toy { port: |_| 80 };

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
            self.route(policy, route, &mut out);
            return out;
        }
        for object in policy.sources() {
            let open = Diagnostic::new(Code::NotEnforced, object, FieldPath::root(), "nothing is denied");
            out.report(open);
        }
        out
    }
}

impl Toy {
    fn route(&self, policy: &Policy, route: &ServiceRoute, out: &mut Translation) {
        for port in route.ports() {
            let in_cluster = matches!(route.root(), Root::Service(_));
            let expressed = port.default().filter(|_| in_cluster);
            if let Some(split) = expressed {
                let to = split.backends().iter();
                let to = to.map(|backend| (backend.service().to_owned(), backend.weight()));
                let spec = Shares {
                    service: route.root().key().name.into(),
                    port: (self.port)(port.port()),
                    to: to.collect(),
                };
                let name = bounded_name(&format!("{}-{}", spec.service, port.port()));
                out.emit(policy, Stage::Route, &name, &spec);
            }
            for split in port.splits().filter(|split| Some(*split) != expressed) {
                let object = ObjectRef::split(split.key().clone());
                let why = "only all traffic of a service in the cluster can be split";
                let inert = Diagnostic::new(Code::Inexpressible, object, "spec".into(), why);
                out.report(inert.on_port(port.port()));
            }
        }
    }
}

/// The model of the mesh.
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
        let specs = objects.iter().filter(here).map(|object| &*object.spec);
        let shares = specs
            .filter_map(|spec| Shares::deserialize(spec).ok())
            .find(|shares| shares.service == key.name && shares.port == *port);
        let weights = match shares {
            Some(shares) if query.traffic != Traffic::Udp => shares.to,
            _ => vec![(key.name.to_string(), 1)],
        };
        let weights = weights.into_iter();
        let endpoints = weights.map(|(name, weight)| (Endpoint::service(&key.namespace, name, *port), weight));
        Distribution::of(endpoints).ok_or_else(|| NotModelledError("weights of zero".to_owned()))
    }
}

#[test]
fn a_law_that_holds_passes_with_a_report() {
    let report = laws::faithful(&CORRECT, &ToyMesh, Cases::new(100)).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!((report.law, report.adapter.as_str()), (Law::Faithful, "toy"));
    assert_eq!((report.worlds, report.state()), (100, State::Passed), "{report}");
    assert!(report.queries > 1000 && report.not_modelled == 0, "{report}");
    // The mesh does not express splits with matches, which the adapter reports.
    assert!(report.excused > 0 && report.excused < report.queries / 2, "{report}");
    assert!(
        report.classes.count("shares: two") >= Cases::new(100).least(),
        "{report}"
    );
    assert!(report.verified().is_ok());
}

#[test]
fn a_law_about_missing_features_is_unsupported() {
    let report = laws::grants(&CORRECT, &ToyMesh, Cases::new(100)).unwrap();
    assert_eq!((report.state(), report.queries), (State::Unsupported, 0));
    let honest = laws::honest(&CORRECT, Cases::new(100)).unwrap();
    assert!(honest.deviations["Inexpressible"] > 0, "{honest}");
}

#[test]
fn a_counterexample_is_saved_and_replayed() {
    let violation = laws::faithful(&BROKEN, &ToyMesh, Cases::new(100)).unwrap_err();
    assert_eq!(violation.law, Law::Faithful);
    assert!(violation.why.contains("expected"), "{violation}");
    assert!(violation.native.contains("kind: Shares"), "{violation}");
    assert!(!violation.reference.is_empty(), "{violation}");

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("counterexamples");
    let path = violation.save(&folder).unwrap();
    assert_eq!(path, folder.join("faithful.yaml"));
    let case = Case::read(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(case, violation.case);
    assert_eq!(case.routing_queries.len(), 1, "{violation}");

    let replayed = laws::replay(&BROKEN, &ToyMesh, &laws::no_limits, &case).unwrap_err();
    assert_eq!((replayed.law, &replayed.why), (violation.law, &violation.why));
    assert_eq!(laws::replay(&CORRECT, &ToyMesh, &laws::no_limits, &case), Ok(()));
}

/// One port of `web` is not split, because the backend lacks it.
const CASE: &str = "
apiVersion: conformance.smi-adapter.dev/v1
kind: Case
metadata: {name: two-ports}
spec:
  rules: [T20, T23]
  routingQueries:
  - {namespace: shop, service: web, port: 80, traffic: TCP, expect: web-v2.shop:80}
  - {namespace: shop, service: web, port: 90, traffic: TCP, expect: web.shop:90}
  reports: ['PortMismatch TrafficSplit shop/canary spec.backends[0].service']
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{name: a, port: 80}, {name: b, port: 90}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web-v2, namespace: shop}, spec: {ports: [{port: 80}]}}
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: canary, namespace: shop}
spec: {service: web, backends: [{service: web-v2, weight: 1}]}
";

#[test]
fn a_case_by_hand_is_verified_and_tried() {
    let case = Case::verify(CASE).unwrap();
    assert_eq!((case.name.as_str(), case.law), ("two-ports", None));
    assert_eq!(laws::replay(&CORRECT, &ToyMesh, &laws::no_limits, &case), Ok(()));
    let elsewhere = Toy { port: |port| port + 10 };
    let violation = laws::replay(&elsewhere, &ToyMesh, &laws::no_limits, &case).unwrap_err();
    assert_eq!(violation.case.name, "two-ports");

    let wrong = CASE.replace("expect: web.shop:90", "expect: web-v2.shop:90");
    let why = Case::verify(&wrong).unwrap_err();
    assert!(why.contains("got:      web.shop:90"), "{why}");
}

#[test]
fn mutants_of_the_adapter_are_killed() {
    let heavier = Mutant::of_part("the first backend gets more", Law::SplitExact, "to", |spec| {
        if let Some(weight) = spec["to"].get_mut(0).and_then(|first| first.get_mut(1)) {
            *weight = serde_json::json!(1_000_000);
        }
    });
    let silent = Mutant::of_translation("it reports nothing", Law::Honest, |_, translation| {
        translation.diagnostics.clear();
    });
    let gateless = Mutant::of_part("it has no gates", Law::Faithful, "gates", serde_json::Map::clear);
    let unnoticed = Mutant::of_part("the mesh ignores this", Law::ValidNames, "to", |spec| {
        spec.insert("comment".to_owned(), "ignored".into());
    });
    let fate = |mutant: &Mutant| mutant.try_law(&CORRECT, &ToyMesh, &laws::no_limits, Cases::new(50));
    for mutant in [heavier, silent] {
        assert!(matches!(fate(&mutant), Fate::Killed { .. }), "{}", mutant.name());
    }
    assert_eq!(fate(&gateless), Fate::NotApplicable);
    assert_eq!(fate(&unnoticed), Fate::Survived, "names are still valid");

    // The kit has a mutant for every law.
    let laws: BTreeSet<Law> = Mutant::all().map(|mutant| mutant.law()).collect();
    assert!(laws.iter().eq(&Law::ALL.iter().copied().collect::<BTreeSet<Law>>()));
}

#[test]
fn a_mutant_is_an_implementation_with_a_readable_counterexample() {
    let swapped = Mutant::of_part("the shares are swapped", Law::SplitExact, "to", |spec| {
        if let Some(to) = spec["to"].as_array_mut() {
            let services: Vec<_> = to.iter().rev().map(|share| share[0].clone()).collect();
            to.iter_mut()
                .zip(services)
                .for_each(|(share, service)| share[0] = service);
        }
    });
    let violation = laws::split_exact(&swapped.of(&CORRECT), &ToyMesh, Cases::new(50)).unwrap_err();
    let text = violation.to_string();
    assert!(text.starts_with("law `split_exact` does not hold for `toy`"), "{text}");
    assert!(text.contains("kind: TrafficSplit"), "{text}");
}
