//! Unknown fields: each may be a restriction that got lost (I8).

mod near;

use super::{Rule, Violation};
use crate::object::Parsed;
use crate::path::{FieldPath, Segment};
use crate::version::Version;

/// An unknown field that is known to restrict nothing, with its writer.
struct Harmless {
    kind: &'static str,
    /// The path, with `[]` for any index.
    path: &'static str,
    /// The writer, as the subject of a sentence.
    writer: &'static str,
}

const HARMLESS: &[Harmless] = &[Harmless {
    kind: "TrafficTarget",
    path: "specs[].status",
    writer: "the CRD of smi-controller-sdk",
}];

/// Returns `true` if an unknown field of an object means nothing: it belongs to `metadata`, or is known to be harmless.
pub(crate) fn is_harmless(kind: &str, path: &FieldPath) -> bool {
    path.starts_with(&"metadata".into()) || writer(kind, path).is_some()
}

fn writer(kind: &str, path: &FieldPath) -> Option<&'static str> {
    let pattern = near::pattern(path);
    let known = HARMLESS
        .iter()
        .find(|known| known.kind == kind && known.path == pattern);
    known.map(|known| known.writer)
}

impl Parsed {
    /// Returns the faults of the object by itself, in the order of its fields, and then its unknown fields (I8).
    ///
    /// ```
    /// let parsed = smi_types::Object::from_json(br#"{
    ///   "apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
    ///   "metadata": {"name": "testers", "namespace": "shop"},
    ///   "spec": {"service": "web", "match": [], "backends": [{"service": "web-v2", "weight": 1}]}
    /// }"#)?;
    /// assert_eq!(
    ///     parsed.violations()[0].message,
    ///     "`v1alpha4` of TrafficSplit has no such field; it may be a restriction, so the split has no effect; did you \
    ///      mean `spec.matches`?"
    /// );
    /// # Ok::<(), smi_types::ParseError>(())
    /// ```
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let Self {
            object,
            unknown,
            ignored,
        } = self;
        let mut violations = with_unknown(object.violations(), unknown, object.kind(), object.version());
        violations.extend(ignored_fields(ignored, object.kind()));
        violations
    }
}

/// Adds the violations of unknown fields to those of the object without them. An object whose fields are all unknown is
/// not reported as empty as well.
#[must_use]
pub fn with_unknown(
    mut violations: Vec<Violation>,
    unknown: &[FieldPath],
    kind: &str,
    version: Version,
) -> Vec<Violation> {
    violations.retain(|violation| violation.rule != Rule::NoSpec || unknown.is_empty());
    violations.extend(unknown.iter().map(|path| Violation {
        path: path.clone(),
        rule: Rule::UnknownField,
        message: message(kind, version, path),
    }));
    violations
}

/// Returns the violations of unknown fields that mean nothing.
pub fn ignored_fields(ignored: &[FieldPath], kind: &str) -> impl Iterator<Item = Violation> {
    ignored.iter().map(move |path| Violation {
        path: path.clone(),
        rule: Rule::IgnoredField,
        message: match writer(kind, path) {
            Some(writer) => format!("only {writer} has this field; it means nothing and is ignored"),
            None => "metadata has no such field; it means nothing and is ignored".to_owned(),
        },
    })
}

fn message(kind: &str, version: Version, path: &FieldPath) -> String {
    let consequence = consequence(kind, path);
    if let Some(fields) = near::moved_to_the_root(kind, version, path) {
        return format!(
            "`{version}` of {kind} has no `spec`, so {consequence}; it has {fields} at the top of the object, without `spec`"
        );
    }
    let lost = format!("`{version}` of {kind} has no such field; it may be a restriction, so {consequence}");
    if kind == "TrafficSplit" && near::pattern(path) == "spec.backends[].namespace" {
        return format!("{lost}; a split cannot send traffic to another namespace");
    }
    match near::field(kind, version, path) {
        Some(near) => format!("{lost}; did you mean `{near}`?"),
        None => lost,
    }
}

/// Returns what the smallest part of an object that holds an unknown field does not do.
fn consequence(kind: &str, path: &FieldPath) -> &'static str {
    let is_in = |list: &str| path.index_in(list).is_some();
    match kind {
        "TrafficSplit" if is_in("backends") => "the backend counts as absent",
        "TrafficSplit" if is_in("matches") => "the reference adds no match",
        "TrafficSplit" => "the split has no effect",
        "HTTPRouteGroup" if is_in("matches") => "the match matches nothing",
        "HTTPRouteGroup" => "the group matches nothing",
        "TrafficTarget" if is_in("rules") || is_in("specs") => "the rule matches nothing",
        "TrafficTarget" if is_in("sources") => "the source is granted nothing",
        "TrafficTarget" => "the target grants nothing",
        "IdentityBinding" => "the binding matches no workload",
        _ => "the route matches nothing",
    }
}

/// Returns the last key of a path.
fn last_key(path: &FieldPath) -> &str {
    let key = path.segments().rev().find_map(|segment| match segment {
        Segment::Key(key) => Some(key),
        Segment::Index(_) => None,
    });
    key.unwrap_or_default()
}
