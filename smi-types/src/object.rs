//! The one way in: from JSON to a typed object.

use crate::path::FieldPath;
use crate::wire::Strict;
use crate::{specs, split};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt::{self, Display};

/// A version of an SMI API. Versions are wire forms only; they do not change what an object means (S24).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `v1alpha1`
    V1Alpha1,
    /// `v1alpha2`
    V1Alpha2,
    /// `v1alpha3`
    V1Alpha3,
    /// `v1alpha4`
    #[default]
    V1Alpha4,
}

impl Version {
    /// The version as it stands in an `apiVersion`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1Alpha1 => "v1alpha1",
            Self::V1Alpha2 => "v1alpha2",
            Self::V1Alpha3 => "v1alpha3",
            Self::V1Alpha4 => "v1alpha4",
        }
    }
}

impl Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An SMI object of any kind and version, lifted to its version-neutral form.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Object {
    /// `split.smi-spec.io` `TrafficSplit`
    TrafficSplit(Box<split::TrafficSplit>),
    /// `specs.smi-spec.io` `HTTPRouteGroup`
    HTTPRouteGroup(Box<specs::HTTPRouteGroup>),
}

/// An object, and what its author wrote that no type knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The object.
    pub object: Object,
    /// Fields that were read past: a misspelling, or a field of another version's shape. Sorted.
    /// `status` is not listed; it says nothing about intent.
    pub ignored: Vec<FieldPath>,
}

impl From<Object> for Parsed {
    fn from(object: Object) -> Self {
        Self {
            object,
            ignored: Vec::new(),
        }
    }
}

impl From<split::TrafficSplit> for Object {
    fn from(split: split::TrafficSplit) -> Self {
        Self::TrafficSplit(Box::new(split))
    }
}

impl From<specs::HTTPRouteGroup> for Object {
    fn from(group: specs::HTTPRouteGroup) -> Self {
        Self::HTTPRouteGroup(Box::new(group))
    }
}

impl Object {
    /// The object's metadata.
    #[must_use]
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::TrafficSplit(split) => &split.metadata,
            Self::HTTPRouteGroup(group) => &group.metadata,
        }
    }

    /// The object's metadata, to be changed.
    pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::TrafficSplit(split) => &mut split.metadata,
            Self::HTTPRouteGroup(group) => &mut group.metadata,
        }
    }

    /// Reads one JSON object, straight into its type.
    ///
    /// ```
    /// let parsed = smi_types::Object::from_json(br#"{
    ///   "apiVersion": "split.smi-spec.io/v1alpha2",
    ///   "kind": "TrafficSplit",
    ///   "metadata": {"name": "canary", "namespace": "shop"},
    ///   "spec": {"service": "web", "backends": [{"service": "web-v1", "wieght": 1}]}
    /// }"#)?;
    /// assert_eq!(parsed.ignored[0].to_string(), "spec.backends[0].wieght");
    /// # Ok::<(), smi_types::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// If the bytes are no JSON, no SMI object of a kind and version that is read here, have no name, or
    /// hold a value of a wrong type. The error names the object and the field.
    pub fn from_json(json: &[u8]) -> Result<Parsed, ParseError> {
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

    /// Reads one object from a JSON value, as YAML readers hand it out.
    ///
    /// # Errors
    /// As [`Object::from_json`].
    pub fn from_value(value: &Value) -> Result<Parsed, ParseError> {
        dispatch(&Head::read(value, |_| ParseErrorKind::Type)?, Source::Value(value))
    }
}

/// What says which object this is. Wrong types are left to the typed reading, which knows their place.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    api_version: Value,
    #[serde(default)]
    kind: Value,
    #[serde(default, deserialize_with = "crate::wire::object")]
    metadata: Option<Name>,
}

#[derive(Default, Deserialize)]
struct Name {
    #[serde(default)]
    name: Value,
    #[serde(default)]
    namespace: Value,
}

