//! Reading from JSON in three steps: the kind and version, the wire type of that version, its hub.

use super::{Object, ParseError, ParseErrorKind, Parsed};
use crate::path::{FieldPath, Segment};
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
    let head = Head::read(&mut reader, syntax)?;
    reader.end().map_err(|error| {
        let path = FieldPath::root();
        ParseError::new(&head, ParseErrorKind::Syntax, path, error.to_string())
    })?;
    dispatch(&head, Source::Json(json))
}

pub(super) fn from_value(value: &Value) -> Result<Parsed, ParseError> {
    dispatch(&Head::read(value, |_| ParseErrorKind::Type)?, Source::Value(value))
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

    fn read<'de, D: Deserializer<'de>>(
        json: D,
        kind: impl FnOnce(&D::Error) -> ParseErrorKind,
    ) -> Result<Self, ParseError> {
        let head = serde_path_to_error::deserialize(json).map(|Strict(head)| head);
        head.map_err(|error| {
            let (path, error) = (error_path(error.path()), error.into_inner());
            ParseError::new(&Self::default(), kind(&error), path, error.to_string())
        })
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
    let Some(api_version) = head.api_version.as_str() else {
        return Err(fail(
            ParseErrorKind::NotSmi,
            "apiVersion",
            "`apiVersion` is missing".into(),
        ));
    };
    let Some(kind) = head.kind.as_str() else {
        return Err(fail(ParseErrorKind::NotSmi, "kind", "`kind` is missing".into()));
    };
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    if group != "smi-spec.io" && !group.ends_with(".smi-spec.io") {
        let message = format!("`{kind}` of `{api_version}` is not an SMI object");
        return Err(fail(ParseErrorKind::NotSmi, "apiVersion", message));
    }
    if group == "metrics.smi-spec.io" {
        let message = format!("`{kind}` is not supported: metrics are served by an API, not configured");
        return Err(fail(ParseErrorKind::Unsupported, "kind", message));
    }
    let readers = || READERS.iter().filter(|reader| reader.group == group);
    if readers().next().is_none() {
        let message = format!("`{group}` is not an SMI API group");
        return Err(fail(ParseErrorKind::UnknownKind, "apiVersion", message));
    }
    let mut versions = readers().filter(|reader| reader.kind == kind).peekable();
    if versions.peek().is_none() {
        let message = format!("there is no kind `{kind}` in `{api_version}`");
        return Err(fail(ParseErrorKind::UnknownKind, "kind", message));
    }
    let Some(reader) = versions.find(|reader| reader.version == version) else {
        let message = format!("there is no version `{version}` of `{kind}`");
        return Err(fail(ParseErrorKind::UnknownVersion, "apiVersion", message));
    };
    if head.name(|metadata| &metadata.name).is_none_or(str::is_empty) {
        let message = match head.metadata.as_ref().map(|metadata| &metadata.name) {
            None | Some(Value::Null) => "there is no name".to_owned(),
            Some(Value::String(_)) => "the name is empty".to_owned(),
            Some(other) => format!("`{other}` is not a string"),
        };
        return Err(fail(ParseErrorKind::Type, "metadata.name", message));
    }
    (reader.read)(head, source)
}

/// Reads a wire type and converts it to its hub.
fn lift<W, H>(head: &Head, source: Source<'_>) -> Result<Parsed, ParseError>
where
    W: DeserializeOwned + Into<H>,
    Object: From<H>,
{
    let mut ignored = Vec::new();
    let read: Result<W, _> = match source {
        Source::Json(json) => typed(&mut serde_json::Deserializer::from_slice(json), &mut ignored),
        Source::Value(value) => typed(value, &mut ignored),
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
    ignored.sort();
    Ok(Parsed {
        object: Object::from(wire.into()),
        ignored,
    })
}

/// Reads a wire type and collects every unknown field.
fn typed<'de, W, D>(json: D, ignored: &mut Vec<FieldPath>) -> Result<W, D::Error>
where
    W: DeserializeOwned,
    D: Deserializer<'de>,
{
    let mut collect = |path: serde_ignored::Path<'_>| {
        let path = ignored_path(&path);
        if !is_unlisted(&path) {
            ignored.push(path);
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

fn ignored_path(path: &serde_ignored::Path<'_>) -> FieldPath {
    use serde_ignored::Path;
    match path {
        Path::Root => FieldPath::root(),
        Path::Seq { parent, index } => ignored_path(parent).index(*index),
        Path::Map { parent, key } => ignored_path(parent).field(key.clone()),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            ignored_path(parent)
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
