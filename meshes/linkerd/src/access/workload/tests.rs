use crate::access::fixture::{Fixture, request, server, with};
use serde_json::{Value, json};
use smi_adapter::query::Traffic;

#[test]
fn annotations_replace_policy_and_ports_of_the_mesh() {
    let policy = |text| Fixture::annotated("config.linkerd.io/default-inbound-policy", text).get(&[], "", "/");
    assert_eq!(
        (policy("deny"), policy("all-authenticated")),
        ("403".into(), "403".into())
    );
    assert_eq!((policy("audit"), policy("nonsense")), ("ok".into(), "ok".into()));
    let skipped = |text: &str, port| {
        let mut fixture = Fixture::annotated("config.linkerd.io/skip-inbound-ports", text);
        fixture.port = port;
        fixture.get(&[server("s", port)], "", "/")
    };
    assert_eq!((skipped("79-80", 80), skipped("81", 80)), ("ok".into(), "403".into()));
    assert_eq!((skipped("81", 4567), skipped("web", 80)), ("403".into(), "?".into()));
}

#[test]
fn a_server_overrides_the_annotation_for_opaque_ports() {
    let mut fixture = Fixture::annotated("config.linkerd.io/opaque-ports", "80");
    fixture.mesh.default_inbound_policy = "deny".parse().unwrap();
    assert_eq!(fixture.get(&[], "", "/"), "closed");
    assert_eq!(fixture.get(&[server("s", 80)], "", "/"), "403");
    let opaque = with(server("s", 81), "proxyProtocol", "opaque");
    fixture.port = 81;
    assert_eq!(fixture.get(&[], "", "/"), "403");
    assert_eq!(fixture.get(&[opaque], "", "/"), "closed");
}

#[test]
fn pods_on_the_host_network_have_no_proxy() {
    let deny = [server("s", 80)];
    let host = Fixture::new(&json!({"containers": [], "hostNetwork": true}));
    assert_eq!(host.get(&deny, "", "/"), "ok");
    let own = Fixture::new(&json!({"containers": [], "hostNetwork": false}));
    assert_eq!(own.get(&deny, "", "/"), "403");
}

#[test]
fn does_not_model_other_annotations_and_ports_of_the_proxy() {
    for name in [
        "config.linkerd.io/skip-subnets",
        "config.linkerd.io/proxy-require-identity-inbound-ports",
        "config.linkerd.io/proxy-require-identity-on-inbound-ports",
    ] {
        assert_eq!(Fixture::annotated(name, "10.0.0.0/8").get(&[], "", "/"), "?", "{name}");
    }
    let mut fixture = Fixture::new(&json!({"containers": []}));
    for port in [4143, 4190, 4191] {
        fixture.port = port;
        assert_eq!(fixture.get(&[], "", "/"), "?", "{port}");
    }
}

fn probed(http: &Value) -> Fixture {
    let ports = json!([{"name": "web", "containerPort": 80}]);
    let probe = json!({ "httpGet": http });
    Fixture::new(&json!({"containers": [
        {"name": "b", "ports": [{"name": "adm", "containerPort": 80}]},
        {"name": "c", "ports": ports, "readinessProbe": probe},
    ]}))
}

#[test]
fn admits_probes_of_the_kubelet() {
    let deny = [server("s", 80)];
    for (probe, path, expected) in [
        (json!({"path": "/healthz?full=1", "port": 80}), "/healthz", "ok"),
        (json!({"path": "/healthz", "port": 80}), "/healthz?full=1", "ok"),
        (json!({"path": "/healthz", "port": "web"}), "/healthz", "ok"),
        (json!({"path": "/healthz", "port": 81}), "/healthz", "403"),
        (json!({"path": "/healthz", "port": "nope"}), "/healthz", "403"),
        (json!({"path": "/healthz", "port": 80}), "/healthz/", "403"),
        (json!({"port": 80}), "/", "ok"),
        (json!({"port": 80}), "", "ok"),
        (json!({"path": "h", "port": 80}), "/h", "403"),
        (json!({"path": "", "port": 80}), "/", "?"),
        (json!({"path": "/h#x", "port": 80}), "/h", "?"),
        (json!({"path": "/h", "port": "adm"}), "/h", "?"),
        (json!({"path": "/h", "port": 80, "scheme": "HTTPS"}), "/h", "?"),
    ] {
        assert_eq!(probed(&probe).get(&deny, "", path), expected, "{probe} {path}");
    }
    let mut fixture = probed(&json!({"path": "/h", "port": 80}));
    assert_eq!(fixture.ask(&deny, "", request("POST", "/h", &[])), "403");
    assert_eq!(fixture.ask(&deny, "", Traffic::Tcp), "closed");
    fixture.mesh.default_inbound_policy = "deny".parse().unwrap();
    assert_eq!(
        (fixture.get(&[], "", "/h"), fixture.get(&[], "", "/")),
        ("ok".into(), "403".into())
    );
    fixture.mesh.probe_networks = vec!["10.1.0.0/16".parse().unwrap()];
    assert_eq!(fixture.get(&deny, "", "/h"), "403");
}

#[test]
fn other_kinds_of_probes_admit_no_client() {
    let deny = [server("s", 80)];
    let all = json!({"grpc": {"port": 80}});
    let other = json!({"name": "c", "livenessProbe": all, "startupProbe": {"tcpSocket": {"port": 80}}});
    assert_eq!(Fixture::new(&json!({"containers": [other]})).get(&deny, "", "/"), "403");
    let init = |port: Value| {
        let ports = json!([{"name": "web", "containerPort": 80}]);
        let probe = json!({"httpGet": {"path": "/h", "port": port}});
        let init = json!([{"name": "i", "ports": ports, "startupProbe": probe}]);
        let fixture = Fixture::new(&json!({"containers": [], "initContainers": init}));
        fixture.get(&deny, "", "/h")
    };
    assert_eq!((init(json!(80)), init(json!("web"))), ("?".into(), "?".into()));
    assert_eq!((init(json!(4191)), init(json!("adm"))), ("403".into(), "403".into()));
}
