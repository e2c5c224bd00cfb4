//! From a wire type to the schema of its CRD.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// The structural schema of a root type: everything in place, nothing that an API server would refuse or act on.
///
/// Of the root fields, those in `needed` are required.
pub(super) fn of<T: JsonSchema>(description: &str, needed: &[&str]) -> JSONSchemaProps {
    let mut root = generate::<T>();
    root.insert("description".into(), description.into());
    if let Some(Value::Object(properties)) = root.get_mut("properties") {
        let text = |description: &str| json!({"type": "string", "description": description});
        properties.insert(
            "apiVersion".into(),
            text("API group and version in which this object is written."),
        );
        properties.insert("kind".into(), text("The kind of this object."));
        properties.insert("metadata".into(), json!({"type": "object"}));
        let required: Vec<&str> = needed
            .iter()
            .copied()
            .filter(|name| properties.contains_key(*name))
            .collect();
        if !required.is_empty() {
            root.insert("required".into(), required.into());
        }
    }
    props(root)
}

/// Adds what objects have whose status somebody writes.
pub(super) fn add_status(root: &mut JSONSchemaProps) {
    let mut status = Schema::default();
    status.insert("type".into(), "object".into());
    status.insert("description".into(), "What became of this object.".into());
    status.insert("x-kubernetes-preserve-unknown-fields".into(), true.into());
    let conditions = json!({
        "description": "What holds of this object now.",
        "type": "array",
        "items": generate::<Condition>(),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    });
    status.insert("properties".into(), json!({"conditions": conditions}));
    root.properties
        .get_or_insert_default()
        .insert("status".into(), props(status));
}

fn generate<T: JsonSchema>() -> Schema {
    let mut settings = SchemaSettings::openapi3();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings
        .with_transform(RecursiveTransform(tidy))
        .into_generator()
        .into_root_schema_for::<T>()
}

/// Every schema of a wire type can be read, as a test makes sure; an empty one would be refused by any API server.
fn props(schema: Schema) -> JSONSchemaProps {
    serde_json::from_value(schema.to_value()).unwrap_or_default()
}

fn tidy(schema: &mut Schema) {
    // A default would be written into every object, and `null` is dropped where a field is not nullable.
    for keyword in ["title", "default", "nullable"] {
        schema.remove(keyword);
    }
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = plain(description);
    }
}

/// A doc comment without what only readers of the source understand: links, IDs of rules, ends of lines.
fn plain(doc: &str) -> String {
    let words: Vec<&str> = doc.split_whitespace().collect();
    without_rules(&without_links(&words.join(" ")))
}

/// `[text](target)` and `[text]` become `text`.
fn without_links(doc: &str) -> String {
    let mut parts = doc.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (text, rest) = part.split_once(']').unwrap_or((part, ""));
        plain += text;
        plain += rest
            .strip_prefix('(')
            .and_then(|target| target.split_once(')'))
            .map_or(rest, |(_, rest)| rest);
    }
    plain
}

/// ` (A10)` and ` (S4, S5)` vanish.
fn without_rules(doc: &str) -> String {
    let is_rule = |text: &str| {
        let digits = text.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let mut parts = doc.split(" (");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((rules, rest)) if rules.split(", ").all(is_rule) => plain += rest,
            _ => {
                plain += " (";
                plain += part;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn descriptions_have_no_links_and_no_rules() {
        for (doc, expected) in [
            ("Its name (S2).", "Its name."),
            ("One\ntwo (T2, T3). Three (A7)", "One two. Three"),
            (
                "In the [portable dialect](crate::regex) (S4, S5).",
                "In the portable dialect.",
            ),
            ("A [`TrafficTarget`] of it", "A `TrafficTarget` of it"),
            (
                "Kept (as it is), kept (A, B), kept ()",
                "Kept (as it is), kept (A, B), kept ()",
            ),
        ] {
            assert_eq!(plain(doc), expected);
        }
    }
}
