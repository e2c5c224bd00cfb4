//! Authorization policies and the authentications that they require.

use super::super::fields::{Fields, Read, rejected, unmodelled};
use super::authentication::{account, equals_ignoring_case, is_core, mesh_tls, network};
use super::grant::{Clients, Grant, Networks};
use super::identity::{Domain, Pattern};
use super::target::{LINKERD, Target, is_served};
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_conformance::NotModelledError;

/// A requirement of a policy.
#[derive(Debug)]
enum Required {
    MeshTls(ObjectKey),
    Network(ObjectKey),
    Account(Pattern),
}

/// The authorization policies of a namespace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policies<'a> {
    pub(super) objects: &'a [NativeObject],
    pub(super) namespace: &'a str,
    pub(super) domain: &'a Domain,
}

/// Returns `true` if `object` has this kind in Linkerd's API group for policies.
pub(super) fn is_policy(object: &NativeObject, kind: &str) -> bool {
    object.kind.group() == LINKERD && object.kind.name() == kind
}

impl Policies<'_> {
    /// Returns the grants of all policies for one of `targets`.
    pub(super) fn grants(&self, targets: &[Target]) -> Result<Vec<Grant>, NotModelledError> {
        let mut grants = Vec::new();
        for object in self.objects {
            if !is_policy(object, "AuthorizationPolicy") || object.key().namespace != self.namespace {
                continue;
            }
            // The rest of a policy matters only if its target does.
            let target = super::existing(object, Target::of(object))?;
            if target.is_none_or(|target| !targets.contains(&target)) {
                continue;
            }
            let required = super::existing(object, required(object, self.domain))?;
            if let Some(required) = required
                && let Some(grant) = self.grant(&required)?
            {
                grants.push(grant);
            }
        }
        Ok(grants)
    }

    /// Returns a grant for the clients that meet all requirements, or for every client if there are none. If a required
    /// authentication does not exist, the policy has no effect.
    fn grant(&self, required: &[Required]) -> Result<Option<Grant>, NotModelledError> {
        let mut grant = Grant::TO_ALL;
        for required in required {
            match required {
                Required::Account(pattern) => grant.clients = Clients::Named(vec![pattern.clone()]),
                Required::MeshTls(key) => {
                    let read = |object: &NativeObject| mesh_tls(&object.spec, &key.namespace, self.domain);
                    match self.find("MeshTLSAuthentication", key, read)? {
                        Some(patterns) => grant.clients = Clients::Named(patterns),
                        None => return Ok(None),
                    }
                }
                Required::Network(key) => {
                    match self.find("NetworkAuthentication", key, |object| network(&object.spec))? {
                        Some(networks) => grant.networks = Networks::Of(networks),
                        None => return Ok(None),
                    }
                }
            }
        }
        Ok(Some(grant))
    }

    fn find<T>(
        &self,
        kind: &str,
        key: &ObjectKey,
        read: impl Fn(&NativeObject) -> Read<T>,
    ) -> Result<Option<T>, NotModelledError> {
        let is_it = |object: &&NativeObject| is_policy(object, kind) && object.key() == *key && is_served(object);
        match self.objects.iter().find(is_it) {
            Some(object) => super::existing(object, read(object)),
            None => Ok(None),
        }
    }
}

/// Reads the requirements of a policy.
fn required(object: &NativeObject, domain: &Domain) -> Read<Vec<Required>> {
    let fields = Fields::of(&object.spec, "spec", &["targetRef", "requiredAuthenticationRefs"])?;
    let Some(refs) = fields.list("requiredAuthenticationRefs", usize::MAX)? else {
        return rejected("requiredAuthenticationRefs is absent");
    };
    let namespace = object.key().namespace;
    let required: Vec<_> = refs
        .iter()
        .map(|reference| Required::read(reference, &namespace, domain))
        .collect::<Read<_>>()?;
    let networks = required
        .iter()
        .filter(|required| matches!(required, Required::Network(_)))
        .count();
    if networks > 1 || required.len() - networks > 1 {
        return rejected("a policy requires two authentications of one kind");
    }
    Ok(required)
}

impl Required {
    fn read(value: &Value, namespace: &str, domain: &Domain) -> Read<Self> {
        let fields = Fields::of(value, "authenticationRef", &["group", "kind", "name", "namespace"])?;
        let kind = fields.required("kind", 1..=63)?;
        let name = fields.required("name", 1..=253)?;
        let namespace = fields.text("namespace", 0..=253)?.unwrap_or(namespace);
        let group = fields.text("group", 0..=253)?.unwrap_or_default();
        let key = ObjectKey::new(namespace, name);
        match (group, kind) {
            (LINKERD, "MeshTLSAuthentication") => Ok(Self::MeshTls(key)),
            (LINKERD, "NetworkAuthentication") => Ok(Self::Network(key)),
            (_, "ServiceAccount") if is_core(fields)? => Ok(Self::Account(account(name, namespace, domain)?)),
            _ if equals_ignoring_case(
                kind,
                &["MeshTLSAuthentication", "NetworkAuthentication", "ServiceAccount"],
            ) =>
            {
                unmodelled(format!("the authentication {kind} of {group:?}"))
            }
            _ => rejected(format!("the authentication {kind} of {group:?} is not supported")),
        }
    }
}

/// Returns an error if a policy or an authentication is rejected.
pub(super) fn check(object: &NativeObject, domain: &Domain) -> Read<()> {
    let namespace = object.key().namespace;
    match object.kind.name() {
        "AuthorizationPolicy" => Target::of(object).and_then(|_| required(object, domain)).map(drop),
        "MeshTLSAuthentication" if is_served(object) => mesh_tls(&object.spec, &namespace, domain).map(drop),
        "NetworkAuthentication" if is_served(object) => network(&object.spec).map(drop),
        "MeshTLSAuthentication" | "NetworkAuthentication" => {
            rejected("the version of the authentication is not served")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
