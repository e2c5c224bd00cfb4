//! The defaults that an API server adds to native objects, from the schemas that meshes install.

use serde_json::{Map, Value, json};
use smi_adapter::manifest::NativeObject;

/// Adds the defaults of the CRDs of Linkerd and the Gateway API. The CRDs of Istio have no defaults.
pub(crate) fn defaults(object: &mut NativeObject) {
    let kind = (object.kind.group(), object.kind.name());
    let Some(spec) = object.spec.as_object_mut() else {
        return;
    };
    match kind {
        ("policy.linkerd.io", "HTTPRoute") => {
            parents(spec, "policy.linkerd.io");
            http_rules(spec);
        }
        ("gateway.networking.k8s.io", "HTTPRoute") => {
            parents(spec, "gateway.networking.k8s.io");
            http_rules(spec);
        }
        ("gateway.networking.k8s.io", "TCPRoute") => {
            parents(spec, "gateway.networking.k8s.io");
            each(spec, "rules", backends);
        }
        ("policy.linkerd.io", "Server") => {
            absent(spec, "accessPolicy", "deny");
            absent(spec, "proxyProtocol", "unknown");
        }
        _ => {}
    }
}

fn parents(spec: &mut Map<String, Value>, group: &str) {
    each(spec, "parentRefs", |parent| {
        absent(parent, "group", group);
        absent(parent, "kind", "Gateway");
    });
}

fn http_rules(spec: &mut Map<String, Value>) {
    absent(
        spec,
        "rules",
        json!([{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]),
    );
    each(spec, "rules", |rule| {
        absent(rule, "matches", json!([{"path": {"type": "PathPrefix", "value": "/"}}]));
        each(rule, "matches", |matching| {
            absent(matching, "path", json!({}));
            if let Some(path) = matching.get_mut("path").and_then(Value::as_object_mut) {
                absent(path, "type", "PathPrefix");
                absent(path, "value", "/");
            }
            each(matching, "headers", |header| absent(header, "type", "Exact"));
        });
        backends(rule);
    });
}

fn backends(rule: &mut Map<String, Value>) {
    each(rule, "backendRefs", |backend| {
        absent(backend, "group", "");
        absent(backend, "kind", "Service");
        absent(backend, "weight", 1);
    });
}

fn each(object: &mut Map<String, Value>, list: &str, change: impl Fn(&mut Map<String, Value>)) {
    let array = object.get_mut(list).and_then(Value::as_array_mut);
    let items = array.into_iter().flatten().filter_map(Value::as_object_mut);
    items.for_each(change);
}

fn absent(object: &mut Map<String, Value>, field: &str, value: impl Into<Value>) {
    object.entry(field).or_insert_with(|| value.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::manifest::Metadata;
    use smi_adapter::object::Kind;

    fn defaulted(group: &'static str, kind: &'static str, spec: Value) -> Value {
        let mut object = NativeObject {
            kind: Kind::named(group, "v1", kind, ""),
            metadata: Metadata::default(),
            spec: spec.into(),
        };
        defaults(&mut object);
        (*object.spec).clone()
    }

    #[test]
    fn adds_absent_fields_and_nothing_else() {
        let route = json!({
            "parentRefs": [{"name": "web"}],
            "rules": [{"backendRefs": [{"name": "a"}, {"name": "b", "weight": 0}]}, {"matches": []}],
        });
        let expected = json!({
            "parentRefs": [{"name": "web", "group": "policy.linkerd.io", "kind": "Gateway"}],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [
                        {"name": "a", "group": "", "kind": "Service", "weight": 1},
                        {"name": "b", "group": "", "kind": "Service", "weight": 0},
                    ],
                },
                {"matches": []},
            ],
        });
        assert_eq!(defaulted("policy.linkerd.io", "HTTPRoute", route.clone()), expected);
        assert_eq!(defaulted("networking.istio.io", "VirtualService", route.clone()), route);
    }
}
