//! The wire forms of metrics of every version.

use super::{Wire, metadata, name, time};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ListMeta};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use smi_types::metrics::{self, Backend, Edge, Metric, Metrics, MetricsList, Window};
use std::time::Duration;

macro_rules! versions {
    ($($version:ident)+) => {
        $(
            impl Wire for metrics::$version::TrafficMetrics {
                fn any() -> BoxedStrategy<Self> {
                    content().prop_map(Self).boxed()
                }
            }

            impl Wire for metrics::$version::TrafficMetricsList {
                fn any() -> BoxedStrategy<Self> {
                    list().prop_map(Self).boxed()
                }
            }
        )+
    };
}

versions! { v1alpha1 v1alpha2 }

fn content() -> impl Strategy<Value = Metrics> {
    let metrics = vec(metric(), 0..=3);
    let interval = (option::of(time()), option::of(window()));
    (
        metadata(),
        resource(),
        option::of(edge()),
        option::of(backend()),
        interval,
        metrics,
    )
        .prop_map(
            |(metadata, resource, edge, backend, (timestamp, window), metrics)| Metrics {
                metadata,
                resource,
                edge,
                backend,
                timestamp: timestamp.flatten(),
                window,
                metrics,
            },
        )
}

fn list<T: Wire + 'static>() -> impl Strategy<Value = MetricsList<T>> {
    let labels = btree_map(name(), name(), 0..=2).prop_map(|labels| LabelSelector {
        match_labels: Some(labels),
        ..LabelSelector::default()
    });
    (resource(), option::of(labels), vec(T::any(), 0..=2)).prop_map(|(resource, selector, items)| MetricsList {
        metadata: ListMeta::default(),
        resource,
        selector,
        items,
    })
}

fn resource() -> impl Strategy<Value = ObjectReference> {
    let kind = select(&["Deployment", "Pod", "Namespace", "Trafficsplit"][..]);
    let part = || option::weighted(0.8, name());
    (option::weighted(0.9, kind), part(), part()).prop_map(|(kind, namespace, name)| ObjectReference {
        kind: kind.map(str::to_owned),
        namespace,
        name,
        ..ObjectReference::default()
    })
}

fn edge() -> impl Strategy<Value = Edge> {
    let direction = select(&["from", "to", ""][..]);
    let side = select(&["client", "server", ""][..]);
    (direction, side, option::of(resource())).prop_map(|(direction, side, resource)| Edge {
        direction: direction.to_owned(),
        side: side.to_owned(),
        resource,
    })
}

fn backend() -> impl Strategy<Value = Backend> {
    let weight = prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>()];
    (name(), name(), weight).prop_map(|(apex, name, weight)| Backend { apex, name, weight })
}

fn window() -> impl Strategy<Value = Window> {
    let nanos = prop_oneof![Just(0), Just(30_000_000_000), Just(u64::MAX), any::<u64>()];
    nanos.prop_map(|nanos| Window(Duration::from_nanos(nanos)))
}

fn metric() -> impl Strategy<Value = Metric> {
    let name = select(&["p99_response_latency", "success_count", ""][..]);
    let unit = select(&["", "ms", "seconds"][..]);
    let value = select(&["0", "2969m", "10m", "9223372036854775807"][..]);
    (name, unit, value).prop_map(|(name, unit, value)| Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        value: Quantity(value.to_owned()),
    })
}
