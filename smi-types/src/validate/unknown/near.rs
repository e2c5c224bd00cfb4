//! The known field that is near to an unknown one, for messages.

use super::last_key;
use crate::crd::Kind;
use crate::path::{FieldPath, Segment};
use crate::version::Version;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The fields of every version of every kind, as patterns.
static KNOWN: LazyLock<BTreeMap<(&str, Version), BTreeSet<String>>> = LazyLock::new(|| {
    let kinds = Kind::ALL.into_iter().flat_map(|kind| {
        let facts = kind.facts();
        Version::ALL.into_iter().filter_map(move |version| {
            let mut fields = BTreeSet::new();
            collect(&facts.wire(version)?.schema, "", &mut fields);
            Some(((kind.as_str(), version), fields))
        })
    });
    kinds.collect()
});

/// Adds the fields below a schema. The metadata of an object and its kind are left out.
fn collect(schema: &JSONSchemaProps, path: &str, fields: &mut BTreeSet<String>) {
    for (name, schema) in schema.properties.iter().flatten() {
        if path.is_empty() && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        let dot = if path.is_empty() { "" } else { "." };
        let field = format!("{path}{dot}{name}");
        collect(schema, &field, fields);
        if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
            collect(item, &format!("{field}[]"), fields);
        }
        fields.insert(field);
    }
}

/// Returns the patterns of all fields of a kind in a version.
pub(super) fn known(kind: &str, version: Version) -> &'static BTreeSet<String> {
    static NONE: BTreeSet<String> = BTreeSet::new();
    KNOWN
        .iter()
        .find(|((known, of), _)| *known == kind && *of == version)
        .map_or(&NONE, |(_, fields)| fields)
}

/// Returns a path with `[]` for every index.
pub(super) fn pattern(path: &FieldPath) -> String {
    let mut pattern = String::new();
    for segment in path.segments() {
        match segment {
            Segment::Index(_) => pattern.push_str("[]"),
            Segment::Key(key) => {
                pattern.push_str(if pattern.is_empty() { "" } else { "." });
                pattern.push_str(key);
            }
        }
    }
    pattern
}

/// Returns the fields at the root of a version without `spec`, if the unknown field is `spec`.
pub(super) fn moved_to_the_root(kind: &str, version: Version, path: &FieldPath) -> Option<String> {
    let at_root = known(kind, version).iter().filter(|field| !field.contains('.'));
    let quoted: Vec<String> = at_root.map(|field| format!("`{field}`")).collect();
    (pattern(path) == "spec" && !quoted.is_empty()).then(|| quoted.join(", "))
}

/// Returns the known field that the author of an unknown one probably meant: one with a similar name in the same place,
/// or one with the same name in another place.
pub(super) fn field(kind: &str, version: Version, path: &FieldPath) -> Option<String> {
    let (pattern, key) = (pattern(path), last_key(path));
    let known = known(kind, version);
    let (parent, _) = split(&pattern);
    let alike = |field: &&String| {
        let (place, name) = split(field);
        place == parent && similar(key, name)
    };
    let elsewhere = |field: &&String| {
        let (place, name) = split(field);
        place != parent && (name.eq_ignore_ascii_case(key) || is_renamed(key, name))
    };
    let same_place = known
        .iter()
        .filter(alike)
        .min_by_key(|field| distance(key, split(field).1));
    let other_place = || {
        let candidates = known.iter().filter(elsewhere);
        candidates.min_by_key(|field| (!split(field).0.starts_with(parent), field.len()))
    };
    let near = same_place.or_else(other_place)?;
    Some(near.clone())
}

/// Divides a pattern into the place of the field and its name.
fn split(pattern: &str) -> (&str, &str) {
    pattern.rsplit_once('.').unwrap_or(("", pattern))
}

/// Returns `true` if a name is probably a misspelling of another one.
fn similar(name: &str, known: &str) -> bool {
    let (name, known) = (name.to_ascii_lowercase(), known.to_ascii_lowercase());
    let contained = name.len().min(known.len()) >= 4 && (known.contains(&name) || name.contains(&known));
    contained || is_renamed(&name, &known) || distance(&name, &known) <= name.len().max(known.len()) / 3
}

