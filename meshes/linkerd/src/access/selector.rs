//! Label selectors.

use super::super::fields::{Fields, Read, rejected, unmodelled};
use serde_json::Value;
use std::collections::BTreeMap;

/// Labels by name.
pub(super) type Labels = BTreeMap<String, String>;

/// Conditions on labels. Without conditions, every object is selected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selector(Vec<Condition>);

#[derive(Debug, PartialEq, Eq)]
enum Condition {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// Reads `matchLabels` and `matchExpressions`.
    pub(super) fn read(value: &Value) -> Read<Self> {
        let fields = Fields::of(value, "selector", &["matchLabels", "matchExpressions"])?;
        let mut conditions = Vec::new();
        match fields.value("matchLabels") {
            None => {}
            Some(Value::Object(labels)) => {
                for (key, value) in labels {
                    let Some(value) = value.as_str() else {
                        return unmodelled(format!("the label {key}, which is not a string"));
                    };
                    conditions.push(Condition::In(key.clone(), vec![value.to_owned()]));
                }
            }
            Some(_) => return rejected("matchLabels is not an object"),
        }
        for expression in fields.list("matchExpressions", usize::MAX)?.unwrap_or_default() {
            conditions.push(Condition::read(expression)?);
        }
        Ok(Self(conditions))
    }

    /// Returns `true` if an object with `labels` is selected.
    pub(super) fn selects(&self, labels: &Labels) -> bool {
        self.0.iter().all(|condition| condition.holds(labels))
    }
}

impl Condition {
    fn read(value: &Value) -> Read<Self> {
        let fields = Fields::of(value, "expression", &["key", "operator", "values"])?;
        let key = fields.required("key", 0..=usize::MAX)?.to_owned();
        let values = fields.list("values", usize::MAX)?;
        let operator = fields.required("operator", 0..=usize::MAX)?;
        let text = |value: &Value| match value.as_str() {
            Some(text) => Ok(text.to_owned()),
            None => rejected("a value of an expression is not a string"),
        };
        match (operator, values) {
            ("In", Some(values)) if !values.is_empty() => {
                Ok(Self::In(key, values.iter().map(text).collect::<Read<_>>()?))
            }
            ("NotIn", Some(values)) if !values.is_empty() => {
                Ok(Self::NotIn(key, values.iter().map(text).collect::<Read<_>>()?))
            }
            ("Exists", None) => Ok(Self::Exists(key)),
            ("DoesNotExist", None) => Ok(Self::Absent(key)),
            ("In" | "NotIn" | "Exists" | "DoesNotExist", _) => unmodelled(format!("the values of {operator}")),
            _ => rejected(format!("the operator {operator} is not supported")),
        }
    }

    fn holds(&self, labels: &Labels) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => labels.contains_key(key),
            Self::Absent(key) => !labels.contains_key(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fields::ReadError;
    use super::*;
    use serde_json::json;

    #[test]
    fn selects_if_all_conditions_hold() {
        let labels = Labels::from([("app".into(), "api".into()), ("v".into(), "1".into())]);
        for (selector, expected) in [
            (json!({}), true),
            (json!({"matchLabels": {}}), true),
            (json!({"matchLabels": {"app": "api"}}), true),
            (json!({"matchLabels": {"app": "api", "v": "2"}}), false),
            (json!({"matchLabels": {"x": "1"}}), false),
            (
                json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "api"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a", "api"]}]}),
                false,
            ),
            (
                json!({"matchExpressions": [{"key": "x", "operator": "In", "values": ["a"]}]}),
                false,
            ),
            (
                json!({"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["a"]}]}),
                true,
            ),
            (json!({"matchExpressions": [{"key": "v", "operator": "Exists"}]}), true),
            (
                json!({"matchExpressions": [{"key": "v", "operator": "DoesNotExist"}]}),
                false,
            ),
            (
                json!({"matchLabels": {"app": "api"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}),
                false,
            ),
        ] {
            assert_eq!(
                Selector::read(&selector).unwrap().selects(&labels),
                expected,
                "{selector}"
            );
        }
    }

    #[test]
    fn does_not_model_or_rejects_invalid_selectors() {
        for selector in [
            json!({"matchExpressions": [{"key": "v", "operator": "In"}]}),
            json!({"matchExpressions": [{"key": "v", "operator": "In", "values": []}]}),
            json!({"matchExpressions": [{"key": "v", "operator": "Exists", "values": ["1"]}]}),
            json!({"matchLabels": {"v": 1}}),
        ] {
            assert!(
                matches!(Selector::read(&selector), Err(ReadError::Unmodelled(_))),
                "{selector}"
            );
        }
        for selector in [
            json!({"matchExpressions": [{"key": "v", "operator": "Is"}]}),
            json!({"matchExpressions": [{"operator": "Exists"}]}),
            json!({"matchExpressions": [{"key": "v", "operator": "In", "values": [1]}]}),
            json!({"matchLabels": []}),
        ] {
            assert!(
                matches!(Selector::read(&selector), Err(ReadError::Rejected(_))),
                "{selector}"
            );
        }
    }
}
