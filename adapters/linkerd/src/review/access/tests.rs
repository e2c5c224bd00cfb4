use crate::Linkerd;
use crate::native::{AuthorizationPolicy, HttpRoute, Server};
use crate::review::{GATEWAY_HTTP_ROUTE, GRPC_ROUTE, SERVER_AUTHORIZATION};
use serde_json::{Value, json};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::manifest::{Native, NativeObject};
use smi_adapter::object::Kind;
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::Observed;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml;

const SHOP: &str = "
{apiVersion: v1, kind: List, items: [
  {apiVersion: apps/v1, kind: Deployment, metadata: {name: api}, spec: {selector: {matchLabels: {app: api}}, template: {
    metadata: {labels: {app: api}}, spec: {serviceAccountName: api, containers: [{name: c, ports: [{containerPort: 8080}]}]}}}},
  {apiVersion: specs.smi-spec.io/v1alpha4, kind: TCPRoute, metadata: {name: r}},
  {apiVersion: specs.smi-spec.io/v1alpha4, kind: HTTPRouteGroup, metadata: {name: g}, spec: {matches: [{name: m, pathRegex: /a}]}},
  {apiVersion: access.smi-spec.io/v1alpha3, kind: TrafficTarget, metadata: {name: t}, spec: {
    destination: {kind: ServiceAccount, name: api, namespace: shop}, sources: [{kind: ServiceAccount, name: web, namespace: shop}],
    rules: [{kind: HTTPRouteGroup, name: g}]}},
]}
";

/// Returns the diagnostics that one foreign object causes, as `Code object`.
fn reported(kind: &Kind, created: Option<&str>, namespace: &str, spec: &Value) -> Vec<String> {
    let diagnostics = diagnostics(kind, created, namespace, spec).into_iter();
    diagnostics
        .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.object))
        .collect()
}

