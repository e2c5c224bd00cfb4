//! Tests of the translation of targets. `resolve` builds the model from YAML.

mod grants;
mod limits;
mod order;
mod servers;

use crate::Linkerd;
use serde_json::{Value, json};
use smi_adapter::diagnostic::Code;
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::{Snapshot, SnapshotBuilder};
use smi_adapter::yaml;

/// Returns a deployment `api` in namespace `shop` with account `api`.
fn api(pod: &str, containers: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: api}}
spec:
  selector: {{matchLabels: {{app: api}}}}
  template:
    metadata: {{labels: {{app: api}}{pod}}}
    spec:
      serviceAccountName: api
      containers: {containers}
---
"
    )
}

/// Returns the deployment with one port and a health check.
fn checked() -> String {
    api(
        "",
        "[{name: c, ports: [{containerPort: 8080}], livenessProbe: {httpGet: {path: '/healthz?deep=1', port: 8080}}}]",
    )
}

/// Returns the deployment with these ports.
fn with_ports(ports: &[u16]) -> String {
    let ports: Vec<String> = ports.iter().map(|port| format!("{{containerPort: {port}}}")).collect();
    api("", &format!("[{{name: c, ports: [{}]}}]", ports.join(", ")))
}

/// Returns a target with accounts as sources.
fn target(name: &str, sources: &[&str], rules: &str) -> String {
    let sources: Vec<String> = sources
        .iter()
        .map(|source| format!("{{kind: ServiceAccount, name: {source}, namespace: shop}}"))
        .collect();
    format!(
        "apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {{name: '{name}'}}
spec:
  destination: {{kind: ServiceAccount, name: api, namespace: shop}}
  sources: [{}]
  rules: [{rules}]
---
",
        sources.join(", ")
    )
}

/// Returns a rule for all matches of a route group.
fn group_rule(name: &str) -> String {
    format!("{{kind: HTTPRouteGroup, name: {name}}}")
}

fn group(name: &str, matches: &str) -> String {
    format!(
        "{{apiVersion: specs.smi-spec.io/v1alpha4, kind: HTTPRouteGroup, metadata: {{name: {name}}}, spec: {{matches: [{matches}]}}}}\n---\n"
    )
}

fn tcp_route(name: &str, ports: &str) -> String {
    format!(
        "{{apiVersion: specs.smi-spec.io/v1alpha4, kind: TCPRoute, metadata: {{name: {name}}}, spec: {{matches: {{name: m, ports: [{ports}]}}}}}}\n---\n"
    )
}

fn snapshot(manifests: &str) -> Snapshot {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(manifests, "shop") {
        document.add_to(&mut input).unwrap();
    }
    input.build()
}

fn planned_with(linkerd: &Linkerd, manifests: &str) -> Planned {
    linkerd.plan(&snapshot(manifests), &Settings::default(), &Observed::default())
}

fn planned(manifests: &str) -> Planned {
    planned_with(&Linkerd::default(), manifests)
}

/// Returns the names and specs of all objects of a kind, by name.
fn specs<'p>(planned: &'p Planned, kind: &str) -> Vec<(&'p str, &'p Value)> {
    let objects = planned.manifests.iter().map(|manifest| &manifest.object);
    objects
        .filter(|object| object.kind.name() == kind)
        .map(|object| (object.metadata.name.as_deref().unwrap(), &*object.spec))
        .collect()
}

/// Returns the spec of the only object with this beginning of its name.
fn spec<'p>(planned: &'p Planned, kind: &str, start: &str) -> &'p Value {
    let specs = specs(planned, kind);
    let mut found = specs.iter().filter(|(name, _)| name.starts_with(start));
    let spec = found.next().unwrap_or_else(|| panic!("no {kind} {start}")).1;
    assert!(found.next().is_none(), "several {kind} {start}");
    spec
}

/// Returns the full name of the only object with this beginning of its name.
fn name<'p>(planned: &'p Planned, kind: &str, start: &str) -> &'p str {
    let spec = spec(planned, kind, start);
    let found = specs(planned, kind);
    found.iter().find(|(_, other)| std::ptr::eq(*other, spec)).unwrap().0
}

/// Returns the routes that grant access: neither those that deny nor those for health checks.
fn granting(planned: &Planned) -> Vec<(&str, &Value)> {
    let mut routes = specs(planned, "HTTPRoute");
    routes.retain(|(name, _)| !name.ends_with("-deny") && !name.ends_with("-probes"));
    routes
}

/// Returns the diagnostics with a code, each with its object and message.
fn reported(planned: &Planned, code: Code) -> Vec<String> {
    let all = planned.diagnostics.iter().filter(|diagnostic| diagnostic.code == code);
    all.map(ToString::to_string).collect()
}

fn server_ref(name: &str) -> Value {
    json!({"group": "policy.linkerd.io", "kind": "Server", "name": name})
}

/// Asserts that no list or object in a spec is empty: some empty lists admit every client.
fn assert_nothing_is_empty(planned: &Planned) {
    fn check(value: &Value, at: &str) {
        match value {
            Value::Array(items) => {
                assert!(!items.is_empty(), "{at}");
                for item in items {
                    check(item, at);
                }
            }
            Value::Object(fields) => {
                assert!(!fields.is_empty(), "{at}");
                for (name, value) in fields {
                    check(value, name);
                }
            }
            _ => {}
        }
    }
    for manifest in &planned.manifests {
        check(&manifest.object.spec, "spec");
    }
}
