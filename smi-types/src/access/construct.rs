//! Constructors, for tools that produce traffic targets.

use super::{Rule, Subject, TargetSpec, TrafficTarget};
use crate::wire::named;

impl TrafficTarget {
    /// A target for this destination. It allows nothing without [rules](Self::with_rules) and
    /// [sources](Self::with_sources) (A6).
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, destination: Subject) -> Self {
        Self {
            metadata: named(namespace, name),
            spec: Some(TargetSpec {
                destination: Some(destination),
                ..TargetSpec::default()
            }),
            ..Self::default()
        }
    }

    /// The same target with these rules instead of its own.
    #[must_use]
    pub fn with_rules(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.spec.get_or_insert_default().rules = rules.into_iter().collect();
        self
    }

    /// The same target with these sources instead of its own.
    #[must_use]
    pub fn with_sources(mut self, sources: impl IntoIterator<Item = Subject>) -> Self {
        self.spec.get_or_insert_default().sources = sources.into_iter().collect();
        self
    }
}

impl Subject {
    /// The pods that run as this service account.
    #[must_use]
    pub fn service_account(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::of("ServiceAccount", namespace, name)
    }

    /// The identities that this [`IdentityBinding`](super::IdentityBinding) names. Version v1alpha4 only.
    #[must_use]
    pub fn identity_binding(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::of("IdentityBinding", namespace, name)
    }

    fn of(kind: &str, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            name: name.into(),
            namespace: namespace.into(),
            ..Self::default()
        }
    }
}

impl Rule {
    /// The requests that an `HTTPRouteGroup` describes.
    #[must_use]
    pub fn http_route_group(name: impl Into<String>) -> Self {
        Self::of("HTTPRouteGroup", name)
    }

    /// The ports of a `TCPRoute`.
    #[must_use]
    pub fn tcp_route(name: impl Into<String>) -> Self {
        Self::of("TCPRoute", name)
    }

    /// The ports of a `UDPRoute`.
    #[must_use]
    pub fn udp_route(name: impl Into<String>) -> Self {
        Self::of("UDPRoute", name)
    }

    /// The same rule, restricted to the matches with these names. An empty list restricts nothing (A7).
    #[must_use]
    pub fn with_matches<M: Into<String>>(mut self, matches: impl IntoIterator<Item = M>) -> Self {
        self.matches = matches.into_iter().map(Into::into).collect();
        self
    }

    fn of(kind: &str, name: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            name: name.into(),
            matches: Vec::new(),
        }
    }
}
