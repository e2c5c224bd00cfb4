//! Server authorizations, the predecessors of authorization policies.

use super::super::fields::{Fields, Read, rejected, unmodelled};
use super::authentication::{account, names, networks};
use super::authorization::{Policies, is_policy};
use super::cidr::Cidr;
use super::grant::{Clients, Grant, Network, Networks};
use super::identity::Domain;
use super::selector::Selector;
use super::server::Server;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_conformance::NotModelledError;

/// Returns the grants of the server authorizations for `server`. `cluster` are the networks of the cluster.
pub(super) fn grants(
    policies: Policies<'_>,
    server: &Server,
    cluster: &[Cidr],
) -> Result<Vec<Grant>, NotModelledError> {
    let mut grants = Vec::new();
    for object in policies.objects {
        if !is_policy(object, "ServerAuthorization") || object.key().namespace != policies.namespace {
            continue;
        }
        if super::existing(object, is_for(object, server))? == Some(true)
            && let Some(grant) = super::existing(object, grant(object, policies.domain, cluster))?
        {
            grants.push(grant);
        }
    }
    Ok(grants)
}

fn is_for(object: &NativeObject, server: &Server) -> Read<bool> {
    Ok(match Servers::of(object)? {
        Servers::Named(name) => name == server.name,
        Servers::Labelled(selector) => selector.selects(&server.labels),
    })
}

/// Returns an error if a server authorization is rejected.
pub(super) fn check(object: &NativeObject, domain: &Domain) -> Read<()> {
    Servers::of(object).and_then(|_| grant(object, domain, &[])).map(drop)
}

/// The Servers to which a server authorization applies.
enum Servers {
    Named(String),
    Labelled(Selector),
}

impl Servers {
    fn of(object: &NativeObject) -> Read<Self> {
        if !["v1alpha1", "v1beta1"].contains(&object.kind.version()) {
            return rejected(format!("the version {} is not served", object.kind.version()));
        }
        let Some(value) = object.spec.get("server") else {
            return rejected("server is absent");
        };
        let fields = Fields::of(value, "server", &["name", "selector"])?;
        match (fields.text("name", 0..=usize::MAX)?, fields.value("selector")) {
            (Some(name), None) => Ok(Self::Named(name.to_owned())),
            (None, Some(selector)) => Selector::read(selector).map(Self::Labelled),
            _ => rejected("server must have exactly one of name and selector"),
        }
    }
}

fn grant(object: &NativeObject, domain: &Domain, cluster: &[Cidr]) -> Read<Grant> {
    let fields = Fields::of(&object.spec, "spec", &["server", "client"])?;
    let Some(client) = fields.value("client") else {
        return rejected("client is absent");
    };
    let fields = Fields::of(client, "client", &["networks", "unauthenticated", "meshTLS"])?;
    let networks = match fields.list("networks", usize::MAX)? {
        Some([]) => return unmodelled("an empty list of networks"),
        Some(list) => Networks::Of(networks(list)?),
        // "Typically, all IPs or the cluster's pod network."
        None => Networks::AtLeast(cluster.iter().copied().map(Network::all).collect()),
    };
    let clients = match (is_true(fields.value("unauthenticated"))?, fields.value("meshTLS")) {
        (true, None) => Clients::Any,
        (false, Some(mesh_tls)) => tls(mesh_tls, &object.key().namespace, domain)?,
        _ => return unmodelled("not exactly one of unauthenticated and meshTLS"),
    };
    Ok(Grant { networks, clients })
}

fn tls(value: &Value, namespace: &str, domain: &Domain) -> Read<Clients> {
    let known = ["unauthenticatedTLS", "identities", "serviceAccounts"];
    let fields = Fields::of(value, "meshTLS", &known)?;
    let unauthenticated = is_true(fields.value("unauthenticatedTLS"))?;
    let identities = fields.list("identities", usize::MAX)?;
    let accounts = fields.list("serviceAccounts", usize::MAX)?;
    match (unauthenticated, identities, accounts) {
        (true, None, None) => Ok(Clients::WithTls),
        (false, Some(identities), None) if !identities.is_empty() => Ok(Clients::Named(names(identities)?)),
        (false, None, Some(accounts)) if !accounts.is_empty() => {
            let named = |value: &Value| {
                let fields = Fields::of(value, "serviceAccount", &["name", "namespace"])?;
                let name = fields.required("name", 1..=253)?;
                account(name, fields.text("namespace", 1..=253)?.unwrap_or(namespace), domain)
            };
            Ok(Clients::Named(accounts.iter().map(named).collect::<Read<_>>()?))
        }
        _ => unmodelled("not exactly one part of meshTLS"),
    }
}

fn is_true(value: Option<&Value>) -> Read<bool> {
    match value {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => rejected("unauthenticated or unauthenticatedTLS is not a boolean"),
    }
}

#[cfg(test)]
mod tests;
