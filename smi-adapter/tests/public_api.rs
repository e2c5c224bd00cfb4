//! The author of an adapter for a toy mesh, with public items only.

#![expect(clippy::expect_used, reason = "the helpers in this file are test code as well")]

use k8s_openapi::api::apps::v1::Deployment;
use pollster::block_on;
use serde::Serialize;
use serde_json::{Value, json};
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::cluster::{Error, InMemoryCluster};
use smi_adapter::diagnostic::{Code, Diagnostic, ErrorBound};
use smi_adapter::manifest::{Manifest, Native, NativeObject, Stage};
use smi_adapter::model::access::{Grant, Granted, Ports};
use smi_adapter::model::route::{Backend, Conditional, HttpMatch, PortRoute, PortSplit, Root, RootService};
use smi_adapter::model::{ModelError, NamespaceBaseline, Policy, ServiceRoute, WorkloadAccess};
use smi_adapter::object::{Kind, ObjectKey, ObjectRef, bounded_name, hashed_name};
use smi_adapter::pattern::{Anchor, Pattern};
use smi_adapter::plan::{Action, MeshAdapterExt, Observed, Outcome, Planned, State, apply};
use smi_adapter::principal::{Identity, Principal};
use smi_adapter::query::{AccessQuery, Authorization, Request, Traffic};
use smi_adapter::semantics::authorize;
use smi_adapter::settings::Settings;
use smi_adapter::smi_types::{FieldPath, Object};
use smi_adapter::snapshot::Snapshot;
use smi_adapter::weights::bounded;
use std::collections::{BTreeMap, BTreeSet};

/// The shares of the connections to one port of a service. The sum of the weights is at most 100.
#[derive(Serialize)]
struct Shares {
    service: String,
    port: u16,
    to: Vec<(String, u32)>,
}

impl Native for Shares {
    const KIND: Kind = Kind::new(&["pond.example.com", "v1", "Shares", "shares"]);
}

/// The clients that may open connections to pods: to these ports, or without a list to all.
#[derive(Serialize)]
struct Pass {
    pods: BTreeMap<String, String>,
    clients: Vec<String>,
    ports: Option<BTreeSet<u16>>,
}

impl Native for Pass {
    const KIND: Kind = Kind::new(&["pond.example.com", "v1", "Pass", "passes"]);
}

/// The denial of all connections to pods that no pass allows. Without labels, it is for the whole namespace.
#[derive(Serialize)]
struct Gate {
    pods: BTreeMap<String, String>,
}

impl Native for Gate {
    const KIND: Kind = Kind::new(&["pond.example.com", "v1", "Gate", "gates"]);
}

/// The adapter for a mesh that handles connections and does not inspect requests.
#[derive(Debug)]
struct Pond;

impl MeshAdapter for Pond {
    fn name(&self) -> &'static str {
        "pond"
    }

    fn kinds(&self) -> &[Kind] {
        static KINDS: [Kind; 3] = [Shares::KIND, Pass::KIND, Gate::KIND];
        &KINDS
    }

    fn support(&self, feature: Feature) -> Support {
        match feature {
            Feature::HttpSplit | Feature::TcpSplit => Support::Partial("weights are rounded to a sum of 100".into()),
            Feature::DenyByDefault | Feature::TcpAccess => Support::Full,
            Feature::ConditionalSplit | Feature::HttpAccess => Support::None("requests are not inspected".into()),
            _ => Support::None("only TCP is handled".into()),
        }
    }

    fn translate(&self, policy: &Policy) -> Translation {
        let mut out = Translation::default();
        match policy {
            Policy::Route(route) => translate_route(policy, route, &mut out),
            Policy::Access(access) => translate_access(policy, access, &mut out),
            Policy::Baseline(baseline) => {
                let pods = BTreeMap::new();
                out.emit(policy, Stage::Deny, "everything", &Gate { pods });
                for workload in baseline.unselectable() {
                    let why = "no labels select exactly the pods";
                    let open = Diagnostic::new(Code::NotEnforced, workload.clone(), FieldPath::root(), why);
                    out.report(open);
                }
            }
            _ => {}
        }
        out
    }

    /// Reports foreign shares of the same port, because the mesh then uses any of them.
    fn review(&self, desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
        let subject = |object: &NativeObject| {
            let (service, port) = (object.spec.get("service").cloned(), object.spec.get("port").cloned());
            (object.kind.clone(), object.key().namespace, service, port)
        };
        let mut found = Vec::new();
        for manifest in desired.iter().filter(|manifest| manifest.stage == Stage::Route) {
            for other in foreign
                .iter()
                .filter(|other| subject(other) == subject(&manifest.object))
            {
                for split in &manifest.sources {
                    let why = "foreign shares apply to the same connections";
                    let conflict = Diagnostic::new(Code::Conflict, split.clone(), "spec.service".into(), why);
                    found.push(conflict.caused_by(other.reference()));
                }
            }
        }
        found
    }
}

