//! Edits: single changes of the input.

use crate::diagnostic::Diagnostic;
use crate::manifest::NativeObject;
use crate::object::ObjectRef;
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::{Object, ParseError, Parsed};

/// One change of the input of an [`Engine`](super::Engine), such as an event of a watch.
///
/// An object that appears and one that changes are the same edit: the object with its kind and key is replaced.
#[derive(Debug)]
#[non_exhaustive]
pub enum Edit {
    /// An SMI object, as [`Snapshot::insert`](crate::Snapshot::insert) takes it.
    Object(Box<Parsed>),
    /// A service.
    Service(Box<Service>),
    /// A pod, or an object that creates pods.
    Workload(Box<Workload>),
    /// A namespace.
    Namespace(Box<Namespace>),
    /// An object that exists but cannot be read, as
    /// [`Snapshot::insert_undecodable`](crate::Snapshot::insert_undecodable) takes it.
    Undecodable(Box<Diagnostic>),
    /// An SMI object that exists but cannot be read. An error that does not name an object changes nothing.
    Error(ParseError),
    /// An SMI object, service, workload or namespace is gone.
    Gone(ObjectRef),
    /// The declaration that the snapshot contains every workload, or its withdrawal. See
    /// [coverage](crate::Snapshot#coverage).
    Coverage(bool),
    /// A native object of one of the adapter's kinds, managed by us or foreign. Its managed fields are not kept.
    Native(Box<NativeObject>),
    /// A native object is gone.
    NativeGone(ObjectRef),
}

/// Implements the conversion of each type into the variant that takes it.
macro_rules! from {
    ($($type:ty: $variant:ident;)*) => {
        $(impl From<$type> for Edit {
            fn from(object: $type) -> Self {
                Self::$variant(Box::new(object))
            }
        })*
    };
}

from! {
    Parsed: Object;
    Service: Service;
    Workload: Workload;
    Namespace: Namespace;
    NativeObject: Native;
}

impl From<Object> for Edit {
    fn from(object: Object) -> Self {
        Parsed::from(object).into()
    }
}

impl From<ParseError> for Edit {
    fn from(error: ParseError) -> Self {
        Self::Error(error)
    }
}

impl From<Result<Parsed, ParseError>> for Edit {
    fn from(read: Result<Parsed, ParseError>) -> Self {
        read.map_or_else(Self::from, Self::from)
    }
}
