//! Real writers drive canaries, and after each step the traffic of both meshes is shared as the writer wants it.

use super::place::{Place, Run, in_place};
use super::telling::reasons;
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::object::ObjectKey;
use smi_adapter::query::{Destination, Distribution, Endpoint, Request, RoutingQuery, Traffic};
use smi_adapter_istio::Istio;
use smi_adapter_linkerd::Linkerd;
use smi_conformance::{Interpreter, MeshWorld};
use smi_mesh_istio::IstioMesh;
use smi_mesh_linkerd::LinkerdMesh;
use smi_tests::writers::Writers;
use tokio::task::JoinHandle;

/// Returns how the model of a mesh shares the requests to a service, by what is in the cluster.
async fn shared_by(mesh: &dyn MeshAdapter, model: &dyn Interpreter, place: &Place, root: &str) -> Distribution {
    let objects = place.natives(mesh).await;
    let services: Api<Service> = Api::namespaced(place.client.clone(), &place.namespace);
    let services = services
        .list(&ListParams::default())
        .await
        .expect("services are listed");
    let world = MeshWorld {
        services: services
            .into_iter()
            .map(|service| (ObjectKey::of(&service.metadata), service))
            .collect(),
        cluster_domain: "cluster.local".to_owned(),
        trust_domain: "cluster.local".to_owned(),
        ..MeshWorld::default()
    };
    let query = RoutingQuery {
        from: None,
        to: Destination::Service {
            key: ObjectKey::new(&place.namespace, root),
            port: 80,
        },
        traffic: Traffic::Http(Request {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            headers: Vec::new(),
        }),
    };
    model.route(&objects, &world, &query).expect("the model covers it")
}

/// Waits until both meshes share the requests to a service like this.
async fn until_shared(place: &Place, root: &str, weights: &[(&str, u128)]) {
    let endpoint = |name: &str| Endpoint::service(&place.namespace, name, 80);
    let weights = weights.iter().map(|(name, weight)| (endpoint(name), *weight));
    let expected = Distribution::of(weights).expect("one weight is not zero");
    let meshes: [(&dyn MeshAdapter, &dyn Interpreter); 2] = [
        (&Istio::default(), &IstioMesh::default()),
        (&Linkerd::default(), &LinkerdMesh::default()),
    ];
    for (mesh, model) in meshes {
        let what = format!("{} to share {root} as {expected}", mesh.name());
        place
            .until(&what, async || shared_by(mesh, model, place, root).await == expected)
            .await;
    }
}

/// A controller for each mesh, and what accepts the routes of Linkerd.
struct Runs([Run; 2], JoinHandle<()>);

/// Starts a controller for each mesh.
async fn start(place: &Place) -> Runs {
    let accepting = tokio::spawn(place.server.accept_routes(Some(place.namespace.clone()), |_| true));
    let istio = Run::start(place.controller());
    let linkerd = Run::start(place.controller_for(Linkerd::default()).without_conditions());
    place.until_ready(&istio).await;
    place.until_ready(&linkerd).await;
    Runs([istio, linkerd], accepting)
}

async fn stop(Runs(runs, accepting): Runs) {
    for run in runs {
        run.stop().await;
    }
    accepting.abort();
}

/// The weights of the canary at the steps of a release that is promoted, and of one that is rolled back.
const STEPS: [u32; 7] = [0, 10, 50, 100, 0, 10, 0];

#[test]
fn flagger() {
    in_place("flagger", async |place| {
        let Some(mut writers) = Writers::start(place.server) else {
            return;
        };
        let runs = start(&place).await;
        for version in ["v1alpha1", "v1alpha2", "v1alpha3"] {
            let root = format!("podinfo-{version}");
            let (primary, canary) = (format!("{root}-primary"), format!("{root}-canary"));
            let mut perform = |what: &str, weights: Value| {
                let mut command = json!({"writer": "flagger", "version": version, "do": what,
                    "namespace": place.namespace, "name": root});
                for (name, weight) in weights.as_object().into_iter().flatten() {
                    command[name] = weight.clone();
                }
                // If conditions were written in between, Flagger repeats the step at its next interval.
                let mut answers = (0..5).map(|_| writers.perform(&command));
                let is_conflict = |answer: &Value| answer["error"].to_string().contains("the object has been modified");
                let answer = answers
                    .find(|answer| !is_conflict(answer))
                    .expect("it succeeds in time");
                assert_eq!(answer["ok"], true, "{command}: {answer}");
                answer
            };
            perform("initialize", json!({}));
            for weight in STEPS {
                perform("weight", json!({"primary": 100 - weight, "canary": weight}));
                let shares = [(&*primary, u128::from(100 - weight)), (&*canary, u128::from(weight))];
                until_shared(&place, &root, &shares).await;
                // What it reads back is what it wrote: nothing of ours disturbs it.
                let answer = perform("get", json!({}));
                assert_eq!(answer["canary"], weight);
            }
            perform("finalize", json!({}));
            place.splits().delete(&root, &DeleteParams::default()).await.unwrap();
            until_shared(&place, &root, &[(&root, 1)]).await;
        }
        stop(runs).await;
    });
}

