mod filters;
mod gaps;
mod limits;
mod patterns;

use crate::{Istio, Regex};
use serde_json::{Value, json};
use smi_adapter::diagnostic::Code;
use smi_adapter::manifest::{Manifest, Stage};
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml;

fn planned_with(istio: &Istio, settings: &Settings, manifests: &str) -> Planned {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(manifests, "shop") {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    istio.plan(&snapshot, settings, &Observed::default())
}

/// Plans for a workload `api` that listens on 8080 and runs as the service account `api`.
fn planned(manifests: &str) -> Planned {
    let manifests = format!("{}{manifests}", workload("api", "{}", ""));
    planned_with(&Istio::default(), &Settings::default(), &manifests)
}

fn with_filters() -> Istio {
    Istio {
        regex: Regex::EnvoyFilter,
        ..Istio::default()
    }
}

fn workload(name: &str, annotations: &str, pod: &str) -> String {
    let container = format!("{{name: c, image: x, ports: [{{containerPort: 8080}}]{pod}}}");
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}, annotations: {annotations}}}, spec: {{serviceAccountName: {name}, containers: [{container}]}}}}}}}}\n---\n"
    )
}

/// A target that grants these rules to the service account `web`.
fn target(name: &str, rules: &str) -> String {
    target_of(name, "[{kind: ServiceAccount, name: web, namespace: front}]", rules)
}

fn target_of(name: &str, sources: &str, rules: &str) -> String {
    format!(
        "{{apiVersion: access.smi-spec.io/v1alpha3, kind: TrafficTarget, metadata: {{name: {name}}}, spec: {{destination: {{kind: ServiceAccount, name: api, namespace: shop}}, sources: {sources}, rules: {rules}}}}}\n---\n"
    )
}

fn group(name: &str, matches: &str) -> String {
    format!(
        "{{apiVersion: specs.smi-spec.io/v1alpha4, kind: HTTPRouteGroup, metadata: {{name: {name}}}, spec: {{matches: [{matches}]}}}}\n---\n"
    )
}

fn route(kind: &str, name: &str, ports: &str) -> String {
    format!(
        "{{apiVersion: specs.smi-spec.io/v1alpha4, kind: {kind}, metadata: {{name: {name}}}, spec: {{matches: {{name: m, ports: {ports}}}}}}}\n---\n"
    )
}

/// Plans for one target with one group of these matches.
fn of_matches(matches: &str) -> Planned {
    planned(&(group("g", matches) + &target("t", "[{kind: HTTPRouteGroup, name: g}]")))
}

fn grants(planned: &Planned) -> Vec<&Manifest> {
    let grants = planned.manifests.iter();
    grants.filter(|manifest| manifest.stage == Stage::Grant).collect()
}

/// Returns the rules of the only policy that allows requests.
fn rules(planned: &Planned) -> Value {
    let grants = grants(planned);
    assert_eq!(grants.len(), 1, "{grants:#?}");
    let spec = &grants[0].object.spec;
    assert_eq!(spec["action"], "ALLOW");
    assert_eq!(spec["selector"], json!({"matchLabels": {"app": "api"}}));
    spec["rules"].clone()
}

/// Returns code, object and field of all diagnostics, except those on the anchoring of paths and on UDP.
fn reported(planned: &Planned) -> Vec<String> {
    let diagnostics = planned.diagnostics.iter().filter(|diagnostic| {
        diagnostic.code != Code::PathAnchorDiffers && !diagnostic.message.starts_with("Istio's proxies do not see UDP")
    });
    let texts = diagnostics.map(|diagnostic| {
        let text = format!("{} {} {}", diagnostic.code, diagnostic.object, diagnostic.field);
        text.trim_end().to_owned()
    });
    texts.collect()
}

fn from_web() -> Value {
    json!([{"source": {"principals": ["cluster.local/ns/front/sa/web"]}}])
}

fn rule(to: &Value) -> Value {
    json!({"from": from_web(), "to": to})
}

#[test]
fn a_baseline_denies_everything_with_an_empty_spec() {
    let planned = planned("");
    assert_eq!(planned.manifests, [], "the namespace is not enforced");
    let planned = planned_with(
        &Istio::default(),
        &Settings::default(),
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {smi-adapter.dev/enforce: 'true'}}}",
    );
    let [baseline] = &planned.manifests[..] else {
        panic!("{planned:#?}")
    };
    assert_eq!(baseline.object.spec, json!({}));
    assert_eq!(baseline.stage, Stage::Deny);
    assert_eq!(baseline.object.key().to_string(), "shop/namespace-shop-baseline");
    let [udp] = &planned.diagnostics[..] else {
        panic!("{planned:#?}")
    };
    assert_eq!(
        (udp.code, udp.object.to_string().as_str()),
        (Code::NotEnforced, "Namespace shop")
    );
}

