//! Authentications and the clients that fulfil them.

use super::super::fields::{Fields, Read, ReadError, rejected, unmodelled};
use super::cidr::Cidr;
use super::grant::Network;
use super::identity::{Domain, Pattern};
use serde_json::Value;
use smi_adapter::object::is_dns_subdomain;

/// Reads the spec of a `MeshTLSAuthentication` in `namespace`.
pub(super) fn mesh_tls(spec: &Value, namespace: &str, domain: &Domain) -> Read<Vec<Pattern>> {
    let fields = Fields::of(spec, "spec", &["identities", "identityRefs"])?;
    let identities = fields.list("identities", usize::MAX)?;
    let refs = fields.list("identityRefs", usize::MAX)?;
    match (identities, refs) {
        (Some(identities), None) if !identities.is_empty() => names(identities),
        (None, Some(refs)) if !refs.is_empty() => refs
            .iter()
            .map(|reference| identity_ref(reference, namespace, domain))
            .collect(),
        _ => rejected("exactly one of identities and identityRefs must be set and not empty"),
    }
}

/// Reads identities, which are names or patterns of names.
pub(super) fn names(identities: &[Value]) -> Read<Vec<Pattern>> {
    let name = |identity: &Value| match identity.as_str() {
        Some(text) => Pattern::read(text),
        None => rejected("an identity is not a string"),
    };
    identities.iter().map(name).collect()
}

fn identity_ref(value: &Value, namespace: &str, domain: &Domain) -> Read<Pattern> {
    let fields = Fields::of(value, "identityRef", &["group", "kind", "name", "namespace"])?;
    let kind = fields.required("kind", 1..=63)?;
    // The CRD accepts a reference without a name, but admission rejects it.
    let name = fields.required("name", 1..=253)?;
    let own = fields.text("namespace", 0..=253)?;
    if !is_core(fields)? {
        return unmodelled("an identityRef of another group");
    }
    match kind {
        "ServiceAccount" => account(name, own.unwrap_or(namespace), domain),
        "Namespace" if own.is_some() => rejected("an identityRef to a Namespace has a namespace"),
        "Namespace" if is_dns_subdomain(name) => Ok(domain.namespace(name)),
        "Namespace" => unmodelled(format!("the namespace {name}")),
        _ if equals_ignoring_case(kind, &["ServiceAccount", "Namespace"]) => unmodelled(format!("the kind {kind}")),
        _ => rejected(format!("the kind {kind} of an identityRef is not supported")),
    }
}

/// Returns the pattern of a service account.
pub(super) fn account(name: &str, namespace: &str, domain: &Domain) -> Read<Pattern> {
    if is_dns_subdomain(name) && is_dns_subdomain(namespace) {
        Ok(Pattern::Dns(domain.account(namespace, name)))
    } else {
        unmodelled(format!("the service account {name} of {namespace}"))
    }
}

/// Returns `true` if a reference is to the core group.
pub(super) fn is_core(fields: Fields<'_>) -> Read<bool> {
    Ok(matches!(fields.text("group", 0..=253)?, None | Some("" | "core")))
}

/// Returns `true` if `kind` is one of `kinds` or differs from one only in case. The treatment of other cases is not
/// documented.
pub(super) fn equals_ignoring_case(kind: &str, kinds: &[&str]) -> bool {
    kinds.iter().any(|other| kind.eq_ignore_ascii_case(other))
}

/// Reads the spec of a `NetworkAuthentication`.
pub(super) fn network(spec: &Value) -> Read<Vec<Network>> {
    let fields = Fields::of(spec, "spec", &["networks"])?;
    match fields.list("networks", usize::MAX)? {
        Some(list) if !list.is_empty() => networks(list),
        _ => rejected("networks is absent or empty"),
    }
}

/// Reads networks and their exceptions.
pub(super) fn networks(list: &[Value]) -> Read<Vec<Network>> {
    let network = |value: &Value| {
        let fields = Fields::of(value, "network", &["cidr", "except"])?;
        let network = cidr(fields.value("cidr"))?;
        let parts = fields.list("except", usize::MAX)?.unwrap_or_default();
        let except: Vec<_> = parts.iter().map(|part| cidr(Some(part))).collect::<Read<_>>()?;
        // An exception must be a proper part of the network.
        if let Some(part) = except
            .iter()
            .find(|part| !network.covers(**part) || part.covers(network))
        {
            return rejected(format!("the exception {part:?} is not a proper part of {network:?}"));
        }
        Ok(Network { cidr: network, except })
    };
    list.iter().map(network).collect()
}

