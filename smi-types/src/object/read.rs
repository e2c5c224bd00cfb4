//! Reading from JSON in four steps: the kind and version, the wire type, its hub, the unknown fields.

use super::fields::{self, Shape};
use super::head::{Head, error_path};
use super::unknown::unknown_fields;
use super::{Object, ParseError, ParseErrorKind, Parsed};
use crate::path::FieldPath;
use crate::validate::is_harmless;
use crate::version::Version;
use crate::{access, specs, split};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) fn from_json(json: &[u8]) -> Result<Parsed, ParseError> {
    dispatch(&Head::from_json(json)?, Source::Json(json))
}

pub(super) fn from_value(value: &Value) -> Result<Parsed, ParseError> {
    dispatch(&Head::from_value(value)?, Source::Value(value))
}

/// A reader for the objects of one kind and version.
struct Reader {
    group: &'static str,
    kind: &'static str,
    version: Version,
    shape: Shape,
    read: fn(Source<'_>) -> Result<Object, Fault>,
}

/// The path and the text of an error.
type Fault = (FieldPath, String);

impl Reader {
    /// Creates a reader for one of the versions whose objects have the fields of `W`.
    const fn new<W, H>(version: Version, shape: Shape) -> Self
    where
        W: k8s_openapi::Resource + DeserializeOwned + Into<H>,
        Object: From<H>,
    {
        Self {
            group: W::GROUP,
            kind: W::KIND,
            version,
            shape,
            read: lift::<W, H>,
        }
    }

    const fn split(version: Version) -> Self {
        Self::new::<split::v1alpha4::TrafficSplit, split::TrafficSplit>(version, fields::SPLIT)
    }

    const fn group_without_spec(version: Version) -> Self {
        Self::new::<specs::v1alpha2::HTTPRouteGroup, specs::HTTPRouteGroup>(version, fields::GROUP_WITHOUT_SPEC)
    }

    const fn group(version: Version) -> Self {
        Self::new::<specs::v1alpha4::HTTPRouteGroup, specs::HTTPRouteGroup>(version, fields::GROUP)
    }

    const fn tcp(version: Version) -> Self {
        Self::new::<specs::v1alpha4::TCPRoute, specs::TCPRoute>(version, fields::PORTS)
    }

    const fn target(version: Version) -> Self {
        Self::new::<access::v1alpha4::TrafficTarget, access::TrafficTarget>(version, fields::TARGET)
    }
}

/// The readers of every kind in every version.
const READERS: [Reader; 18] = [
    Reader::split(Version::V1Alpha1),
    Reader::split(Version::V1Alpha2),
    Reader::split(Version::V1Alpha3),
    Reader::split(Version::V1Alpha4),
    Reader::group_without_spec(Version::V1Alpha1),
    Reader::group_without_spec(Version::V1Alpha2),
    Reader::group(Version::V1Alpha3),
    Reader::group(Version::V1Alpha4),
    Reader::tcp(Version::V1Alpha1),
    Reader::tcp(Version::V1Alpha2),
    Reader::tcp(Version::V1Alpha3),
    Reader::tcp(Version::V1Alpha4),
    Reader::new::<specs::v1alpha4::UDPRoute, specs::UDPRoute>(Version::V1Alpha4, fields::PORTS),
    Reader::new::<access::v1alpha1::TrafficTarget, access::TrafficTarget>(
        Version::V1Alpha1,
        fields::TARGET_WITHOUT_SPEC,
    ),
    Reader::target(Version::V1Alpha2),
    Reader::target(Version::V1Alpha3),
    Reader::target(Version::V1Alpha4),
    Reader::new::<access::v1alpha4::IdentityBinding, access::IdentityBinding>(Version::V1Alpha4, fields::BINDING),
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
    let Some(reader) = of_kind().find(|reader| reader.version.as_str() == version) else {
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
    let failed = |(path, message)| ParseError::new(head, ParseErrorKind::Type, path, message);
    let mut object = (reader.read)(source).map_err(failed)?;
    object.set_version(reader.version);
    let unknown = match source {
        Source::Json(json) => unknown_fields(&mut serde_json::Deserializer::from_slice(json), reader.shape),
        Source::Value(value) => unknown_fields(value, reader.shape),
    };
    let unknown = unknown.map_err(|error| failed((FieldPath::root(), error.to_string())))?;
    let (ignored, unknown) = unknown.into_iter().partition(|path| is_harmless(object.kind(), path));
    Ok(Parsed {
        object,
        unknown,
        ignored,
    })
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
fn lift<W, H>(source: Source<'_>) -> Result<Object, Fault>
where
    W: DeserializeOwned + Into<H>,
    Object: From<H>,
{
    let wire: Result<W, _> = match source {
        Source::Json(json) => W::deserialize(&mut serde_json::Deserializer::from_slice(json)),
        Source::Value(value) => W::deserialize(value),
    };
    match wire {
        Ok(wire) => Ok(Object::from(wire.into())),
        Err(error) => {
            // Tracking the path on every read would cost more than a second read of a faulty object.
            let located = match source {
                Source::Json(json) => error_path::<W, _>(&mut serde_json::Deserializer::from_slice(json)),
                Source::Value(value) => error_path::<W, _>(value),
            };
            Err((located, error.to_string()))
        }
    }
}

#[cfg(test)]
mod tests;
