//! What `VirtualService`s of others do to ours; [`policies`]: what their `AuthorizationPolicy`s do.
//!
//! Istio does not merge them in the mesh. Of two for one host the older decides, port by port and for HTTP
//! and TCP apart; one that is private to a client's namespace comes before public ones; a wildcard host
//! gives way to an exact one for HTTP, but an older one does not for TCP.

pub(crate) mod policies;

use crate::native::VirtualService;
use serde_json::Value;
use smi_adapter::diagnostic::{self, Code, Diagnostic};
use smi_adapter::manifest::{Manifest, Native, NativeObject};
use smi_adapter::object::{Kind, ObjectRef};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

pub(crate) fn review(desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
    let mut by_host: BTreeMap<String, Vec<&Manifest>> = BTreeMap::new();
    for manifest in desired {
        for host in list(&manifest.object.spec, "hosts").filter_map(Value::as_str) {
            by_host.entry(full(&manifest.object, host)).or_default().push(manifest);
        }
    }
    let mut diagnostics = Vec::new();
    // Ours have a host in common only where splits of two namespaces name one foreign host.
    for manifests in by_host.values().filter(|manifests| manifests.len() > 1) {
        for (theirs, ours) in manifests.iter().flat_map(|a| manifests.iter().map(move |b| (a, b))) {
            if theirs.object != ours.object {
                diagnostics.extend(verdict(ours, &Rival::new(&theirs.object, true), true));
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
                        diagnostics.extend(verdict(manifest, &theirs, false));
                    }
                }
            } else {
                let named = by_host.get(&full(object, host)).into_iter().flatten();
                diagnostics.extend(named.flat_map(|ours| verdict(ours, &theirs, true)));
            }
        }
    }
    diagnostics
}

/// The one name of a host of an object. A name without dots is a service of the object's own namespace.
/// Two full names are compared without the cluster's domain, which only they know.
fn full(object: &NativeObject, host: &str) -> String {
    match host.split_once(".svc.") {
        Some((service, _)) => format!("{service}.svc"),
        None if host.contains('.') => host.to_owned(),
        None => format!("{host}.{}.svc", object.key().namespace),
    }
}

/// What to tell the splits of a manifest of another object that names its host.
fn verdict(manifest: &Manifest, theirs: &Rival<'_>, http_counts: bool) -> Vec<Diagnostic> {
    let ours = Rival::new(&manifest.object, true);
    let overlap = ours.overlap(theirs, http_counts);
    let Some(overlap) = overlap.filter(|_| ours.in_mesh && theirs.in_mesh) else {
        return Vec::new();
    };
    let (name, host) = (theirs.object.reference(), ours.hosts.join(", "));
    let (code, message) = if theirs.private && !theirs.ours {
        let namespace = &name.key.namespace;
        let message = format!("`{name}` decides {overlap} of `{host}` for clients in namespace `{namespace}`");
        (Code::ConflictInPart, message)
    } else if theirs.before(&ours) {
        // Where HTTP is split, what becomes of other bytes is a small part of it.
        let only_bytes = overlap.http.is_none() && ours.http != Some(BTreeSet::new());
        let code = if only_bytes {
            Code::ConflictInPart
        } else {
            Code::Conflict
        };
        (code, format!("`{name}` is older and decides {overlap} of `{host}`"))
    } else if theirs.ours {
        // Its own splits are told.
        return Vec::new();
    } else {
        let message = format!("`{name}` is younger and has no effect on {overlap} of `{host}`");
        (Code::Overrides, message)
    };
    let splits = manifest
        .sources
        .iter()
        .filter(|source| source.kind == Kind::TRAFFIC_SPLIT);
    let report = |split: &ObjectRef| {
        let about = Diagnostic::new(code, split.clone(), "spec.service".into(), message.as_str());
        about.on_ports(overlap.ports()).caused_by(name.clone())
    };
    splits.map(report).collect()
}

/// A `VirtualService`, as far as it matters to others.
struct Rival<'a> {
    object: &'a NativeObject,
    ours: bool,
    hosts: Vec<&'a str>,
    in_mesh: bool,
    /// For clients of its own namespace only.
    private: bool,
    http: Ports,
    tcp: Ports,
}

/// Ports of a host; `None` is all of them.
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

    /// Whether Istio prefers it to another of ours or of others: by age, then name, then namespace. One
    /// that is to be created is the youngest; one of somebody else whose age is unknown may be the oldest.
    fn before(&self, other: &Self) -> bool {
        let age = |rival: &Self| {
            let created = rival.object.metadata.creation_timestamp.as_ref().map(|time| time.0);
            let key = rival.object.key();
            (created.is_none() && rival.ours, created, key.name, key.namespace)
        };
        age(self) < age(other)
    }

    /// The traffic that both want.
    fn overlap(&self, other: &Self, http_counts: bool) -> Option<Overlap> {
        let http = common(&self.http, &other.http).filter(|_| http_counts);
        let tcp = common(&self.tcp, &other.tcp);
        (http.is_some() || tcp.is_some()).then_some(Overlap { http, tcp })
    }
}

/// The ports of which two want the traffic of one protocol; there is at least one.
struct Overlap {
    http: Option<Ports>,
    tcp: Option<Ports>,
}

impl Overlap {
    fn ports(&self) -> diagnostic::Ports {
        let all = [&self.http, &self.tcp].into_iter().flatten();
        let all: Option<BTreeSet<u64>> = all.fold(Some(BTreeSet::new()), |all, ports| Some(&all? | ports.as_ref()?));
        all.map_or(diagnostic::Ports::All, |ports| {
            ports.into_iter().filter_map(|port| u16::try_from(port).ok()).collect()
        })
    }
}

/// Writes `HTTP on port 80 and TCP on all ports`.
impl Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("HTTP", &self.http), ("TCP", &self.tcp)];
        let parts = parts.into_iter().filter_map(|(name, ports)| {
            let ports = ports.as_ref()?.as_ref();
            let ports = ports.map(|ports| ports.iter().map(u64::to_string).collect::<Vec<_>>().join(", "));
            Some(format!(
                "{name} on {}",
                ports.map_or("all ports".to_owned(), |ports| format!("port {ports}"))
            ))
        });
        f.write_str(&parts.collect::<Vec<_>>().join(" and "))
    }
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// The ports of the mesh that the routes of one protocol are for. A route without a match, or with a match
/// without a port, is for all.
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

/// The ports of both; `None` if there is none.
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