fn cidr(value: Option<&Value>) -> Read<Cidr> {
    let Some(text) = value.and_then(Value::as_str) else {
        return rejected("a network is not a string");
    };
    let cidr: Cidr = text.parse().map_err(ReadError::Rejected)?;
    if cidr.is_canonical() {
        Ok(cidr)
    } else {
        unmodelled(format!("host bits in the network {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tls(spec: &Value) -> Read<Vec<Pattern>> {
        mesh_tls(spec, "d", &Domain::new("linkerd", "td"))
    }

    #[test]
    fn translates_references_to_names() {
        let refs = json!({"identityRefs": [
            {"kind": "ServiceAccount", "name": "web", "namespace": "c"},
            {"group": "core", "kind": "ServiceAccount", "name": "web"},
            {"group": "", "kind": "Namespace", "name": "e"},
        ]});
        let dns = |name: &str| Pattern::Dns(format!("{name}.serviceaccount.identity.linkerd.td"));
        let below = Pattern::Below(".e.serviceaccount.identity.linkerd.td".into());
        assert_eq!(tls(&refs), Ok(vec![dns("web.c"), dns("web.d"), below]));
        assert_eq!(tls(&json!({"identities": ["*"]})), Ok(vec![Pattern::AnyDns]));
    }

    #[test]
    fn rejects_invalid_authentications() {
        for spec in [
            json!({}),
            json!({"identities": []}),
            json!({"identityRefs": []}),
            json!({"identities": ["*"], "identityRefs": [{"kind": "Namespace", "name": "c"}]}),
            json!({"identities": [1]}),
            json!({"identities": ["*", "A"]}),
            json!({"identityRefs": [{"kind": "Pod", "name": "x"}]}),
            json!({"identityRefs": [{"kind": "ServiceAccount", "namespace": "c"}]}),
            json!({"identityRefs": [{"kind": "Namespace"}]}),
            json!({"identityRefs": [{"kind": "Namespace", "name": "c", "namespace": "d"}]}),
        ] {
            assert!(matches!(tls(&spec), Err(ReadError::Rejected(_))), "{spec}");
        }
        for spec in [
            json!({"identityRefs": [{"kind": "serviceaccount", "name": "x"}]}),
            json!({"identityRefs": [{"group": "apps", "kind": "ServiceAccount", "name": "x"}]}),
            json!({"identityRefs": [{"kind": "ServiceAccount", "name": "X"}]}),
            json!({"identityRefs": [{"kind": "Namespace", "name": "X"}]}),
            json!({"more": 1}),
        ] {
            assert!(matches!(tls(&spec), Err(ReadError::Unmodelled(_))), "{spec}");
        }
    }

    #[test]
    fn rejects_invalid_networks() {
        let one = |network: Value| super::network(&json!({"networks": [network]}));
        for value in [
            json!({}),
            json!({"cidr": "nonsense"}),
            json!({"cidr": "10.0.0.0/33"}),
            json!({"cidr": "10.0.0.0/8", "except": ["192.168.0.0/16"]}),
            json!({"cidr": "10.0.0.0/8", "except": ["0.0.0.0/0"]}),
            json!({"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}),
            json!({"cidr": "10.0.0.0/8", "except": ["fd00::/8"]}),
        ] {
            assert!(matches!(one(value.clone()), Err(ReadError::Rejected(_))), "{value}");
        }
        assert!(matches!(
            super::network(&json!({"networks": []})),
            Err(ReadError::Rejected(_))
        ));
        assert!(matches!(
            one(json!({"cidr": "10.1.0.0/8"})),
            Err(ReadError::Unmodelled(_))
        ));
        assert_eq!(
            one(json!({"cidr": "10.0.0.0/8", "except": ["10.1.2.3"]}))
                .unwrap()
                .len(),
            1
        );
    }
}
