//! The wire forms of traffic splits of every version.

use super::{Wire, name, wire};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use smi_types::Version;
use smi_types::split::{self, Backend, MatchRef, Spec};
use smi_types::weight::Weight;

wire! {
    split::v1alpha1::TrafficSplit { spec: spec(Version::V1Alpha1) }
    split::v1alpha2::TrafficSplit { spec: spec(Version::V1Alpha2) }
    split::v1alpha3::TrafficSplit { spec: spec(Version::V1Alpha3) }
    split::v1alpha4::TrafficSplit { spec: spec(Version::V1Alpha4) }
}

fn spec(version: Version) -> impl Strategy<Value = Option<Spec>> {
    // Splits have matches since v1alpha3.
    let most = if version < Version::V1Alpha3 { 0 } else { 2 };
    let spec = (name(), vec(backend(version), 0..=4), vec(reference(), 0..=most));
    option::weighted(
        0.95,
        spec.prop_map(|(service, backends, matches)| Spec {
            service,
            backends,
            matches,
        }),
    )
}

fn backend(version: Version) -> impl Strategy<Value = Backend> {
    // Weights are whole numbers since v1alpha2.
    let weight = if version < Version::V1Alpha2 {
        prop_oneof![whole(), quantity()].boxed()
    } else {
        whole().boxed()
    };
    let invalid = select(vec![json!(-1), json!("abc"), json!(true), json!("-500m"), json!(1e30)]);
    let weight = prop_oneof![
        30 => weight,
        1 => Just(Weight::Missing),
        1 => invalid.prop_map(Weight::Invalid),
    ];
    (name(), weight).prop_map(|(service, weight)| Backend { service, weight })
}

/// Returns whole numbers, mostly from a fixed set, since uniform ones are hardly ever zero, equal or huge.
fn whole() -> impl Strategy<Value = Weight> {
    let usual = select(vec![0, 1, 2, 10, 50, 90, 99, 100, 1000, i64::MAX - 1, i64::MAX]);
    let weight = prop_oneof![6 => usual, 1 => 0..=i64::MAX];
    weight.prop_map(|weight| exact(&weight.to_string()))
}

/// Returns Kubernetes quantities, mostly with a fraction.
fn quantity() -> impl Strategy<Value = Weight> {
    let usual = select(
        &[
            "500m",
            "10m",
            "100m",
            "1500m",
            "1.5",
            "1n",
            "999999999n",
            "1u",
            "9223372036854775806999m",
        ][..],
    );
    prop_oneof![
        6 => usual.prop_map(exact),
        1 => (0..=u64::MAX).prop_map(|nanos| exact(&format!("{nanos}n"))),
    ]
}

fn exact(text: &str) -> Weight {
    text.parse()
        .map_or_else(|_| Weight::Invalid(text.into()), Weight::Exact)
}

fn reference() -> impl Strategy<Value = MatchRef> {
    let group = option::of(select(&["specs.smi-spec.io", "example.com"][..]));
    let kind = prop_oneof![20 => Just("HTTPRouteGroup"), 1 => Just("TCPRoute"), 1 => Just("")];
    (group, kind, name()).prop_map(|(group, kind, name)| MatchRef {
        api_group: group.map(str::to_owned),
        kind: kind.to_owned(),
        name,
    })
}