fn translate_route(policy: &Policy, route: &ServiceRoute, out: &mut Translation) {
    for port in route.ports() {
        for conditional in port.conditional() {
            let split = ObjectRef::split(conditional.split().key().clone());
            let why = "the mesh does not inspect requests";
            let inert = Diagnostic::new(Code::Inexpressible, split, "spec.matches".into(), why);
            out.report(inert.on_port(port.port()));
        }
        let Some(split) = port.default() else { continue };
        let exact: Vec<u128> = split.backends().iter().map(Backend::weight).collect();
        let bounded = bounded(&exact, 100);
        if let Some(error) = bounded.error {
            let object = ObjectRef::split(split.key().clone());
            let why = "the sum of all weights is more than 100";
            let rounded = Diagnostic::new(Code::WeightRounded, object, "spec.backends".into(), why);
            out.report(rounded.on_port(port.port()).within(error));
        }
        let services = split.backends().iter().map(|backend| backend.service().to_owned());
        let spec = Shares {
            service: route.root().key().name.into(),
            port: port.port(),
            to: services.zip(bounded.weights).collect(),
        };
        let name = bounded_name(&format!("{}-{}", spec.service, spec.port));
        out.emit(policy, Stage::Route, &name, &spec);
    }
}

fn translate_access(policy: &Policy, access: &WorkloadAccess, out: &mut Translation) {
    let ObjectRef { key, kind } = access.workload();
    let name = format!("{}-{}", kind.name().to_lowercase(), key.name);
    for grant in access.grants() {
        if *grant.traffic() != Granted::Tcp {
            let target = ObjectRef::target(grant.target().clone());
            let why = "the mesh only grants connections";
            let inert = Diagnostic::new(Code::Inexpressible, target, "spec.rules".into(), why);
            out.report(inert.on_workload(access.workload().clone()));
            continue;
        }
        let pass = Pass {
            pods: access.selector().clone(),
            clients: grant.sources().iter().map(Principal::to_string).collect(),
            ports: match grant.ports() {
                Ports::All => None,
                Ports::Only(ports) => Some(ports.clone()),
            },
        };
        let content = format!("{:?} {:?}", pass.clients, pass.ports);
        let name = hashed_name(&format!("{name}-{}", grant.target().name), &content);
        out.emit_for(policy, grant.references().clone(), Stage::Grant, &name, &pass);
    }
    let (pods, sources) = (access.selector().clone(), [access.workload().clone()].into());
    out.emit_for(policy, sources, Stage::Deny, &bounded_name(&name), &Gate { pods });
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("shop", name)
}

fn account(name: &str) -> Principal {
    Principal::Account(Identity {
        namespace: "shop".into(),
        service_account: name.into(),
    })
}

/// Returns a match of `GET` requests of testers.
fn testers() -> HttpMatch {
    let pattern = |text| Pattern::new(text, Anchor::Full).expect("a portable pattern");
    HttpMatch::new(key("testers"), "spec.matches[0]".into())
        .with_name("get")
        .with_path(pattern("/cart(/.*)?"))
        .with_method("GET")
        .and_then(|matching| matching.with_header("X-User", pattern("tester")))
        .expect("requests can match")
}

/// Returns a split between two versions, in this ratio.
fn split(name: &str, ratio: (u128, u128)) -> Result<PortSplit, ModelError> {
    let backends = [Backend::new("web-v1", ratio.0)?, Backend::new("web-v2", ratio.1)?];
    PortSplit::new(key(name), backends)
}

#[test]
fn a_route_becomes_shares() {
    let port = PortRoute::new(80)
        .unwrap()
        .with_name("http")
        .with_app_protocol("http")
        .with_default(split("canary", (90, 10)).unwrap());
    assert!(port.declares_http());
    let service = RootService::default().with_tcp_ports([443]);
    let route = ServiceRoute::new(Root::Service(key("web")), [port])
        .unwrap()
        .with_service(service);
    assert_eq!(route.service().tcp_ports(), [80, 443]);

    let policy = Policy::from(route);
    let Translation { manifests, diagnostics } = Pond.translate(&policy);
    assert_eq!(diagnostics, []);
    assert_eq!(manifests.len(), 1);
    assert_eq!(
        manifests[0].object.to_value(),
        json!({
            "apiVersion": "pond.example.com/v1",
            "kind": "Shares",
            "metadata": {"name": "web-80", "namespace": "shop"},
            "spec": {"service": "web", "port": 80, "to": [["web-v1", 9], ["web-v2", 1]]},
        })
    );
    assert_eq!(manifests[0].policy, policy.key());
    assert_eq!(manifests[0].sources, [ObjectRef::split(key("canary"))].into());
}

