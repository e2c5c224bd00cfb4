//! What is written in a version is read back as it was, and says the same in every version that can say it.
//!
//! `SMI_CASES` raises the number of objects of each kind and version, which is that of each pair of versions.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use smi_adapter::weights::gcd;
use smi_conformance::Cases;
use smi_conformance::wire::{Wire, sloppy};
use smi_types::access::{self, IdentityBinding, TrafficTarget};
use smi_types::specs::{self, HTTPRouteGroup, TCPRoute, UDPRoute};
use smi_types::split::{self, TrafficSplit};
use smi_types::weight::{Decimal, Weight};
use smi_types::{Lossy, Object, Version, metrics};
use std::fmt::Debug;

/// How many objects of each kind and version are looked at.
const CASES: u32 = 1_000;

/// Reads and writes objects of every version of a kind, and converts them to every version of it.
macro_rules! kinds {
    ($($test:ident: $hub:ident in $group:ident $versions:tt)+) => {
        $(#[test]
        fn $test() {
            kinds!(@from $hub $group $versions $versions);
        })+
    };
    (@from $hub:ident $group:ident [$($from:ident)+] $all:tt) => {
        $(run(|wire: &$group::$from::$hub, sloppy| {
            reads(wire, sloppy)?;
            lifts::<_, $hub>(wire, sloppy)?;
            kinds!(@to wire $hub $group $from $all);
            Ok(())
        })
        .unwrap();)+
    };
    (@to $wire:ident $hub:ident $group:ident $from:ident [$($to:ident)+]) => {
        $(converts::<$group::$from::$hub, $group::$to::$hub, $hub>($wire)?;)+
    };
}

kinds! {
    splits: TrafficSplit in split [v1alpha1 v1alpha2 v1alpha3 v1alpha4]
    groups: HTTPRouteGroup in specs [v1alpha1 v1alpha2 v1alpha3 v1alpha4]
    tcp_routes: TCPRoute in specs [v1alpha1 v1alpha2 v1alpha3 v1alpha4]
    udp_routes: UDPRoute in specs [v1alpha4]
    targets: TrafficTarget in access [v1alpha1 v1alpha2 v1alpha3 v1alpha4]
    bindings: IdentityBinding in access [v1alpha4]
}

#[test]
fn metrics_of_every_version() {
    run::<metrics::v1alpha1::TrafficMetrics>(reads).unwrap();
    run::<metrics::v1alpha1::TrafficMetricsList>(reads).unwrap();
    run::<metrics::v1alpha2::TrafficMetrics>(reads).unwrap();
    run::<metrics::v1alpha2::TrafficMetricsList>(reads).unwrap();
}

/// Tries `law` on objects and on what sloppy writers make of them. The seed is fixed.
fn run<W>(law: impl Fn(&W, &Value) -> Result<(), TestCaseError>) -> Result<(), TestError<(W, Value)>>
where
    W: Wire + Serialize + 'static,
{
    let config = Config {
        cases: Cases::new(CASES).or_env().worlds(),
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[0; 32]);
    TestRunner::new_with_rng(config, rng).run(&sloppy::<W>(), |(wire, sloppy)| law(&wire, &sloppy))
}

/// An object is read back as it was written, and so is what sloppy writers make of it.
fn reads<W>(wire: &W, sloppy: &Value) -> Result<(), TestCaseError>
where
    W: Serialize + DeserializeOwned + Debug + PartialEq,
{
    prop_assert_eq!(&serde_json::from_value::<W>(serde_json::to_value(wire)?)?, wire);
    prop_assert_eq!(&serde_json::from_str::<W>(&serde_json::to_string(wire)?)?, wire);
    prop_assert_eq!(&serde_json::from_value::<W>(sloppy.clone())?, wire);
    Ok(())
}

/// Both readers find the object's hub, and know every field.
fn lifts<W, H>(wire: &W, sloppy: &Value) -> Result<(), TestCaseError>
where
    W: Serialize + Clone + Into<H>,
    Object: From<H>,
{
    let object = Object::from(wire.clone().into());
    for json in [&serde_json::to_value(wire)?, sloppy] {
        let parsed = Object::from_value(json)?;
        prop_assert_eq!(&parsed, &Object::from_json(json.to_string().as_bytes())?);
        prop_assert_eq!(&parsed.object, &object);
        prop_assert_eq!(parsed.ignored, []);
    }
    // Nothing that can be written makes a linter panic.
    _ = object.violations();
    Ok(())
}

