//! Reading from JSON in three steps: the kind and version, the wire type of that version, its hub.

use super::{Object, ParseError, ParseErrorKind, Parsed};
use crate::path::{FieldPath, Segment};
use crate::validate::is_harmless;
use crate::wire::Strict;
use crate::{access, specs, split};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(super) fn from_json(json: &[u8]) -> Result<Parsed, ParseError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let syntax = |error: &serde_json::Error| {
        if error.is_data() {
            ParseErrorKind::Type
        } else {
            ParseErrorKind::Syntax
        }
    };
    let head = Head::read(&mut reader, syntax, || serde_json::from_slice(json).ok())?;
    reader.end().map_err(|error| {
        let path = FieldPath::root();
        ParseError::new(&head, ParseErrorKind::Syntax, path, error.to_string())
    })?;
    dispatch(&head, Source::Json(json))
}

pub(super) fn from_value(value: &Value) -> Result<Parsed, ParseError> {
    let head = Head::read(value, |_| ParseErrorKind::Type, || Some(value.clone()))?;
    dispatch(&head, Source::Value(value))
}

/// The fields that identify an object. Wrong types are accepted here, because the typed reading reports their place.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    #[serde(default)]
    pub(super) api_version: Value,
    #[serde(default)]
    pub(super) kind: Value,
    #[serde(default, deserialize_with = "crate::wire::object")]
    metadata: Option<Name>,
    /// A name at the top of the object, where it does not belong.
    #[serde(default)]
    name: Value,
}

#[derive(Default, Deserialize)]
pub(super) struct Name {
    #[serde(default)]
    pub(super) name: Value,
    #[serde(default)]
    pub(super) namespace: Value,
}

impl Head {
    pub(super) fn name(&self, part: impl Fn(&Name) -> &Value) -> Option<&str> {
        self.metadata.as_ref().map(part)?.as_str()
    }

    /// Reads the head. An error identifies the object as far as possible, from its `value`.
    fn read<'de, D: Deserializer<'de>>(
        json: D,
        kind: impl FnOnce(&D::Error) -> ParseErrorKind,
        value: impl FnOnce() -> Option<Value>,
    ) -> Result<Self, ParseError> {
        let head = serde_path_to_error::deserialize(json).map(|Strict(head)| head);
        head.map_err(|error| {
            let (path, error) = (error_path(error.path()), error.into_inner());
            let head = value().map(|value| Self::of(&value)).unwrap_or_default();
            ParseError::new(&head, kind(&error), path, error.to_string())
        })
    }

    /// Returns the parts of a value that have the right type.
    fn of(value: &Value) -> Self {
        let field = |value: &Value, name| value.get(name).cloned().unwrap_or_default();
        Self {
            api_version: field(value, "apiVersion"),
            kind: field(value, "kind"),
            metadata: value.get("metadata").map(|metadata| Name {
                name: field(metadata, "name"),
                namespace: field(metadata, "namespace"),
            }),
            name: Value::Null,
        }
    }
}

