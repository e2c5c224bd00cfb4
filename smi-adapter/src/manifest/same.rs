//! Comparison of JSON text with a JSON value, without building the value of the text.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Returns `true` if a JSON text is this value.
pub(super) fn is_same(text: &str, value: &Value) -> bool {
    let mut reader = serde_json::Deserializer::from_str(text);
    Same(value).deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

/// A reader that fails where the text differs from a value.
struct Same<'a>(&'a Value);

/// Returns the error that ends a comparison. It is never shown.
fn differs<E: Error>() -> E {
    E::custom("differs")
}

fn check<E: Error>(is_same: bool) -> Result<(), E> {
    if is_same { Ok(()) } else { Err(differs()) }
}

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Same<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        check(self.0.is_null())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        check(self.0.as_bool() == Some(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        check(*self.0 == value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        check(*self.0 == value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        check(self.0.is_f64() && *self.0 == value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        check(self.0.as_str() == Some(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Value::Array(values) = self.0 else {
            return Err(differs());
        };
        for value in values {
            items.next_element_seed(Same(value))?.ok_or_else(differs)?;
        }
        check(items.next_element::<IgnoredAny>()?.is_none())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let Value::Object(values) = self.0 else {
            return Err(differs());
        };
        let mut count = 0;
        while let Some(value) = fields.next_key_seed(Field(values))? {
            fields.next_value_seed(Same(value))?;
            count += 1;
        }
        check(count == values.len())
    }
}

/// A reader of a field name that looks its value up.
struct Field<'a>(&'a Map<String, Value>);

impl<'de, 'a> DeserializeSeed<'de> for Field<'a> {
    type Value = &'a Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'a Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Field<'a> {
    type Value = &'a Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'a Value, E> {
        self.0.get(name).ok_or_else(differs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-2i64..3).prop_map(Value::from),
            (0u64..3).prop_map(Value::from),
            (-1i8..2).prop_map(|number| Value::from(f64::from(number) / 2.0)),
            Just(Value::from(u64::MAX)),
            "[ab\"\\\\\n]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(Value::from),
                btree_map("[ab]{1,2}", inner, 0..3).prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_text_is_compared_as_its_value(one in value(), two in value()) {
            prop_assert!(is_same(&one.to_string(), &one));
            prop_assert_eq!(is_same(&one.to_string(), &two), one == two);
        }
    }
}
