//! Tests that objects of every version are read back unchanged, and keep their meaning in every version that can
//! express it.
//!
//! `SMI_CASES` raises the number of objects of each kind and version, which is also that of each pair of versions.

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

/// The number of objects of each kind and version.
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
fn reads_metrics_of_every_version() {
    run::<metrics::v1alpha1::TrafficMetrics>(reads).unwrap();
    run::<metrics::v1alpha1::TrafficMetricsList>(reads).unwrap();
    run::<metrics::v1alpha2::TrafficMetrics>(reads).unwrap();
    run::<metrics::v1alpha2::TrafficMetricsList>(reads).unwrap();
}

/// Tries `law` on objects and their sloppy variants. The seed is fixed.
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

/// Checks that an object and its sloppy variant are read back as the same object.
fn reads<W>(wire: &W, sloppy: &Value) -> Result<(), TestCaseError>
where
    W: Serialize + DeserializeOwned + Debug + PartialEq,
{
    prop_assert_eq!(&serde_json::from_value::<W>(serde_json::to_value(wire)?)?, wire);
    prop_assert_eq!(&serde_json::from_str::<W>(&serde_json::to_string(wire)?)?, wire);
    prop_assert_eq!(&serde_json::from_value::<W>(sloppy.clone())?, wire);
    Ok(())
}

/// Checks that both readers return the object's hub and know every field.
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
        prop_assert_eq!(parsed.unknown, []);
    }
    // Nothing that can be written makes a linter panic.
    _ = object.violations();
    Ok(())
}

/// Checks that another version keeps the meaning, or rejects fields that the object has. Its own version never rejects.
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
                can_express(B::KIND, B::VERSION, "", &serde_json::to_value(&other)?),
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

/// Returns `true` if the version has all that is in the field `at`. API servers drop or reject everything else.
fn can_express(kind: &str, version: &str, at: &str, json: &Value) -> bool {
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
        Value::Object(map) => map.iter().all(|(field, json)| can_express(kind, version, field, json)),
        Value::Array(items) => items.iter().all(|item| can_express(kind, version, at, item)),
        _ => true,
    }
}

/// Returns `true` for a whole number, and for a text that is not a weight.
fn is_whole(json: &Value) -> bool {
    json.is_u64() || json.as_str().is_none_or(|text| text.parse::<Decimal>().is_err())
}

/// A hub that has a normal form: hubs of equal meaning have equal normal forms.
trait Hub: Clone + Debug + PartialEq {
    fn meaning(self) -> Self;
}

impl Hub for TrafficSplit {
    /// Reduces weights to the smallest whole numbers of their ratio (T8), as text, since they may exceed the range of a
    /// weight. A missing weight is 0 (T6).
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
    /// Treats an absent `spec` and an empty list alike, since both match nothing (I7, S21).
    fn meaning(self) -> Self {
        Self {
            version: Version::default(),
            matches: Some(self.matches.unwrap_or_default()),
            ..self
        }
    }
}

impl Hub for TCPRoute {
    /// Drops a `spec` without ports and without a name, which stands for all ports (S23).
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
    /// Treats an absent `spec` and an empty one alike, since both allow nothing (I7), and drops the SMI group, which is
    /// the default (D12).
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