#[test]
fn argo_rollouts() {
    in_place("argo", async |place| {
        let Some(mut writers) = Writers::start(place.server) else {
            return;
        };
        let runs = start(&place).await;
        for version in ["v1alpha1", "v1alpha2", "v1alpha3"] {
            let root = format!("web-{version}");
            let [stable, canary, baseline] = ["stable", "canary", "baseline"].map(|part| format!("{root}-{part}"));
            for service in [&root, &stable, &canary, &baseline] {
                place.service(service).await;
            }
            let mut perform = |weight: u32, additional: Value| {
                let command = json!({"writer": "argo", "version": version, "do": "weight", "canary": weight,
                    "namespace": place.namespace, "name": root, "additional": additional});
                let answer = writers.perform(&command);
                assert_eq!(answer, json!({"ok": true}), "{command}");
            };
            for weight in STEPS {
                perform(weight, json!([]));
                let shares = [(&*stable, u128::from(100 - weight)), (&*canary, u128::from(weight))];
                until_shared(&place, &root, &shares).await;
            }
            // An experiment gets a part of the traffic of the stable version.
            perform(10, json!([{"serviceName": baseline, "weight": 5}]));
            until_shared(&place, &root, &[(&stable, 85), (&canary, 10), (&baseline, 5)]).await;
            place.splits().delete(&root, &DeleteParams::default()).await.unwrap();
            until_shared(&place, &root, &[(&root, 1)]).await;
        }
        stop(runs).await;
    });
}

/// linkerd-failover replaces the backends by a merge patch in v1alpha2. All weights are zero if no service has endpoints.
#[test]
fn linkerd_failover() {
    in_place("failover", async |place| {
        let runs = start(&place).await;
        let backends = |[first, second]: [u32; 2]| json!([{"service": "web-v1", "weight": first}, {"service": "web-v2", "weight": second}]);
        let version = "split.smi-spec.io/v1alpha2";
        let spec = json!({"service": "web", "backends": backends([1, 0])});
        place.create(version, "TrafficSplit", "web", spec).await;
        until_shared(&place, "web", &[("web-v1", 1)]).await;
        let splits = place.api(version, "TrafficSplit");
        for (weights, shares) in [([0, 1], "web-v2"), ([0, 0], "web"), ([1, 0], "web-v1")] {
            let patch = json!({"apiVersion": version, "kind": "TrafficSplit", "name": "web",
                "spec": {"backends": backends(weights)}});
            place.patch(&splits, "web", &patch).await;
            until_shared(&place, "web", &[(shares, 1)]).await;
        }
        // One Event of each of the two controllers.
        let told = ["AllWeightsZero", "AllWeightsZero", "InForce", "InForce"];
        place
            .until("the Events", async || reasons(&place, "web").await == told)
            .await;
        stop(runs).await;
    });
}

/// The pipelines of Azure apply v1alpha1 with weights in thousandths, half of them for a baseline. `kubectl apply`
/// creates an object, or changes it by a merge patch, with its text in an annotation.
#[test]
fn kubectl_apply() {
    in_place("apply", async |place| {
        place.service("web-v3").await;
        let runs = start(&place).await;
        let version = "split.smi-spec.io/v1alpha1";
        let splits = place.api(version, "TrafficSplit");
        for percent in [0_u32, 20, 50, 100, 0] {
            let half = percent * 5;
            let weights = [("web-v1", 1000 - percent * 10), ("web-v2", half), ("web-v3", half)];
            let backend = |(name, weight): (&str, u32)| json!({"service": name, "weight": format!("{weight}m")});
            let spec = json!({"service": "web", "backends": weights.map(backend)});
            let object =
                json!({"apiVersion": version, "kind": "TrafficSplit", "metadata": {"name": "web"}, "spec": spec});
            let text = format!("{object}\n");
            let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": text});
            let patch = json!({"metadata": {"annotations": annotations}, "spec": spec});
            if !place.patch_if_exists(&splits, "web", &patch).await {
                place.create(version, "TrafficSplit", "web", spec).await;
            }
            let shares = weights.map(|(name, weight)| (name, u128::from(weight)));
            until_shared(&place, "web", &shares).await;
        }
        stop(runs).await;
    });
}
