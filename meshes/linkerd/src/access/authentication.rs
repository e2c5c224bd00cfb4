//! What authentications ask of a client.

use super::super::fields::{Fault, Fields, Read, refused, unmodelled};
use super::cidr::Cidr;
use super::grant::Network;
use super::identity::{Domain, Pattern};
use serde_json::Value;
use smi_adapter::object::is_dns_subdomain;

/// Reads the spec of a `MeshTLSAuthentication` of `namespace`.
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
        _ => refused("identities and identityRefs, or neither of them, or an empty one"),
    }
}

/// Reads names and patterns of names.
pub(super) fn names(identities: &[Value]) -> Read<Vec<Pattern>> {
    let name = |identity: &Value| match identity.as_str() {
        Some(text) => Pattern::read(text),
        None => refused("an identity that is no text"),
    };
    identities.iter().map(name).collect()
}

fn identity_ref(value: &Value, namespace: &str, domain: &Domain) -> Read<Pattern> {
    let fields = Fields::of(value, "identityRef", &["group", "kind", "name", "namespace"])?;
    let kind = fields.required("kind", 1..=63)?;
    // The CRD would let it be absent.
    let name = fields.required("name", 1..=253)?;
    let own = fields.text("namespace", 0..=253)?;
    if !is_core(fields)? {
        return unmodelled("an identityRef of another group");
    }
    match kind {
        "ServiceAccount" => account(name, own.unwrap_or(namespace), domain),
        "Namespace" if own.is_some() => refused("a namespace in a namespace"),
        "Namespace" if is_dns_subdomain(name) => Ok(domain.namespace(name)),
        "Namespace" => unmodelled(format!("the namespace {name}")),
        _ if is_like(kind, &["ServiceAccount", "Namespace"]) => unmodelled(format!("the kind {kind}")),
        _ => refused(format!("an identity of kind {kind}")),
    }
}

/// The name of a service account.
pub(super) fn account(name: &str, namespace: &str, domain: &Domain) -> Read<Pattern> {
    if is_dns_subdomain(name) && is_dns_subdomain(namespace) {
        Ok(Pattern::Dns(domain.account(namespace, name)))
    } else {
        unmodelled(format!("the service account {name} of {namespace}"))
    }
}

/// Whether a reference is to the core group.
pub(super) fn is_core(fields: Fields<'_>) -> Read<bool> {
    Ok(matches!(fields.text("group", 0..=253)?, None | Some("" | "core")))
}

/// Whether only case tells `kind` from one of `kinds`, which nobody wrote down a rule for.
pub(super) fn is_like(kind: &str, kinds: &[&str]) -> bool {
    kinds.iter().any(|other| kind.eq_ignore_ascii_case(other))
}

/// Reads the spec of a `NetworkAuthentication`.
pub(super) fn network(spec: &Value) -> Read<Vec<Network>> {
    let fields = Fields::of(spec, "spec", &["networks"])?;
    match fields.list("networks", usize::MAX)? {
        Some(list) if !list.is_empty() => networks(list),
        _ => refused("no networks"),
    }
}

/// Reads networks and what they leave out.
pub(super) fn networks(list: &[Value]) -> Read<Vec<Network>> {
    let network = |value: &Value| {
        let fields = Fields::of(value, "network", &["cidr", "except"])?;
        let network = cidr(fields.value("cidr"))?;
        let except = fields.list("except", usize::MAX)?.unwrap_or_default();
        let except: Vec<_> = except.iter().map(|part| cidr(Some(part))).collect::<Read<_>>()?;
        // What is left out is a part, and not all of it.
        if let Some(odd) = except
            .iter()
            .find(|part| !network.covers(**part) || part.covers(network))
        {
            return refused(format!("{odd:?} left out of {network:?}"));
        }
        Ok(Network { cidr: network, except })
    };
    list.iter().map(network).collect()
}

fn cidr(value: Option<&Value>) -> Read<Cidr> {
    let Some(text) = value.and_then(Value::as_str) else {
        return refused("a network that is no text");
    };
    let cidr: Cidr = text.parse().map_err(Fault::Refused)?;
    if cidr.is_canonical() {
        Ok(cidr)
    } else {
        unmodelled(format!("bits beyond the length of {text}"))
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
    fn references_become_names() {
        let refs = json!({"identityRefs": [
            {"kind": "ServiceAccount", "name": "web", "namespace": "c"},
            {"group": "core", "kind": "ServiceAccount", "name": "web"},
            {"group": "", "kind": "Namespace", "name": "e"},
        ]});
        let dns = |name: &str| Pattern::Dns(format!("{name}.serviceaccount.identity.linkerd.td"));
        let below = Pattern::Below(".e.serviceaccount.identity.linkerd.td".into());
        assert_eq!(tls(&refs), Ok(vec![dns("web.c"), dns("web.d"), below]));
        assert_eq!(tls(&json!({"identities": ["*"]})), Ok(vec![Pattern::Anybody]));
    }

    #[test]
    fn authentications_that_are_refused() {
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
            assert!(matches!(tls(&spec), Err(Fault::Refused(_))), "{spec}");
        }
        for spec in [
            json!({"identityRefs": [{"kind": "serviceaccount", "name": "x"}]}),
            json!({"identityRefs": [{"group": "apps", "kind": "ServiceAccount", "name": "x"}]}),
            json!({"identityRefs": [{"kind": "ServiceAccount", "name": "X"}]}),
            json!({"identityRefs": [{"kind": "Namespace", "name": "X"}]}),
            json!({"more": 1}),
        ] {
            assert!(matches!(tls(&spec), Err(Fault::Unmodelled(_))), "{spec}");
        }
    }

    #[test]
    fn networks_that_are_refused() {
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
            assert!(matches!(one(value.clone()), Err(Fault::Refused(_))), "{value}");
        }
        assert!(matches!(
            super::network(&json!({"networks": []})),
            Err(Fault::Refused(_))
        ));
        assert!(matches!(one(json!({"cidr": "10.1.0.0/8"})), Err(Fault::Unmodelled(_))));
        assert_eq!(
            one(json!({"cidr": "10.0.0.0/8", "except": ["10.1.2.3"]}))
                .unwrap()
                .len(),
            1
        );
    }
}
