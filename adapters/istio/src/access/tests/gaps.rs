use super::*;

/// What is said of the workload.
fn of(annotations: &str, pod: &str, more: &str) -> Vec<(Code, String)> {
    let manifests = workload("api", annotations, pod)
        + more
        + &route("TCPRoute", "r", "[8080]")
        + &target("t", "[{kind: TCPRoute, name: r}]");
    let planned = planned_with(&Istio::default(), &Settings::default(), &manifests);
    let said = planned.diagnostics.into_iter();
    said.filter(|said| said.object.to_string() == "Deployment shop/api")
        .map(|said| (said.code, said.message))
        .collect()
}

#[test]
fn what_annotations_keep_from_the_proxy() {
    for (annotations, words) in [
        ("{sidecar.istio.io/inject: 'false'}", "nothing is denied there"),
        ("{sidecar.istio.io/interceptionMode: NONE}", "nothing is denied there"),
        (
            "{traffic.sidecar.istio.io/excludeInboundPorts: '9090, 80,'}",
            "nothing is denied on port `80`, `9090`",
        ),
        (
            "{traffic.sidecar.istio.io/includeInboundPorts: '80'}",
            "that it does not list, port `8080` among them",
        ),
        (
            "{traffic.sidecar.istio.io/includeInboundPorts: ''}",
            "port `8080` among them",
        ),
    ] {
        let said = of(annotations, "", "");
        let [(Code::NotEnforced, message)] = &said[..] else {
            panic!("{annotations} {said:?}")
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
fn pods_that_no_proxy_is_in() {
    let pod = |containers: &str, more: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: api-1, labels: {{app: api}}, ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: api, uid: u, controller: true}}]}}, spec: {{serviceAccountName: api, containers: [{containers}]{more}}}}}\n---\n"
        )
    };
    let (app, proxy) = ("{name: c, image: x}", "{name: istio-proxy, image: x}");
    assert_eq!(of("{}", "", &pod(&format!("{app}, {proxy}"), "")), []);
    assert_eq!(of("{}", "", &pod(app, &format!(", initContainers: [{proxy}]"))), []);
    let said = of("{}", "", &pod(app, ""));
    assert!(said[0].1.contains("without the container `istio-proxy`"), "{said:?}");
    let said = of("{}", "", &pod(proxy, ", hostNetwork: true"));
    assert!(said[0].1.contains("network of their node"), "{said:?}");
    assert_eq!(said[0].0, Code::NotEnforced);
}

const PROBES: &str = ", livenessProbe: {httpGet: {path: '/live?full=1', port: 8080}}, readinessProbe: {grpc: {port: 9000}}, startupProbe: {httpGet: {path: /up, port: 8080}}";

#[test]
fn probes_pass_where_the_kubelet_asks_the_pod() {
    // A38
    let manifests = workload("api", "{sidecar.istio.io/rewriteAppHTTPProbers: 'false'}", PROBES) + &target("t", "[]");
    let planned = planned_with(&Istio::default(), &Settings::default(), &manifests);
    let probe = |method: &str, path: &str, asked: &str, port: &str| {
        json!({
            "to": [{"operation": {"methods": [method], "paths": [path], "ports": [port]}}],
            "when": [{"key": "request.headers[:path]", "values": [asked]}],
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
fn probes_of_others_are_not_opened() {
    // The selector of `api` selects the pods of the other workload too.
    let other = workload("other", "{}", PROBES)
        .replace("matchLabels: {app: other}", "matchLabels: {app: api, v: '2'}")
        .replace("labels: {app: other}", "labels: {app: api, v: '2'}")
        .replace("path: /up", "path: /else");
    let annotations = "{sidecar.istio.io/rewriteAppHTTPProbers: 'false'}";
    let manifests = workload("api", annotations, PROBES) + &other + &target("t", "[]");
    let planned = planned_with(&Istio::default(), &Settings::default(), &manifests);
    let paths = rules(&planned);
    let paths = paths.as_array().unwrap().iter();
    let paths: Vec<&Value> = paths.map(|rule| &rule["to"][0]["operation"]["paths"][0]).collect();
    assert_eq!(paths, ["/live", "/grpc.health.v1.Health/Check"]);
    assert!(said(&planned).contains(&"SelectorAmbiguous Deployment shop/api".to_owned()));
}

#[test]
fn probes_go_to_the_agent_by_default() {
    for annotations in ["{}", "{sidecar.istio.io/rewriteAppHTTPProbers: 'true'}"] {
        let manifests = workload("api", annotations, PROBES) + &target("t", "[]");
        let planned = planned_with(&Istio::default(), &Settings::default(), &manifests);
        assert_eq!(planned.manifests.len(), 1);
    }
}

#[test]
fn probes_that_cannot_be_exempted() {
    for path in ["/*", "/a?b=*", "/{id}", "/a b", "/a/../b", "/%66oo", "/a#b"] {
        let probe = format!(", livenessProbe: {{httpGet: {{path: '{path}', port: 8080}}}}");
        let said = of("{sidecar.istio.io/rewriteAppHTTPProbers: 'false'}", &probe, "");
        let [(Code::Inexpressible, message)] = &said[..] else {
            panic!("{path} {said:?}")
        };
        assert!(message.contains(path), "{message}");
    }
}

#[test]
fn nothing_is_written_for_the_whole_mesh_by_accident() {
    let manifests =
        workload("api", "{}", "") + &route("TCPRoute", "r", "[8080]") + &target("t", "[{kind: TCPRoute, name: r}]");
    let istio = Istio {
        root_namespace: "shop".into(),
        ..Istio::default()
    };
    let planned = planned_with(&istio, &Settings::default(), &manifests);
    assert_eq!(planned.manifests, []);
    assert_eq!(
        said(&planned),
        [
            "Unreferenced TCPRoute shop/r",
            "NotEnforced Namespace shop",
            "Inexpressible TrafficTarget shop/t",
        ]
    );
}
