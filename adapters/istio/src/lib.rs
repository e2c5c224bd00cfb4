#![doc = include_str!("../README.md")]

mod access;
mod matches;
mod native;
mod protocol;
mod review;
mod route;

use native::{AuthorizationPolicy, EnvoyFilter, VirtualService};
use smi_adapter::adapter::{Concern, Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::ingress;
use smi_adapter::manifest::{Manifest, Native, NativeObject};
use smi_adapter::model::Policy;
use smi_adapter::object::Kind;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The adapter for Istio.
///
/// By default a split is limited to the mesh and to services of the cluster: gateways, external hosts and
/// `EnvoyFilter`s are all opt-in.
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
    /// Gateways, as `namespace/name`, that splits can select with [`GATEWAYS_ANNOTATION`]. The author of such a split
    /// decides where the traffic of these gateways for its root service goes.
    pub gateways: BTreeSet<String>,
    /// Hosts outside the cluster that a split can use as its root. The author of such a split decides where the traffic
    /// for these hosts goes, either in the mesh or at the gateways selected by the annotation.
    pub external_hosts: BTreeSet<String>,
    /// Encoding of regular expressions in access control.
    pub regex: Regex,
    /// Istio's root namespace, `rootNamespace` of its mesh configuration. Policies in it apply to the whole mesh. The
    /// adapter writes none there, and reviews foreign ones for every namespace. Default: `istio-system`.
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

/// Encoding of the regular expressions of route groups in access control.
///
/// `AuthorizationPolicy` has no regular expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Regex {
    /// Uses exact strings, prefixes and suffixes, if they are proved to be equivalent to the expression. A match with
    /// any other expression grants nothing and is reported.
    #[default]
    Native,
    /// Like `Native`, but evaluates the other expressions with an `EnvoyFilter`. It adds a filter to the proxies of the
    /// workload that denies nothing and records which requests match, and the policy requires that record.
    ///
    /// This is exact, and denies the requests if the filter is missing. But `EnvoyFilter`s depend on internals of the
    /// proxy, for which Istio gives weaker compatibility guarantees, and ztunnel does not support them.
    EnvoyFilter,
}

/// The annotation with which a split selects gateways, as a JSON list of `name` or `namespace/name`.
///
/// It was introduced by the first SMI adapter for Istio, and tools written for that adapter still set it.
pub const GATEWAYS_ANNOTATION: &str = "VirtualService.v1alpha3.networking.istio.io/spec.gateways";

/// Includes `EnvoyFilter` in every mode of [`Istio::regex`], so that filters left over from an earlier setting are
/// deleted.
static KINDS: [Kind; 3] = [VirtualService::KIND, EnvoyFilter::KIND, AuthorizationPolicy::KIND];

/// The kinds whose foreign objects are reviewed, beside those that are written.
static READ: LazyLock<[Kind; 7]> = LazyLock::new(ingress::kinds);

impl MeshAdapter for Istio {
    fn name(&self) -> &'static str {
        "istio"
    }

    fn kinds(&self) -> &[Kind] {
        &KINDS
    }

    fn reads(&self) -> &[Kind] {
        READ.as_slice()
    }

    fn support(&self, feature: Feature) -> Support {
        match feature {
            Feature::HttpSplit | Feature::TcpSplit => Support::Partial(
                "ports that carry TLS are not split, nor is traffic other than HTTP on ports declared as HTTP; weights are rounded if their sum exceeds 2^31 - 1".into(),
            ),
            Feature::ConditionalSplit => Support::Partial(
                "headers that the proxy adds or removes, one header twice, and patterns longer than 1024 bytes cannot be matched".into(),
            ),
            Feature::DenyByDefault => Support::Partial(
                "pods outside the mesh or on the network of their node, and ports that annotations exclude from the proxy, stay open".into(),
            ),
            Feature::TcpAccess => Support::Full,
            Feature::HttpAccess => Support::Partial(match self.regex {
                Regex::Native => {
                    "regular expressions that are not equivalent to exact strings, prefixes or suffixes, and headers that proxies add or remove, cannot be matched".into()
                }
                Regex::EnvoyFilter => "headers that proxies add or remove cannot be matched".into(),
            }),
            Feature::UdpAccess => Support::None("Istio's proxies do not see UDP".into()),
            _ => Support::None("this version of the adapter does not support the feature".into()),
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

    fn concerns(&self, object: &NativeObject) -> Option<BTreeSet<Concern>> {
        review::concerns(&self.root_namespace, object)
    }

    fn review(&self, desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
        let mut diagnostics = review::review(desired, foreign);
        diagnostics.extend(review::outside::review(desired, foreign));
        diagnostics.extend(review::policies::review(&self.root_namespace, desired, foreign));
        diagnostics
    }
}
