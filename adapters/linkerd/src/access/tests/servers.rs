use super::*;
use smi_adapter::manifest::Stage;

#[test]
fn keeps_a_namespace_enforced_by_an_authentication_of_no_client() {
    let namespace =
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {smi-adapter.dev/enforce: 'true'}}}";
    let planned = planned(namespace);
    assert_eq!(planned.manifests.len(), 1);
    assert_eq!(
        *spec(&planned, "MeshTLSAuthentication", "namespace-shop-baseline"),
        json!({"identities": ["smi-adapter.invalid"]})
    );
    assert_eq!(planned.manifests[0].stage, Stage::Deny);
    let open = reported(&planned, Code::NotEnforced);
    assert!(open.len() == 1 && open[0].contains("Namespace shop: Linkerd's proxies do not see UDP"));
}

#[test]
fn denies_on_every_port_without_grants() {
    // A2
    let target = target("t", &["web"], "{kind: TCPRoute, name: none}");
    let service = "{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {selector: {app: api}, ports: [{port: 80, targetPort: 9090}]}}";
    let planned = planned(&format!("{}{target}{service}", checked()));
    assert_eq!(
        *spec(&planned, "Server", "deployment-api-8080"),
        json!({"podSelector": {"matchLabels": {"app": "api"}}, "port": 8080, "proxyProtocol": "unknown", "accessPolicy": "deny"})
    );
    assert_eq!(spec(&planned, "Server", "deployment-api-9090")["port"], 9090);
    assert_eq!(
        *spec(&planned, "HTTPRoute", "deployment-api-9090-deny"),
        json!({"parentRefs": [server_ref("deployment-api-9090")],
               "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]})
    );
    assert_eq!(specs(&planned, "AuthorizationPolicy").len(), 1, "health checks only");
    assert_nothing_is_empty(&planned);
    // Objects that exist without grants have no target as a source: they do not change with targets.
    for manifest in planned
        .manifests
        .iter()
        .filter(|manifest| manifest.stage == Stage::Deny)
    {
        assert!(
            manifest
                .sources
                .iter()
                .all(|source| source.kind.name() != "TrafficTarget")
        );
    }
}

#[test]
fn exempts_health_checks() {
    // A38
    let containers = "[{name: c, ports: [{containerPort: 8080}, {containerPort: 9090}],
        livenessProbe: {httpGet: {path: '/healthz?deep=1', port: 8080}},
        readinessProbe: {httpGet: {path: '/healthz', port: 8080}},
        startupProbe: {grpc: {port: 9090}}}]";
    let target = target("t", &["web"], "{kind: TCPRoute, name: none}");
    let planned = planned(&format!("{}{target}", api("", containers)));
    assert_eq!(
        *spec(&planned, "HTTPRoute", "deployment-api-8080-probes"),
        json!({"parentRefs": [server_ref("deployment-api-8080")],
        "rules": [{"matches": [
            {"path": {"type": "Exact", "value": "/healthz"}, "method": "GET"},
            {"path": {"type": "Exact", "value": "/healthz"}, "method": "GET",
             "queryParams": [{"type": "Exact", "name": "deep", "value": "1"}]},
        ]}]})
    );
    assert_eq!(
        spec(&planned, "HTTPRoute", "deployment-api-9090-probes")["rules"],
        json!([{"matches": [{"path": {"type": "Exact", "value": "/grpc.health.v1.Health/Check"}, "method": "POST"}]}])
    );
    let kubelet = name(&planned, "NetworkAuthentication", "deployment-api-probes-");
    assert_eq!(
        *spec(&planned, "NetworkAuthentication", ""),
        json!({"networks": [{"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}]})
    );
    assert_eq!(
        *spec(&planned, "AuthorizationPolicy", "deployment-api-8080-probes"),
        json!({
            "targetRef": {"group": "policy.linkerd.io", "kind": "HTTPRoute", "name": "deployment-api-8080-probes"},
            "requiredAuthenticationRefs": [{"group": "policy.linkerd.io", "kind": "NetworkAuthentication", "name": kubelet}],
        })
    );
}

#[test]
fn limits_health_checks_to_probe_networks() {
    let mut linkerd = Linkerd {
        probe_networks: ["10.0.0.0/8".to_owned()].into(),
        ..Linkerd::default()
    };
    let everything = group("g", "{name: m}");
    let target = target("t", &["web"], &group_rule("g"));
    let planned = planned_with(&linkerd, &format!("{}{everything}{target}", checked()));
    assert_eq!(
        *spec(&planned, "NetworkAuthentication", ""),
        json!({"networks": [{"cidr": "10.0.0.0/8"}]})
    );
    // The exemption is more specific than the prefix `/`, so it would deny other clients that are granted the path.
    let [(_, route)] = granting(&planned)[..] else { panic!() };
    assert_eq!(
        route["rules"][0]["matches"][0]["path"],
        json!({"type": "RegularExpression", "value": "^(?:.*)$"})
    );
    linkerd.probe_networks.clear();
    let planned = planned_with(&linkerd, &format!("{}{everything}{target}", checked()));
    assert!(specs(&planned, "NetworkAuthentication").is_empty());
    assert_nothing_is_empty(&planned);
}

#[test]
fn reports_health_checks_that_linkerd_cannot_distinguish() {
    let target = target("t", &["web"], "{kind: TCPRoute, name: none}");
    for (annotations, path) in [("config.linkerd.io/opaque-ports: '8000-8100'", "/h"), ("a: b", "/é")] {
        let containers = format!(
            "[{{name: c, ports: [{{containerPort: 8080}}], livenessProbe: {{httpGet: {{path: '{path}', port: 8080}}}}}}]"
        );
        let pods = api(&format!(", annotations: {{{annotations}}}"), &containers);
        let planned = planned(&format!("{pods}{target}"));
        let denied = reported(&planned, Code::Inexpressible);
        assert!(
            denied.len() == 1 && denied[0].contains("Deployment shop/api"),
            "{denied:?}"
        );
        assert!(specs(&planned, "NetworkAuthentication").is_empty());
    }
}

#[test]
fn marks_opaque_ports_as_opaque() {
    // C.2.5
    let target = target("t", &["web"], "{kind: TCPRoute, name: none}");
    let protocol = |annotation: &str, port: u16| {
        let pods = api(
            annotation,
            &format!("[{{name: c, ports: [{{containerPort: {port}}}]}}]"),
        );
        let planned = planned(&format!("{pods}{target}"));
        spec(&planned, "Server", "deployment-api")["proxyProtocol"].clone()
    };
    let listed = ", annotations: {config.linkerd.io/opaque-ports: '8080, 9000-9010'}";
    assert_eq!(protocol(listed, 8080), "opaque");
    assert_eq!(protocol(listed, 9005), "opaque");
    assert_eq!(
        protocol(listed, 3306),
        "unknown",
        "the annotation replaces the list of the mesh"
    );
    assert_eq!(protocol("", 8080), "unknown");
    assert_eq!(protocol("", 3306), "opaque");
}

#[test]
fn reports_ports_that_stay_open() {
    let target = target("t", &["web"], "{kind: TCPRoute, name: none}");
    let open = |annotations: &str, more: &str| {
        let pods = api(
            &format!(", annotations: {{{annotations}}}"),
            "[{name: c, ports: [{containerPort: 8080}, {containerPort: 4567}]}]",
        );
        let planned = planned(&format!("{pods}{target}{more}"));
        let mut open = reported(&planned, Code::NotEnforced);
        open.retain(|text| text.contains("Deployment shop/api"));
        open
    };
    let usual = open("a: b", "");
    assert_eq!(usual.len(), 2, "{usual:?}");
    assert!(usual[0].contains("port 4567 bypasses"), "{usual:?}");
    assert!(usual[1].contains("ports that no container"), "{usual:?}");
    let closed = open("config.linkerd.io/default-inbound-policy: deny", "");
    assert!(closed.len() == 1 && closed[0].contains("4567"), "{closed:?}");
    let skipped = open("config.linkerd.io/skip-inbound-ports: '8080'", "");
    assert!(skipped.iter().any(|text| text.contains("`8080`")), "{skipped:?}");
    let disabled = open("linkerd.io/inject: disabled", "");
    assert!(disabled.len() == 1 && disabled[0].contains("nothing is enforced"));
    let pod = |containers: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: api-1, labels: {{app: api}}, ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: api, uid: u, controller: true}}]}}, spec: {{serviceAccountName: api, containers: [{containers}]}}}}"
        )
    };
    let outside = open("a: b", &pod("{name: c}"));
    assert!(
        outside.len() == 1 && outside[0].contains("`linkerd-proxy`"),
        "{outside:?}"
    );
    assert_eq!(open("a: b", &pod("{name: c}, {name: linkerd-proxy}")), usual);
}

