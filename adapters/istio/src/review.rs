//! Review of foreign objects: the effect of foreign `VirtualService`s on ours. The module [`policies`] does the same for
//! `AuthorizationPolicy`s, and [`outside`] for objects that bring traffic into the cluster.
//!
//! In the mesh Istio does not merge `VirtualService`s. If two have the same host, the older one takes effect, port by
//! port, and separately for HTTP and TCP. One that is private to a client's namespace precedes public ones. For HTTP an
//! exact host precedes a wildcard. For TCP an older wildcard precedes an exact host.

pub(crate) mod outside;
pub(crate) mod policies;

use crate::native::VirtualService;
use serde_json::Value;
use smi_adapter::adapter::Concern;
use smi_adapter::diagnostic::{Code, Diagnostic, PortSet};
use smi_adapter::ingress;
use smi_adapter::manifest::{Manifest, Native, NativeObject};
use smi_adapter::model::PolicyKey;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

pub(crate) fn review(desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
    let has_rivals = foreign.iter().any(|object| object.kind == VirtualService::KIND);
    let mut by_host: BTreeMap<String, Vec<&Manifest>> = BTreeMap::new();
    for manifest in desired.iter().filter(|manifest| has_rivals || is_external(manifest)) {
        for host in list(&manifest.object.spec, "hosts").filter_map(Value::as_str) {
            by_host
                .entry(qualified(&manifest.object, host))
                .or_default()
                .push(manifest);
        }
    }
    let mut diagnostics = Vec::new();
    // Two of ours have the same host only if splits of two namespaces have the same external host as their root.
    for manifests in by_host.values().filter(|manifests| manifests.len() > 1) {
        for (theirs, ours) in manifests.iter().flat_map(|a| manifests.iter().map(move |b| (a, b))) {
            if theirs.object != ours.object {
                diagnostics.extend(conflicts(ours, &Rival::new(&theirs.object, true), true));
            }
        }
    }
    for object in foreign.iter().filter(|object| object.kind == VirtualService::KIND) {
        let theirs = Rival::new(object, false);
        for host in &theirs.hosts {
            if let Some(suffix) = host.strip_prefix('*') {
                for manifest in desired {
                    let ours = Rival::new(&manifest.object, true);
                    if theirs.before(&ours) && ours.hosts.iter().any(|host| host.ends_with(suffix)) {
                        diagnostics.extend(conflicts(manifest, &theirs, false));
                    }
                }
            } else {
                let named = by_host.get(&qualified(object, host)).into_iter().flatten();
                diagnostics.extend(named.flat_map(|ours| conflicts(ours, &theirs, true)));
            }
        }
    }
    diagnostics
}

/// Returns what an object concerns: the hosts of a `VirtualService` and the services that it sends traffic of gateways
/// to, the services that an ingress sends traffic to, or the namespace of a policy. A wildcard host concerns every host,
/// and a policy in the root namespace every namespace.
pub(crate) fn concerns(root: &str, object: &NativeObject) -> Option<BTreeSet<Concern>> {
    let host = |service: ObjectKey| Concern::Contested(format!("{}.{}.svc", service.name, service.namespace));
    if object.kind == VirtualService::KIND {
        let hosts = list(&object.spec, "hosts").filter_map(Value::as_str);
        let hosts = hosts.map(|host| (!host.starts_with('*')).then(|| Concern::Contested(qualified(object, host))));
        let backends = outside::backends(object).into_iter().map(host);
        return hosts.chain(backends.map(Some)).collect();
    }
    if ingress::kinds().contains(&object.kind) {
        return Some(ingress::backends(object).into_iter().map(host).collect());
    }
    let namespace = object.key().namespace;
    (namespace != root).then(|| BTreeSet::from([Concern::Own(namespace.into())]))
}

/// Returns `true` if the root of a manifest is an external host. The name of a service has no dots.
fn is_external(manifest: &Manifest) -> bool {
    matches!(&manifest.policy, PolicyKey::Route(root) if root.name.contains('.'))
}

/// Returns the qualified name of a host of an object. A name without dots is a service in the object's own namespace.
/// The cluster domain is removed, because it is not known for short names.
fn qualified(object: &NativeObject, host: &str) -> String {
    match host.split_once(".svc.") {
        Some((service, _)) => format!("{service}.svc"),
        None if host.contains('.') => host.to_owned(),
        None => format!("{host}.{}.svc", object.key().namespace),
    }
}

