//! Fields that no type has, such as misspelled ones (I8).

use super::json::rarely;
use crate::edits::is;
use proptest::prelude::*;
use serde_json::{Value, json};
use smi_adapter::object::Kind;

/// The name of the field. It is similar to no known one.
const NAME: &str = "xUnknown";

/// Maps whose keys are free, so that any field in them is known.
const FREE: [&str; 3] = ["metadata", "headers", "matchLabels"];

/// The place of an unknown field: its number among all JSON objects in the SMI objects of a world, modulo their count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stray(pub u16);

impl Stray {
    /// Returns the strategy in which few worlds have such a field.
    pub fn rarely() -> BoxedStrategy<Option<Self>> {
        rarely(10, any::<u16>().prop_map(Self))
    }

    /// Adds the field to the documents of a world.
    pub fn put(self, documents: &mut [Value]) {
        let mut places = Vec::new();
        for (index, document) in documents.iter().enumerate() {
            if Kind::SMI.iter().any(|kind| is(document, kind.name())) {
                collect(document, &format!("/{index}"), &mut places);
            }
        }
        let Some(place) = places.get(usize::from(self.0) % places.len().max(1)) else {
            return;
        };
        let (index, pointer) = place.split_once('/').unwrap_or((place, ""));
        let document = index.parse().ok().and_then(|index: usize| documents.get_mut(index));
        let pointer = if pointer.is_empty() {
            String::new()
        } else {
            format!("/{pointer}")
        };
        let object = document.and_then(|document| document.pointer_mut(&pointer));
        if let Some(object) = object.and_then(Value::as_object_mut) {
            object.insert(NAME.to_owned(), json!(true));
        }
    }
}

/// Collects the JSON objects with fields of a type, as the index of the document and the pointer within it.
fn collect(value: &Value, pointer: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            places.push(pointer.trim_start_matches('/').to_owned());
            let typed = fields.iter().filter(|(name, _)| !FREE.contains(&name.as_str()));
            typed.for_each(|(name, value)| collect(value, &format!("{pointer}/{name}"), places));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| collect(item, &format!("{pointer}/{index}"), places));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_an_smi_object_can_have_the_field() {
        let documents = [
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {}}),
            json!({
                "apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit", "metadata": {"name": "canary"},
                "spec": {"service": "web", "backends": [{"service": "v1"}, {"service": "v2"}]},
            }),
        ];
        let places: Vec<&str> = vec!["", "/spec", "/spec/backends/0", "/spec/backends/1"];
        for place in &places {
            let put = |number: u16| {
                let mut documents = documents.clone();
                Stray(number).put(&mut documents);
                documents[1].pointer(&format!("{place}/{NAME}")).is_some()
            };
            assert_eq!((0..4).filter(|number| put(*number)).count(), 1, "{place}");
        }
        let mut services = [documents[0].clone()];
        Stray(0).put(&mut services);
        assert_eq!(services[0], documents[0]);
    }
}
