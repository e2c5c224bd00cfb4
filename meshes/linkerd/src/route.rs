//! Routes of both API groups, with the checks of the policy controller.

use super::checks::{check_filter, check_timeouts};
use super::fields::{Fields, Read, rejected, unmodelled};
use super::hosts::Hosts;
use super::matches::Match;
use super::rpc::Rpc;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{ObjectKey, is_dns_label};

/// The API group of a route. The two groups differ in limits and defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// `policy.linkerd.io`
    Linkerd,
    /// `gateway.networking.k8s.io`
    Gateway,
}

/// The kind of a route, in order of preference: of several kinds on one parent, the first one is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Grpc,
    Http,
    Tls,
    Tcp,
}

/// The version of a route: `Known` if its fields and defaults are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Known,
    Other,
}

/// A route that exists, even if it has no effect.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) rank: Rank,
    pub(super) key: ObjectKey,
    pub(super) created: Option<Time>,
    /// The services among its parents.
    pub(super) parents: Vec<Parent>,
    pub(super) hosts: Hosts,
    pub(super) rules: Vec<Rule>,
}

/// A service to which a route is attached, or one port of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) service: ObjectKey,
    pub(super) port: Option<u16>,
}

/// A rule. Without matches it takes every request, without backends it sends requests to the parent.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) matches: Vec<Match>,
    /// The matches of a `GRPCRoute`.
    pub(super) rpcs: Vec<Rpc>,
    /// The status of the response, if the rule redirects instead of forwarding.
    pub(super) redirect: Option<u16>,
    pub(super) backends: Vec<Backend>,
}

/// A backend of a rule.
#[derive(Debug)]
pub(super) struct Backend {
    /// The port, if the backend is a service with a port. Another backend keeps its share, and its requests fail.
    pub(super) port: Option<u16>,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) weight: u32,
}

/// Returns the kind of `object`, if it is a route that the controller watches.
pub(super) fn kind_of(object: &NativeObject) -> Option<(Api, Rank, Version)> {
    let kind = &object.kind;
    let known = |known: &[&str]| {
        if known.contains(&kind.version()) {
            Version::Known
        } else {
            Version::Other
        }
    };
    match (kind.group(), kind.name()) {
        ("policy.linkerd.io", "HTTPRoute") => {
            let versions = ["v1alpha1", "v1beta1", "v1beta2", "v1beta3"];
            Some((Api::Linkerd, Rank::Http, known(&versions)))
        }
        ("gateway.networking.k8s.io", "HTTPRoute") => Some((Api::Gateway, Rank::Http, known(&["v1beta1", "v1"]))),
        ("gateway.networking.k8s.io", "GRPCRoute") => Some((Api::Gateway, Rank::Grpc, known(&["v1"]))),
        // A cluster that serves v1 does not serve v1alpha2, the only version that the controller watches.
        ("gateway.networking.k8s.io", "TCPRoute") if kind.version() == "v1" => None,
        ("gateway.networking.k8s.io", "TCPRoute") => Some((Api::Gateway, Rank::Tcp, known(&["v1alpha2"]))),
        ("gateway.networking.k8s.io", "TLSRoute") => Some((Api::Gateway, Rank::Tls, Version::Other)),
        _ => None,
    }
}

impl Route {
    /// Reads a whole route.
    pub(super) fn read(object: &NativeObject, (api, rank, version): (Api, Rank, Version)) -> Read<Self> {
        if version == Version::Other {
            return unmodelled(format!("{} of {}", object.kind, object.kind.api_version()));
        }
        let annotations = object.metadata.annotations.iter().flatten();
        for (name, _) in annotations {
            if name.starts_with("retry.linkerd.io/") || name.starts_with("timeout.linkerd.io/") {
                return unmodelled(format!("the annotation {name}, which can be invalid"));
            }
        }
        let fields = Fields::of(&object.spec, "spec", &["parentRefs", "hostnames", "rules"])?;
        let parents = Parent::read_all(fields, api, &object.key().namespace)?;
        let hosts = Hosts::read(fields)?;
        let rules = match fields.list("rules", 16)? {
            Some(rules) => rules
                .iter()
                .map(|rule| Rule::read(rule, api, rank))
                .collect::<Read<_>>()?,
            // The default of the CRD: one rule that takes every request.
            None if rank == Rank::Http => vec![Rule {
                matches: Vec::new(),
                rpcs: Vec::new(),
                redirect: None,
                backends: Vec::new(),
            }],
            None => return unmodelled("no rules"),
        };
        match rank {
            Rank::Tcp if rules.len() != 1 => return rejected("a TCPRoute must have one rule"),
            Rank::Http | Rank::Grpc if rules.is_empty() && api == Api::Gateway => return unmodelled("no rules"),
            Rank::Http if rules.iter().map(|rule| rule.matches.len()).sum::<usize>() > 128 => {
                return rejected("more than 128 matches");
            }
            _ => {}
        }
        Ok(Self {
            rank,
            key: object.key(),
            created: object.metadata.creation_timestamp.clone(),
            parents,
            hosts,
            rules,
        })
    }