#[test]
fn tcp_grants_become_rules_with_ports() {
    // A11, A13, A16
    let planned = planned(
        &(route("TCPRoute", "r", "[8301, 8300]")
            + &route("UDPRoute", "u", "[8301]")
            + &target("t", "[{kind: TCPRoute, name: r}, {kind: UDPRoute, name: u}]")),
    );
    assert_eq!(
        rules(&planned),
        json!([rule(&json!([{"operation": {"ports": ["8300", "8301"]}}]))])
    );
    assert_eq!(reported(&planned), ["NotEnforced TrafficTarget shop/t"]);
    let sources: Vec<String> = grants(&planned)[0].sources.iter().map(ToString::to_string).collect();
    assert_eq!(
        sources,
        [
            "Deployment shop/api",
            "TCPRoute shop/r",
            "TrafficTarget shop/t",
            "UDPRoute shop/u"
        ]
    );
    assert_eq!(grants(&planned)[0].object.key().name, "deployment-api-access");
}

#[test]
fn tcp_grants_on_all_ports_become_rules_without_operations() {
    let planned = planned(&(route("TCPRoute", "r", "[]") + &target("t", "[{kind: TCPRoute, name: r}]")));
    assert_eq!(rules(&planned), json!([{"from": from_web()}]));
}

#[test]
fn udp_grants_write_nothing() {
    let planned = planned(&(route("UDPRoute", "u", "[53]") + &target("t", "[{kind: UDPRoute, name: u}]")));
    assert_eq!(grants(&planned).len(), 0);
    assert_eq!(planned.manifests.len(), 1);
    assert_eq!(
        reported(&planned),
        ["NotEnforced TrafficTarget shop/t", "Unreferenced UDPRoute shop/u"]
    );
}

#[test]
fn http_rules_always_have_methods() {
    // A14, S8, S13: without methods the rule would allow all TCP traffic.
    let planned = of_matches(
        "{name: a, pathRegex: /a, methods: [GET, POST]}, {name: b}, {name: c, pathRegex: '', methods: ['*']}",
    );
    assert_eq!(
        rules(&planned),
        json!([rule(&json!([
            {"operation": {"methods": ["GET", "POST"], "paths": ["/a"]}},
            {"operation": {"methods": ["*"]}},
            {"operation": {"methods": ["*"]}},
        ]))])
    );
}

#[test]
fn tcp_routes_limit_the_ports_of_http_grants() {
    // A12
    let planned = planned(
        &(group("g", "{name: a, pathRegex: /a}")
            + &route("TCPRoute", "r", "[8080]")
            + &target("t", "[{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: g}]")),
    );
    assert_eq!(
        rules(&planned),
        json!([rule(
            &json!([{"operation": {"methods": ["*"], "paths": ["/a"], "ports": ["8080"]}}])
        )])
    );
    // A9: a missing route matches nothing; the first SMI adapter for Istio looked for a group with its name.
    let planned = self::planned(
        &(group("g", "{name: a}") + &target("t", "[{kind: TCPRoute, name: g}, {kind: HTTPRouteGroup, name: g}]")),
    );
    assert_eq!(grants(&planned).len(), 0);
}

#[test]
fn matches_with_headers_have_their_own_rules() {
    // S14, S15, S19: conditions apply to every operation of a rule.
    let planned = of_matches(
        "{name: a, pathRegex: /a}, {name: b, pathRegex: /b, headers: [{X-A: 'v1|v2'}, {x-b: '.*'}]}, {name: c, headers: [{x-a: 'v.*'}, {X-A: '.*1'}]}",
    );
    let condition = |name: &str, values: Value| json!({"key": format!("request.headers[{name}]"), "values": values});
    assert_eq!(
        rules(&planned),
        json!([
            {
                "from": from_web(),
                "to": [{"operation": {"methods": ["*"], "paths": ["/b"]}}],
                "when": [condition("x-a", json!(["v1", "v2"])), condition("x-b", json!(["*"]))],
            },
            {
                "from": from_web(),
                "to": [{"operation": {"methods": ["*"]}}],
                "when": [condition("x-a", json!(["v*"])), condition("x-a", json!(["*1"]))],
            },
            rule(&json!([{"operation": {"methods": ["*"], "paths": ["/a"]}}])),
        ])
    );
}

