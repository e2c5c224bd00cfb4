//! An operator that embeds the crates, with public items only.

#![expect(clippy::expect_used, reason = "the helpers in this file are test code as well")]

use k8s_openapi::api::core::v1::Service;
use pollster::block_on;
use serde_json::json;
use smi_adapter::adapter::{Feature, MeshAdapter, Support};
use smi_adapter::cluster::InMemoryCluster;
use smi_adapter::diagnostic::{Code, Effect, Severity};
use smi_adapter::object::{ObjectKey, ObjectRef};
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::{Observed, Planned, State};
use smi_adapter::plan::{Outcome, apply};
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Request, RoutingQuery, Traffic};
use smi_adapter::semantics::route;
use smi_adapter::settings::{Scope, Settings};
use smi_adapter::smi_types::split::{Backend, Spec, TrafficSplit};
use smi_adapter::smi_types::weight::Decimal;
use smi_adapter::smi_types::{Object, split};
use smi_adapter::snapshot::Snapshot;
use smi_adapter_istio::Istio;
use std::sync::Arc;

/// An operator with its state and the embedded adapter.
struct Operator {
    mesh: Arc<dyn MeshAdapter>,
    settings: Settings,
    snapshot: Snapshot,
    cluster: InMemoryCluster,
}

impl Operator {
    fn new() -> Self {
        let mut settings = Settings::default();
        settings.owner = "shop-operator".parse().expect("a label value");
        settings.scope = Scope::Namespaces(["shop".to_owned()].into());
        Self {
            mesh: Arc::new(Istio::default()),
            settings,
            snapshot: Snapshot::default(),
            cluster: InMemoryCluster::new(),
        }
    }

    /// Handles a watch event of any kind.
    fn on_applied(&mut self, json: &serde_json::Value) {
        if json["kind"] == "Service" {
            let service: Service = serde_json::from_value(json.clone()).expect("services come from an API server");
            self.snapshot.insert_service(service);
            return;
        }
        match Object::from_json(json.to_string().as_bytes()) {
            Ok(parsed) => _ = self.snapshot.insert(parsed),
            Err(error) => self.snapshot.insert_error(&error),
        }
    }

    fn reconcile(&self) -> (Planned, Vec<Outcome>) {
        block_on(async {
            let observed = self
                .mesh
                .observe(&self.cluster, &self.settings)
                .await
                .expect("memory can be read");
            let planned = self.mesh.plan(&self.snapshot, &self.settings, &observed);
            let outcomes = apply(&self.cluster, &planned.plan).await;
            (planned, outcomes)
        })
    }
}

fn service(name: &str) -> serde_json::Value {
    json!({"kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": {"ports": [{"port": 80}]}})
}

fn canary(weight: u32) -> serde_json::Value {
    json!({
        "apiVersion": "split.smi-spec.io/v1alpha2", "kind": "TrafficSplit",
        "metadata": {"name": "canary", "namespace": "shop", "uid": "1"},
        "spec": {"service": "web", "backends": [{"service": "web", "weight": 100 - weight}, {"service": "web-v2", "weight": weight}]},
    })
}

#[test]
fn an_operator_reconciles_a_canary() {
    let mut operator = Operator::new();
    operator.on_applied(&service("web"));
    operator.on_applied(&canary(10));
    let split = ObjectRef::split(ObjectKey::new("shop", "canary"));

    // The service of the new version does not exist yet.
    let (planned, _) = operator.reconcile();
    let status = planned.status(&split);
    assert_eq!(status.state, State::InPart);
    let none = status.share_of("web-v2", 80).map(|share| share.to_string());
    assert_eq!(none.as_deref(), Some("0/1"), "a missing backend stays visible");
    assert_eq!(status.shares[0].shares.to_string(), "web.shop:80");
    let missing = status
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.code == Code::BackendMissing)
        .expect("it is missing");
    assert_eq!(
        (missing.code.severity(), missing.code.effect()),
        (Severity::Error, Effect::Partial)
    );
    assert_eq!(missing.field.to_string(), "spec.backends[1].service");

    // Once it exists, it gets its share with a single write.
    operator.on_applied(&service("web-v2"));
    let (planned, outcomes) = operator.reconcile();
    assert!(matches!(outcomes[..], [Outcome::Done]));
    assert_eq!(
        planned.status(&split).shares[0].shares.to_string(),
        "web.shop:80 9/10, web-v2.shop:80 1/10"
    );
    assert_eq!(operator.reconcile().1.len(), 0);

    // A malformed split is inert, and its object is deleted.
    let mut broken = canary(20);
    broken["spec"]["backends"] = json!("none");
    operator.on_applied(&broken);
    let (planned, _) = operator.reconcile();
    assert_eq!(planned.status(&split).state, State::Inert);
    assert_eq!(planned.diagnostics[0].code, Code::Undecodable);
    assert!(operator.cluster.objects().is_empty());

    // After its deletion there are no diagnostics.
    operator.snapshot.remove(&split);
    let (planned, outcomes) = operator.reconcile();
    assert!(planned.diagnostics.is_empty() && outcomes.is_empty());
}

