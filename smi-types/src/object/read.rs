//! Reading from JSON: quickly at first, and thoroughly if there is something to say about the object.

use super::head::Head;
use super::readers::{READERS, Reader};
use super::source::Source;
use super::unknown::Fields;
use super::{Object, ParseError, ParseErrorKind, Parsed};
use crate::validate::is_harmless;
use serde_json::Value;

pub(super) fn read(source: Source<'_>) -> Result<Parsed, ParseError> {
    quick(source).map_or_else(|| thorough(source), |object| Ok(object.into()))
}

/// Reads an object about which nothing is to be said, as about nearly all objects. It returns `None` for any other.
fn quick(source: Source<'_>) -> Option<Object> {
    let (api_version, kind) = source.type_of()?;
    let (group, version) = api_version.split_once('/')?;
    let is_right =
        |reader: &&Reader| reader.kind == kind && reader.group == group && reader.version.as_str() == version;
    let reader = READERS.iter().find(is_right)?;
    let object = reader.read(source).ok()?;
    let has_name = object.metadata().name.as_ref().is_some_and(|name| !name.is_empty());
    let fields = Fields::of(source, reader.shape);
    (has_name && fields.unknown.is_empty() && !fields.are_repeated).then_some(object)
}

/// Reads any object in three steps: the head, the wire type, the unknown fields.
fn thorough(source: Source<'_>) -> Result<Parsed, ParseError> {
    let head = Head::read(source)?;
    let reader = reader_of(&head)?;
    let object = reader.read(source).map_err(|error| {
        let path = (reader.error_path)(source);
        ParseError::new(&head, ParseErrorKind::Type, path, error.to_string())
    })?;
    let mut unknown = Fields::of(source, reader.shape).unknown;
    unknown.sort();
    let (ignored, unknown) = unknown.into_iter().partition(|path| is_harmless(object.kind(), path));
    Ok(Parsed {
        object,
        unknown,
        ignored,
    })
}

/// Returns the reader for the kind and the version of an object that has a name.
fn reader_of(head: &Head) -> Result<&'static Reader, ParseError> {
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
    Ok(reader)
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

#[cfg(test)]
mod tests;