/// Returns the diagnostics that one foreign object causes. Our server was created in 2026.
fn diagnostics(kind: &Kind, created: Option<&str>, namespace: &str, spec: &Value) -> Vec<Diagnostic> {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(SHOP, "shop") {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    let (linkerd, settings) = (Linkerd::default(), Settings::default());
    let whole = linkerd.plan(&snapshot, &settings, &Observed::default());
    let mut objects: Vec<NativeObject> = whole.manifests.iter().map(|manifest| manifest.object.clone()).collect();
    for object in &mut objects {
        let created = json!({"creationTimestamp": "2026-01-01T00:00:00Z"});
        let created = serde_json::from_value::<k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta>(created);
        object.metadata.creation_timestamp = created.unwrap().creation_timestamp;
    }
    let metadata = json!({"name": "theirs", "namespace": namespace, "creationTimestamp": created});
    objects.push(NativeObject {
        kind: kind.clone(),
        metadata: serde_json::from_value(metadata).unwrap(),
        spec: spec.clone().into(),
    });
    let observed = Observed::new("linkerd", &settings, objects);
    let planned = linkerd.plan(&snapshot, &settings, &observed);
    let about = planned.diagnostics.into_iter();
    about
        .filter(|diagnostic| diagnostic.message.contains("shop/theirs"))
        .collect()
}

const CONFLICT: [&str; 2] = ["Conflict Deployment shop/api", "Conflict TrafficTarget shop/t"];
const OPEN: [&str; 1] = ["NotEnforced Deployment shop/api"];
const NOTHING: [&str; 0] = [];

#[test]
fn reports_foreign_servers_by_age() {
    let server = |created: &str, spec: Value| reported(&Server::KIND, Some(created), "shop", &spec);
    let same = json!({"podSelector": {"matchLabels": {"app": "api"}}, "port": 8080});
    assert_eq!(server("2025-01-01T00:00:00Z", same.clone()), CONFLICT);
    assert_eq!(
        server("2027-01-01T00:00:00Z", same.clone()),
        ["Overrides Deployment shop/api"]
    );
    // If both have the same age, the name decides: `theirs` comes after `deployment-api-8080`.
    assert_eq!(
        server("2026-01-01T00:00:00Z", same.clone()),
        ["Overrides Deployment shop/api"]
    );
    assert_eq!(reported(&Server::KIND, None, "shop", &same), CONFLICT);
    for (created, age) in [
        (
            None,
            "may be older than our Server (its creation time is unknown), and then it decides",
        ),
        (Some("2025-01-01T00:00:00Z"), "is older than our Server, so it decides"),
    ] {
        let message = &diagnostics(&Server::KIND, created, "shop", &same)[0].message;
        assert!(message.contains(age), "{message}");
    }
    assert_eq!(reported(&Server::KIND, None, "other", &same), NOTHING);
    let older =
        |selector: Value, port: Value| server("2025-01-01T00:00:00Z", json!({"podSelector": selector, "port": port}));
    assert_eq!(older(json!({}), json!(8080)), CONFLICT, "every pod");
    assert_eq!(
        older(json!({"matchLabels": {"tier": "x"}}), json!(8080)),
        CONFLICT,
        "possibly"
    );
    assert_eq!(
        older(json!({"matchLabels": {"app": "api"}}), json!("http")),
        CONFLICT,
        "possibly"
    );
    assert_eq!(older(json!({"matchLabels": {"app": "web"}}), json!(8080)), NOTHING);
    assert_eq!(older(json!({"matchLabels": {"app": "api"}}), json!(8081)), NOTHING);
    let expression = |operator: &str, values: &[&str]| {
        let selector = json!({"matchExpressions": [{"key": "app", "operator": operator, "values": values}]});
        older(selector, json!(8080)) == CONFLICT
    };
    assert!(expression("In", &["api"]) && !expression("In", &["web"]));
    assert!(expression("NotIn", &["web"]) && !expression("NotIn", &["api"]));
    assert!(expression("Exists", &[]) && !expression("DoesNotExist", &[]));
    let external = json!({"externalWorkloadSelector": {"matchLabels": {"app": "api"}}, "port": 8080});
    assert_eq!(server("2025-01-01T00:00:00Z", external), NOTHING);
}

#[test]
fn reports_foreign_policies_that_admit_clients() {
    let policy = |namespace: &str, kind: &str, name: &str| {
        let target = json!({"group": "policy.linkerd.io", "kind": kind, "name": name});
        reported(
            &AuthorizationPolicy::KIND,
            None,
            namespace,
            &json!({"targetRef": target}),
        )
    };
    assert_eq!(policy("shop", "Server", "deployment-api-8080"), OPEN);
    assert_eq!(policy("shop", "HTTPRoute", "deployment-api-8080-deny"), OPEN);
    assert_eq!(policy("shop", "Namespace", "shop"), ["NotEnforced Namespace shop"]);
    assert_eq!(
        policy("shop", "Namespace", "another"),
        ["NotEnforced Namespace shop"],
        "it applies to its own namespace"
    );
    assert_eq!(policy("other", "Namespace", "shop"), NOTHING);
    assert_eq!(policy("shop", "Server", "another"), NOTHING);
    let older = |server: Value| reported(&SERVER_AUTHORIZATION, None, "shop", &json!({"server": server}));
    assert_eq!(older(json!({"name": "deployment-api-8080"})), OPEN);
    assert_eq!(older(json!({"selector": {}})), OPEN);
    let ours = json!({"matchLabels": {"app.kubernetes.io/managed-by": "smi-adapter"}});
    assert_eq!(older(json!({"selector": ours})), OPEN);
    assert_eq!(older(json!({"selector": {"matchLabels": {"app": "api"}}})), NOTHING);
    assert_eq!(older(json!({"name": "another"})), NOTHING);
}

#[test]
fn reports_foreign_routes_on_our_servers() {
    for kind in [HttpRoute::KIND, GATEWAY_HTTP_ROUTE, GRPC_ROUTE] {
        let route = |namespace: &str, server: &str| {
            let parent = json!({"group": "policy.linkerd.io", "kind": "Server", "name": server});
            reported(&kind, None, namespace, &json!({"parentRefs": [parent]}))
        };
        assert_eq!(route("shop", "deployment-api-8080"), CONFLICT, "{kind}");
        assert_eq!(route("shop", "another"), NOTHING);
        assert_eq!(
            route("other", "deployment-api-8080"),
            NOTHING,
            "a route applies only in the namespace of the server"
        );
    }
}

#[test]
fn ignores_malformed_foreign_objects() {
    for kind in [
        Server::KIND,
        AuthorizationPolicy::KIND,
        SERVER_AUTHORIZATION,
        HttpRoute::KIND,
        GRPC_ROUTE,
    ] {
        for spec in [
            json!(null),
            json!([]),
            json!({"podSelector": 1, "targetRef": [], "server": 1, "parentRefs": [1]}),
        ] {
            assert_eq!(reported(&kind, None, "shop", &spec), NOTHING, "{kind} {spec}");
        }
    }
}
