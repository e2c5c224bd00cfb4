//! Objects of every kind and version in their wire forms, for tests of code that reads and writes them.
//!
//! Unlike in a [world](super::world), the objects are unrelated to each other. Each one is valid in its version. Names
//! come from a small pool, so that they collide, and some are rejected by API servers. Lists may be empty, weights and
//! ports lie at their limits, and some weights and ports are invalid.
//!
//! ```
//! use proptest::test_runner::{Config, TestRunner};
//! use smi_conformance::wire::{Wire, sloppy};
//! use smi_types::split::v1alpha2::TrafficSplit;
//!
//! let mut runner = TestRunner::new(Config::with_cases(20));
//! runner.run(&sloppy::<TrafficSplit>(), |(split, json)| {
//!     let read: TrafficSplit = serde_json::from_value(json)?;
//!     assert_eq!(read, split);
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod metrics;
mod sloppy;
mod specs;
mod split;

pub use sloppy::sloppy;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use smi_types::port::Port;
use std::fmt::Debug;

/// A type of one kind and version whose values can be generated.
pub trait Wire: Debug + Sized {
    /// Returns the strategy of all values that the version can express, so that writing and reading loses nothing.
    fn any() -> BoxedStrategy<Self>;
}

/// Implements [`Wire`] for types with `metadata` and one other field.
macro_rules! wire {
    ($($wire:ty { $field:ident: $strategy:expr })+) => {
        $(impl Wire for $wire {
            fn any() -> BoxedStrategy<Self> {
                let parts = (crate::wire::metadata(), $strategy);
                parts.prop_map(|(metadata, $field)| Self { metadata, $field }).boxed()
            }
        })+
    };
}
use wire;

fn metadata() -> impl Strategy<Value = ObjectMeta> {
    let name = name()
        .prop_filter("an object has a name", |name| !name.is_empty())
        .boxed();
    let labels = option::weighted(0.2, btree_map(self::name(), self::name(), 0..=2));
    (
        name.clone(),
        option::weighted(0.8, name),
        labels,
        option::weighted(0.3, time()),
    )
        .prop_map(|(name, namespace, labels, created)| ObjectMeta {
            name: Some(name),
            namespace,
            labels,
            creation_timestamp: created.flatten(),
            ..ObjectMeta::default()
        })
}

/// Returns times in whole seconds, since API servers write no fractions.
fn time() -> impl Strategy<Value = Option<Time>> {
    (0..4_000_000_000_i64).prop_map(|second| Timestamp::from_second(second).ok().map(Time))
}

/// Returns names, a few of them invalid.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        40 => select(&["a", "b", "web", "web-v1"][..]).prop_map(str::to_owned),
        1 => Just(String::new()),
        1 => Just("a".repeat(253)),
        1 => Just("a.b".to_owned()),
        1 => any::<String>(),
    ]
}

/// Returns ports, a few of them invalid.
fn port() -> impl Strategy<Value = Port> {
    let invalid = vec![
        json!(0),
        json!(-1),
        json!(65_536),
        json!(80.5),
        json!("http"),
        json!(""),
    ];
    prop_oneof![
        30 => prop_oneof![Just(1), Just(80), Just(8080), Just(u16::MAX), any::<u16>()]
            .prop_map(|number| number.try_into().map_or_else(|_| Port::Invalid(number.into()), Port::Number)),
        1 => select(invalid).prop_map(Port::Invalid),
    ]
}