    /// Returns the route if it has no part that is modelled only for proxies of servers.
    pub(super) fn for_clients(self) -> Read<Self> {
        if !self.hosts.accept_all() {
            return unmodelled("hostnames");
        }
        if self.rules.iter().any(|rule| rule.redirect.is_some()) {
            return unmodelled("a filter other than RequestHeaderModifier");
        }
        if self.rules.iter().any(|rule| !rule.rpcs.is_empty()) {
            return unmodelled("matches of a GRPCRoute");
        }
        Ok(self)
    }
}

impl Parent {
    /// Returns the services among the parents of a route. Other fields of the route can be invalid.
    pub(super) fn of(object: &NativeObject, api: Api) -> Read<Vec<Self>> {
        let Some(parents) = object.spec.get("parentRefs") else {
            return Ok(Vec::new());
        };
        let only = serde_json::json!({ "parentRefs": parents });
        Self::read_all(
            Fields::of(&only, "spec", &["parentRefs"])?,
            api,
            &object.key().namespace,
        )
    }

    fn read_all(spec: Fields<'_>, api: Api, namespace: &str) -> Read<Vec<Self>> {
        let mut services: Vec<Self> = Vec::new();
        for parent in spec.list("parentRefs", 32)?.unwrap_or_default() {
            let known = ["group", "kind", "name", "namespace", "port", "sectionName"];
            let fields = Fields::of(parent, "parentRef", &known)?;
            let name = fields.required("name", 1..=253)?;
            let port = fields.port()?;
            // The defaults refer to a gateway, so a reference to a service needs both group and kind.
            let group = fields.text("group", 0..=253)?.unwrap_or("gateway");
            if !matches!(group, "" | "core") || fields.text("kind", 1..=63)? != Some("Service") {
                continue;
            }
            let service = ObjectKey::new(namespace_of(fields)?.unwrap_or(namespace), name);
            if api == Api::Gateway && services.iter().any(|other| other.service == service) {
                return unmodelled("a repeated parent, which Gateway API accepts under conditions");
            }
            services.push(Self { service, port });
        }
        Ok(services)
    }
}

fn namespace_of(fields: Fields<'_>) -> Read<Option<&str>> {
    match fields.text("namespace", 1..=63)? {
        Some(namespace) if !is_dns_label(namespace) => rejected(format!("the namespace {namespace} is invalid")),
        namespace => Ok(namespace),
    }
}

impl Rule {
    fn read(value: &Value, api: Api, rank: Rank) -> Read<Self> {
        let fields = Fields::of(
            value,
            "rule",
            &["name", "matches", "filters", "backendRefs", "timeouts"],
        )?;
        let most = if api == Api::Linkerd { 8 } else { 64 };
        let matches = fields.list("matches", most)?.unwrap_or_default();
        let (http, grpc) = match rank {
            Rank::Http => (matches, &[][..]),
            Rank::Grpc => (&[][..], matches),
            Rank::Tcp | Rank::Tls if !matches.is_empty() => return unmodelled("matches of a TCPRoute"),
            Rank::Tcp | Rank::Tls => (&[][..], &[][..]),
        };
        let matches = http.iter().map(|value| Match::read(value, api)).collect::<Read<_>>()?;
        let rpcs = grpc.iter().map(Rpc::read).collect::<Read<_>>()?;
        let mut redirect = None;
        for filter in fields.list("filters", 16)?.unwrap_or_default() {
            let status = check_filter(filter)?;
            redirect = redirect.or(status);
        }
        if let Some(timeouts) = fields.value("timeouts") {
            check_timeouts(timeouts)?;
        }
        let references = fields.list("backendRefs", 16)?.unwrap_or_default();
        let backends: Vec<_> = references
            .iter()
            .map(|value| Backend::read(value, api))
            .collect::<Read<_>>()?;
        if rank == Rank::Tcp && backends.is_empty() {
            return rejected("a rule of a TCPRoute has no backends");
        }
        Ok(Self {
            matches,
            rpcs,
            redirect,
            backends,
        })
    }
}

impl Backend {
    fn read(value: &Value, api: Api) -> Read<Self> {
        let known = ["group", "kind", "name", "namespace", "port", "weight"];
        let fields = Fields::of(value, "backendRef", &known)?;
        let group = fields.text("group", 0..=253)?.unwrap_or_default();
        let kind = fields.text("kind", 1..=63)?.unwrap_or("Service");
        if kind == "EgressNetwork" {
            return unmodelled("an EgressNetwork as a backend");
        }
        let service = matches!(group, "" | "core") && kind == "Service";
        let port = fields.port()?;
        if service && port.is_none() && api == Api::Gateway {
            return rejected("a backend service has no port");
        }
        Ok(Self {
            port: port.filter(|_| service),
            name: fields.required("name", 1..=253)?.to_owned(),
            namespace: namespace_of(fields)?.map(str::to_owned),
            weight: fields.integer("weight", 0..=1_000_000)?.unwrap_or(1),
        })
    }
}

#[cfg(test)]
mod tests;