/// Another version says the same in its own words, or refuses fields that are there. The own version never refuses.
fn converts<A, B, H>(wire: &A) -> Result<(), TestCaseError>
where
    A: k8s_openapi::Resource + Serialize + Clone + Into<H>,
    B: k8s_openapi::Resource + Serialize + TryFrom<H, Error = Lossy> + Into<H>,
    H: Hub,
{
    let hub: H = wire.clone().into();
    match B::try_from(hub.clone()) {
        Ok(other) => {
            prop_assert!(
                says(B::KIND, B::VERSION, "", &serde_json::to_value(&other)?),
                "{:?}",
                hub
            );
            prop_assert_eq!(other.into().meaning(), hub.meaning());
        }
        Err(error) => {
            prop_assert_ne!(A::VERSION, B::VERSION);
            prop_assert!(!error.lost().is_empty());
            let json = serde_json::to_value(wire)?;
            for path in error.lost() {
                let pointer = format!("/{path}").replace(['.', '['], "/").replace(']', "");
                prop_assert!(json.pointer(&pointer).is_some(), "{path} is not in {json}");
            }
        }
    }
    Ok(())
}

/// Whether the version has what stands in the field `at`. What it has not, its API servers drop or refuse.
fn says(kind: &str, version: &str, at: &str, json: &Value) -> bool {
    let since = |first: &str| version >= first;
    let has = match (kind, at, json.as_str()) {
        ("HTTPRouteGroup", "headers", _) | ("TrafficTarget", "spec", _) => since("v1alpha2"),
        ("TrafficSplit", "matches", _)
        | ("HTTPRouteGroup" | "TCPRoute", "spec", _)
        | ("TrafficTarget", "kind", Some("UDPRoute")) => since("v1alpha3"),
        ("TCPRoute", "matches", _)
        | ("TrafficTarget", "group", _)
        | ("TrafficTarget", "kind", Some("IdentityBinding")) => since("v1alpha4"),
        ("TrafficTarget", "port", _) => !since("v1alpha3"),
        ("TrafficSplit", "weight", _) => !since("v1alpha2") || is_whole(json),
        _ => true,
    };
    has && match json {
        Value::Object(map) => map.iter().all(|(field, json)| says(kind, version, field, json)),
        Value::Array(items) => items.iter().all(|item| says(kind, version, at, item)),
        _ => true,
    }
}

/// A whole number, or what is no weight at all.
fn is_whole(json: &Value) -> bool {
    json.is_u64() || json.as_str().is_none_or(|text| text.parse::<Decimal>().is_err())
}

/// Hubs in a form that is equal where their meaning is.
trait Hub: Clone + Debug + PartialEq {
    fn meaning(self) -> Self;
}

impl Hub for TrafficSplit {
    /// Weights as the smallest whole numbers of their ratio (T8), which may be larger than a weight can be, as
    /// text; a missing one is 0 (T6).
    fn meaning(mut self) -> Self {
        self.version = Version::default();
        let backends = self.spec.iter_mut().flat_map(|spec| &mut spec.backends);
        let weights: Vec<_> = backends.map(|backend| &mut backend.weight).collect();
        let nanos = |weight: &Weight| match weight {
            Weight::Missing => Some(0),
            Weight::Exact(weight) => Some(weight.nanos()),
            Weight::Invalid(_) => None,
        };
        let unit = weights.iter().filter_map(|weight| nanos(weight)).fold(0, gcd).max(1);
        for weight in weights {
            if let Some(nanos) = nanos(weight) {
                *weight = Weight::Invalid((nanos / unit).to_string().into());
            }
        }
        self
    }
}

impl Hub for HTTPRouteGroup {
    /// Neither no `spec` nor an empty list matches anything (I7, S21).
    fn meaning(self) -> Self {
        Self {
            version: Version::default(),
            matches: Some(self.matches.unwrap_or_default()),
            ..self
        }
    }
}

impl Hub for TCPRoute {
    /// Without ports and a name, all ports are meant (S23).
    fn meaning(mut self) -> Self {
        self.version = Version::default();
        let matches = self.spec.as_ref().and_then(|spec| spec.matches.as_ref());
        if matches.is_none_or(|matches| matches.name.is_empty() && matches.ports.is_empty()) {
            self.spec = None;
        }
        self
    }
}

impl Hub for UDPRoute {
    fn meaning(self) -> Self {
        self
    }
}

impl Hub for TrafficTarget {
    /// No `spec` and an empty one allow nothing (I7), and the own group goes without saying (D12).
    fn meaning(mut self) -> Self {
        self.version = Version::default();
        let spec = self.spec.get_or_insert_default();
        for subject in spec.destination.iter_mut().chain(&mut spec.sources) {
            if subject.group == "access.smi-spec.io" {
                subject.group.clear();
            }
        }
        self
    }
}

impl Hub for IdentityBinding {
    fn meaning(self) -> Self {
        self
    }
}