#[test]
fn pods_that_will_be_injected_are_not_reported_before_admission() {
    let outside = |metadata: &str, more: &str| {
        let pod = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: lone, labels: {{app: lone}}{metadata}}}, spec: {{serviceAccountName: api, containers: [{{name: c}}]}}}}\n---\n"
        );
        let target = target("t", &["web"], "{kind: TCPRoute, name: none}");
        let planned = planned(&format!("{pod}{target}{more}"));
        let gaps = reported(&planned, Code::NotEnforced);
        gaps.iter().any(|text| text.contains("`linkerd-proxy`"))
    };
    let namespace =
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, annotations: {linkerd.io/inject: enabled}}}\n---\n";
    assert!(!outside(", annotations: {linkerd.io/inject: enabled}", ""));
    assert!(!outside("", namespace));
    assert!(outside("", ""));
    assert!(outside(", uid: u, annotations: {linkerd.io/inject: enabled}", ""));
}

#[test]
fn reports_pods_that_no_labels_select() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: lone}, spec: {serviceAccountName: api, containers: []}}";
    let planned = planned(&format!(
        "{}{pod}",
        target("t", &["web"], "{kind: TCPRoute, name: none}")
    ));
    assert!(specs(&planned, "Server").is_empty());
    let open = reported(&planned, Code::NotEnforced);
    assert!(open.iter().any(|text| text.contains("Pod shop/lone")), "{open:?}");
}

#[test]
fn writes_no_server_for_ports_of_the_proxy() {
    let target = target("t", &["web"], "{kind: TCPRoute, name: r}");
    let planned = planned(&format!(
        "{}{target}{}",
        with_ports(&[8080, 4143, 4191]),
        tcp_route("r", "8080, 4191")
    ));
    assert_eq!(specs(&planned, "Server").len(), 1);
    let cut = reported(&planned, Code::Inexpressible);
    assert!(
        cut.len() == 1 && cut[0].contains("TrafficTarget shop/t: port 4191 of"),
        "{cut:?}"
    );
}