/// Returns `true` if two versions have one field under these names.
fn is_renamed(one: &str, other: &str) -> bool {
    matches!((one, other), ("specs", "rules") | ("rules", "specs"))
}

/// Returns the number of characters to insert, delete, replace or swap with the next one that turn one text into another.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(64).collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    let at = |rows: &[Vec<usize>], row: usize, column: usize| {
        rows.get(row)
            .and_then(|row| row.get(column))
            .copied()
            .unwrap_or(usize::MAX)
    };
    for (row, a) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let replaced = at(&rows, row, column).saturating_add(usize::from(a != b));
            let deleted = at(&rows, row, column + 1).saturating_add(1);
            let inserted = next.last().copied().unwrap_or_default() + 1;
            let is_swap = row > 0 && column > 0 && one.get(row - 1) == Some(b) && other.get(column - 1) == Some(a);
            let swapped = if is_swap {
                at(&rows, row - 1, column - 1).saturating_add(1)
            } else {
                usize::MAX
            };
            next.push(replaced.min(deleted).min(inserted).min(swapped));
        }
        rows.push(next);
    }
    at(&rows, one.len(), other.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_field_that_was_meant() {
        for (kind, version, unknown, near) in [
            ("TrafficSplit", Version::V1Alpha4, "spec.match", Some("spec.matches")),
            (
                "TrafficSplit",
                Version::V1Alpha2,
                "spec.backends[1].wieght",
                Some("spec.backends[].weight"),
            ),
            ("TrafficSplit", Version::V1Alpha2, "backends", Some("spec.backends")),
            (
                "TrafficSplit",
                Version::V1Alpha2,
                "spec.backends[0].serviceName",
                Some("spec.backends[].service"),
            ),
            ("TrafficSplit", Version::V1Alpha4, "spec.retries", None),
            ("TCPRoute", Version::V1Alpha4, "spec.ports", Some("spec.matches.ports")),
            (
                "TCPRoute",
                Version::V1Alpha4,
                "spec.matches.port",
                Some("spec.matches.ports"),
            ),
            ("HTTPRouteGroup", Version::V1Alpha4, "matches", Some("spec.matches")),
            (
                "HTTPRouteGroup",
                Version::V1Alpha1,
                "matches[0].path",
                Some("matches[].pathRegex"),
            ),
            (
                "HTTPRouteGroup",
                Version::V1Alpha4,
                "spec.matches[2].method",
                Some("spec.matches[].methods"),
            ),
            (
                "HTTPRouteGroup",
                Version::V1Alpha4,
                "spec.matches[2].header",
                Some("spec.matches[].headers"),
            ),
            ("TrafficTarget", Version::V1Alpha3, "spec.specs", Some("spec.rules")),
            ("TrafficTarget", Version::V1Alpha1, "rules", Some("specs")),
            ("TrafficTarget", Version::V1Alpha3, "spec.source", Some("spec.sources")),
            (
                "TrafficTarget",
                Version::V1Alpha3,
                "spec.rules[0].match",
                Some("spec.rules[].matches"),
            ),
            (
                "IdentityBinding",
                Version::V1Alpha4,
                "spec.podLabelSelector",
                Some("spec.schemes.podLabelSelector"),
            ),
        ] {
            assert_eq!(
                field(kind, version, &unknown.into()).as_deref(),
                near,
                "{kind} {unknown}"
            );
        }
    }

    #[test]
    fn counts_edits() {
        for (one, other, edits) in [
            ("", "", 0),
            ("a", "", 1),
            ("match", "matches", 2),
            ("wieght", "weight", 1),
            ("abc", "xyz", 3),
        ] {
            assert_eq!(distance(one, other), edits, "{one} {other}");
            assert_eq!(distance(other, one), edits, "{other} {one}");
        }
    }
}
