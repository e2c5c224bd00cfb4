//! The access control tables of the specification (A16, A17) on both meshes: the translations of the walkthroughs, as
//! the models of the meshes interpret them.

#![expect(clippy::unwrap_used, reason = "helpers of tests are test code as well")]

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_adapter::principal::Identity;
use smi_adapter::query::{Request, Traffic};
use smi_adapter_istio::{Istio, Regex};
use smi_adapter_linkerd::Linkerd;
use smi_conformance::world::workloads::{pod_name, pod_of};
use smi_conformance::{Decision, Inbound, Interpreter, MeshWorld, Peer};
use smi_mesh_istio::IstioMesh;
use smi_mesh_linkerd::LinkerdMesh;
use smi_tests::translate;

/// A mesh with the native objects of one walkthrough.
struct Mesh {
    name: String,
    interpreter: Box<dyn Interpreter>,
    objects: Vec<NativeObject>,
    world: MeshWorld,
    pod: ObjectKey,
}

impl Mesh {
    /// Returns every mesh, in every mode with a different encoding of access control.
    fn all(text: &str, kind: &str, namespace: &str, name: &str) -> Vec<Self> {
        let mut filters = Istio::default();
        filters.regex = Regex::EnvoyFilter;
        let meshes: [(Box<dyn MeshAdapter>, Box<dyn Interpreter>); 3] = [
            (Box::new(Istio::default()), Box::new(IstioMesh::default())),
            (Box::new(filters), Box::new(IstioMesh::default())),
            (Box::new(Linkerd::default()), Box::new(LinkerdMesh::default())),
        ];
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
        let mut world = MeshWorld {
            cluster_domain: "cluster.local".into(),
            ..MeshWorld::default()
        };
        for document in &documents {
            if document["kind"] == "Service" {
                let service: k8s_openapi::api::core::v1::Service = serde_json::from_value(document.clone()).unwrap();
                world.services.insert(ObjectKey::of(&service.metadata), service);
            } else if let Some(pod) = pod_of(document) {
                let pod: Pod = serde_json::from_value(pod).unwrap();
                world.pods.insert(ObjectKey::of(&pod.metadata), pod);
            }
        }
        let pod = ObjectKey::new(namespace, pod_name(kind, name));
        assert!(world.pods.contains_key(&pod));
        let read = meshes.into_iter().map(|(adapter, interpreter)| {
            let planned = translate(&*adapter, text, &[]).planned;
            let objects = planned.manifests.into_iter().map(|manifest| manifest.object);
            Self {
                name: format!("{adapter:?}"),
                interpreter,
                objects: objects.collect(),
                world: world.clone(),
                pod: pod.clone(),
            }
        });
        read.collect()
    }

    fn allows(&self, from: Option<&str>, port: u16, traffic: Traffic) -> bool {
        let from = from.map_or(Peer::Plaintext, |from| {
            let (namespace, account) = from.split_once('/').unwrap();
            Peer::Account(Identity {
                namespace: namespace.into(),
                service_account: account.into(),
            })
        });
        let inbound = Inbound {
            from,
            ip: [10, 0, 0, 9].into(),
            pod: self.pod.clone(),
            port,
            traffic,
        };
        let answer = self.interpreter.authorize(&self.objects, &self.world, &inbound);
        answer.unwrap() == Decision::Allow
    }
}

#[test]
fn meshes_decide_requests_like_the_specification() {
    // A17
    let text = include_str!("../examples/walkthroughs/access/1-by-request.yaml");
    let meshes = Mesh::all(text, "Deployment", "api", "api");
    for (from, method, path, allowed) in [
        (Some("website/website-service"), "GET", "/api", true),
        (Some("website/website-service"), "POST", "/api/orders", true),
        (Some("payments/payments-service"), "DELETE", "/api", true),
        (Some("monitoring/prometheus"), "GET", "/metrics", true),
        (Some("monitoring/prometheus"), "POST", "/metrics", false),
        (Some("monitoring/prometheus"), "GET", "/api", false),
        (Some("website/website-service"), "GET", "/metrics", false),
        (Some("website/prometheus"), "GET", "/metrics", false),
        (Some("website/website-service"), "GET", "/", false),
        (Some("website/website-service"), "GET", "/apis", false),
        (None, "GET", "/api", false),
        (None, "GET", "/metrics", false),
    ] {
        let request = Traffic::Http(Request {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
        });
        for mesh in &meshes {
            let got = mesh.allows(from, 8080, request.clone());
            assert_eq!(got, allowed, "{from:?} {method} {path}: {}", mesh.name);
        }
    }
    for mesh in &meshes {
        // A14: traffic other than HTTP is denied to every client.
        assert!(
            !mesh.allows(Some("website/website-service"), 8080, Traffic::Tcp),
            "{}",
            mesh.name
        );
    }
}

#[test]
fn meshes_decide_connections_like_the_specification() {
    // A16, for TCP only: meshes do not see UDP.
    let text = include_str!("../examples/walkthroughs/access/2-by-port.yaml");
    let meshes = Mesh::all(text, "StatefulSet", "consul", "server");
    for (from, port, allowed) in [
        (Some("consul/client"), 8300, true),
        (Some("consul/client"), 8301, true),
        (Some("consul/client"), 8302, true),
        (Some("consul/client"), 8303, false),
        (Some("consul/other"), 8300, false),
        (Some("other/client"), 8301, false),
        (None, 8302, false),
    ] {
        for mesh in &meshes {
            let got = mesh.allows(from, port, Traffic::Tcp);
            assert_eq!(got, allowed, "{from:?} {port}: {}", mesh.name);
        }
    }
}
