//! SMI kinds and the facts about them in their CRDs.

use super::schema;
use crate::version::Version;
use crate::{access, specs, split};
use k8s_openapi::Resource;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use schemars::JsonSchema;
use std::collections::BTreeSet;
use std::fmt::{self, Display};

/// A kind of SMI object that has a CRD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `trafficsplits.split.smi-spec.io`
    TrafficSplit,
    /// `httproutegroups.specs.smi-spec.io`
    HTTPRouteGroup,
    /// `tcproutes.specs.smi-spec.io`
    TCPRoute,
    /// `udproutes.specs.smi-spec.io`
    UDPRoute,
    /// `traffictargets.access.smi-spec.io`
    TrafficTarget,
    /// `identitybindings.access.smi-spec.io`
    IdentityBinding,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::TrafficSplit,
        Self::HTTPRouteGroup,
        Self::TCPRoute,
        Self::UDPRoute,
        Self::TrafficTarget,
        Self::IdentityBinding,
    ];

    /// Returns the kind as written in an object.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TrafficSplit => "TrafficSplit",
            Self::HTTPRouteGroup => "HTTPRouteGroup",
            Self::TCPRoute => "TCPRoute",
            Self::UDPRoute => "UDPRoute",
            Self::TrafficTarget => "TrafficTarget",
            Self::IdentityBinding => "IdentityBinding",
        }
    }

    pub(crate) fn facts(self) -> Facts {
        match self {
            Self::TrafficSplit => Facts::new::<split::v1alpha4::TrafficSplit>(
                "ts",
                Version::V1Alpha4,
                &[
                    wire::<split::v1alpha1::TrafficSplit>,
                    wire::<split::v1alpha2::TrafficSplit>,
                    wire::<split::v1alpha3::TrafficSplit>,
                    wire::<split::v1alpha4::TrafficSplit>,
                ],
                &["spec"],
                "Distributes the traffic of one service, the root, among several backend services, by weight.",
            ),
            Self::HTTPRouteGroup => Facts::new::<specs::v1alpha4::HTTPRouteGroup>(
                "htr",
                Version::V1Alpha4,
                &[
                    wire::<specs::v1alpha1::HTTPRouteGroup>,
                    wire::<specs::v1alpha2::HTTPRouteGroup>,
                    wire::<specs::v1alpha3::HTTPRouteGroup>,
                    wire::<specs::v1alpha4::HTTPRouteGroup>,
                ],
                &["spec"],
                "Describes HTTP requests. It has no effect until a TrafficTarget or a TrafficSplit refers to it.",
            ),
            Self::TCPRoute => Facts::new::<specs::v1alpha4::TCPRoute>(
                "tr",
                Version::V1Alpha4,
                &[
                    wire::<specs::v1alpha1::TCPRoute>,
                    wire::<specs::v1alpha2::TCPRoute>,
                    wire::<specs::v1alpha3::TCPRoute>,
                    wire::<specs::v1alpha4::TCPRoute>,
                ],
                &[],
                "Describes TCP traffic to some or all ports. It has no effect until a TrafficTarget refers to it.",
            ),
            Self::UDPRoute => Facts::new::<specs::v1alpha4::UDPRoute>(
                "ur",
                Version::V1Alpha4,
                &[wire::<specs::v1alpha4::UDPRoute>],
                &[],
                "Describes UDP traffic to some or all ports. It has no effect until a TrafficTarget refers to it.",
            ),
            Self::TrafficTarget => Facts::new::<access::v1alpha3::TrafficTarget>(
                "tt",
                Version::V1Alpha3,
                &[
                    wire::<access::v1alpha1::TrafficTarget>,
                    wire::<access::v1alpha2::TrafficTarget>,
                    wire::<access::v1alpha3::TrafficTarget>,
                    wire::<access::v1alpha4::TrafficTarget>,
                ],
                &["spec", "destination"],
                "Allows its sources to send what its rules describe to its destination. Other traffic is denied.",
            ),
            Self::IdentityBinding => Facts::new::<access::v1alpha4::IdentityBinding>(
                "ib",
                Version::V1Alpha4,
                &[wire::<access::v1alpha4::IdentityBinding>],
                &["spec"],
                "Names a set of identities that TrafficTargets can refer to.",
            ),
        }
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The contents of the CRD of a kind that do not depend on settings.
pub(crate) struct Facts {
    pub(super) group: &'static str,
    pub(super) plural: &'static str,
    pub(super) short_name: &'static str,
    /// The default storage version.
    pub(super) storage: Version,
    wires: Vec<Wire>,
}

/// One version of a kind.
pub(crate) struct Wire {
    version: &'static str,
    pub(crate) schema: JSONSchemaProps,
}

fn wire<T: Resource + JsonSchema>(description: &str, needed: &[&str]) -> Wire {
    Wire {
        version: T::VERSION,
        schema: schema::of::<T>(description, needed),
    }
}

impl Facts {
    /// Collects the facts about a kind. An object without one of the root fields in `needed` has no meaning, in the
    /// versions that have the field.
    fn new<T: Resource>(
        short_name: &'static str,
        storage: Version,
        wires: &[fn(&str, &[&str]) -> Wire],
        needed: &[&str],
        description: &str,
    ) -> Self {
        Self {
            group: T::GROUP,
            plural: T::URL_PATH_SEGMENT,
            short_name,
            storage,
            wires: wires.iter().map(|wire| wire(description, needed)).collect(),
        }
    }

    pub(crate) fn wire(&self, version: Version) -> Option<&Wire> {
        self.wires.iter().find(|wire| wire.version == version.as_str())
    }

    /// Returns the versions that have their fields in the same places as `version`.
    pub(super) fn versions_like(&self, version: Version) -> BTreeSet<Version> {
        let shape = |version| Some(self.wire(version)?.schema.properties.as_ref()?.keys());
        let alike = |other: &Version| match (shape(version), shape(*other)) {
            (Some(one), Some(other)) => one.eq(other),
            _ => false,
        };
        Version::ALL.into_iter().filter(alike).collect()
    }
}
