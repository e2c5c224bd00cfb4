use super::*;

/// Returns code and message of the diagnostics on the workload.
fn of(annotations: &str, pod: &str, more: &str) -> Vec<(Code, String)> {
    let manifests = workload("api", annotations, pod)
        + more
        + &route("TCPRoute", "r", "[8080]")
        + &target("t", "[{kind: TCPRoute, name: r}]");
    let planned = planned_with(&Istio::default(), &Settings::default(), &manifests);
    let diagnostics = planned.diagnostics.into_iter();
    diagnostics
        .filter(|diagnostic| diagnostic.object.to_string() == "Deployment shop/api")
        .map(|diagnostic| (diagnostic.code, diagnostic.message))
        .collect()
}

#[test]
fn reports_annotations_that_bypass_the_proxy() {
    for (annotations, words) in [
        ("{sidecar.istio.io/inject: 'false'}", "nothing is denied there"),
        ("{sidecar.istio.io/interceptionMode: NONE}", "nothing is denied there"),
        (
            "{traffic.sidecar.istio.io/excludeInboundPorts: '9090, 80,'}",
            "nothing is denied on port `80`, `9090`",
        ),
        (
            "{traffic.sidecar.istio.io/includeInboundPorts: '80'}",
            "does not list bypass the proxy, including port `8080`",
        ),
        (
            "{traffic.sidecar.istio.io/includeInboundPorts: ''}",
            "including port `8080`",
        ),
    ] {
        let reported = of(annotations, "", "");
        let [(Code::NotEnforced, message)] = &reported[..] else {
            panic!("{annotations} {reported:?}")
        };
        assert!(message.contains(words), "{message}");
    }
    for annotations in [
        "{}",
        "{sidecar.istio.io/inject: 'true'}",
        "{sidecar.istio.io/inject: ''}",
        "{sidecar.istio.io/interceptionMode: TPROXY}",
        "{traffic.sidecar.istio.io/excludeInboundPorts: ''}",
        "{traffic.sidecar.istio.io/includeInboundPorts: '*'}",
    ] {
        assert_eq!(of(annotations, "", ""), [], "{annotations}");
    }
}

#[test]
fn reports_pods_without_a_proxy() {
    let pod = |containers: &str, more: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: api-1, labels: {{app: api}}, ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: api, uid: u, controller: true}}]}}, spec: {{serviceAccountName: api, containers: [{containers}]{more}}}}}\n---\n"
        )
    };
    let (app, proxy) = ("{name: c, image: x}", "{name: istio-proxy, image: x}");
    assert_eq!(of("{}", "", &pod(&format!("{app}, {proxy}"), "")), []);
    assert_eq!(of("{}", "", &pod(app, &format!(", initContainers: [{proxy}]"))), []);
    let reported = of("{}", "", &pod(app, ""));
    assert!(
        reported[0].1.contains("without the container `istio-proxy`"),
        "{reported:?}"
    );
    let reported = of("{}", "", &pod(proxy, ", hostNetwork: true"));
    assert!(reported[0].1.contains("network of their node"), "{reported:?}");
    assert_eq!(reported[0].0, Code::NotEnforced);
}

#[test]
fn pods_that_will_be_injected_are_not_reported_before_admission() {
    let pod = |metadata: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: lone, {metadata}}}, spec: {{serviceAccountName: api, containers: [{{name: c, image: x}}]}}}}\n---\n"
        )
    };
    let namespace =
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}\n---\n";
    let reported = |manifests: String| {
        let manifests = manifests + &route("TCPRoute", "r", "[8080]") + &target("t", "[{kind: TCPRoute, name: r}]");
        let planned = planned_with(&Istio::default(), &Settings::default(), &manifests);
        let mut diagnostics = planned.diagnostics.into_iter();
        diagnostics.any(|it| it.object.to_string() == "Pod shop/lone" && it.code == Code::NotEnforced)
    };
    let label = "labels: {app: lone, sidecar.istio.io/inject: 'true'}";
    let plain = "labels: {app: lone}";
    assert!(!reported(pod(label)));
    assert!(!reported(pod(plain) + namespace));
    assert!(reported(pod(plain)));
    assert!(reported(
        pod("labels: {app: lone, sidecar.istio.io/inject: 'false'}") + namespace
    ));
    // After admission, its containers show that it was not injected.
    assert!(reported(pod(&format!("uid: u, {label}"))));
}

