//! Identities, which distinguish the objects of a snapshot.

use crate::diagnostic::{Code, Diagnostic};
use crate::object::{DEFAULT_NAMESPACE, Kind, ObjectKey, ObjectRef, UNKNOWN_NAME, is_dns_label, is_dns_subdomain};
use smi_types::{Object, ParseError, ParseErrorKind};

/// The group, kind and key of an object. The version is left out, because an object is the same one in every version. A
/// Namespace is identified by its name alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) key: ObjectKey,
    /// The variant for the kind, if there is one; otherwise the kind without its version.
    pub(super) kind: Kind,
}

impl Id {
    pub(super) fn of(object: &ObjectRef) -> Self {
        let ObjectRef { kind, key } = canonical(object.clone());
        let kind = match kind {
            Kind::Other(_) => Kind::named(kind.group(), "", kind.name(), ""),
            known => known,
        };
        Self { key, kind }
    }

    /// Returns an identity before those of all objects of a namespace, none of which has an empty name.
    pub(super) fn before_all_in(namespace: &str) -> Self {
        Self {
            key: ObjectKey::new(namespace, ""),
            kind: Kind::new(&["", "", "", ""]),
        }
    }

    /// Returns `true` if the object is of this kind, in any version.
    pub(super) fn is(&self, kind: &Kind) -> bool {
        self.kind.is_same(kind)
    }
}

/// Returns a reference to the same object by the variant for its kind, if there is one.
pub(crate) fn canonical(object: ObjectRef) -> ObjectRef {
    match canonical_kind(object.kind) {
        Kind::Namespace => ObjectRef::namespace(&object.key.name),
        kind => ObjectRef::new(kind, object.key),
    }
}

/// Returns the variant for a kind in any version, or the kind itself if there is none.
pub(super) fn canonical_kind(kind: Kind) -> Kind {
    if !matches!(kind, Kind::Other(_)) {
        return kind;
    }
    let core = [Kind::Service, Kind::Namespace];
    let mut known = Kind::SMI.into_iter().chain(core).chain(Kind::WORKLOADS);
    known.find(|known| known.is_same(&kind)).unwrap_or(kind)
}

/// Returns a reference to an SMI object.
pub(crate) fn reference(object: &Object) -> ObjectRef {
    let kind = match object {
        Object::HTTPRouteGroup(_) => Kind::HttpRouteGroup,
        Object::TCPRoute(_) => Kind::TcpRoute,
        Object::UDPRoute(_) => Kind::UdpRoute,
        Object::TrafficTarget(_) => Kind::TrafficTarget,
        Object::IdentityBinding(_) => Kind::IdentityBinding,
        _ => Kind::TrafficSplit,
    };
    ObjectRef::new(kind, ObjectKey::of(object.metadata()))
}

/// Returns a reference to the object that an error names, as far as that could be read, if it is of an SMI kind. An
/// object of an SMI kind in another API group keeps that group, because it is another object.
pub(crate) fn object_of(error: &ParseError) -> Option<ObjectRef> {
    let is_kind = |kind: &Kind| Some(kind.name()) == error.object_kind();
    let kind = Kind::SMI.into_iter().find(is_kind)?;
    let api_version = error.api_version().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = if group == kind.group() {
        kind
    } else {
        Kind::named(group, version, kind.name(), kind.plural())
    };
    let namespace = error.namespace().unwrap_or(DEFAULT_NAMESPACE);
    let name = error.name().filter(|name| !name.is_empty()).unwrap_or(UNKNOWN_NAME);
    Some(ObjectRef::new(kind, ObjectKey::new(namespace, name)))
}

/// Returns the diagnostic of an error, if it names an object.
pub(super) fn diagnostic_of(error: &ParseError) -> Option<Diagnostic> {
    let object = object_of(error)?;
    Some(Diagnostic::new(
        code_of(error),
        object,
        error.path().clone(),
        error.message(),
    ))
}

/// Returns the code that reports an error.
pub(crate) fn code_of(error: &ParseError) -> Code {
    match error.kind() {
        ParseErrorKind::Syntax => Code::Unparsable,
        ParseErrorKind::NotSmi => Code::NotAnObject,
        ParseErrorKind::UnknownKind => Code::UnknownKind,
        ParseErrorKind::UnknownVersion => Code::UnknownVersion,
        ParseErrorKind::Unsupported => Code::Unsupported,
        _ => Code::Undecodable,
    }
}

/// Returns the diagnostic for a key that API servers reject. Keys must be valid, because names of native objects are
/// derived from them.
pub(super) fn refusal(object: &ObjectRef) -> Option<Diagnostic> {
    let ObjectKey { namespace, name } = &object.key;
    let refuse = |field: &str, message: String| {
        let object = object.clone();
        Some(Diagnostic::new(Code::Undecodable, object, field.into(), message))
    };
    if !is_dns_label(namespace) {
        let message = format!("`{namespace}` is not a valid namespace name: it must be a DNS label");
        refuse("metadata.namespace", message)
    } else if !is_dns_subdomain(name) {
        let message = format!("`{name}` is not a valid object name: it must be a DNS subdomain");
        refuse("metadata.name", message)
    } else {
        None
    }
}
