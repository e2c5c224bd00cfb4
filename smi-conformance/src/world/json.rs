//! How fields stand on the wire.

use proptest::prelude::*;
use serde_json::{Map, Value};
use std::fmt::Debug;

/// A field that is there, `null`, or not there: Go writers and API servers make one of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// It is not there.
    Absent,
    /// It is `null`.
    Null,
    /// It says this.
    Set(T),
}

impl<T> Field<T> {
    /// What it says.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Writes it into an object.
    pub fn put<J: Into<Value>>(&self, object: &mut Map<String, Value>, name: &str, json: impl FnOnce(&T) -> J) {
        match self {
            Self::Absent => None,
            Self::Null => object.insert(name.to_owned(), Value::Null),
            Self::Set(value) => object.insert(name.to_owned(), json(value).into()),
        };
    }
}

/// A field that is nearly always there.
pub fn nearly<T: Clone + Debug + 'static>(value: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Field<T>> {
    prop_oneof![
        98 => value.prop_map(Field::Set),
        1 => Just(Field::Absent),
        1 => Just(Field::Null),
    ]
    .boxed()
}

/// A field that is there in `percent` of all cases.
pub fn perhaps<T: Clone + Debug + 'static>(
    percent: u32,
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Field<T>> {
    let rest = 100 - percent;
    prop_oneof![
        2 * rest => Just(Field::Absent),
        rest => Just(Field::Null),
        3 * percent => value.prop_map(Field::Set),
    ]
    .boxed()
}

/// Something that stands in an object in one case of `cases`.
pub fn rarely<T: Clone + Debug + 'static>(
    cases: u32,
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    prop_oneof![
        cases - 1 => Just(None),
        1 => value.prop_map(Some),
    ]
    .boxed()
}

/// A second object of the same name, or an object that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twin {
    /// The object comes twice.
    Same,
    /// It comes twice, the second time in another version.
    OtherVersion,
    /// It comes again, and that cannot be read.
    Undecodable,
    /// It cannot be read.
    Instead,
}

impl Twin {
    /// One object in `cases` has one.
    pub fn rarely(cases: u32) -> BoxedStrategy<Option<Self>> {
        let all = [Self::Same, Self::OtherVersion, Self::Undecodable, Self::Instead];
        rarely(cases, proptest::sample::select(all.to_vec()))
    }

    /// The documents for an object, given it, it in another version, and one that cannot be read.
    #[must_use]
    pub fn documents(twin: Option<Self>, whole: Value, other: Value, broken: Value) -> Vec<Value> {
        match twin {
            None => vec![whole],
            Some(Self::Same) => vec![whole.clone(), whole],
            Some(Self::OtherVersion) => vec![whole, other],
            Some(Self::Undecodable) => vec![whole, broken],
            Some(Self::Instead) => vec![broken],
        }
    }
}

/// The versions of the SMI groups that are generated.
pub const VERSIONS: [&str; 4] = ["v1alpha4", "v1alpha3", "v1alpha2", "v1alpha1"];

/// A version; the newest is the simplest.
pub fn version() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&VERSIONS[..])
}

/// Another version.
#[must_use]
pub fn other_version(version: &str) -> &'static str {
    VERSIONS
        .into_iter()
        .find(|other| *other != version)
        .unwrap_or("v1alpha4")
}