#[test]
fn rounded_weights_are_reported_with_their_error() {
    let canary = split("canary", (999, 1)).unwrap();
    let port = PortRoute::new(80).unwrap().with_default(canary);
    let route = ServiceRoute::new(Root::Service(key("web")), [port]).unwrap();
    let Translation { manifests, diagnostics } = Pond.translate(&route.into());
    assert_eq!(manifests[0].object.spec["to"], json!([["web-v1", 99], ["web-v2", 1]]));
    assert_eq!(diagnostics[0].code, Code::WeightRounded);
    assert_eq!(diagnostics[0].error, Some(ErrorBound { parts: 2, of: 100 }));
    assert!(!diagnostics[0].disables_split_on(80), "it is still in force");
}

#[test]
fn a_split_with_matches_is_reported_on_its_port() {
    let conditional = Conditional::new([testers()], split("tests", (1, 3)).unwrap());
    let port = PortRoute::new(80)
        .unwrap()
        .with_conditional([conditional.unwrap()])
        .with_default(split("canary", (1, 1)).unwrap());
    let request = |user: &str| Request {
        method: "GET".into(),
        path: "/cart/1?page=2".into(),
        headers: vec![("x-user".into(), user.into())],
    };
    let chosen = |user| port.choose(Some(&request(user))).unwrap().key().name.clone();
    assert_eq!((chosen("tester"), chosen("other")), ("tests".into(), "canary".into()));

    let route = ServiceRoute::new(Root::Service(key("web")), [port]).unwrap();
    let Translation { manifests, diagnostics } = Pond.translate(&route.into());
    assert_eq!(manifests.len(), 1, "the split without matches");
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].object, ObjectRef::split(key("tests")));
    assert!(diagnostics[0].disables_split_on(80) && !diagnostics[0].disables_split_on(443));
}

#[test]
fn grants_become_passes_before_the_gate_closes() {
    let workload = ObjectRef::new(Kind::Deployment, key("catalog"));
    let partner = Principal::Spiffe("spiffe://partner.example/reader".into());
    let ports = Ports::Only([8080].into());
    let requests = Granted::Http(vec![testers().into()]);
    let grant = |target| Grant::new(key(target), [account("web"), partner.clone()]).unwrap();
    let access = WorkloadAccess::new(workload.clone(), [("app".to_owned(), "catalog".to_owned())].into())
        .unwrap()
        .with_grants([
            grant("readers").with_ports(ports).unwrap(),
            grant("everything"),
            grant("requests").with_traffic(requests).unwrap(),
        ]);
    assert_eq!(access.tcp_ports(), &[8080].into());

    let Translation { manifests, diagnostics } = Pond.translate(&access.into());
    let stages: Vec<Stage> = manifests.iter().map(|manifest| manifest.stage).collect();
    assert_eq!(stages, [Stage::Grant, Stage::Grant, Stage::Deny]);
    let specs: Vec<&Value> = manifests.iter().map(|manifest| &*manifest.object.spec).collect();
    assert_eq!((&specs[0]["ports"], &specs[1]["ports"]), (&Value::Null, &json!([8080])));
    assert_eq!(
        specs[1]["clients"],
        json!(["ServiceAccount shop/web", "spiffe://partner.example/reader"])
    );
    assert_eq!(manifests[1].sources, [ObjectRef::target(key("readers"))].into());
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].object, ObjectRef::target(key("requests")));
    assert_eq!(diagnostics[0].workload, Some(workload));
}

#[test]
fn a_baseline_closes_its_namespace() {
    let bare = ObjectRef::new(Kind::Pod, key("bare"));
    let baseline = NamespaceBaseline::new("shop").with_unselectable([bare.clone()]);
    let Translation { manifests, diagnostics } = Pond.translate(&baseline.into());
    assert_eq!(manifests[0].object.reference().to_string(), "Gate shop/everything");
    assert_eq!(
        (diagnostics[0].code, &diagnostics[0].object),
        (Code::NotEnforced, &bare)
    );
}

