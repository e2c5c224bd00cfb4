//! Targets of authorization policies.

use super::super::fields::{Fields, Read, rejected, unmodelled};
use super::authentication::equals_ignoring_case;
use smi_adapter::manifest::NativeObject;

/// The API group of Linkerd's policies.
pub(super) const LINKERD: &str = "policy.linkerd.io";
const GATEWAY: &str = "gateway.networking.k8s.io";

/// The target of a policy, in the namespace of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The namespace itself: all of its Servers.
    Namespace,
    /// A Server.
    Server(String),
    /// A route: its API group, kind and name.
    Route(String, String, String),
}

/// Returns `true` if the API server serves the version of a policy or an authentication.
pub(super) fn is_served(object: &NativeObject) -> bool {
    object.kind.version() == "v1alpha1"
}

impl Target {
    /// Returns the target of a policy. Other fields of the policy can be invalid.
    pub(super) fn of(object: &NativeObject) -> Read<Self> {
        if !is_served(object) {
            return rejected(format!("the version {} is not served", object.kind.version()));
        }
        let Some(target) = object.spec.get("targetRef") else {
            return rejected("targetRef is absent");
        };
        let fields = Fields::of(target, "targetRef", &["group", "kind", "name"])?;
        let kind = fields.required("kind", 1..=63)?;
        let name = fields.required("name", 1..=253)?;
        let group = fields.text("group", 0..=253)?.unwrap_or_default();
        match (group, kind) {
            (LINKERD, "Server") => Ok(Self::Server(name.to_owned())),
            (LINKERD | GATEWAY, "HTTPRoute") | (GATEWAY, "GRPCRoute") => {
                Ok(Self::Route(group.to_owned(), kind.to_owned(), name.to_owned()))
            }
            ("" | "core", "Namespace") if name == object.key().namespace => Ok(Self::Namespace),
            ("" | "core", "Namespace") => rejected(format!("the target is another namespace, {name}")),
            _ if equals_ignoring_case(kind, &["Server", "HTTPRoute", "GRPCRoute", "Namespace"]) => {
                unmodelled(format!("the target {kind} of {group:?}"))
            }
            _ => rejected(format!("the target {kind} of {group:?} is not supported")),
        }
    }

    /// Returns a route as a target.
    pub(super) fn route(object: &NativeObject) -> Self {
        Self::Route(
            object.kind.group().to_string(),
            object.kind.name().to_string(),
            object.key().name.into(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fields::ReadError;
    use super::*;
    use serde_json::{Value, json};
    use smi_adapter::object::Kind;

    fn of(version: &'static str, spec: Value) -> Read<Target> {
        Target::of(&NativeObject {
            kind: Kind::named(LINKERD, version, "AuthorizationPolicy", "authorizationpolicies"),
            metadata: serde_json::from_value(json!({"namespace": "d", "name": "p"})).unwrap(),
            spec: spec.into(),
        })
    }

    fn target(target: &Value) -> Read<Target> {
        of("v1alpha1", json!({ "targetRef": target }))
    }

    #[test]
    fn distinguishes_targets_by_group_and_kind() {
        let server = json!({"group": LINKERD, "kind": "Server", "name": "s"});
        assert_eq!(target(&server), Ok(Target::Server("s".into())));
        for group in [LINKERD, GATEWAY] {
            let route = json!({"group": group, "kind": "HTTPRoute", "name": "r"});
            assert_eq!(
                target(&route),
                Ok(Target::Route(group.into(), "HTTPRoute".into(), "r".into()))
            );
        }
        for namespace in [
            json!({"kind": "Namespace", "name": "d"}),
            json!({"group": "core", "kind": "Namespace", "name": "d"}),
        ] {
            assert_eq!(target(&namespace), Ok(Target::Namespace));
        }
    }

    #[test]
    fn rejects_or_does_not_model_other_targets() {
        for value in [
            json!({"kind": "Pod", "name": "x"}),
            json!({"group": "core", "kind": "Service", "name": "x"}),
            json!({"kind": "Namespace", "name": "o"}),
            json!({"group": LINKERD, "kind": "Server"}),
        ] {
            assert!(matches!(target(&value), Err(ReadError::Rejected(_))), "{value}");
        }
        for value in [
            json!({"group": LINKERD, "kind": "server", "name": "x"}),
            json!({"kind": "Server", "name": "x"}),
            json!({"group": LINKERD, "kind": "GRPCRoute", "name": "x"}),
            json!({"group": LINKERD, "kind": "Server", "name": "x", "namespace": "o"}),
        ] {
            assert!(matches!(target(&value), Err(ReadError::Unmodelled(_))), "{value}");
        }
        let server = json!({"targetRef": {"group": LINKERD, "kind": "Server", "name": "s"}});
        assert!(matches!(of("v1beta1", server), Err(ReadError::Rejected(_))));
        assert!(matches!(of("v1alpha1", json!({})), Err(ReadError::Rejected(_))));
    }
}
