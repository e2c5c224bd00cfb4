//! Generation of the schema of a CRD from a wire type.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// Returns the structural schema of a root type, with all subschemas inlined and without keywords that an API server
/// would reject or act on.
///
/// The root fields in `needed` are required.
pub(super) fn of<T: JsonSchema>(description: &str, needed: &[&str]) -> JSONSchemaProps {
    let mut root = generate::<T>();
    root.insert("description".into(), description.into());
    if let Some(Value::Object(properties)) = root.get_mut("properties") {
        let text = |description: &str| json!({"type": "string", "description": description});
        properties.insert(
            "apiVersion".into(),
            text("API group and version in which the object is written."),
        );
        properties.insert("kind".into(), text("The kind of the object."));
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

/// Adds the field `status` to the schema of a root type.
pub(super) fn add_status(root: &mut JSONSchemaProps) {
    let mut status = Schema::default();
    status.insert("type".into(), "object".into());
    status.insert("description".into(), "The observed state of the object.".into());
    status.insert("x-kubernetes-preserve-unknown-fields".into(), true.into());
    let conditions = json!({
        "description": "The current conditions of the object.",
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

/// Converts a schema to the type of Kubernetes. A test ensures that this succeeds for every wire type. Otherwise the
/// schema would be empty, and API servers would reject it.
fn props(schema: Schema) -> JSONSchemaProps {
    serde_json::from_value(schema.to_value()).unwrap_or_default()
}

fn tidy(schema: &mut Schema) {
    // An API server would write a default into every object. It drops `null` from fields that are not nullable.
    for keyword in ["title", "default", "nullable"] {
        schema.remove(keyword);
    }
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = plain(description);
    }
}

/// Removes the parts of a doc comment that only readers of the source understand: links, rule IDs and line breaks.
fn plain(doc: &str) -> String {
    let words: Vec<&str> = doc.split_whitespace().collect();
    without_rules(&without_links(&words.join(" ")))
}

/// Replaces `[text](target)` and `[text]` by `text`.
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

/// Removes rule IDs such as ` (A10)` and ` (S4, S5)`.
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
    fn removes_links_and_rule_ids() {
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
