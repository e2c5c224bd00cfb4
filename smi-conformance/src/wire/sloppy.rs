//! The variants in which real writers put the same object on the wire.

use super::Wire;
use crate::dice::Dice;
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::mem;

/// Returns objects, each with JSON of the same meaning as real writers write it: `null` for absent or empty fields and
/// the reverse, weights as text, floats and quantities, ports as text and floats, several headers in one map of a list,
/// and a `status`.
pub fn sloppy<W: Wire + Serialize + 'static>() -> impl Strategy<Value = (W, Value)> {
    (W::any(), any::<u64>()).prop_filter_map("it can be written", |(wire, seed)| {
        let mut json = serde_json::to_value(&wire).ok()?;
        let text = |field: &str| json.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (kind, api_version) = (text("kind"), text("apiVersion"));
        let version = api_version.rsplit('/').next().unwrap_or_default();
        let mut writer = Writer {
            kind: &kind,
            version,
            dice: Dice::new(seed),
        };
        writer.blur("", &mut json);
        Some((wire, json))
    })
}

struct Writer<'a> {
    kind: &'a str,
    version: &'a str,
    dice: Dice,
}

impl Writer<'_> {
    /// Rewrites the value of the field `at`.
    fn blur(&mut self, at: &str, value: &mut Value) {
        match value {
            Value::Object(map) => self.blur_object(at, map),
            Value::Array(items) if at == "headers" => self.merge(items),
            Value::Array(items) => items.iter_mut().for_each(|item| self.blur(at, item)),
            Value::Number(number) if self.dice.one_in(2) => {
                let number = number.as_u64();
                let blurred = match (self.kind, at) {
                    ("TrafficSplit", "weight") => number.map(|weight| self.weight(weight)),
                    (_, "port" | "ports") => number.and_then(|port| self.port(port)),
                    _ => None,
                };
                if let Some(blurred) = blurred {
                    *value = blurred;
                }
            }
            _ => {}
        }
    }

    fn blur_object(&mut self, at: &str, map: &mut Map<String, Value>) {
        for (field, value) in map.iter_mut() {
            self.blur(field, value);
        }
        for field in fields(self.kind, self.version, at) {
            let empty = matches!(map.get(*field), None | Some(Value::Null)) || map.get(*field) == Some(&json!([]));
            if !empty {
                continue;
            }
            match self.dice.below(4) {
                0 => map.remove(*field),
                1 => map.insert((*field).to_owned(), Value::Null),
                // Go clients write this for an absent struct.
                2 if *field == "podLabelSelector" => map.insert((*field).to_owned(), json!({"matchLabels": null})),
                _ => None,
            };
        }
        if at.is_empty() && self.dice.one_in(4) {
            map.insert("status".to_owned(), json!({"state": "Created"}));
        }
    }

    /// Merges adjacent filters into one map if that keeps their order.
    fn merge(&mut self, items: &mut Vec<Value>) {
        for item in mem::take(items) {
            match (items.last_mut(), item) {
                (Some(Value::Object(last)), Value::Object(item))
                    if !last.is_empty() && last.keys().max() < item.keys().min() && self.dice.one_in(2) =>
                {
                    last.extend(item);
                }
                (_, item) => items.push(item),
            }
        }
    }

    fn weight(&mut self, weight: u64) -> Value {
        match self.dice.below(4) {
            0 if weight.is_multiple_of(1000) => format!("{}k", weight / 1000).into(),
            0 => format!("{weight}000m").into(),
            1 => format!("{weight}e0").into(),
            // Not every larger number has an exact float.
            2 => u32::try_from(weight).map_or_else(|_| weight.into(), |weight| f64::from(weight).into()),
            _ => weight.to_string().into(),
        }
    }

    fn port(&mut self, port: u64) -> Option<Value> {
        let port = u16::try_from(port).ok().filter(|port| *port > 0)?;
        Some(if self.dice.one_in(2) {
            f64::from(port).into()
        } else {
            port.to_string().into()
        })
    }
}

/// Returns the fields below the field `at` for which absence, `null` and an empty list have the same meaning.
fn fields(kind: &str, version: &str, at: &str) -> &'static [&'static str] {
    match (kind, version, at) {
        ("TrafficMetrics", _, "") | ("TrafficMetricsList", _, "items") => {
            &["edge", "backend", "timestamp", "window", "metrics"]
        }
        ("TrafficMetricsList", _, "") => &["selector", "items"],
        (_, _, "edge") => &["resource"],
        ("HTTPRouteGroup", "v1alpha1" | "v1alpha2", "") | ("HTTPRouteGroup" | "TCPRoute" | "UDPRoute", _, "spec") => {
            &["matches"]
        }
        ("HTTPRouteGroup", _, "matches") => &["name", "pathRegex", "methods", "headers"],
        ("TCPRoute" | "UDPRoute", _, "matches") => &["name", "ports"],
        ("TrafficTarget", "v1alpha1", "") => &["destination", "sources", "specs"],
        ("TrafficTarget", _, "spec") => &["destination", "sources", "rules"],
        ("TrafficTarget", _, "destination" | "sources") => &["group", "namespace", "port"],
        ("TrafficTarget", _, "specs" | "rules") => &["matches"],
        ("IdentityBinding", _, "schemes") => &["podLabelSelector", "spiffeIdentities", "serviceAccount"],
        ("TrafficSplit", _, "spec") => &["backends", "matches"],
        ("TrafficSplit", _, "backends") => &["weight"],
        ("TrafficSplit", _, "matches") => &["apiGroup"],
        (_, _, "metadata") => &["namespace", "labels", "creationTimestamp"],
        (_, _, "") => &["spec"],
        _ => &[],
    }
}
