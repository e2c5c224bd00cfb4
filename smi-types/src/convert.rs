//! Conversions between versions that neither lose nor widen anything.
//!
//! Every kind has a version-neutral form, its *hub*, such as [`split::TrafficSplit`](crate::split::TrafficSplit). The
//! conversion from a version to the hub is `From`: it always succeeds and loses nothing. The conversion from the hub to
//! a version is `TryFrom`: if that version cannot express the object, it fails with [`Lossy`], which lists the fields.
//! Without a port, header or match, the object would allow or redirect more traffic than its author specified.
//!
//! ```
//! use smi_types::{Object, split};
//!
//! let parsed = Object::from_json(br#"{
//!   "apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit", "metadata": {"name": "testers"},
//!   "spec": {"service": "web", "backends": [{"service": "web-v2", "weight": 1}],
//!            "matches": [{"kind": "HTTPRouteGroup", "name": "testers"}]}
//! }"#)?;
//! let Object::TrafficSplit(split) = parsed.object else { panic!("not a split") };
//! let error = split::v1alpha2::TrafficSplit::try_from(*split).unwrap_err();
//! assert_eq!(error.lost()[0].to_string(), "spec.matches");
//! # Ok::<(), smi_types::ParseError>(())
//! ```
//!
//! A conversion to a version refuses these fields:
//!
//! | kind | target version | fields | reason |
//! |---|---|---|---|
//! | TrafficSplit | v1alpha1, v1alpha2 | `spec.matches` | all traffic would be split |
//! | TrafficSplit | from v1alpha2 on | fractions among weights without a whole ratio below 2⁶³ | shares would change |
//! | HTTPRouteGroup | v1alpha1 | `headers` of a match | a match would match requests with any headers |
//! | HTTPRouteGroup | any | `headers` in map form that repeat a name, or of which some were lost | as above |
//! | TCPRoute | v1alpha1 – v1alpha3 | `spec.matches.ports` | the route would match all ports |
//! | TCPRoute | v1alpha1 – v1alpha3 | `spec.matches.name` | rules that select by name would select nothing |
//! | TrafficTarget | v1alpha3, v1alpha4 | `port` of the destination | all ports would be allowed |
//! | TrafficTarget | v1alpha3, v1alpha4 | `port` of a source | it would be lost, although it has no effect |
//! | TrafficTarget | v1alpha1, v1alpha2 | a rule of kind `UDPRoute` | these versions lack the kind |
//! | TrafficTarget | v1alpha1 – v1alpha3 | a subject of kind `IdentityBinding` | these versions lack the kind |
//! | TrafficTarget | v1alpha1 – v1alpha3 | a subject's foreign `group` | the subject would match workloads |
//!
//! It rewrites the following without changing the meaning:
//!
//! * From v1alpha2 on, fractions among weights become whole numbers of the same ratio (`1 : 500m` → `1000 : 500`, T8).
//! * A missing weight becomes 0, which it means (T6).
//! * Before v1alpha4, the group `access.smi-spec.io` of a subject is omitted (D12).
//! * An absent `spec` becomes empty lists at the root if the version has no `spec` (I7).
//!
//! API servers drop fields that a version does not have. Such fields are therefore refused even if an object is
//! converted to the version that it was read in. All other fields are written as they were read.

mod access;
mod specs;
mod split;

use crate::object::Object;
use crate::path::FieldPath;
use crate::version::Version;
use serde::Serialize;
use serde_json::Value;

/// An error that occurs when a version cannot express an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{kind}` in version `{version}` cannot express {}", self.list())]
pub struct Lossy {
    kind: &'static str,
    version: Version,
    lost: Vec<FieldPath>,
}

impl Lossy {
    /// Returns the kind of the object.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns the requested version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the fields that would be lost, at least one, as paths in the version that the object was read in.
    #[must_use]
    pub fn lost(&self) -> &[FieldPath] {
        &self.lost
    }

    fn list(&self) -> String {
        let quoted: Vec<_> = self.lost.iter().map(|path| format!("`{path}`")).collect();
        quoted.join(", ")
    }

    /// Returns an error if `lost` is not empty.
    fn check(kind: &'static str, version: Version, lost: Vec<FieldPath>) -> Result<(), Self> {
        if lost.is_empty() {
            Ok(())
        } else {
            Err(Self { kind, version, lost })
        }
    }
}

/// An error that occurs when an object cannot be written in a version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The kind never had this version.
    #[error("there is no version `{version}` of `{kind}`")]
    NoVersion {
        /// The kind of the object.
        kind: &'static str,
        /// The requested version.
        version: Version,
    },
    /// The version cannot express the object.
    #[error(transparent)]
    Lossy(#[from] Lossy),
    /// The object cannot be serialised as JSON.
    #[error("the object cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// Declares the wire types that can be written, by kind and version.
macro_rules! writers {
    ($($kind:ident: $group:ident $($version:ident $module:ident),+;)+) => {
        impl Object {
            /// Serialises the object as JSON in the given version, for an API server that serves that version.
            ///
            /// ```
            /// use smi_types::{Object, Version};
            ///
            /// let target = br#"{"apiVersion": "access.smi-spec.io/v1alpha1", "kind": "TrafficTarget",
            ///     "metadata": {"name": "readers"}, "destination": {"kind": "ServiceAccount", "name": "api"}}"#;
            /// let target = Object::from_json(target)?.object;
            /// let json = target.to_value(Version::V1Alpha3)?;
            /// assert_eq!(json["spec"]["destination"]["name"], "api");
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// Returns an error if the kind has no such version, or if that version cannot express the object.
            pub fn to_value(&self, version: Version) -> Result<Value, ConvertError> {
                match (self, version) {
                    $($((Self::$kind(object), Version::$version) => {
                        write(crate::$group::$module::$kind::try_from((**object).clone())?)
                    })+)+
                    _ => Err(ConvertError::NoVersion { kind: self.kind(), version }),
                }
            }
        }
    };
}

writers! {
    TrafficSplit: split V1Alpha1 v1alpha1, V1Alpha2 v1alpha2, V1Alpha3 v1alpha3, V1Alpha4 v1alpha4;
    HTTPRouteGroup: specs V1Alpha1 v1alpha1, V1Alpha2 v1alpha2, V1Alpha3 v1alpha3, V1Alpha4 v1alpha4;
    TCPRoute: specs V1Alpha1 v1alpha1, V1Alpha2 v1alpha2, V1Alpha3 v1alpha3, V1Alpha4 v1alpha4;
    UDPRoute: specs V1Alpha4 v1alpha4;
    TrafficTarget: access V1Alpha1 v1alpha1, V1Alpha2 v1alpha2, V1Alpha3 v1alpha3, V1Alpha4 v1alpha4;
    IdentityBinding: access V1Alpha4 v1alpha4;
}

fn write(wire: impl Serialize) -> Result<Value, ConvertError> {
    Ok(serde_json::to_value(wire)?)
}

/// Declares the conversions from a hub to those of its versions that keep all fields below `spec`.
macro_rules! downwards {
    ($hub:ty: $($version:ident $wire:path),+) => {
        $(impl TryFrom<$hub> for $wire {
            type Error = Lossy;

            fn try_from(hub: $hub) -> Result<Self, Lossy> {
                let hub = hub.expressed_in(Version::$version)?;
                Ok(Self { metadata: hub.metadata, spec: hub.spec })
            }
        })+
    };
}
use downwards;

#[cfg(test)]
mod tests;
