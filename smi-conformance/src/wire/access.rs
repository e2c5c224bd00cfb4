//! The wire forms of traffic targets and identity bindings of every version.

use super::{Wire, metadata, name, port, wire};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use smi_types::Version;
use smi_types::access::{self, BindingSpec, PodLabelSelector, Rule, Schemes, Subject, TargetSpec};

wire! {
    access::v1alpha2::TrafficTarget { spec: option::weighted(0.95, target(Version::V1Alpha2)) }
    access::v1alpha3::TrafficTarget { spec: option::weighted(0.95, target(Version::V1Alpha3)) }
    access::v1alpha4::TrafficTarget { spec: option::weighted(0.95, target(Version::V1Alpha4)) }
    access::v1alpha4::IdentityBinding { spec: option::weighted(0.95, binding()) }
}

impl Wire for access::v1alpha1::TrafficTarget {
    fn any() -> BoxedStrategy<Self> {
        let parts = (metadata(), target(Version::V1Alpha1));
        parts
            .prop_map(|(metadata, target)| Self {
                metadata,
                destination: target.destination,
                sources: target.sources,
                specs: target.rules,
            })
            .boxed()
    }
}

fn target(version: Version) -> impl Strategy<Value = TargetSpec> {
    let destination = option::weighted(0.9, subject(version, 50));
    // Only Go types have a port on a source (D9).
    let sources = vec(subject(version, 5), 0..=3);
    (destination, vec(rule(version), 0..=3), sources).prop_map(|(destination, rules, sources)| TargetSpec {
        destination,
        rules,
        sources,
    })
}

/// Returns subjects, with a port in `percent` of all cases.
fn subject(version: Version, percent: u32) -> impl Strategy<Value = Subject> {
    let accounts = Just("ServiceAccount");
    let others = select(&["Group", "User", ""][..]);
    let (group, kind) = if version < Version::V1Alpha4 {
        let kind = prop_oneof![20 => accounts, 1 => others];
        (Just("").boxed(), kind.boxed())
    } else {
        let group = prop_oneof![5 => Just(""), 5 => Just("access.smi-spec.io"), 1 => Just("example.com")];
        let kind = prop_oneof![10 => accounts, 10 => Just("IdentityBinding"), 1 => others];
        (group.boxed(), kind.boxed())
    };
    let namespace = prop_oneof![1 => Just(String::new()), 3 => name()];
    // Since v1alpha3 the ports are in the routes.
    let percent = if version < Version::V1Alpha3 { percent } else { 0 };
    let port = prop_oneof![100 - percent => Just(None), percent => port().prop_map(Some)];
    (group, kind, name(), namespace, port).prop_map(|(group, kind, name, namespace, port)| Subject {
        group: group.to_owned(),
        kind: kind.to_owned(),
        name,
        namespace,
        port,
    })
}

fn rule(version: Version) -> impl Strategy<Value = Rule> {
    let datagrams = u32::from(version >= Version::V1Alpha3);
    let kind = prop_oneof![
        20 => Just("HTTPRouteGroup"),
        10 => Just("TCPRoute"),
        10 * datagrams => Just("UDPRoute"),
        1 => select(&["HTTPRoute", ""][..]),
    ];
    (kind, name(), vec(name(), 0..=2)).prop_map(|(kind, name, matches)| Rule {
        kind: kind.to_owned(),
        name,
        matches,
    })
}

fn binding() -> impl Strategy<Value = BindingSpec> {
    let selector = btree_map(name(), name(), 0..=2).prop_map(|match_labels| PodLabelSelector { match_labels });
    let id = select(&["spiffe://cluster.local/ns/a/sa/b", "cluster.local/ns/a/sa/b", "web", ""][..]);
    let account = prop_oneof![Just(String::new()), name()];
    (option::of(selector), vec(id.prop_map(str::to_owned), 0..=2), account).prop_map(
        |(pod_label_selector, spiffe_identities, service_account)| BindingSpec {
            schemes: Schemes {
                pod_label_selector,
                spiffe_identities,
                service_account,
            },
        },
    )
}
