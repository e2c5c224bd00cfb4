use crate::diagnostic::{Code, Diagnostic};
use crate::model::access::{Granted, Ports};
use crate::model::{PolicyKey, WorkloadAccess};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::principal::Principal;
use crate::resolve::{Resolution, resolve};
use crate::settings::{Enforcement, Settings};
use crate::snapshot::Snapshot;
use crate::workload::Workload;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use serde_json::{Value, json};
use smi_types::Object;

fn deployment(name: &str, account: &str, labels: &Value) -> Workload {
    let object = json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {
                "serviceAccountName": account,
                "containers": [{"name": "app", "ports": [{"containerPort": 8080}]}],
            }},
        },
    });
    Workload::from(&serde_json::from_value::<Deployment>(object).unwrap())
}

fn object(kind: &str, name: &str, spec: &Value) -> Object {
    let group = match kind {
        "TrafficTarget" | "IdentityBinding" => "access",
        _ => "specs",
    };
    let api_version = format!("{group}.smi-spec.io/v1alpha4");
    let metadata = json!({"name": name, "namespace": "shop"});
    let value = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec});
    Object::from_value(&value).unwrap().object
}

fn account(name: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": "shop"})
}

/// Returns the spec of a valid target, with changes.
fn target(changes: &Value) -> Value {
    let mut spec = json!({
        "destination": account("api"),
        "rules": [{"kind": "HTTPRouteGroup", "name": "all"}],
        "sources": [account("web")],
    });
    for (name, value) in changes.as_object().unwrap() {
        spec[name] = value.clone();
    }
    spec
}

/// Returns a namespace with one workload, a valid target `good`, a route group and a TCP route.
fn shop() -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.cover_workloads();
    snapshot.insert_workload(deployment("api", "api", &json!({"app": "api"})));
    snapshot.insert(object(
        "HTTPRouteGroup",
        "all",
        &json!({"matches": [{"name": "any", "pathRegex": "/.*"}]}),
    ));
    snapshot.insert(object("TCPRoute", "two", &json!({"matches": {"ports": [8080, 9090]}})));
    snapshot.insert(object("TrafficTarget", "good", &target(&json!({}))));
    snapshot
}

fn resolved(snapshot: &Snapshot) -> Resolution {
    resolve(snapshot, &Settings::default())
}

fn access<'a>(resolution: &'a Resolution, name: &str) -> Option<&'a WorkloadAccess> {
    resolution
        .model
        .accesses()
        .find(|access| access.workload().key.name == name)
}

/// Summarises the grants of a workload: target, sources, ports, kind of traffic.
fn granted(resolution: &Resolution, name: &str) -> Vec<String> {
    let grants = access(resolution, name).unwrap().grants().iter();
    let text = grants.map(|grant| {
        let sources: Vec<String> = grant.sources().iter().map(Principal::to_string).collect();
        let ports = match grant.ports() {
            Ports::All => "all".to_owned(),
            Ports::Only(ports) => format!("{ports:?}"),
        };
        let traffic = match grant.traffic() {
            Granted::Tcp => "TCP".to_owned(),
            Granted::Udp => "UDP".to_owned(),
            Granted::Http(matches) => format!("{} matches", matches.len()),
        };
        format!("{}: {} on {ports}: {traffic}", grant.target().name, sources.join(", "))
    });
    text.collect()
}

/// Returns the codes and fields of the diagnostics on objects of this name.
fn reported(resolution: &Resolution, name: &str) -> Vec<String> {
    let about = resolution
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.object.key.name == name);
    about
        .map(|Diagnostic { code, field, .. }| format!("{code} {field}"))
        .collect()
}

const GOOD: &str = "good: ServiceAccount shop/web on all: 1 matches";

