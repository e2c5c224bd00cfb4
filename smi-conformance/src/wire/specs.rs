//! The wire forms of routes of every version.

use super::{Wire, name, port, wire};
use crate::world::regexes::Re;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use smi_types::Version;
use smi_types::headers::{HeaderForm, Headers};
use smi_types::specs::{self, HTTPMatch, HTTPRouteGroupSpec, PortMatch, PortsSpec};

wire! {
    specs::v1alpha1::HTTPRouteGroup { matches: matches(Version::V1Alpha1) }
    specs::v1alpha2::HTTPRouteGroup { matches: matches(Version::V1Alpha2) }
    specs::v1alpha3::HTTPRouteGroup { spec: group_spec() }
    specs::v1alpha4::HTTPRouteGroup { spec: group_spec() }
    specs::v1alpha1::TCPRoute { spec: Just(None) }
    specs::v1alpha2::TCPRoute { spec: Just(None) }
    specs::v1alpha3::TCPRoute { spec: option::of(Just(PortsSpec::default())) }
    specs::v1alpha4::TCPRoute { spec: ports() }
    specs::v1alpha4::UDPRoute { spec: ports() }
}

fn group_spec() -> impl Strategy<Value = Option<HTTPRouteGroupSpec>> {
    let spec = matches(Version::V1Alpha4).prop_map(|matches| HTTPRouteGroupSpec { matches });
    option::weighted(0.95, spec)
}

fn matches(version: Version) -> impl Strategy<Value = Vec<HTTPMatch>> {
    vec(matching(version), 0..=3)
}

fn matching(version: Version) -> impl Strategy<Value = HTTPMatch> {
    let path = prop_oneof![4 => Re::path().prop_map(|re| re.text()), 1 => Just(String::new())];
    let method = select(&["GET", "POST", "*", "get", "G*", ""][..]).prop_map(str::to_owned);
    // The first version has no headers.
    let headers = if version < Version::V1Alpha2 {
        Just(Headers::default()).boxed()
    } else {
        headers().boxed()
    };
    (name(), path, vec(method, 0..=2), headers).prop_map(|(name, path_regex, methods, headers)| HTTPMatch {
        name,
        path_regex,
        methods,
        headers,
    })
}

/// Returns headers in both wire forms, with repeated names in lists, and with lost filters (I6).
fn headers() -> impl Strategy<Value = Headers> {
    let header = || prop_oneof![10 => select(&["x-a", "X-A", "x-b", "host"][..]).prop_map(str::to_owned), 1 => "[^ ]+"];
    let value = || Re::value().prop_map(|re| re.text());
    // One lost filter, with or without a name.
    let lost = option::weighted(0.05, option::of(header()));
    let pairs = vec((header(), value()), 0..=3);
    let map = btree_map(header(), value(), 0..=3);
    prop_oneof![
        1 => Just(Headers::default()),
        3 => (pairs, lost).prop_map(|(filters, lost)| Headers {
            filters,
            lost: lost.is_some(),
            lost_names: lost.flatten().into_iter().collect(),
            form: HeaderForm::List,
        }),
        1 => map.prop_map(|map| Headers {
            lost: map.is_empty(),
            filters: map.into_iter().collect(),
            lost_names: Vec::new(),
            form: HeaderForm::Map,
        }),
    ]
}

fn ports() -> impl Strategy<Value = Option<PortsSpec>> {
    let name = prop_oneof![5 => Just(String::new()), 1 => name()];
    let matches = (name, vec(port(), 0..=3)).prop_map(|(name, ports)| PortMatch { name, ports });
    let spec = option::weighted(0.9, matches).prop_map(|matches| PortsSpec { matches });
    option::weighted(0.9, spec)
}
