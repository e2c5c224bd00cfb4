//! Backends of splits and their weights.

use super::SERVICES;
use super::json::{Field, nearly};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// A service that gets a share.
#[derive(Clone, Debug, PartialEq)]
pub struct Backend {
    /// Its name.
    pub service: Field<&'static str>,
    /// Its weight.
    pub weight: Field<Value>,
}

/// Texts that are not the name of a Service in the split's own namespace (T32).
const OTHER_BACKENDS: [&str; 6] = ["gone", "web-v1.ns-a", "web-v1.ns-a.svc", "web-v1.ns-b", "", "WEB-V1"];

impl Backend {
    /// Returns the strategy of all backends.
    pub fn any() -> impl Strategy<Value = Self> {
        let [web, v1, v2, other] = SERVICES;
        let name = prop_oneof![
            28 => select(vec![v1, v2, v1, v2, other]),
            3 => Just(web),
            2 => select(&OTHER_BACKENDS[..]),
        ];
        (nearly(name), weight()).prop_map(|(service, weight)| Self { service, weight })
    }

    /// Returns the backend as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut backend = Map::new();
        self.service.put(&mut backend, "service", |service| *service);
        self.weight.put(&mut backend, "weight", Clone::clone);
        backend.into()
    }
}

/// Returns weights in every wire form, biased to the edges, since uniform ones are hardly ever zero, equal or huge.
fn weight() -> impl Strategy<Value = Field<Value>> {
    let plain = vec![
        json!(1),
        json!(10),
        json!(0),
        json!(50),
        json!(99),
        json!(2),
        json!(100),
    ];
    let exact = vec![
        json!(i64::MAX),
        json!(0.5),
        json!("500m"),
        json!("1"),
        json!("1n"),
        json!("1k"),
        json!("3Gi"),
        json!(1000.0),
        json!("0"),
        json!("9223372036854775807"),
    ];
    let unreadable = vec![
        json!(-1),
        json!("abc"),
        json!(""),
        json!("-500m"),
        json!(9_223_372_036_854_775_808_u64),
        json!(1e30),
        json!(true),
        json!("0.1n"),
    ];
    prop_oneof![
        80 => select(plain).prop_map(Field::Set),
        28 => select(exact).prop_map(Field::Set),
        1 => Just(Field::Absent),
        1 => Just(Field::Null),
        1 => select(unreadable).prop_map(Field::Set),
    ]
}