#[test]
fn invalid_targets_grant_nothing_and_do_not_affect_others() {
    for (changes, expected) in [
        // A6
        (json!({"sources": []}), "Invalid spec.sources"),
        (json!({"rules": []}), "Invalid spec.rules"),
        (json!({"destination": null}), "Invalid spec.destination"),
        // A12
        (
            json!({"rules": [{"kind": "GRPCRoute", "name": "all"}]}),
            "Invalid spec.rules[0].kind",
        ),
        (
            json!({"rules": [{"kind": "HTTPRouteGroup", "name": "all"}, {"kind": "", "name": "x"}]}),
            "Invalid spec.rules[1].kind",
        ),
        // A8, A9
        (
            json!({"rules": [{"kind": "HTTPRouteGroup", "name": "gone"}]}),
            "UnresolvedRef spec.rules[0].name",
        ),
        (
            json!({"rules": [{"kind": "TCPRoute", "name": "gone"}]}),
            "UnresolvedRef spec.rules[0].name",
        ),
        (
            json!({"rules": [{"kind": "HTTPRouteGroup", "name": "all", "matches": ["gone"]}]}),
            "UnresolvedRef spec.rules[0].matches[0]",
        ),
        (
            json!({"rules": [{"kind": "TCPRoute", "name": "two", "matches": ["gone"]}]}),
            "UnresolvedRef spec.rules[0].matches[0]",
        ),
        // A9: the layer stays present.
        (
            json!({"rules": [{"kind": "TCPRoute", "name": "gone"}, {"kind": "HTTPRouteGroup", "name": "all"}]}),
            "UnresolvedRef spec.rules[0].name",
        ),
        // A10
        (
            json!({"destination": {"kind": "ServiceAccount", "name": "api", "port": 0}}),
            "Invalid spec.destination.port",
        ),
        (
            json!({"destination": {"kind": "ServiceAccount", "name": "api", "port": 1},
                   "rules": [{"kind": "TCPRoute", "name": "two"}]}),
            "NoCommonPort spec.rules",
        ),
        // A22
        (
            json!({"destination": {"kind": "ServiceAccount", "name": "api", "namespace": "other"}}),
            "DestinationNamespace spec.destination.namespace",
        ),
        // A26
        (
            json!({"sources": [{"kind": "Group", "name": "web"}]}),
            "UnsupportedSubject spec.sources[0].kind",
        ),
        (
            json!({"sources": [{"kind": "ServiceAccount", "name": "*", "namespace": "shop"}]}),
            "UnsupportedSubject spec.sources[0].name",
        ),
        (
            json!({"sources": [{"kind": "ServiceAccount", "name": "web", "namespace": "*"}]}),
            "UnsupportedSubject spec.sources[0].namespace",
        ),
        (
            json!({"sources": [{"group": "x", "kind": "ServiceAccount", "name": "web", "namespace": "shop"}]}),
            "UnsupportedSubject spec.sources[0].group",
        ),
        (
            json!({"sources": [{"kind": "IdentityBinding", "name": "gone"}]}),
            "UnresolvedRef spec.sources[0].name",
        ),
        (
            json!({"destination": account("unused")}),
            "NoDestinationWorkload spec.destination",
        ),
    ] {
        let mut snapshot = shop();
        snapshot.insert(object("TrafficTarget", "bad", &target(&changes)));
        let resolution = resolved(&snapshot);
        assert_eq!(granted(&resolution, "api"), [GOOD], "{changes}");
        let reported = reported(&resolution, "bad");
        assert!(reported.iter().any(|it| it == expected), "{changes}: {reported:?}");
    }
}

