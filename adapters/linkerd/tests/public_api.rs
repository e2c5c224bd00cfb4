//! An operator of a cluster with Linkerd, with public items only.

#![expect(clippy::expect_used, reason = "the helpers in this file are test code as well")]

use pollster::block_on;
use serde_json::json;
use smi_adapter::adapter::{Feature, MeshAdapter, Support};
use smi_adapter::cluster::InMemoryCluster;
use smi_adapter::diagnostic::Code;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::plan::{MeshAdapterExt, Outcome, Planned, State, apply};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::{Snapshot, SnapshotBuilder};
use smi_adapter::yaml;
use smi_adapter_linkerd::{Linkerd, SplitMode};

/// A shop whose catalog only the frontend may read, with an A/B test and a canary of the frontend.
const SHOP: &str = "
{apiVersion: v1, kind: List, items: [
  {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}]}},
  {apiVersion: v1, kind: Service, metadata: {name: web-v1}, spec: {ports: [{port: 80}]}},
  {apiVersion: v1, kind: Service, metadata: {name: web-v2}, spec: {ports: [{port: 80}]}},
]}
---
apiVersion: split.smi-spec.io/v1alpha2
kind: TrafficSplit
metadata: {name: canary}
spec: {service: web, backends: [{service: web-v1, weight: 90}, {service: web-v2, weight: 10}]}
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: testers}
spec: {service: web, backends: [{service: web-v2, weight: 1}], matches: [{kind: HTTPRouteGroup, name: testers}]}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: testers}
spec: {matches: [{name: testers, headers: [{x-user: tester}]}]}
";

const ACCESS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: catalog}
spec:
  selector: {matchLabels: {app: catalog}}
  template:
    metadata: {labels: {app: catalog}}
    spec: {serviceAccountName: catalog, containers: [{name: catalog, ports: [{containerPort: 8080}]}]}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: catalog}
spec: {matches: {ports: [8080]}}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: readers}
spec:
  destination: {kind: ServiceAccount, name: catalog}
  rules: [{kind: TCPRoute, name: catalog}]
  sources: [{kind: ServiceAccount, name: frontend, namespace: shop}]
";

fn snapshot(manifests: &str) -> Snapshot {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(manifests, "shop") {
        document.add_to(&mut input).expect("a valid manifest");
    }
    input.build()
}

/// Brings a cluster to the state that a snapshot describes. Returns the plan, after which there is nothing left to do.
fn reconcile(linkerd: &Linkerd, snapshot: &Snapshot, cluster: &InMemoryCluster) -> Planned {
    let settings = Settings::default();
    block_on(async {
        let observe = || linkerd.observe(cluster, &settings);
        let planned = linkerd.plan(snapshot, &settings, &observe().await.expect("memory can be read"));
        let outcomes = apply(cluster, &planned.plan).await;
        assert!(
            outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done)),
            "{outcomes:?}"
        );
        let again = linkerd.plan(snapshot, &settings, &observe().await.expect("memory can be read"));
        assert_eq!(again.plan.actions, []);
        planned
    })
}

fn names(cluster: &InMemoryCluster) -> Vec<String> {
    let objects = cluster.objects().into_iter();
    objects.map(|object| object.reference().to_string()).collect()
}

fn state(planned: &Planned, split: &str) -> State {
    planned.status(&ObjectRef::split(ObjectKey::new("shop", split))).state
}

#[test]
fn routes_express_splits_with_and_without_matches() {
    let (linkerd, cluster) = (Linkerd::default(), InMemoryCluster::new());
    let planned = reconcile(&linkerd, &snapshot(SHOP), &cluster);
    assert_eq!(names(&cluster), ["HTTPRoute shop/smi-split-web-80"]);
    let rules = &planned.manifests[0].object.spec["rules"];
    let shares = |rule: usize| {
        let backends = rules[rule]["backendRefs"].as_array().unwrap().iter();
        let shares = backends.map(|backend| format!("{} {}", backend["name"].as_str().unwrap(), backend["weight"]));
        shares.collect::<Vec<_>>()
    };
    assert_eq!(shares(0), ["web-v2 1"]);
    assert_eq!(shares(1), ["web-v1 9", "web-v2 1"]);
    assert_eq!(state(&planned, "testers"), State::InForce);
    // The port is declared as HTTP, so nothing is said about other traffic.
    assert_eq!(state(&planned, "canary"), State::InForce);
    assert_eq!(planned.diagnostics, []);
}