const PROBES: &str = ", livenessProbe: {httpGet: {path: '/live?full=1', port: 8080}}, readinessProbe: {grpc: {port: 9000}}, startupProbe: {httpGet: {path: /up, port: 8080}}";

#[test]
fn allows_declared_probes_if_the_kubelet_probes_the_pod() {
    // A38
    let manifests = workload("api", "{sidecar.istio.io/rewriteAppHTTPProbers: 'false'}", PROBES) + &target("t", "[]");
    let planned = planned_with(&Istio::default(), &Settings::default(), &manifests);
    let probe = |method: &str, path: &str, full_path: &str, port: &str| {
        json!({
            "to": [{"operation": {"methods": [method], "paths": [path], "ports": [port]}}],
            "when": [{"key": "request.headers[:path]", "values": [full_path]}],
        })
    };
    let health = "/grpc.health.v1.Health/Check";
    assert_eq!(
        rules(&planned),
        json!([
            probe("GET", "/live", "/live?full=1", "8080"),
            probe("GET", "/up", "/up", "8080"),
            probe("POST", health, health, "9000"),
        ])
    );
}

#[test]
fn does_not_allow_probes_of_other_workloads() {
    // The selector of `api` also selects the pods of the other workload.
    let other = workload("other", "{}", PROBES)
        .replace("matchLabels: {app: other}", "matchLabels: {app: api, v: '2'}")
        .replace("labels: {app: other}", "labels: {app: api, v: '2'}")
        .replace("path: /up", "path: /else");
    let annotations = "{sidecar.istio.io/rewriteAppHTTPProbers: 'false'}";
    let manifests = workload("api", annotations, PROBES) + &other + &target("t", "[]");
    let planned = planned_with(&Istio::default(), &Settings::default(), &manifests);
    let list = rules(&planned);
    let rules = list.as_array().unwrap().iter();
    let paths: Vec<&Value> = rules.map(|rule| &rule["to"][0]["operation"]["paths"][0]).collect();
    assert_eq!(paths, ["/live", "/grpc.health.v1.Health/Check"]);
    assert!(reported(&planned).contains(&"SelectorAmbiguous Deployment shop/api".to_owned()));
}

#[test]
fn writes_no_rules_for_probes_by_default() {
    for annotations in ["{}", "{sidecar.istio.io/rewriteAppHTTPProbers: 'true'}"] {
        let manifests = workload("api", annotations, PROBES) + &target("t", "[]");
        let planned = planned_with(&Istio::default(), &Settings::default(), &manifests);
        assert_eq!(planned.manifests.len(), 1);
    }
}

#[test]
fn reports_probes_that_cannot_be_allowed() {
    for path in ["/*", "/a?b=*", "/{id}", "/a b", "/a/../b", "/%66oo", "/a#b"] {
        let probe = format!(", livenessProbe: {{httpGet: {{path: '{path}', port: 8080}}}}");
        let reported = of("{sidecar.istio.io/rewriteAppHTTPProbers: 'false'}", &probe, "");
        let [(Code::Inexpressible, message)] = &reported[..] else {
            panic!("{path} {reported:?}")
        };
        assert!(message.contains(path), "{message}");
    }
}

#[test]
fn writes_nothing_in_the_root_namespace() {
    let manifests =
        workload("api", "{}", "") + &route("TCPRoute", "r", "[8080]") + &target("t", "[{kind: TCPRoute, name: r}]");
    let istio = Istio {
        root_namespace: "shop".into(),
        ..Istio::default()
    };
    let planned = planned_with(&istio, &Settings::default(), &manifests);
    assert_eq!(planned.manifests, []);
    assert_eq!(
        reported(&planned),
        [
            "Unreferenced TCPRoute shop/r",
            "NotEnforced Namespace shop",
            "Inexpressible TrafficTarget shop/t",
        ]
    );
}
