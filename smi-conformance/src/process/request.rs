//! Requests of the protocol, as JSON.

use super::answer::PROTOCOL;
use crate::{Inbound, MeshWorld, Peer};
use serde_json::{Value, json};
use smi_adapter::manifest::NativeObject;
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Request, RoutingQuery, Traffic};
use smi_adapter::settings::{HeaderAnchor, PathAnchor, Scope, Settings, UnknownFields};

/// Returns the request for the description of the program.
pub(super) fn describe() -> Value {
    json!({"request": "describe", "protocol": PROTOCOL})
}

/// Returns the request for the native objects of these documents.
pub(super) fn translate(documents: &[Value], enforced: &[&str], settings: &Settings) -> Value {
    let settings = json!({
        "namespaces": match &settings.scope {
            Scope::All => Value::Null,
            Scope::Namespaces(namespaces) => json!(namespaces),
        },
        "clusterDomain": settings.cluster_domain,
        "trustDomain": settings.trust_domain,
        "pathAnchor": match settings.path_anchor {
            PathAnchor::Full => "full",
            PathAnchor::Start => "start",
        },
        "headerAnchor": match settings.header_anchor {
            HeaderAnchor::Full => "full",
            HeaderAnchor::Search => "search",
        },
        "foreignDestinations": settings.foreign_destinations,
        "unknownFields": match settings.unknown_fields {
            UnknownFields::Restrict => "restrict",
            UnknownFields::Ignore => "ignore",
        },
    });
    json!({
        "request": "translate",
        "objects": documents,
        "enforced": enforced,
        "settings": settings,
    })
}

/// Returns the request for the routing of a query.
pub(super) fn route(objects: &[NativeObject], world: &MeshWorld, query: &RoutingQuery) -> Value {
    let Destination::Service { key, port } = &query.to;
    let to = json!({"namespace": key.namespace, "service": key.name, "port": port});
    let query = json!({
        "from": query.from.as_ref().map(account),
        "to": to,
        "traffic": traffic(&query.traffic),
    });
    asked("route", objects, world, "query", &query)
}

/// Returns the request for the decision on inbound traffic.
pub(super) fn authorize(objects: &[NativeObject], world: &MeshWorld, inbound: &Inbound) -> Value {
    let inbound = json!({
        "from": match &inbound.from {
            Peer::Plaintext => json!("plaintext"),
            Peer::Unidentified => json!("unidentified"),
            Peer::Account(identity) => account(identity),
            Peer::Spiffe(id) => json!({ "spiffe": id }),
            Peer::Dns(name) => json!({ "dns": name }),
        },
        "ip": inbound.ip.to_string(),
        "to": {"namespace": inbound.pod.namespace, "pod": inbound.pod.name, "port": inbound.port},
        "traffic": traffic(&inbound.traffic),
    });
    asked("authorize", objects, world, "inbound", &inbound)
}

fn account(identity: &Identity) -> Value {
    json!({"namespace": identity.namespace, "serviceAccount": identity.service_account})
}

fn traffic(traffic: &Traffic) -> Value {
    match traffic {
        Traffic::Tcp => json!("tcp"),
        Traffic::Udp => json!("udp"),
        Traffic::Http(Request { method, path, headers }) => {
            json!({"method": method, "path": path, "headers": headers})
        }
    }
}

fn asked(request: &str, objects: &[NativeObject], world: &MeshWorld, about: &str, what: &Value) -> Value {
    let MeshWorld {
        services,
        pods,
        namespaces,
        cluster_domain,
        trust_domain,
        closed,
    } = world;
    json!({
        "request": request,
        "objects": objects.iter().map(NativeObject::to_value).collect::<Value>(),
        "world": {
            "services": services.values().collect::<Vec<_>>(),
            "pods": pods.values().collect::<Vec<_>>(),
            "namespaces": namespaces.values().collect::<Vec<_>>(),
            "clusterDomain": cluster_domain,
            "trustDomain": trust_domain,
            "closed": closed,
        },
        about: what,
    })
}
