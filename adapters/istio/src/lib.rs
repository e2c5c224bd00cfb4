#![doc = include_str!("../README.md")]

#[cfg(feature = "conformance")]
pub mod interpret;
mod native;
mod protocol;
mod review;
mod route;

use native::VirtualService;
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::manifest::{Manifest, Native, NativeObject};
use smi_adapter::model::Policy;
use smi_adapter::object::Kind;
use std::collections::BTreeSet;

/// The adapter for Istio.
///
/// The defaults grant nothing that is not asked for: no gateways and no foreign hosts.
///
/// ```
/// use smi_adapter_istio::Istio;
///
/// let mut istio = Istio::default();
/// istio.gateways.insert("istio-system/public".into());
/// istio.external_hosts.insert("shop.example.com".into());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Istio {
    /// Gateways, as `namespace/name`, to whose traffic a split may extend itself by the annotation
    /// [`GATEWAYS_ANNOTATION`]. Whoever may write a split decides where their traffic for its root goes.
    pub gateways: BTreeSet<String>,
    /// Hosts outside the cluster that a split may name as its root. Whoever may write a split decides
    /// where the traffic for them goes, in the mesh or at the gateways that its annotation names.
    pub external_hosts: BTreeSet<String>,
}

/// The annotation by which a split names gateways, as a JSON list of `name` or `namespace/name`; writers
/// of the first SMI adapter for Istio still set it.
pub const GATEWAYS_ANNOTATION: &str = "VirtualService.v1alpha3.networking.istio.io/spec.gateways";

static KINDS: [Kind; 1] = [VirtualService::KIND];

impl MeshAdapter for Istio {
    fn name(&self) -> &'static str {
        "istio"
    }

    fn kinds(&self) -> &[Kind] {
        &KINDS
    }

    fn support(&self, feature: Feature) -> Support {
        match feature {
            Feature::HttpSplit | Feature::TcpSplit => Support::Partial(
                "ports that carry TLS are not split, nor are other bytes on ports declared as HTTP, and weights above 2^31 - 1 in all are rounded",
            ),
            Feature::ConditionalSplit => Support::Partial(
                "headers that the proxy adds or removes, a header filtered twice, and patterns of more than 1024 bytes cannot be matched",
            ),
            _ => Support::None("this version of the adapter does not know it"),
        }
    }

    fn translate(&self, policy: &Policy) -> Translation {
        match policy {
            Policy::Route(route) => route::translate(self, policy, route),
            _ => Translation::default(),
        }
    }

    fn review(&self, desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
        review::review(desired, foreign)
    }
}
