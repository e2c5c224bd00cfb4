//! Reading of SMI objects: the single entry point from JSON to typed objects.

mod error;
mod fields;
mod head;
mod read;
mod readers;
mod scan;
mod source;
mod unknown;

pub use error::{ParseError, ParseErrorKind};

use crate::path::FieldPath;
use crate::version::Version;
use crate::{access, specs, split};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use source::Source;

/// An SMI object of any kind and version, in its version-neutral form.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Object {
    /// `split.smi-spec.io` `TrafficSplit`
    TrafficSplit(Box<split::TrafficSplit>),
    /// `specs.smi-spec.io` `HTTPRouteGroup`
    HTTPRouteGroup(Box<specs::HTTPRouteGroup>),
    /// `specs.smi-spec.io` `TCPRoute`
    TCPRoute(Box<specs::TCPRoute>),
    /// `specs.smi-spec.io` `UDPRoute`
    UDPRoute(Box<specs::UDPRoute>),
    /// `access.smi-spec.io` `TrafficTarget`
    TrafficTarget(Box<access::TrafficTarget>),
    /// `access.smi-spec.io` `IdentityBinding`
    IdentityBinding(Box<access::IdentityBinding>),
}

/// An object with the unknown fields that its author wrote.
///
/// An API server drops them. `status` is in neither list, because it does not express intent.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The object.
    pub object: Object,
    /// Unknown fields that may be restrictions, sorted: they are misspelt, or belong to the shape of another version
    /// (I8). The smallest part of the object that holds one must have no effect.
    pub unknown: Vec<FieldPath>,
    /// Unknown fields that mean nothing, sorted: those of `metadata`, and those that are known to be harmless (I8).
    pub ignored: Vec<FieldPath>,
}

impl From<Object> for Parsed {
    fn from(object: Object) -> Self {
        Self {
            object,
            unknown: Vec::new(),
            ignored: Vec::new(),
        }
    }
}

/// Declares the members of [`Object`] that are the same for every kind.
macro_rules! kinds {
    ($($kind:ident: $hub:ty),+) => {
        $(impl From<$hub> for Object {
            fn from(object: $hub) -> Self {
                Self::$kind(Box::new(object))
            }
        })+

        impl Object {
            /// Returns the kind of the object, for example `TrafficSplit`.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($kind)),+
                }
            }

            /// Returns the version that the object was read in.
            #[must_use]
            pub fn version(&self) -> Version {
                match self {
                    $(Self::$kind(object) => object.version),+
                }
            }

            fn set_version(&mut self, version: Version) {
                match self {
                    $(Self::$kind(object) => object.version = version),+
                }
            }

            /// Returns the metadata of the object.
            #[must_use]
            pub fn metadata(&self) -> &ObjectMeta {
                match self {
                    $(Self::$kind(object) => &object.metadata),+
                }
            }

            /// Returns the metadata of the object for modification.
            pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
                match self {
                    $(Self::$kind(object) => &mut object.metadata),+
                }
            }
        }
    };
}

kinds! {
    TrafficSplit: split::TrafficSplit,
    HTTPRouteGroup: specs::HTTPRouteGroup,
    TCPRoute: specs::TCPRoute,
    UDPRoute: specs::UDPRoute,
    TrafficTarget: access::TrafficTarget,
    IdentityBinding: access::IdentityBinding
}

impl Object {
    /// Reads one JSON object directly into its type.
    ///
    /// ```
    /// let parsed = smi_types::Object::from_json(br#"{
    ///   "apiVersion": "split.smi-spec.io/v1alpha2",
    ///   "kind": "TrafficSplit",
    ///   "metadata": {"name": "canary", "namespace": "shop"},
    ///   "spec": {"service": "web", "backends": [{"service": "web-v1", "wieght": 1}]}
    /// }"#)?;
    /// assert_eq!(parsed.unknown[0].to_string(), "spec.backends[0].wieght");
    /// # Ok::<(), smi_types::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the bytes are not JSON, are not an SMI object of a supported kind and version, lack a name,
    /// or contain a value of a wrong type. The error identifies the object and the field.
    pub fn from_json(json: &[u8]) -> Result<Parsed, ParseError> {
        read::read(Source::Json(json))
    }

    /// Reads one object from a JSON value, for example from the result of a YAML reader.
    ///
    /// # Errors
    /// Returns the same errors as [`Object::from_json`].
    pub fn from_value(value: &Value) -> Result<Parsed, ParseError> {
        read::read(Source::Value(value))
    }
}

#[cfg(test)]
mod tests;