#[test]
fn empty_sources_and_rules_grant_nothing() {
    // A6, A7: the first SMI adapter for Istio left out the sources or the rules, which allows everything.
    let group = group("g", "{name: a}");
    let all = target("t", "[{kind: HTTPRouteGroup, name: g, matches: []}]");
    assert_eq!(rules(&planned(&(group.clone() + &all))).as_array().unwrap().len(), 1);
    for nothing in [
        target_of("t", "[]", "[{kind: HTTPRouteGroup, name: g}]"),
        target("t", "[]"),
        target("t", "[{kind: HTTPRouteGroup, name: g, matches: [b]}]"),
        target("t", "[{kind: HTTPRouteGroup, name: h}]"),
    ] {
        let planned = planned(&(group.clone() + &nothing));
        assert_eq!(planned.manifests.len(), 1, "{nothing}");
        let mut diagnostics = planned.diagnostics.iter();
        assert!(diagnostics.any(|diagnostic| diagnostic.object.key.name == "t"));
    }
}

#[test]
fn sources_become_principals_of_the_trust_domain() {
    let binding = "{apiVersion: access.smi-spec.io/v1alpha4, kind: IdentityBinding, metadata: {name: b}, spec: {schemes: {spiffeIdentities: ['spiffe://other.td/x', 'spiffe://cluster.local/ns/a/sa/b', 'spiffe://cluster.local/a/b']}}}\n---\n";
    let target = "{apiVersion: access.smi-spec.io/v1alpha4, kind: TrafficTarget, metadata: {name: t}, spec: {destination: {kind: ServiceAccount, name: api, namespace: shop}, sources: [{kind: IdentityBinding, name: b}, {kind: ServiceAccount, name: web}], rules: [{kind: TCPRoute, name: r}]}}\n---\n";
    let manifests = workload("api", "{}", "") + binding + target + &route("TCPRoute", "r", "[]");
    let principals = |settings: &Settings| {
        let planned = planned_with(&Istio::default(), settings, &manifests);
        let written = rules(&planned)[0]["from"][0]["source"]["principals"].clone();
        let inexpressible = reported(&planned)
            .into_iter()
            .filter(|diagnostic| diagnostic.starts_with("Inexpressible"));
        (written, inexpressible.collect::<Vec<_>>())
    };
    let mut settings = Settings::default();
    let ids = [
        "cluster.local/a/b",
        "cluster.local/ns/a/sa/b",
        "cluster.local/ns/shop/sa/web",
        "other.td/x",
    ];
    assert_eq!(principals(&settings), (json!(ids), vec![]));
    // Istio treats `cluster.local` as the mesh's own trust domain, so a different client would be allowed.
    settings.trust_domain = "mesh.td".into();
    let ids = ["cluster.local/a/b", "mesh.td/ns/shop/sa/web", "other.td/x"];
    let inexpressible = vec!["Inexpressible TrafficTarget shop/t".to_owned()];
    assert_eq!(principals(&settings), (json!(ids), inexpressible.clone()));
    for trust_domain in ["*", "", "a/b", "*.td"] {
        settings.trust_domain = trust_domain.into();
        let planned = planned_with(&Istio::default(), &settings, &manifests);
        assert_eq!(planned.manifests.len(), 1, "{trust_domain}");
        assert!(reported(&planned).contains(&inexpressible[0]));
    }
}

#[test]
fn translates_the_example_of_the_specification() {
    // A17
    let planned = planned(
        &(group(
            "g",
            "{name: metrics, pathRegex: /metrics, methods: [GET]}, {name: api, pathRegex: /api, methods: ['*']}",
        ) + &target_of(
            "prometheus",
            "[{kind: ServiceAccount, name: prometheus, namespace: mon}]",
            "[{kind: HTTPRouteGroup, name: g, matches: [metrics]}]",
        ) + &target("site", "[{kind: HTTPRouteGroup, name: g, matches: [api]}]")),
    );
    let prometheus = json!([{"source": {"principals": ["cluster.local/ns/mon/sa/prometheus"]}}]);
    assert_eq!(
        rules(&planned),
        json!([
            {"from": prometheus, "to": [{"operation": {"methods": ["GET"], "paths": ["/metrics"]}}]},
            rule(&json!([{"operation": {"methods": ["*"], "paths": ["/api"]}}])),
        ])
    );
    assert_eq!(reported(&planned), Vec::<String>::new());
}