#[test]
fn invalid_routes_grant_nothing_and_do_not_affect_others() {
    // S6, S23, I6: reported on the route and on the target that refers to it.
    let long = "a{1000}".repeat(200);
    for (kind, spec, expected) in [
        (
            "HTTPRouteGroup",
            json!({"matches": [{"name": "x", "pathRegex": "(?=x)"}]}),
            "NotPortable spec.matches[0].pathRegex",
        ),
        (
            "HTTPRouteGroup",
            json!({"matches": [{"name": "x", "pathRegex": long}]}),
            "NotPortable spec.matches[0].pathRegex",
        ),
        (
            "HTTPRouteGroup",
            json!({"matches": [{"name": "x", "headers": [{}]}]}),
            "HeadersLost spec.matches[0].headers",
        ),
        ("HTTPRouteGroup", json!({"matches": []}), "Invalid spec.matches"),
        (
            "TCPRoute",
            json!({"matches": {"ports": [80, 0]}}),
            "Invalid spec.matches.ports[1]",
        ),
    ] {
        let mut snapshot = shop();
        snapshot.insert(object(kind, "broken", &spec));
        let rules = json!({"rules": [{"kind": kind, "name": "broken"}]});
        snapshot.insert(object("TrafficTarget", "bad", &target(&rules)));
        let resolution = resolved(&snapshot);
        assert_eq!(granted(&resolution, "api"), [GOOD], "{kind} {spec}");
        assert!(
            reported(&resolution, "broken").iter().any(|it| it == expected),
            "{kind}: {:?}",
            reported(&resolution, "broken")
        );
        assert!(
            reported(&resolution, "bad")
                .iter()
                .any(|it| it.starts_with("UnresolvedRef")),
            "{kind}"
        );
    }
}

#[test]
fn requires_every_layer_on_ports_of_the_workload() {
    for (rules, port, expected) in [
        // A11, A13, A14, A12, A10
        (
            json!([{"kind": "TCPRoute", "name": "two"}]),
            None,
            "on {8080, 9090}: TCP",
        ),
        (
            json!([{"kind": "HTTPRouteGroup", "name": "all"}]),
            None,
            "on all: 1 matches",
        ),
        (
            json!([{"kind": "TCPRoute", "name": "two"}, {"kind": "HTTPRouteGroup", "name": "all"}]),
            None,
            "on {8080, 9090}: 1 matches",
        ),
        (
            json!([{"kind": "HTTPRouteGroup", "name": "all"}]),
            Some(1),
            "on {1}: 1 matches",
        ),
        (
            json!([{"kind": "TCPRoute", "name": "two"}]),
            Some(9090),
            "on {9090}: TCP",
        ),
    ] {
        let mut snapshot = shop();
        let mut destination = account("api");
        if let Some(port) = port {
            destination["port"] = json!(port);
        }
        let changes = json!({"rules": rules, "destination": destination});
        snapshot.insert(object("TrafficTarget", "more", &target(&changes)));
        let expected = format!("more: ServiceAccount shop/web {expected}");
        assert_eq!(granted(&resolved(&snapshot), "api"), [GOOD, &expected], "{rules}");
    }
}

#[test]
fn overlapping_workloads_keep_only_common_grants() {
    // Its selector selects the pods of `api`, which run as another account.
    let mut snapshot = shop();
    let mut wide = deployment("wide", "wide", &json!({"app": "api"}));
    wide.labels.insert("tier".into(), "x".into());
    snapshot.insert_workload(wide);
    let resolution = resolved(&snapshot);
    assert_eq!(granted(&resolution, "api"), [""; 0]);
    assert_eq!(granted(&resolution, "wide"), [""; 0]);
    assert_eq!(reported(&resolution, "good"), ["SelectorAmbiguous spec.destination"]);

    // A grant to both stays in force, regardless of the target.
    let both = json!({"destination": account("wide"), "rules": [{"kind": "TCPRoute", "name": "two"}]});
    snapshot.insert(object("TrafficTarget", "wide", &target(&both)));
    let third = target(&json!({"rules": [{"kind": "TCPRoute", "name": "two"}]}));
    snapshot.insert(object("TrafficTarget", "third", &third));
    let resolution = resolved(&snapshot);
    let common = "ServiceAccount shop/web on {8080, 9090}: TCP";
    assert_eq!(
        granted(&resolution, "api"),
        [format!("third: {common}"), format!("wide: {common}")]
    );
    assert_eq!(granted(&resolution, "api"), granted(&resolution, "wide"));
}