#[test]
fn builders_reject_what_no_policy_contains() {
    assert!(split("canary", (1, 0)).is_err(), "a weight of zero");
    assert!(PortSplit::new(key("canary"), []).is_err());
    assert!(PortRoute::new(0).is_err());
    let unused = ServiceRoute::new(Root::Service(key("web")), [PortRoute::new(80).unwrap()]);
    assert_eq!(unused.unwrap_err().to_string(), "no split is in force on any port");
    assert!(Conditional::new(Vec::<HttpMatch>::new(), split("tests", (1, 1)).unwrap()).is_err());
    assert!(testers().with_method("no method").is_err());
    let error = Grant::new(key("readers"), []).unwrap_err();
    assert_eq!(error.to_string(), "`shop/readers` has no source");
    let grant = Grant::new(key("readers"), [account("web")]).unwrap();
    assert!(grant.with_ports(Ports::Only(BTreeSet::new())).is_err());
    let pod = ObjectRef::new(Kind::Pod, key("web"));
    assert!(WorkloadAccess::new(pod, BTreeMap::new()).is_err());
}

/// Returns an SMI object in the namespace `shop`.
fn smi(api_version: &str, kind: &str, name: &str, spec: &Value) -> Object {
    let metadata = json!({"name": name, "namespace": "shop"});
    let object = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec});
    Object::from_value(&object).expect("an SMI object").object
}

/// Returns a split of `web` with this weight of the second version.
fn canary(weight: u32) -> Object {
    let backends = json!([{"service": "web-v1", "weight": 100 - weight}, {"service": "web-v2", "weight": weight}]);
    let spec = json!({"service": "web", "backends": backends});
    smi("split.smi-spec.io/v1alpha4", "TrafficSplit", "canary", &spec)
}

/// Returns a shop with a canary, and with a catalog that only `web` may call.
fn shop() -> Snapshot {
    let mut snapshot = Snapshot::default();
    for name in ["web", "web-v1", "web-v2"] {
        let metadata = json!({"name": name, "namespace": "shop"});
        let service = json!({"metadata": metadata, "spec": {"ports": [{"port": 80}]}});
        snapshot.insert_service(serde_json::from_value(service).expect("a service"));
    }
    let catalog: Deployment = serde_json::from_value(json!({
        "metadata": {"name": "catalog", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "catalog"}},
            "template": {
                "metadata": {"labels": {"app": "catalog"}},
                "spec": {"serviceAccountName": "catalog", "containers": [{"name": "catalog"}]},
            },
        },
    }))
    .expect("a deployment");
    snapshot.insert_workload(&catalog);
    snapshot.cover_workloads();

    let ports = json!({"matches": {"ports": [8080]}});
    let readers = json!({
        "destination": {"kind": "ServiceAccount", "name": "catalog"},
        "rules": [{"kind": "TCPRoute", "name": "catalog"}],
        "sources": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}],
    });
    snapshot.insert(canary(10));
    snapshot.insert(smi("specs.smi-spec.io/v1alpha4", "TCPRoute", "catalog", &ports));
    snapshot.insert(smi("access.smi-spec.io/v1alpha3", "TrafficTarget", "readers", &readers));
    snapshot
}

fn planned(snapshot: &Snapshot, cluster: &InMemoryCluster) -> Planned {
    let settings = Settings::default();
    let observed = block_on(Pond.observe(cluster, &settings)).expect("memory can be read");
    Pond.plan(snapshot, &settings, &observed)
}

/// Plans and applies. Returns the plan with its outcomes.
fn reconcile(snapshot: &Snapshot, cluster: &InMemoryCluster) -> (Planned, Vec<Outcome>) {
    let planned = planned(snapshot, cluster);
    let outcomes = block_on(apply(cluster, &planned.plan));
    (planned, outcomes)
}

/// Returns the actions as text, without the hashes of names.
fn actions(planned: &Planned) -> Vec<String> {
    let action = |action: &Action| {
        let verb = match action {
            Action::Create(_) => "create",
            Action::Replace(_) => "replace",
            Action::Delete(_) => "delete",
        };
        let object = action.object();
        let name = object.key.name.split("-readers").next().unwrap_or_default();
        format!("{verb} {} {name}", object.kind)
    };
    planned.plan.actions.iter().map(action).collect()
}