#[test]
fn an_operator_explains_where_a_request_goes() {
    let mut operator = Operator::new();
    for name in ["web", "web-v2"] {
        operator.on_applied(&service(name));
    }
    operator.on_applied(&canary(25));
    let query = RoutingQuery {
        from: Some(Identity {
            namespace: "shop".into(),
            service_account: "client".into(),
        }),
        to: Destination::Service {
            key: ObjectKey::new("shop", "web"),
            port: 80,
        },
        traffic: Traffic::Http(Request {
            method: "GET".into(),
            path: "/".into(),
            headers: Vec::new(),
        }),
    };
    let (routing, trace) = route(&operator.snapshot, &operator.settings, &query);
    assert_eq!(routing.to_string(), "web.shop:80 3/4, web-v2.shop:80 1/4");
    assert!(trace.steps().iter().any(|step| step.rule == "T28"), "{trace}");
}

#[test]
fn an_operator_builds_objects_itself() {
    let mut split = TrafficSplit::default();
    split.metadata.name = Some("canary".into());
    split.metadata.namespace = Some("shop".into());
    split.spec = Some(Spec {
        service: "web".into(),
        backends: vec![Backend {
            service: "web".into(),
            weight: Decimal::from(1).into(),
        }],
        matches: Vec::new(),
    });
    let mut snapshot = Snapshot::default();
    snapshot.insert(Object::from(split));
    snapshot.insert_service(serde_json::from_value(service("web")).expect("a service"));
    let planned = Istio::default().plan(&snapshot, &Settings::default(), &Observed::default());
    assert_eq!(planned.manifests.len(), 1);

    // The wire types are resources to any client.
    assert_eq!(
        <split::v1alpha2::TrafficSplit as k8s_openapi::Resource>::URL_PATH_SEGMENT,
        "trafficsplits"
    );
}

#[test]
fn an_operator_reports_the_supported_features() {
    let istio = Istio::default();
    for feature in Feature::ALL {
        let none = matches!(istio.support(feature), Support::None(_));
        assert_eq!(none, feature == Feature::UdpAccess, "{feature:?}");
    }
    let detection = block_on(istio.detect(&InMemoryCluster::new())).expect("memory can be asked");
    assert!(detection.missing.is_empty());
    let target =
        br#"{"apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget", "metadata": {"name": "x"}}"#;
    let mut snapshot = Snapshot::default();
    snapshot.insert(Object::from_json(target).expect("an object"));
    let planned = istio.plan(&snapshot, &Settings::default(), &Observed::default());
    // Nothing is closed as long as the workloads are not known.
    assert!(planned.manifests.is_empty());
    let codes: Vec<Code> = planned.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert!(codes.contains(&Code::WorkloadsNotCovered), "{codes:?}");
    snapshot.cover_workloads();
    let planned = istio.plan(&snapshot, &Settings::default(), &Observed::default());
    // It grants nothing, but its namespace is enforced (A2).
    assert_eq!(planned.manifests.len(), 1);
    assert_eq!(planned.manifests[0].object.spec, serde_json::json!({}));
    assert!(
        planned
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code == Code::Invalid)
    );
}
