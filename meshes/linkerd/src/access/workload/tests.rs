use crate::access::lab::{Lab, request, server, with};
use serde_json::{Value, json};
use smi_adapter::probe::Traffic;

#[test]
fn annotations_replace_the_policy_and_the_ports_of_the_mesh() {
    let policy = |text| Lab::annotated("config.linkerd.io/default-inbound-policy", text).get(&[], "", "/");
    assert_eq!(
        (policy("deny"), policy("all-authenticated")),
        ("403".into(), "403".into())
    );
    assert_eq!((policy("audit"), policy("nonsense")), ("ok".into(), "ok".into()));
    let skipped = |text: &str, port| {
        let mut lab = Lab::annotated("config.linkerd.io/skip-inbound-ports", text);
        lab.port = port;
        lab.get(&[server("s", port)], "", "/")
    };
    assert_eq!((skipped("79-80", 80), skipped("81", 80)), ("ok".into(), "403".into()));
    assert_eq!((skipped("81", 4567), skipped("web", 80)), ("403".into(), "?".into()));
}

#[test]
fn a_server_is_stronger_than_an_annotation_for_opaque_ports() {
    let mut lab = Lab::annotated("config.linkerd.io/opaque-ports", "80");
    lab.mesh.default_inbound_policy = "deny".parse().unwrap();
    assert_eq!(lab.get(&[], "", "/"), "closed");
    assert_eq!(lab.get(&[server("s", 80)], "", "/"), "403");
    let opaque = with(server("s", 81), "proxyProtocol", "opaque");
    lab.port = 81;
    assert_eq!(lab.get(&[], "", "/"), "403");
    assert_eq!(lab.get(&[opaque], "", "/"), "closed");
}

#[test]
fn pods_in_the_network_of_their_node_have_no_proxy() {
    let deny = [server("s", 80)];
    let host = Lab::new(&json!({"containers": [], "hostNetwork": true}));
    assert_eq!(host.get(&deny, "", "/"), "ok");
    let own = Lab::new(&json!({"containers": [], "hostNetwork": false}));
    assert_eq!(own.get(&deny, "", "/"), "403");
}

#[test]
fn what_else_changes_a_proxy_is_not_modelled() {
    for name in [
        "config.linkerd.io/skip-subnets",
        "config.linkerd.io/proxy-require-identity-inbound-ports",
        "config.linkerd.io/proxy-require-identity-on-inbound-ports",
    ] {
        assert_eq!(Lab::annotated(name, "10.0.0.0/8").get(&[], "", "/"), "?", "{name}");
    }
    let mut lab = Lab::new(&json!({"containers": []}));
    for port in [4143, 4190, 4191] {
        lab.port = port;
        assert_eq!(lab.get(&[], "", "/"), "?", "{port}");
    }
}

fn probed(http: &Value) -> Lab {
    let ports = json!([{"name": "web", "containerPort": 80}]);
    let probe = json!({ "httpGet": http });
    Lab::new(&json!({"containers": [
        {"name": "b", "ports": [{"name": "adm", "containerPort": 80}]},
        {"name": "c", "ports": ports, "readinessProbe": probe},
    ]}))
}

#[test]
fn the_kubelet_may_get_what_it_probes() {
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
    let mut lab = probed(&json!({"path": "/h", "port": 80}));
    assert_eq!(lab.ask(&deny, "", request("POST", "/h", &[])), "403");
    assert_eq!(lab.ask(&deny, "", Traffic::Tcp), "closed");
    lab.mesh.default_inbound_policy = "deny".parse().unwrap();
    assert_eq!(
        (lab.get(&[], "", "/h"), lab.get(&[], "", "/")),
        ("ok".into(), "403".into())
    );
    lab.mesh.probe_networks = vec!["10.1.0.0/16".parse().unwrap()];
    assert_eq!(lab.get(&deny, "", "/h"), "403");
}

#[test]
fn other_probes_let_nobody_in() {
    let deny = [server("s", 80)];
    let all = json!({"grpc": {"port": 80}});
    let other = json!({"name": "c", "livenessProbe": all, "startupProbe": {"tcpSocket": {"port": 80}}});
    assert_eq!(Lab::new(&json!({"containers": [other]})).get(&deny, "", "/"), "403");
    let init = |port: Value| {
        let ports = json!([{"name": "web", "containerPort": 80}]);
        let probe = json!({"httpGet": {"path": "/h", "port": port}});
        let init = json!([{"name": "i", "ports": ports, "startupProbe": probe}]);
        let lab = Lab::new(&json!({"containers": [], "initContainers": init}));
        lab.get(&deny, "", "/h")
    };
    assert_eq!((init(json!(80)), init(json!("web"))), ("?".into(), "?".into()));
    assert_eq!((init(json!(4191)), init(json!("adm"))), ("403".into(), "403".into()));
}