impl Head {
    fn name(&self, part: impl Fn(&Name) -> &Value) -> Option<&str> {
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

/// The groups whose objects are SMI's, by their kinds and the versions that these have.
const KINDS: [(&str, &str, &[Version]); 6] = {
    use Version::{V1Alpha1, V1Alpha2, V1Alpha3, V1Alpha4};
    const ALL: &[Version] = &[V1Alpha1, V1Alpha2, V1Alpha3, V1Alpha4];
    [
        ("split.smi-spec.io", "TrafficSplit", ALL),
        ("specs.smi-spec.io", "HTTPRouteGroup", ALL),
        ("specs.smi-spec.io", "TCPRoute", ALL),
        ("specs.smi-spec.io", "UDPRoute", &[V1Alpha4]),
        ("access.smi-spec.io", "TrafficTarget", ALL),
        ("access.smi-spec.io", "IdentityBinding", &[V1Alpha4]),
    ]
};

/// What an object is read from, as often as needed.
#[derive(Clone, Copy)]
enum Source<'a> {
    Json(&'a [u8]),
    Value(&'a Value),
}

fn dispatch(head: &Head, source: Source<'_>) -> Result<Parsed, ParseError> {
    use Version::{V1Alpha1, V1Alpha2, V1Alpha3, V1Alpha4};

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
        let message = format!("`{kind}` of `{api_version}` is no SMI object");
        return Err(fail(ParseErrorKind::NotSmi, "apiVersion", message));
    }
    if group == "metrics.smi-spec.io" {
        let message = format!("`{kind}` is not read: metrics are answers of an API, not intent");
        return Err(fail(ParseErrorKind::Unsupported, "kind", message));
    }
    if !KINDS.iter().any(|known| known.0 == group) {
        let message = format!("there is no API group `{group}`");
        return Err(fail(ParseErrorKind::UnknownKind, "apiVersion", message));
    }
    let Some((_, _, versions)) = KINDS.iter().find(|known| known.0 == group && known.1 == kind) else {
        let message = format!("there is no kind `{kind}` in group `{group}`");
        return Err(fail(ParseErrorKind::UnknownKind, "kind", message));
    };
    let Some(version) = versions.iter().find(|known| known.as_str() == version) else {
        let message = format!("there is no version `{version}` of `{kind}`");
        return Err(fail(ParseErrorKind::UnknownVersion, "apiVersion", message));
    };
    if head.name(|metadata| &metadata.name).is_none_or(str::is_empty) {
        let message = match head.metadata.as_ref().map(|metadata| &metadata.name) {
            None | Some(Value::Null) => "there is no name".to_owned(),
            Some(Value::String(_)) => "the name is empty".to_owned(),
            Some(other) => format!("`{other}` is no text"),
        };
        return Err(fail(ParseErrorKind::Type, "metadata.name", message));
    }

    match (kind, *version) {
        ("TrafficSplit", V1Alpha1) => lift::<split::v1alpha1::TrafficSplit, split::TrafficSplit>(head, source),
        ("TrafficSplit", V1Alpha2) => lift::<split::v1alpha2::TrafficSplit, split::TrafficSplit>(head, source),
        ("TrafficSplit", V1Alpha3) => lift::<split::v1alpha3::TrafficSplit, split::TrafficSplit>(head, source),
        ("TrafficSplit", V1Alpha4) => lift::<split::v1alpha4::TrafficSplit, split::TrafficSplit>(head, source),
        ("HTTPRouteGroup", V1Alpha1) => lift::<specs::v1alpha1::HTTPRouteGroup, specs::HTTPRouteGroup>(head, source),
        ("HTTPRouteGroup", V1Alpha2) => lift::<specs::v1alpha2::HTTPRouteGroup, specs::HTTPRouteGroup>(head, source),
        ("HTTPRouteGroup", V1Alpha3) => lift::<specs::v1alpha3::HTTPRouteGroup, specs::HTTPRouteGroup>(head, source),
        ("HTTPRouteGroup", V1Alpha4) => lift::<specs::v1alpha4::HTTPRouteGroup, specs::HTTPRouteGroup>(head, source),
        // TrafficTarget, IdentityBinding, TCPRoute and UDPRoute: the kinds of access control.
        _ => Err(fail(
            ParseErrorKind::Unsupported,
            "kind",
            format!("`{kind}` is not supported yet"),
        )),
    }
}

/// Reads a wire type and lifts it to its hub.
fn lift<W, H>(head: &Head, source: Source<'_>) -> Result<Parsed, ParseError>
where
    W: DeserializeOwned + Into<H>,
    Object: From<H>,
{
    let mut ignored = Vec::new();
    let wire: Result<W, _> = match source {
        Source::Json(json) => typed(&mut serde_json::Deserializer::from_slice(json), &mut ignored),
        Source::Value(value) => typed(value, &mut ignored),
    };
    let wire = wire.map_err(|error| {
        // Keeping the path all the time would cost more than reading anew what is broken.
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

/// Reads a wire type and notes every field that is read past.
fn typed<'de, W, D>(json: D, ignored: &mut Vec<FieldPath>) -> Result<W, D::Error>
where
    W: DeserializeOwned,
    D: Deserializer<'de>,
{
    let mut note = |path: serde_ignored::Path<'_>| {
        let path = notation(&path);
        if !matches!(path.as_str(), "apiVersion" | "kind" | "status") {
            ignored.push(path);
        }
    };
    W::deserialize(serde_ignored::Deserializer::new(json, &mut note))
}

/// The place of the error in what is no `W`, and its text.
fn error_of<'de, W, D>(json: D) -> Option<(FieldPath, String)>
where
    W: DeserializeOwned,
    D: Deserializer<'de>,
{
    let error = serde_path_to_error::deserialize::<D, W>(json).err()?;
    Some((error_path(error.path()), error.inner().to_string()))
}

fn notation(path: &serde_ignored::Path<'_>) -> FieldPath {
    use serde_ignored::Path;
    match path {
        Path::Root => FieldPath::root(),
        Path::Seq { parent, index } => notation(parent).index(*index),
        Path::Map { parent, key } => notation(parent).field(key),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => notation(parent),
    }
}

fn error_path(path: &serde_path_to_error::Path) -> FieldPath {
    use serde_path_to_error::Segment;
    path.iter().fold(FieldPath::root(), |path, segment| match segment {
        Segment::Seq { index } => path.index(*index),
        Segment::Map { key } => path.field(key),
        Segment::Enum { variant } => path.field(variant),
        Segment::Unknown => path,
    })
}

/// Why something is no SMI object that can be read.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct ParseError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ParseErrorKind,
    api_version: Option<String>,
    object_kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    path: FieldPath,
    message: String,
}

/// The kinds of [`ParseError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The input is no JSON.
    Syntax,
    /// An object of somebody else's API, or no Kubernetes object at all.
    NotSmi,
    /// An SMI API group or kind that does not exist.
    UnknownKind,
    /// A version that this kind never had.
    UnknownVersion,
    /// A kind that exists and that this release does not read.
    Unsupported,
    /// A field has a wrong type, or a name is missing.
    Type,
}

impl ParseError {
    fn new(head: &Head, kind: ParseErrorKind, path: FieldPath, message: String) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self(Box::new(Inner {
            kind,
            api_version: text(&head.api_version),
            object_kind: text(&head.kind),
            namespace: head.name(|metadata| &metadata.namespace).map(str::to_owned),
            name: head.name(|metadata| &metadata.name).map(str::to_owned),
            path,
            message,
        }))
    }

    fn text(&self) -> String {
        if self.0.path.is_root() {
            self.0.message.clone()
        } else {
            format!("{}: {}", self.0.path, self.0.message)
        }
    }

    /// What kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ParseErrorKind {
        self.0.kind
    }

    /// The `apiVersion` of the object, if it has one.
    #[must_use]
    pub fn api_version(&self) -> Option<&str> {
        self.0.api_version.as_deref()
    }

    /// The `kind` of the object, if it has one.
    #[must_use]
    pub fn object_kind(&self) -> Option<&str> {
        self.0.object_kind.as_deref()
    }

    /// The namespace of the object, if it has one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }

    /// The name of the object, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The field at fault; the root, if the object as a whole is.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.0.path
    }

    /// What is wrong, without the field.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

#[cfg(test)]
mod tests;