/// Returns the diagnostics for the splits of a manifest about another object with the same host.
fn conflicts(manifest: &Manifest, theirs: &Rival<'_>, http_counts: bool) -> Vec<Diagnostic> {
    let ours = Rival::new(&manifest.object, true);
    let overlap = ours.overlap(theirs, http_counts);
    let Some(overlap) = overlap.filter(|_| ours.in_mesh && theirs.in_mesh) else {
        return Vec::new();
    };
    let (name, host) = (theirs.object.reference(), ours.hosts.join(", "));
    let (code, message) = if theirs.private && !theirs.ours {
        let namespace = &name.key.namespace;
        let message = format!(
            "`{name}` is private to namespace `{namespace}` and takes precedence there: it decides {overlap} of `{host}` for its clients"
        );
        (Code::ConflictInPart, message)
    } else if theirs.before(&ours) {
        // Where HTTP is split, a conflict about other bytes is a minor part of the split.
        let only_bytes = overlap.http.is_none() && ours.http != Some(BTreeSet::new());
        let code = if only_bytes {
            Code::ConflictInPart
        } else {
            Code::Conflict
        };
        let age = if theirs.object.metadata.creation_timestamp.is_none() {
            "may be older (its creation time is unknown) and then takes precedence"
        } else {
            "is older and takes precedence"
        };
        (code, format!("`{name}` {age}: it decides {overlap} of `{host}`"))
    } else if theirs.ours {
        // The conflict is reported on the splits of the other manifest.
        return Vec::new();
    } else {
        let message = format!("`{name}` is younger and has no effect on {overlap} of `{host}`");
        (Code::Overrides, message)
    };
    let splits = manifest
        .sources
        .iter()
        .filter(|source| source.kind == Kind::TrafficSplit);
    let report = |split: &ObjectRef| {
        let about = Diagnostic::new(code, split.clone(), "spec.service".into(), message.as_str());
        about.on_ports(overlap.ports()).caused_by(name.clone())
    };
    splits.map(report).collect()
}

/// The parts of a `VirtualService` that matter in a conflict with another one.
struct Rival<'a> {
    object: &'a NativeObject,
    ours: bool,
    hosts: Vec<&'a str>,
    in_mesh: bool,
    /// `true` if it applies only to clients in its own namespace.
    private: bool,
    http: Ports,
    tcp: Ports,
}

/// Ports of a host; `None` stands for all ports.
type Ports = Option<BTreeSet<u64>>;

impl<'a> Rival<'a> {
    fn new(object: &'a NativeObject, ours: bool) -> Self {
        let texts = |field: &str| -> Vec<&'a str> { list(&object.spec, field).filter_map(Value::as_str).collect() };
        let gateways = texts("gateways");
        Self {
            object,
            ours,
            hosts: texts("hosts"),
            in_mesh: gateways.is_empty() || gateways.contains(&"mesh"),
            private: texts("exportTo") == ["."],
            http: ports(&object.spec, "http"),
            tcp: ports(&object.spec, "tcp"),
        }
    }

    /// Returns `true` if Istio prefers it to `other`: by age, then by name, then by namespace. One of ours that does not
    /// exist yet counts as the youngest, and a foreign one of unknown age as the oldest.
    fn before(&self, other: &Self) -> bool {
        let age = |rival: &Self| {
            let created = rival.object.metadata.creation_timestamp.as_ref().map(|time| time.0);
            let key = rival.object.key();
            (created.is_none() && rival.ours, created, key.name, key.namespace)
        };
        age(self) < age(other)
    }

    /// Returns the traffic for which both have routes, or `None` if there is none.
    fn overlap(&self, other: &Self, http_counts: bool) -> Option<Overlap> {
        let http = common(&self.http, &other.http).filter(|_| http_counts);
        let tcp = common(&self.tcp, &other.tcp);
        (http.is_some() || tcp.is_some()).then_some(Overlap { http, tcp })
    }
}

/// The ports for which two `VirtualService`s have routes, by protocol. At least one protocol is set.
struct Overlap {
    http: Option<Ports>,
    tcp: Option<Ports>,
}

impl Overlap {
    fn ports(&self) -> PortSet {
        let mut by_protocol = [&self.http, &self.tcp].into_iter().flatten();
        let all = by_protocol.try_fold(BTreeSet::new(), |all, ports| Some(&all | ports.as_ref()?));
        all.map_or(PortSet::All, |ports| {
            ports.into_iter().filter_map(|port| u16::try_from(port).ok()).collect()
        })
    }
}

/// Writes `HTTP on port 80 and TCP on all ports`.
impl Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocols = [("HTTP", &self.http), ("TCP", &self.tcp)];
        let texts = protocols.into_iter().filter_map(|(name, ports)| {
            let listed = ports.as_ref()?.as_ref();
            let numbers = listed.map(|ports| ports.iter().map(u64::to_string).collect::<Vec<_>>().join(", "));
            Some(format!(
                "{name} on {}",
                numbers.map_or("all ports".to_owned(), |numbers| format!("port {numbers}"))
            ))
        });
        f.write_str(&texts.collect::<Vec<_>>().join(" and "))
    }
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// Returns the ports to which the routes of one protocol apply in the mesh. A route without a match, or with a match
/// without a port, applies to all ports.
fn ports(spec: &Value, protocol: &str) -> Ports {
    let mut ports = BTreeSet::new();
    for route in list(spec, protocol) {
        list(route, "match").next()?;
        for matching in list(route, "match") {
            let mut gateways = list(matching, "gateways").peekable();
            if gateways.peek().is_some() && !gateways.any(|gateway| gateway == "mesh") {
                continue;
            }
            ports.insert(matching.get("port").and_then(Value::as_u64)?);
        }
    }
    Some(ports)
}

/// Returns the common ports, or `None` if there are none.
fn common(a: &Ports, b: &Ports) -> Option<Ports> {
    let ports = match (a, b) {
        (None, None) => return Some(None),
        (None, Some(some)) | (Some(some), None) => some.clone(),
        (Some(a), Some(b)) => a & b,
    };
    (!ports.is_empty()).then_some(Some(ports))
}

#[cfg(test)]
mod tests;