/// A reader for the objects of one kind and version.
struct Reader {
    group: &'static str,
    kind: &'static str,
    version: &'static str,
    read: fn(&Head, Source<'_>) -> Result<Parsed, ParseError>,
}

impl Reader {
    const fn new<W, H>() -> Self
    where
        W: k8s_openapi::Resource + DeserializeOwned + Into<H>,
        Object: From<H>,
    {
        Self {
            group: W::GROUP,
            kind: W::KIND,
            version: W::VERSION,
            read: lift::<W, H>,
        }
    }
}

/// The readers of every kind in every version.
const READERS: [Reader; 18] = [
    Reader::new::<split::v1alpha1::TrafficSplit, split::TrafficSplit>(),
    Reader::new::<split::v1alpha2::TrafficSplit, split::TrafficSplit>(),
    Reader::new::<split::v1alpha3::TrafficSplit, split::TrafficSplit>(),
    Reader::new::<split::v1alpha4::TrafficSplit, split::TrafficSplit>(),
    Reader::new::<specs::v1alpha1::HTTPRouteGroup, specs::HTTPRouteGroup>(),
    Reader::new::<specs::v1alpha2::HTTPRouteGroup, specs::HTTPRouteGroup>(),
    Reader::new::<specs::v1alpha3::HTTPRouteGroup, specs::HTTPRouteGroup>(),
    Reader::new::<specs::v1alpha4::HTTPRouteGroup, specs::HTTPRouteGroup>(),
    Reader::new::<specs::v1alpha1::TCPRoute, specs::TCPRoute>(),
    Reader::new::<specs::v1alpha2::TCPRoute, specs::TCPRoute>(),
    Reader::new::<specs::v1alpha3::TCPRoute, specs::TCPRoute>(),
    Reader::new::<specs::v1alpha4::TCPRoute, specs::TCPRoute>(),
    Reader::new::<specs::v1alpha4::UDPRoute, specs::UDPRoute>(),
    Reader::new::<access::v1alpha1::TrafficTarget, access::TrafficTarget>(),
    Reader::new::<access::v1alpha2::TrafficTarget, access::TrafficTarget>(),
    Reader::new::<access::v1alpha3::TrafficTarget, access::TrafficTarget>(),
    Reader::new::<access::v1alpha4::TrafficTarget, access::TrafficTarget>(),
    Reader::new::<access::v1alpha4::IdentityBinding, access::IdentityBinding>(),
];

/// The input, which can be read repeatedly.
#[derive(Clone, Copy)]
enum Source<'a> {
    Json(&'a [u8]),
    Value(&'a Value),
}

fn dispatch(head: &Head, source: Source<'_>) -> Result<Parsed, ParseError> {
    let fail = |kind, path: &str, message: String| ParseError::new(head, kind, path.into(), message);
    let Some(kind) = head.kind.as_str() else {
        let (path, message) = match head.api_version {
            Value::String(_) => ("kind", "`kind` is missing"),
            _ => ("apiVersion", "`apiVersion` is missing"),
        };
        return Err(fail(ParseErrorKind::NotSmi, path, message.into()));
    };
    let of_kind = || READERS.iter().filter(|reader| reader.kind == kind);
    let known = || api_versions(of_kind());
    let Some(api_version) = head.api_version.as_str() else {
        let missing = "`apiVersion` is missing";
        let (error, message) = if is_meant("", kind) {
            (ParseErrorKind::UnknownKind, format!("{missing}; write {}", known()))
        } else {
            (ParseErrorKind::NotSmi, missing.to_owned())
        };
        return Err(fail(error, "apiVersion", message));
    };
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    if group != "smi-spec.io" && !group.ends_with(".smi-spec.io") && !is_meant(group, kind) {
        let message = format!("`{kind}` of `{api_version}` is not an SMI object");
        return Err(fail(ParseErrorKind::NotSmi, "apiVersion", message));
    }
    if group == "metrics.smi-spec.io" {
        let message = format!("`{kind}` is not supported: metrics are served by an API, not configured");
        return Err(fail(ParseErrorKind::Unsupported, "kind", message));
    }
    if of_kind().next().is_none() {
        let message = unknown_kind(api_version, group, kind);
        return Err(fail(ParseErrorKind::UnknownKind, "kind", message));
    }
    if !of_kind().any(|reader| reader.group == group) {
        let message = format!("`{api_version}` is not an API of `{kind}`; write {}", known());
        return Err(fail(ParseErrorKind::UnknownKind, "apiVersion", message));
    }
    let Some(reader) = of_kind().find(|reader| reader.version == version) else {
        let message = format!("there is no version `{version}` of `{kind}`; write {}", known());
        return Err(fail(ParseErrorKind::UnknownVersion, "apiVersion", message));
    };
    if head.name(|metadata| &metadata.name).is_none_or(str::is_empty) {
        let message = match head.metadata.as_ref().map(|metadata| &metadata.name) {
            None | Some(Value::Null) if head.name.is_string() => {
                "there is no name; `name` at the top of the object belongs below `metadata`".to_owned()
            }
            None | Some(Value::Null) => "there is no name".to_owned(),
            Some(Value::String(_)) => "the name is empty".to_owned(),
            Some(other) => format!("`{other}` is not a string; quote it"),
        };
        return Err(fail(ParseErrorKind::Type, "metadata.name", message));
    }
    (reader.read)(head, source)
}

/// Returns `true` if an object of a group outside of SMI is probably meant as an SMI object, because of its kind.
fn is_meant(group: &str, kind: &str) -> bool {
    match kind {
        // Other APIs have kinds of these names, too.
        "TCPRoute" | "UDPRoute" => group.is_empty() || group.contains("smi"),
        _ => READERS.iter().any(|reader| reader.kind == kind),
    }
}

/// Returns the message about a kind that does not exist, with the kinds of the group or the group's right name.
fn unknown_kind(api_version: &str, group: &str, kind: &str) -> String {
    let similar = READERS.iter().find(|reader| reader.kind.eq_ignore_ascii_case(kind));
    if let Some(similar) = similar {
        return format!("there is no kind `{kind}`; did you mean `{}`?", similar.kind);
    }
    let mut kinds: Vec<&str> = READERS
        .iter()
        .filter(|reader| reader.group == group)
        .map(|reader| reader.kind)
        .collect();
    kinds.dedup();
    if kinds.is_empty() {
        let mut groups: Vec<&str> = READERS.iter().map(|reader| reader.group).collect();
        groups.dedup();
        return format!("`{group}` is not an SMI API group; there are `{}`", groups.join("`, `"));
    }
    format!(
        "there is no kind `{kind}` in `{api_version}`, only `{}`",
        kinds.join("`, `")
    )
}

/// Lists the API versions of readers of one kind, the newest first.
fn api_versions(readers: impl Iterator<Item = &'static Reader>) -> String {
    let mut all: Vec<String> = readers
        .map(|reader| format!("`{}/{}`", reader.group, reader.version))
        .collect();
    all.reverse();
    match all.split_last() {
        Some((oldest, newer)) if !newer.is_empty() => format!("{} or {oldest}", newer.join(", ")),
        _ => all.concat(),
    }
}

/// Reads a wire type and converts it to its hub.
fn lift<W, H>(head: &Head, source: Source<'_>) -> Result<Parsed, ParseError>
where
    W: DeserializeOwned + Into<H>,
    Object: From<H>,
{
    let mut unknown = Vec::new();
    let read: Result<W, _> = match source {
        Source::Json(json) => typed(&mut serde_json::Deserializer::from_slice(json), &mut unknown),
        Source::Value(value) => typed(value, &mut unknown),
    };
    let wire = read.map_err(|error| {
        // Tracking the path on every read would cost more than a second read of a faulty object.
        let located = match source {
            Source::Json(json) => error_of::<W, _>(&mut serde_json::Deserializer::from_slice(json)),
            Source::Value(value) => error_of::<W, _>(value),
        };
        let (path, message) = located.unwrap_or_else(|| (FieldPath::root(), error.to_string()));
        ParseError::new(head, ParseErrorKind::Type, path, message)
    })?;
    unknown.sort();
    let object = Object::from(wire.into());
    let (ignored, unknown) = unknown.into_iter().partition(|path| is_harmless(object.kind(), path));
    Ok(Parsed {
        object,
        unknown,
        ignored,
    })
}

/// Reads a wire type and collects every unknown field.
fn typed<'de, W, D>(json: D, unknown: &mut Vec<FieldPath>) -> Result<W, D::Error>
where
    W: DeserializeOwned,
    D: Deserializer<'de>,
{
    let mut collect = |path: serde_ignored::Path<'_>| {
        let path = unknown_path(&path);
        if !is_unlisted(&path) {
            unknown.push(path);
        }
    };
    W::deserialize(serde_ignored::Deserializer::new(json, &mut collect))
}

/// Returns `true` for fields at the root that no wire type has and that do not express intent.
fn is_unlisted(path: &FieldPath) -> bool {
    let mut segments = path.segments();
    let first = segments.next();
    segments.len() == 0 && matches!(first, Some(Segment::Key("apiVersion" | "kind" | "status")))
}

/// Returns the path and the text of the error that reading a `W` yields, or `None` if it succeeds.
fn error_of<'de, W, D>(json: D) -> Option<(FieldPath, String)>
where
    W: DeserializeOwned,
    D: Deserializer<'de>,
{
    let error = serde_path_to_error::deserialize::<D, W>(json).err()?;
    Some((error_path(error.path()), error.inner().to_string()))
}

fn unknown_path(path: &serde_ignored::Path<'_>) -> FieldPath {
    use serde_ignored::Path;
    match path {
        Path::Root => FieldPath::root(),
        Path::Seq { parent, index } => unknown_path(parent).index(*index),
        Path::Map { parent, key } => unknown_path(parent).field(key.clone()),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            unknown_path(parent)
        }
    }
}

fn error_path(path: &serde_path_to_error::Path) -> FieldPath {
    use serde_path_to_error::Segment;
    path.iter().fold(FieldPath::root(), |path, segment| match segment {
        Segment::Seq { index } => path.index(*index),
        Segment::Map { key } => path.field(key.clone()),
        Segment::Enum { variant } => path.field(variant.clone()),
        Segment::Unknown => path,
    })
}
