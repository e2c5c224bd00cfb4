//! The wire forms of fields.

use proptest::prelude::*;
use serde_json::{Map, Value};
use std::fmt::Debug;

/// A field that is set, `null` or absent. Go clients and API servers convert one into the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// The field is absent.
    Absent,
    /// The field is `null`.
    Null,
    /// The field has this value.
    Set(T),
}

impl<T> Field<T> {
    /// Returns the value, if it is set.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Writes the field into a JSON object.
    pub fn put<J: Into<Value>>(&self, object: &mut Map<String, Value>, name: &str, json: impl FnOnce(&T) -> J) {
        match self {
            Self::Absent => None,
            Self::Null => object.insert(name.to_owned(), Value::Null),
            Self::Set(value) => object.insert(name.to_owned(), json(value).into()),
        };
    }
}

/// Returns the strategy of a field that is nearly always set.
pub fn nearly<T: Clone + Debug + 'static>(value: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Field<T>> {
    prop_oneof![
        98 => value.prop_map(Field::Set),
        1 => Just(Field::Absent),
        1 => Just(Field::Null),
    ]
    .boxed()
}

/// Returns the strategy of a field that is set in `percent` of all cases.
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

/// Returns the strategy of a value that exists in one of `cases` cases.
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

/// A second document for the same object, or an undecodable one in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twin {
    /// The same document again.
    Same,
    /// The same object in another version.
    OtherVersion,
    /// An undecodable document, after the valid one.
    Undecodable,
    /// An undecodable document, instead of the valid one.
    Instead,
}

impl Twin {
    /// Returns the strategy in which one object in `cases` has a twin.
    pub fn rarely(cases: u32) -> BoxedStrategy<Option<Self>> {
        let all = [Self::Same, Self::OtherVersion, Self::Undecodable, Self::Instead];
        rarely(cases, proptest::sample::select(all.to_vec()))
    }

    /// Returns the documents of an object. The arguments are its document, the one in another version, and an
    /// undecodable one.
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

/// Returns the strategy of versions, which shrinks to the newest one.
pub fn version() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&VERSIONS[..])
}

/// Returns another version.
#[must_use]
pub fn other_version(version: &str) -> &'static str {
    VERSIONS
        .into_iter()
        .find(|other| *other != version)
        .unwrap_or("v1alpha4")
}
