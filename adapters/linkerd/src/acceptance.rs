//! The status of routes: Linkerd applies a route to a parent only after it has accepted it there.

use crate::native::{HttpRoute, TcpRoute};
use serde_json::Value;
use smi_adapter::manifest::{Native, NativeObject};

/// The controller that accepts routes for the proxies of the mesh.
const CONTROLLER: &str = "linkerd.io/policy-controller";

/// Returns `true` if an object is in force as soon as it exists, or its status tells that each parent accepted it.
pub(crate) fn is_accepted(object: &NativeObject, status: &Value) -> bool {
    if ![HttpRoute::KIND, TcpRoute::KIND].contains(&object.kind) {
        return true;
    }
    let mut parents = items(object.spec.get("parentRefs"));
    parents.all(|parent| items(status.get("parents")).any(|answer| accepts(answer, parent)))
}

/// Returns `true` if an item of a status tells that a parent accepted the route.
fn accepts(answer: &Value, parent: &Value) -> bool {
    let has = |value: &Value, field: &str, text: &str| value.get(field).is_some_and(|it| it == text);
    let of = answer.get("parentRef");
    let is_same = |field: &str| of.and_then(|of| of.get(field)) == parent.get(field);
    let is_accepted = |condition: &Value| has(condition, "type", "Accepted") && has(condition, "status", "True");
    has(answer, "controllerName", CONTROLLER)
        && ["kind", "name", "port"].into_iter().all(is_same)
        && items(answer.get("conditions")).any(is_accepted)
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::Server;
    use serde_json::json;
    use smi_adapter::manifest::Metadata;
    use smi_adapter::object::Kind;

    fn object(kind: Kind, spec: Value) -> NativeObject {
        NativeObject {
            kind,
            metadata: Metadata::default(),
            spec: spec.into(),
        }
    }

    #[test]
    fn every_parent_must_accept_a_route() {
        let parents = [
            json!({"group": "policy.linkerd.io", "kind": "Server", "name": "web-80"}),
            json!({"group": "core", "kind": "Service", "name": "web", "namespace": "shop", "port": 80}),
        ];
        let route = object(HttpRoute::KIND, json!({"parentRefs": parents, "rules": []}));
        let answer = |parent: &Value, controller: &str, status: &str| {
            json!({"parentRef": parent, "controllerName": controller,
                "conditions": [{"type": "ResolvedRefs", "status": "True"}, {"type": "Accepted", "status": status}]})
        };
        let [first, second] = &parents;
        let accepted = |answers: &[Value]| is_accepted(&route, &json!({"parents": answers}));
        assert!(accepted(&[
            answer(first, CONTROLLER, "True"),
            answer(second, CONTROLLER, "True")
        ]));
        assert!(!is_accepted(&route, &Value::Null));
        assert!(!accepted(&[answer(first, CONTROLLER, "True")]));
        assert!(!accepted(&[
            answer(first, CONTROLLER, "True"),
            answer(second, CONTROLLER, "False")
        ]));
        assert!(!accepted(&[
            answer(first, CONTROLLER, "True"),
            answer(second, "example.com/gateway", "True")
        ]));
        let mut other_port = second.clone();
        other_port["port"] = json!(81);
        assert!(!accepted(&[
            answer(first, CONTROLLER, "True"),
            answer(&other_port, CONTROLLER, "True")
        ]));
    }

    #[test]
    fn other_objects_are_in_force_at_once() {
        assert!(is_accepted(&object(Server::KIND, json!({"port": 80})), &Value::Null));
    }
}
