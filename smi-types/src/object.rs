//! The one way in: from JSON to a typed object.

mod error;
mod read;

pub use error::{ParseError, ParseErrorKind};

use crate::path::FieldPath;
use crate::version::Version;
use crate::{access, specs, split};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

/// An SMI object of any kind and version, lifted to its version-neutral form.
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

/// What holds for every kind alike.
macro_rules! kinds {
    ($($kind:ident: $hub:ty),+) => {
        $(impl From<$hub> for Object {
            fn from(object: $hub) -> Self {
                Self::$kind(Box::new(object))
            }
        })+

        impl Object {
            /// The object's kind, for example `TrafficSplit`.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($kind)),+
                }
            }

            /// The version it was read in.
            #[must_use]
            pub fn version(&self) -> Version {
                match self {
                    $(Self::$kind(object) => object.version),+
                }
            }

            /// The object's metadata.
            #[must_use]
            pub fn metadata(&self) -> &ObjectMeta {
                match self {
                    $(Self::$kind(object) => &object.metadata),+
                }
            }

            /// The object's metadata, to be changed.
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
        read::from_json(json)
    }

    /// Reads one object from a JSON value, as YAML readers hand it out.
    ///
    /// # Errors
    /// As [`Object::from_json`].
    pub fn from_value(value: &Value) -> Result<Parsed, ParseError> {
        read::from_value(value)
    }
}

#[cfg(test)]
mod tests;