#[test]
fn an_applied_plan_leaves_nothing_to_do() {
    let (mut snapshot, cluster) = (shop(), InMemoryCluster::new());
    let (first, outcomes) = reconcile(&snapshot, &cluster);
    assert_eq!(
        actions(&first),
        [
            "create Shares web-80",
            "create Pass deployment-catalog",
            "create Gate deployment-catalog",
            "create Gate everything",
        ]
    );
    let done = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done));
    assert_eq!(done.count(), 4, "{outcomes:?}");
    assert_eq!(first.plan.field_manager, "smi-adapter-pond");
    assert_eq!(cluster.objects().len(), 4);

    let split = first.status(&ObjectRef::split(key("canary")));
    assert_eq!((split.state, split.diagnostics), (State::InForce, vec![]));
    assert_eq!(
        split.shares[0].shares.to_string(),
        "web-v1.shop:80 9/10, web-v2.shop:80 1/10"
    );
    let target = first.status(&ObjectRef::target(key("readers")));
    assert_eq!(target.workloads, [ObjectRef::new(Kind::Deployment, key("catalog"))]);

    let again = planned(&snapshot, &cluster);
    assert_eq!(actions(&again), [""; 0]);
    assert_eq!(again.diagnostics, first.diagnostics);

    // A change of the split is a single write, and a deletion by another client is repaired.
    snapshot.insert(canary(50));
    assert_eq!(actions(&reconcile(&snapshot, &cluster).0), ["replace Shares web-80"]);
    let gate = cluster.take(&ObjectRef::new(Gate::KIND, key("everything")));
    assert!(gate.is_some());
    assert_eq!(actions(&reconcile(&snapshot, &cluster).0), ["create Gate everything"]);

    // Without its last target a namespace stays closed.
    snapshot.remove(&ObjectRef::split(key("canary")));
    snapshot.remove(&ObjectRef::target(key("readers")));
    let (last, _) = reconcile(&snapshot, &cluster);
    assert_eq!(
        actions(&last),
        ["delete Pass deployment-catalog", "delete Shares web-80"]
    );
    assert_eq!(cluster.objects().len(), 2);
}

#[test]
fn a_failed_action_stops_only_its_policy() {
    let (snapshot, cluster) = (shop(), InMemoryCluster::new());
    cluster.withdraw(Pass::KIND);
    let detection = block_on(Pond.detect(&cluster)).unwrap();
    assert_eq!(detection.missing, [Pass::KIND]);
    assert_eq!(detection.served, [Shares::KIND, Gate::KIND]);

    let (planned, outcomes) = reconcile(&snapshot, &cluster);
    let [
        Outcome::Done,
        Outcome::Failed(Error::Refused { object, .. }),
        Outcome::Skipped,
        Outcome::Done,
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}")
    };
    let [_, pass, gate, _] = &planned.plan.actions[..] else {
        panic!("{:?}", actions(&planned))
    };
    assert_eq!(**object, pass.object());
    assert_eq!(pass.policy(), gate.policy());
}

#[test]
fn foreign_objects_are_reported_and_left_alone() {
    let (snapshot, cluster) = (shop(), InMemoryCluster::new());
    let foreign = |kind, name: &str, spec: Value| NativeObject {
        kind,
        metadata: serde_json::from_value(json!({"name": name, "namespace": "shop"})).unwrap(),
        spec: spec.into(),
    };
    let shares = json!({"service": "web", "port": 80, "to": []});
    cluster.put(foreign(Shares::KIND, "theirs", shares));
    cluster.put(foreign(Gate::KIND, "everything", json!({"pods": {}})));
    let before = cluster.objects();

    let (planned, _) = reconcile(&snapshot, &cluster);
    let status = planned.status(&ObjectRef::split(key("canary")));
    assert_eq!(status.state, State::Inert);
    assert_eq!(
        status.diagnostics[0].other,
        Some(ObjectRef::new(Shares::KIND, key("theirs")))
    );
    let codes: BTreeSet<Code> = planned.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, [Code::Conflict, Code::ForeignObject].into());
    let after = cluster.objects();
    assert!(before.iter().all(|object| after.contains(object)), "{after:?}");
}

#[test]
fn passes_agree_with_the_reference() {
    let (snapshot, settings) = (shop(), Settings::default());
    let planned = Pond.plan(&snapshot, &settings, &Observed::default());
    let mut passes = planned
        .manifests
        .iter()
        .filter(|manifest| manifest.stage == Stage::Grant);
    let pass = &passes.next().unwrap().object.spec;
    let lists = |field: &str, value: Value| pass[field].as_array().unwrap().contains(&value);
    for (client, port, allowed) in [("web", 8080, true), ("web", 9090, false), ("other", 8080, false)] {
        let query = AccessQuery {
            from: Some(account(client)),
            to: ObjectRef::new(Kind::Deployment, key("catalog")),
            port,
            traffic: Traffic::Tcp,
        };
        let (decision, trace) = authorize(&snapshot, &settings, &query);
        assert_eq!(decision == Authorization::Allow, allowed, "{client}:{port}\n{trace}");
        let granted = lists("clients", json!(account(client).to_string())) && lists("ports", json!(port));
        assert_eq!(granted, allowed, "{client}:{port}");
    }
}