#[test]
fn profiles_express_only_splits_without_matches() {
    let mut linkerd = Linkerd::default();
    linkerd.split_mode = SplitMode::ServiceProfile;
    let cluster = InMemoryCluster::new();
    let planned = reconcile(&linkerd, &snapshot(SHOP), &cluster);
    assert_eq!(names(&cluster), ["ServiceProfile shop/web.shop.svc.cluster.local"]);
    let overrides = &planned.manifests[0].object.spec["dstOverrides"];
    assert_eq!(overrides[0]["authority"], "web-v1.shop.svc.cluster.local");
    assert_eq!(
        (&overrides[0]["weight"], &overrides[1]["weight"]),
        (&json!("9"), &json!("1"))
    );
    assert_eq!(state(&planned, "canary"), State::InForce);
    assert_eq!(state(&planned, "testers"), State::Inert);
    let testers = ObjectRef::split(ObjectKey::new("shop", "testers"));
    assert_eq!(planned.status(&testers).diagnostics[0].code, Code::Inexpressible);
}

#[test]
fn targets_become_policies_on_servers() {
    let (linkerd, cluster) = (Linkerd::default(), InMemoryCluster::new());
    let planned = reconcile(&linkerd, &snapshot(ACCESS), &cluster);
    let readers = ObjectRef::target(ObjectKey::new("shop", "readers"));
    let status = planned.status(&readers);
    assert_eq!(status.workloads[0].to_string(), "Deployment shop/catalog");
    let of_kind = |kind: &str| {
        let objects = cluster.objects();
        objects
            .into_iter()
            .filter(move |object| object.kind.name() == kind)
            .collect::<Vec<_>>()
    };
    let servers = of_kind("Server");
    assert_eq!(servers.len(), 1);
    assert_eq!(servers[0].spec["accessPolicy"], "deny");
    assert_eq!(
        of_kind("AuthorizationPolicy")[0].spec["targetRef"]["name"],
        servers[0].metadata.name.clone().unwrap()
    );

    // Without the target the namespace stays closed, and no client may call the catalog.
    let mut without = snapshot(ACCESS);
    without.remove(&readers);
    reconcile(&linkerd, &without, &cluster);
    assert_eq!(of_kind("AuthorizationPolicy"), []);
    assert_eq!(of_kind("Server"), servers);
}

#[test]
fn a_foreign_profile_is_reported() {
    let (linkerd, cluster) = (Linkerd::default(), InMemoryCluster::new());
    let profile = Kind::new(&["linkerd.io", "v1alpha2", "ServiceProfile", "serviceprofiles"]);
    assert!(linkerd.reads().contains(&profile));
    let foreign = NativeObject {
        kind: profile,
        metadata: serde_json::from_value(json!({"name": "web.shop.svc.cluster.local", "namespace": "shop"})).unwrap(),
        spec: json!({"dstOverrides": [{"authority": "web-v1.shop.svc.cluster.local", "weight": "1"}]}).into(),
    };
    cluster.put(foreign.clone());
    let planned = reconcile(&linkerd, &snapshot(SHOP), &cluster);
    assert_eq!(state(&planned, "canary"), State::Inert);
    assert!(
        planned
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.other == Some(foreign.reference())),
        "{:?}",
        planned.diagnostics
    );
}

#[test]
fn the_split_mode_decides_the_features_and_kinds() {
    let (mut profiles, mut tcp) = (Linkerd::default(), Linkerd::default());
    profiles.split_mode = SplitMode::ServiceProfile;
    tcp.tcp_routes = true;
    let supports = |linkerd: &Linkerd, feature| !matches!(linkerd.support(feature), Support::None(_));
    assert!(supports(&Linkerd::default(), Feature::ConditionalSplit));
    assert!(!supports(&profiles, Feature::ConditionalSplit));
    let writes = |linkerd: &Linkerd, kind: &str| linkerd.kinds().iter().any(|written| written.name() == kind);
    for (kind, by_default, by_profiles, by_tcp) in [
        ("HTTPRoute", true, true, true),
        ("ServiceProfile", false, true, false),
        ("TCPRoute", false, false, true),
    ] {
        let written = (
            writes(&Linkerd::default(), kind),
            writes(&profiles, kind),
            writes(&tcp, kind),
        );
        assert_eq!(written, (by_default, by_profiles, by_tcp), "{kind}");
    }
}