#[test]
fn pods_with_another_account_belong_to_their_owner() {
    // A rollout changes the account. The old pod must not be opened.
    let mut snapshot = shop();
    let pod = json!({
        "metadata": {
            "name": "api-old", "namespace": "shop", "labels": {"app": "api", "pod-template-hash": "1"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api", "uid": "1", "controller": true}],
        },
        "spec": {"serviceAccountName": "old", "containers": []},
    });
    snapshot.insert_workload(&serde_json::from_value::<Pod>(pod).unwrap());
    let resolution = resolved(&snapshot);
    assert_eq!(granted(&resolution, "api"), [""; 0]);
    assert_eq!(reported(&resolution, "good"), ["SelectorAmbiguous spec.destination"]);
    assert_eq!(resolution.model.accesses().count(), 1);
}

#[test]
fn workloads_without_exact_labels_have_no_policy() {
    let mut snapshot = shop();
    let pod = json!({"metadata": {"name": "bare", "namespace": "shop"}, "spec": {"serviceAccountName": "api", "containers": []}});
    snapshot.insert_workload(&serde_json::from_value::<Pod>(pod).unwrap());
    let resolution = resolved(&snapshot);
    assert_eq!(granted(&resolution, "api"), [GOOD]);
    assert!(access(&resolution, "bare").is_none());
    assert_eq!(reported(&resolution, "good"), ["SelectorAmbiguous spec.destination"]);
    let key = PolicyKey::Baseline("shop".into());
    let crate::model::Policy::Baseline(baseline) = resolution.model.policy(&key).unwrap() else {
        panic!("not a baseline")
    };
    assert_eq!(
        baseline.unselectable(),
        [ObjectRef::new(Kind::Pod, ObjectKey::new("shop", "bare"))]
    );
}

#[test]
fn labels_targets_and_managed_objects_enforce_namespaces() {
    // A2
    let enforced = |snapshot: &Snapshot, enforcement: Enforcement| {
        let settings = Settings {
            enforcement,
            ..Settings::default()
        };
        let resolution = resolve(snapshot, &settings);
        resolution.model.policy(&PolicyKey::Baseline("shop".into())).is_some()
    };
    let labelled = |label: &str| {
        let metadata = json!({"name": "shop", "labels": {"smi-adapter.dev/enforce": label}});
        serde_json::from_value(json!({ "metadata": metadata })).unwrap()
    };
    let mut bare = Snapshot::default();
    bare.cover_workloads();
    bare.insert_workload(deployment("api", "api", &json!({"app": "api"})));
    let all = || Enforcement::All { except: [].into() };
    assert!(!enforced(&bare, Enforcement::Targets));
    assert!(enforced(&bare, all()));
    assert!(!enforced(
        &bare,
        Enforcement::All {
            except: ["shop".to_owned()].into()
        }
    ));
    assert!(enforced(&shop(), Enforcement::Targets) && !enforced(&shop(), Enforcement::Off));
    for (label, with_target, without) in [("true", true, true), ("false", false, false), ("yes", true, false)] {
        let (mut one, mut other) = (shop(), bare.clone());
        one.insert_namespace(labelled(label));
        other.insert_namespace(labelled(label));
        assert_eq!(enforced(&one, Enforcement::Targets), with_target, "{label}");
        assert_eq!(enforced(&other, Enforcement::Targets), without, "{label}");
        let reported = reported(&resolved(&one), "shop");
        let expected = "Invalid metadata.labels[smi-adapter.dev/enforce]";
        assert_eq!(reported.iter().any(|it| it == expected), label == "yes", "{reported:?}");
    }
    // The last target is gone, and the objects managed by us still exist.
    bare.insert_enforced("shop");
    assert!(enforced(&bare, Enforcement::Targets));
    // Released: the target has no effect, which is reported.
    let mut released = shop();
    released.insert_namespace(labelled("false"));
    assert_eq!(reported(&resolved(&released), "good"), ["NamespaceReleased "]);
    assert_eq!(resolved(&released).model.policies().count(), 0);
}

#[test]
fn enforces_nothing_and_reports_every_namespace_if_workloads_are_not_covered() {
    // A2
    let with_labels = |name: &str, labels: &Value| -> Namespace {
        serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}})).unwrap()
    };
    let mut snapshot = Snapshot::default();
    snapshot.insert(object("TrafficTarget", "good", &target(&json!({}))));
    snapshot.insert_namespace(with_labels("labelled", &json!({"smi-adapter.dev/enforce": "true"})));
    snapshot.insert_namespace(with_labels("open", &json!({})));
    snapshot.insert_enforced("written");
    let resolution = resolved(&snapshot);
    assert_eq!(resolution.model.policies().count(), 0);
    let not_covered = |resolution: &Resolution| {
        let all = resolution.diagnostics.iter();
        let found = all.filter(|diagnostic| diagnostic.code == Code::WorkloadsNotCovered);
        found
            .map(|diagnostic| diagnostic.object.to_string())
            .collect::<Vec<_>>()
    };
    let expected = ["Namespace labelled", "TrafficTarget shop/good", "Namespace written"];
    assert_eq!(not_covered(&resolution), expected);
    let released = |diagnostic: &Diagnostic| diagnostic.code == Code::NamespaceReleased;
    assert!(!resolution.diagnostics.iter().any(released));

    let off = Settings {
        enforcement: Enforcement::Off,
        ..Settings::default()
    };
    assert_eq!(not_covered(&resolve(&snapshot, &off)), [""; 0]);
    snapshot.cover_workloads();
    assert_eq!(not_covered(&resolved(&snapshot)), [""; 0]);
    assert_eq!(resolved(&snapshot).model.policies().count(), 3);
}

