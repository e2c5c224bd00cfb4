//! From one version to another, without losing or widening anything.
//!
//! Every kind has a version-neutral form, its *hub*: [`split::TrafficSplit`](crate::split::TrafficSplit) and
//! so on. Upwards, from a version to the hub, conversion is `From`: it always works and loses nothing.
//! Downwards, from the hub to a version, it is `TryFrom`: what that version cannot say is refused with
//! [`Lossy`], which names the fields. A dropped port, header or match would allow or redirect more than the
//! author wrote.
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
//! What a downgrade refuses:
//!
//! | kind | to | fields | since otherwise |
//! |---|---|---|---|
//! | TrafficSplit | v1alpha1, v1alpha2 | `spec.matches` | all traffic would be split |
//! | TrafficSplit | v1alpha2 and later | a fraction among weights that have no whole ratio below 2⁶³ | shares would change |
//! | HTTPRouteGroup | v1alpha1 | `headers` of a match | a match would take requests with any headers |
//! | HTTPRouteGroup | any | `headers` in map form that name one header twice, or of which some got lost | as above |
//! | TCPRoute | v1alpha1 – v1alpha3 | `spec.matches.ports` | all ports would be meant |
//! | TCPRoute | v1alpha1 – v1alpha3 | `spec.matches.name` | rules that select by name would select nothing |
//! | TrafficTarget | v1alpha3, v1alpha4 | `port` of the destination | all ports would be allowed |
//! | TrafficTarget | v1alpha3, v1alpha4 | `port` of a source | it says nothing, but is there |
//! | TrafficTarget | v1alpha1, v1alpha2 | a rule of kind `UDPRoute` | these versions do not have it |
//! | TrafficTarget | v1alpha1 – v1alpha3 | a subject of kind `IdentityBinding` | these versions do not have it |
//! | TrafficTarget | v1alpha1 – v1alpha3 | a subject's foreign `group` | nobody would become somebody |
//!
//! What it rewrites, without another meaning: fractions among weights become whole numbers of the same ratio
//! from v1alpha2 on (`1 : 500m` → `1000 : 500`, T8), a missing weight becomes the 0 that it means (T6), the
//! group `access.smi-spec.io` of a subject is left out before v1alpha4 (D12), and an absent `spec` becomes
//! empty lists at the root where a version has no `spec` (I7).
//!
//! These versions' API servers would drop such fields, so they are refused too when an object is converted to
//! the version that it was read in; what that version can say comes back as it was.

mod access;
mod specs;
mod split;

use crate::object::Object;
use crate::path::FieldPath;
use crate::version::Version;
use serde::Serialize;
use serde_json::Value;

/// A version cannot say what an object says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{kind}` in version `{version}` cannot say {}", self.list())]
pub struct Lossy {
    kind: &'static str,
    version: Version,
    lost: Vec<FieldPath>,
}

impl Lossy {
    /// The kind of the object.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The version that was asked for.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The fields that would be lost, at least one, as they stand in the version that the object was read in.
    #[must_use]
    pub fn lost(&self) -> &[FieldPath] {
        &self.lost
    }

    fn list(&self) -> String {
        let quoted: Vec<_> = self.lost.iter().map(|path| format!("`{path}`")).collect();
        quoted.join(", ")
    }

    /// An error if anything is lost.
    fn check(kind: &'static str, version: Version, lost: Vec<FieldPath>) -> Result<(), Self> {
        if lost.is_empty() {
            Ok(())
        } else {
            Err(Self { kind, version, lost })
        }
    }
}

/// Why an object cannot be written in a version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The kind never had this version.
    #[error("there is no version `{version}` of `{kind}`")]
    NoVersion {
        /// The kind of the object.
        kind: &'static str,
        /// The version that was asked for.
        version: Version,
    },
    /// The version cannot say it.
    #[error(transparent)]
    Lossy(#[from] Lossy),
    /// It is no JSON.
    #[error("it cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// What can be written, by kind and version.
macro_rules! writers {
    ($($kind:ident: $group:ident $($version:ident $module:ident),+;)+) => {
        impl Object {
            /// Writes the object as JSON in the given version, to be sent to an API server that serves it.
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
            /// If the kind has no such version, or that version cannot say what the object says.
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

/// Declares the conversions from a hub to its versions that keep everything below `spec`.
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
