#![doc = include_str!("../README.md")]

mod access;
mod matches;
mod native;
mod protocol;
mod review;
mod route;

use native::{AuthorizationPolicy, EnvoyFilter, VirtualService};
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::manifest::{Manifest, Native, NativeObject};
use smi_adapter::model::Policy;
use smi_adapter::object::Kind;
use std::collections::BTreeSet;

/// The adapter for Istio.
///
/// The defaults grant nothing that is not asked for: no gateways, no foreign hosts, and no objects that reach into the
/// proxies.
///
/// ```
/// use smi_adapter_istio::Istio;
///
/// let mut istio = Istio::default();
/// istio.gateways.insert("istio-system/public".into());
/// istio.external_hosts.insert("shop.example.com".into());
/// istio.regex = smi_adapter_istio::Regex::EnvoyFilter;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Istio {
    /// Gateways, as `namespace/name`, to whose traffic a split may extend itself by the annotation
    /// [`GATEWAYS_ANNOTATION`]. Whoever may write a split decides where their traffic for its root goes.
    pub gateways: BTreeSet<String>,
    /// Hosts outside the cluster that a split may name as its root. Whoever may write a split decides
    /// where the traffic for them goes, in the mesh or at the gateways that its annotation names.
    pub external_hosts: BTreeSet<String>,
    /// How regular expressions of route groups are said in access control.
    pub regex: Regex,
    /// Istio's root namespace, `rootNamespace` of its mesh configuration. Policies in it are for the whole mesh: none
    /// is written there, and those of others are reviewed for every namespace. Default: `istio-system`.
    pub root_namespace: String,
}

impl Default for Istio {
    fn default() -> Self {
        Self {
            gateways: BTreeSet::new(),
            external_hosts: BTreeSet::new(),
            regex: Regex::default(),
            root_namespace: "istio-system".to_owned(),
        }
    }
}

/// How regular expressions of route groups are said in access control. An `AuthorizationPolicy` has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Regex {
    /// As texts, prefixes and suffixes, where some are proved to say the same. A match with another expression grants
    /// nothing, and is reported.
    #[default]
    Native,
    /// Those others by an `EnvoyFilter`: a filter in the proxies of the workload that denies nothing and notes which
    /// requests fulfil them, for a policy that asks for the note. Exact, and closed where the filter is missing; but
    /// `EnvoyFilter`s reach into the proxies, and what Istio promises of them is less. Not for ztunnel.
    EnvoyFilter,
}

/// The annotation by which a split names gateways, as a JSON list of `name` or `namespace/name`; writers
/// of the first SMI adapter for Istio still set it.
pub const GATEWAYS_ANNOTATION: &str = "VirtualService.v1alpha3.networking.istio.io/spec.gateways";

/// Filters are among them whatever [`Istio::regex`] says: those of the time before it was set back have to go.
static KINDS: [Kind; 3] = [VirtualService::KIND, EnvoyFilter::KIND, AuthorizationPolicy::KIND];

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
            Feature::DenyByDefault => Support::Partial(
                "pods outside of the mesh or on the network of their node, and ports that annotations keep from the proxy, are not closed",
            ),
            Feature::TcpAccess => Support::Full,
            Feature::HttpAccess => Support::Partial(match self.regex {
                Regex::Native => {
                    "regular expressions that are no texts, prefixes or suffixes, and headers that proxies add or remove, cannot be matched"
                }
                Regex::EnvoyFilter => "headers that proxies add or remove cannot be matched",
            }),
            Feature::UdpAccess => Support::None("Istio's proxies do not see UDP"),
            _ => Support::None("this version of the adapter does not know it"),
        }
    }

    fn translate(&self, policy: &Policy) -> Translation {
        match policy {
            Policy::Route(route) => route::translate(self, policy, route),
            Policy::Access(access) => access::allow(self, policy, access),
            Policy::Baseline(baseline) => access::deny(self, policy, baseline),
            _ => Translation::default(),
        }
    }

    fn review(&self, desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
        let mut diagnostics = review::review(desired, foreign);
        diagnostics.extend(review::policies::review(&self.root_namespace, desired, foreign));
        diagnostics
    }
}