#[test]
fn reports_a_service_port_in_place_of_a_target_port() {
    // A10
    let mut snapshot = shop();
    let service = json!({"metadata": {"name": "api", "namespace": "shop"},
                         "spec": {"selector": {"app": "api"}, "ports": [{"port": 80, "targetPort": 8080}]}});
    snapshot.insert_service(serde_json::from_value(service).unwrap());
    let changes = json!({"destination": {"kind": "ServiceAccount", "name": "api", "port": 80}});
    snapshot.insert(object("TrafficTarget", "port", &target(&changes)));
    let resolution = resolved(&snapshot);
    let reported: Vec<String> = resolution.diagnostics.iter().map(Diagnostic::to_string).collect();
    let expected = "warning[PortIsServicePort] TrafficTarget shop/port spec.destination.port: `80` is a port of a service, but its pods (Deployment shop/api) listen on `8080`; specify the target port";
    assert!(reported.iter().any(|it| it == expected), "{reported:?}");
    assert!(access(&resolution, "api").unwrap().tcp_ports().iter().eq(&[80, 8080]));
}

#[test]
fn a_target_that_may_have_lost_its_port_grants_nothing() {
    // I5
    for (managed, applied, grants) in [
        (Some(("v1alpha2", "f:spec")), None, false),
        (Some(("v1alpha1", "f:destination")), None, false),
        (Some(("v1alpha2", "f:metadata")), None, true),
        (Some(("v1alpha4", "f:spec")), None, true),
        (None, Some("v1alpha1"), false),
        (None, Some("v1alpha3"), true),
    ] {
        let mut object = object("TrafficTarget", "bad", &target(&json!({})));
        let Object::TrafficTarget(target) = &mut object else {
            panic!("not a target")
        };
        target.metadata.managed_fields = managed.map(|(version, field)| {
            let entry = json!([{"apiVersion": format!("access.smi-spec.io/{version}"), "fieldsV1": {field: {}}}]);
            serde_json::from_value(entry).unwrap()
        });
        target.metadata.annotations = applied.map(|version| {
            let text = json!({"apiVersion": format!("access.smi-spec.io/{version}")}).to_string();
            [("kubectl.kubernetes.io/last-applied-configuration".to_owned(), text)].into()
        });
        let mut snapshot = shop();
        snapshot.insert(object);
        let resolution = resolved(&snapshot);
        assert_eq!(
            granted(&resolution, "api").len() == 2,
            grants,
            "{managed:?} {applied:?}"
        );
        assert_eq!(reported(&resolution, "bad") == ["ConversionMayLose spec"], !grants);
    }
}

