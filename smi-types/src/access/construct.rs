//! Constructors for tools that produce traffic targets.

use super::{Rule, Subject, TargetSpec, TrafficTarget};
use crate::wire::named;

impl TrafficTarget {
    /// Creates a target for this destination. It allows nothing until it has [rules](Self::with_rules) and
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

    /// Replaces the rules of the target.
    #[must_use]
    pub fn with_rules(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.spec.get_or_insert_default().rules = rules.into_iter().collect();
        self
    }

    /// Replaces the sources of the target.
    #[must_use]
    pub fn with_sources(mut self, sources: impl IntoIterator<Item = Subject>) -> Self {
        self.spec.get_or_insert_default().sources = sources.into_iter().collect();
        self
    }
}

impl Subject {
    /// Creates a reference to the pods that run as this service account.
    #[must_use]
    pub fn service_account(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::of("ServiceAccount", namespace, name)
    }

    /// Creates a reference to the identities of this [`IdentityBinding`](super::IdentityBinding), in version v1alpha4
    /// only.
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
    /// Creates a rule for the requests that an `HTTPRouteGroup` describes.
    #[must_use]
    pub fn http_route_group(name: impl Into<String>) -> Self {
        Self::of("HTTPRouteGroup", name)
    }

    /// Creates a rule for the ports of a `TCPRoute`.
    #[must_use]
    pub fn tcp_route(name: impl Into<String>) -> Self {
        Self::of("TCPRoute", name)
    }

    /// Creates a rule for the ports of a `UDPRoute`.
    #[must_use]
    pub fn udp_route(name: impl Into<String>) -> Self {
        Self::of("UDPRoute", name)
    }

    /// Restricts the rule to the matches with these names. An empty list restricts nothing (A7).
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