#[test]
fn identity_bindings_resolve_to_all_their_identities() {
    // A27 – A31
    let binding = |schemes: Value| {
        let mut snapshot = shop();
        snapshot.insert(object("IdentityBinding", "some", &json!({ "schemes": schemes })));
        let changes = json!({"sources": [{"kind": "IdentityBinding", "name": "some", "namespace": "shop"}]});
        snapshot.insert(object("TrafficTarget", "bound", &target(&changes)));
        let mut grants = granted(&resolved(&snapshot), "api");
        grants.retain(|grant| grant != GOOD);
        grants
    };
    assert_eq!(
        binding(json!({"serviceAccount": "web"})),
        ["bound: ServiceAccount shop/web on all: 1 matches"]
    );
    assert_eq!(
        binding(json!({"spiffeIdentities": ["spiffe://cluster.local/ns/a/sa/b", "other.org/x", "spiffe://*", "x"]})),
        ["bound: ServiceAccount a/b, spiffe://other.org/x on all: 1 matches"]
    );
    assert_eq!(
        binding(json!({"podLabelSelector": {"matchLabels": {"app": "api"}}})),
        ["bound: ServiceAccount shop/api on all: 1 matches"]
    );
    for schemes in [
        json!({}),
        json!({"podLabelSelector": {"matchLabels": {}}}),
        json!({"podLabelSelector": {"matchLabels": {"app": "gone"}}}),
        json!({"podLabelSelector": {"matchLabels": {"app": "api"}}, "serviceAccount": "web"}),
        json!({"serviceAccount": "*"}),
    ] {
        assert_eq!(binding(schemes.clone()), [""; 0], "{schemes}");
    }
}

#[test]
fn reports_backends_that_callers_may_not_reach() {
    // T33
    let mut snapshot = shop();
    snapshot.insert_workload(deployment("v2", "v2", &json!({"app": "v2"})));
    for (name, app) in [("api", "api"), ("api-v2", "v2")] {
        let service = json!({"metadata": {"name": name, "namespace": "shop"},
                             "spec": {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": 8080}]}});
        snapshot.insert_service(serde_json::from_value(service).unwrap());
    }
    let split = json!({
        "apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
        "metadata": {"name": "canary", "namespace": "shop"},
        "spec": {"service": "api", "backends": [{"service": "api", "weight": 1}, {"service": "api-v2", "weight": 1}]},
    });
    snapshot.insert(Object::from_value(&split).unwrap());
    let lint = |snapshot: &Snapshot| {
        let found = resolved(snapshot).diagnostics.into_iter();
        found
            .filter(|it| it.code == crate::diagnostic::Code::BackendNotAllowed)
            .map(|it| it.message)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        lint(&snapshot),
        ["no traffic target allows any caller to reach the pods of backend `api-v2`"]
    );
    let changes = json!({"destination": account("v2"), "sources": [account("other")]});
    snapshot.insert(object("TrafficTarget", "v2", &target(&changes)));
    assert_eq!(lint(&snapshot).len(), 2);
    for name in ["web", "other"] {
        for destination in ["api", "v2"] {
            let changes = json!({"destination": account(destination), "sources": [account(name)]});
            snapshot.insert(object(
                "TrafficTarget",
                &format!("{name}-{destination}"),
                &target(&changes),
            ));
        }
    }
    assert_eq!(lint(&snapshot), [""; 0]);
}

#[test]
fn targets_without_effect_still_name_ports() {
    // A11
    for (changes, ports) in [
        (
            json!({"rules": [], "destination": {"kind": "ServiceAccount", "name": "api", "port": 7000}}),
            vec![7000, 8080],
        ),
        (
            json!({"sources": [], "rules": [{"kind": "TCPRoute", "name": "two"}]}),
            vec![8080, 9090],
        ),
        (
            json!({"rules": [{"kind": "TCPRoute", "name": "two"}, {"kind": "GRPCRoute", "name": "x"}]}),
            vec![8080, 9090],
        ),
        // A22: a target of another namespace names nothing here.
        (
            json!({"destination": {"kind": "ServiceAccount", "name": "api", "namespace": "other", "port": 7000}}),
            vec![8080],
        ),
    ] {
        let mut snapshot = shop();
        snapshot.insert(object("TrafficTarget", "inert", &target(&changes)));
        let resolution = resolved(&snapshot);
        let known: Vec<u16> = access(&resolution, "api")
            .unwrap()
            .tcp_ports()
            .iter()
            .copied()
            .collect();
        assert_eq!(known, ports, "{changes}");
        assert_eq!(granted(&resolution, "api"), [GOOD]);
    }
}

#[test]
fn health_checks_name_ports() {
    // A38, A11
    let mut snapshot = shop();
    let pod = json!({
        "metadata": {"name": "checked", "namespace": "shop", "labels": {"app": "checked"}},
        "spec": {"containers": [{"name": "app", "readinessProbe": {"grpc": {"port": 50001}}}]},
    });
    snapshot.insert_workload(Workload::from(&serde_json::from_value::<Pod>(pod).unwrap()));
    let resolution = resolved(&snapshot);
    let checked = access(&resolution, "checked").unwrap();
    assert_eq!((checked.tcp_ports().len(), checked.udp_ports().len()), (1, 0));
    assert!(checked.tcp_ports().contains(&50001));
}

#[test]
fn a_binding_reports_the_identities_that_it_leaves_out() {
    // A29
    let mut snapshot = shop();
    for (name, account, labels) in [
        ("a", "mixed", json!({"app": "a"})),
        ("b", "mixed", json!({"app": "b", "rev": "7"})),
        ("c", "whole", json!({"app": "c", "rev": "7"})),
    ] {
        snapshot.insert_workload(deployment(name, account, &labels));
    }
    let schemes = json!({"schemes": {"podLabelSelector": {"matchLabels": {"rev": "7"}}}});
    snapshot.insert(object("IdentityBinding", "rev-7", &schemes));
    let binding = json!({"kind": "IdentityBinding", "name": "rev-7"});
    snapshot.insert(object("TrafficTarget", "t", &target(&json!({"sources": [binding]}))));
    let resolution = resolved(&snapshot);
    assert!(granted(&resolution, "api").contains(&"t: ServiceAccount shop/whole on all: 1 matches".to_owned()));
    let mut left_out = resolution
        .diagnostics
        .iter()
        .filter(|it| it.code == Code::IdentityLeftOut);
    let diagnostic = left_out.next().unwrap();
    assert_eq!(left_out.next(), None);
    assert_eq!(diagnostic.field.to_string(), "spec.sources[0].name");
    assert_eq!(diagnostic.workload.as_ref().unwrap().to_string(), "Deployment shop/a");
    assert!(
        diagnostic
            .message
            .starts_with("service account `shop/mixed` is left out: `Deployment shop/a`")
    );
}

#[test]
fn a_target_without_a_usable_match_is_reported() {
    // A8, S6
    let mut snapshot = shop();
    let matches = json!({"matches": [{"name": "bad", "pathRegex": "*"}, {"name": "good", "pathRegex": "/.*"}]});
    snapshot.insert(object("HTTPRouteGroup", "mixed", &matches));
    let rules = json!({"rules": [{"kind": "HTTPRouteGroup", "name": "mixed", "matches": ["bad"]}]});
    snapshot.insert(object("TrafficTarget", "silent", &target(&rules)));
    assert_eq!(
        reported(&resolved(&snapshot), "silent"),
        ["UnresolvedRef spec.rules[0].matches[0]"]
    );
}
