//! No state that the cluster ever had allows what neither the SMI objects before an edit nor those after it allow.
//!
//! Every change of the native objects and of the SMI objects is recorded, in the order of their versions. Each state is
//! judged by the model of the mesh, against the reference semantics of the SMI objects since the last moment at which the
//! cluster was known to be as desired.

use super::place::{Place, Run, TARGET, in_place};
use super::random::Random;
use futures::StreamExt;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Api;
use kube::api::{DynamicObject, ListParams, WatchEvent, WatchParams};
use serde_json::{Value, json};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::principal::{Identity, Principal};
use smi_adapter::query::{AccessQuery, Authorization, Traffic};
use smi_adapter::semantics::authorize;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml::Document;
use smi_conformance::{Decision, Inbound, Interpreter, MeshWorld, Peer};
use smi_mesh_istio::IstioMesh;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SPECS: &str = "specs.smi-spec.io/v1alpha4";
const POLICIES: (&str, &str) = ("security.istio.io/v1", "AuthorizationPolicy");
const RECORDED: [(&str, &str); 3] = [POLICIES, (TARGET, "TrafficTarget"), (SPECS, "TCPRoute")];
const ACCOUNTS: [&str; 4] = ["shop", "bank", "batch", "other"];
const PORTS: [u16; 2] = [8080, 9090];

/// A change of one object.
struct Event {
    version: u64,
    of: (&'static str, &'static str),
    name: String,
    /// The new state; `None` if the object is gone.
    object: Option<DynamicObject>,
}

type Events = Arc<Mutex<Vec<Event>>>;

/// Records what exists and each change from then on.
async fn record(place: &Place, of: (&'static str, &'static str), events: Events) {
    let api: Api<DynamicObject> = place.api(of.0, of.1);
    let list = api.list(&ListParams::default()).await.expect("kinds are listed");
    let from = list.metadata.resource_version.clone().unwrap_or_default();
    let add = move |object: DynamicObject, is_gone: bool| {
        let version = object
            .metadata
            .resource_version
            .as_deref()
            .and_then(|version| version.parse().ok());
        events.lock().expect("no test panics in here").push(Event {
            version: version.expect("versions are numbers"),
            of,
            name: object.metadata.name.clone().unwrap_or_default(),
            object: (!is_gone).then_some(object),
        });
    };
    list.items.into_iter().for_each(|object| add(object, false));
    tokio::spawn(async move {
        let watched = api
            .watch(&WatchParams::default(), &from)
            .await
            .expect("kinds are watched");
        let mut watched = pin!(watched);
        while let Some(event) = watched.next().await {
            match event.expect("the watch goes on") {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => add(object, false),
                WatchEvent::Deleted(object) => add(object, true),
                WatchEvent::Bookmark(_) | WatchEvent::Error(_) => {}
            }
        }
    });
}

fn queries(namespace: &str) -> Vec<AccessQuery> {
    let to = ObjectRef::new(Kind::Deployment, ObjectKey::new(namespace, "api"));
    let account = |name: &str| {
        Some(Principal::Account(Identity {
            namespace: namespace.into(),
            service_account: name.into(),
        }))
    };
    let clients = ACCOUNTS.iter().map(|name| account(name)).chain([None]);
    clients
        .flat_map(|from| PORTS.map(|port| (from.clone(), port)))
        .map(|(from, port)| AccessQuery {
            from,
            to: to.clone(),
            port,
            traffic: Traffic::Tcp,
        })
        .collect()
}

/// The cluster at one moment.
struct Moment {
    objects: BTreeMap<(&'static str, String), DynamicObject>,
    /// The objects that never change: the namespace and the workload.
    fixed: Vec<Value>,
    world: MeshWorld,
    queries: Vec<AccessQuery>,
}

impl Moment {
    /// Returns which queries the SMI objects allow.
    fn meant(&self, place: &Place) -> Vec<bool> {
        let mut input = SnapshotBuilder::default();
        let smi = self.objects.iter().filter(|((kind, _), _)| *kind != POLICIES.1);
        let smi = smi.map(|((kind, _), object)| {
            let mut value = json!(object);
            value["kind"] = json!(kind);
            value["apiVersion"] = json!(if *kind == "TCPRoute" { SPECS } else { TARGET });
            value
        });
        for value in self.fixed.iter().cloned().chain(smi) {
            let document = Document::from_value(value, "default");
            document.add_to(&mut input).expect("the object has a name");
        }
        let (snapshot, settings) = (input.build(), place.settings());
        let allows = |query: &AccessQuery| authorize(&snapshot, &settings, query).0 != Authorization::Deny;
        self.queries.iter().map(allows).collect()
    }

    /// Returns which queries the mesh allows, with another policy beside those in the cluster.
    fn real(&self, other: Option<NativeObject>) -> Vec<bool> {
        let policies = self.objects.iter().filter(|((kind, _), _)| *kind == POLICIES.1);
        let native = |object: &DynamicObject| NativeObject {
            kind: Kind::new(&[
                "security.istio.io",
                "v1",
                "AuthorizationPolicy",
                "authorizationpolicies",
            ]),
            metadata: object.metadata.clone().into(),
            spec: object.data["spec"].clone().into(),
        };
        let mut objects: Vec<NativeObject> = policies.map(|(_, object)| native(object)).collect();
        objects.extend(other);
        let allows = |query: &AccessQuery| {
            let inbound = Inbound {
                from: match &query.from {
                    Some(Principal::Account(account)) => Peer::Account(account.clone()),
                    _ => Peer::Plaintext,
                },
                ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)),
                pod: ObjectKey::new(&query.to.key.namespace, "api-0"),
                port: query.port,
                traffic: query.traffic.clone(),
            };
            let decision = IstioMesh::default().authorize(&objects, &self.world, &inbound);
            decision.expect("the model covers it") == Decision::Allow
        };
        self.queries.iter().map(allows).collect()
    }
}

/// The workload, the namespace, and the moment before anything happened.
async fn begin(place: &Place) -> Moment {
    let namespace = &place.namespace;
    let labels = json!({"app": "api"});
    let ports = PORTS.map(|port| json!({"containerPort": port}));
    let spec = json!({"serviceAccountName": "api", "containers": [{"name": "api", "image": "api", "ports": ports}]});
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let deployment = json!({"selector": {"matchLabels": labels}, "template": template});
    place.create("apps/v1", "Deployment", "api", deployment.clone()).await;
    let metadata = json!({"name": "api", "namespace": namespace});
    let pod = json!({"metadata": {"name": "api-0", "namespace": namespace, "labels": labels}, "spec": spec});
    let pod: Pod = serde_json::from_value(pod).expect("it is a pod");
    let enforced = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": namespace, "labels": {smi_adapter::settings::ENFORCE_LABEL: "true"}}});
    let named: Namespace = serde_json::from_value(enforced.clone()).expect("it is a namespace");
    Moment {
        objects: BTreeMap::new(),
        fixed: vec![
            enforced,
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": deployment}),
        ],
        world: MeshWorld {
            pods: [(ObjectKey::new(namespace, "api-0"), pod)].into(),
            namespaces: [(namespace.clone(), named)].into(),
            cluster_domain: "cluster.local".to_owned(),
            trust_domain: "cluster.local".to_owned(),
            ..MeshWorld::default()
        },
        queries: queries(namespace),
    }
}

/// Makes one random edit of the SMI objects.
async fn edit(place: &Place, random: &mut Random) {
    let name = ["t", "u"][usize::try_from(random.below(2)).expect("it is small")];
    let targets = place.api(TARGET, "TrafficTarget");
    match random.below(6) {
        0 => _ = targets.delete(name, &kube::api::DeleteParams::default()).await,
        1 => {
            let ports = PORTS[usize::try_from(random.below(2)).expect("it is small")];
            let spec = json!({"spec": {"matches": {"ports": [ports]}}});
            place.patch(&place.api(SPECS, "TCPRoute"), "moving", &spec).await;
        }
        _ => {
            let account = |name: &str| json!({"kind": "ServiceAccount", "name": name, "namespace": place.namespace});
            let sources: Vec<Value> = ACCOUNTS
                .iter()
                .filter(|_| random.below(3) == 0)
                .map(|name| account(name))
                .collect();
            let route = if random.below(2) == 0 { "all" } else { "moving" };
            let spec = json!({"destination": account("api"), "sources": sources,
                "rules": [{"kind": "TCPRoute", "name": route}]});
            super::random::write(place, TARGET, "TrafficTarget", name, spec).await;
        }
    }
}

/// Waits until the cluster is as desired, and returns its version then.
async fn settled(place: &Place) -> u64 {
    place.until_converged().await;
    let list = place
        .authorizations()
        .list(&ListParams::default())
        .await
        .expect("kinds are listed");
    list.metadata
        .resource_version
        .and_then(|version| version.parse().ok())
        .expect("it is a number")
}

#[test]
fn no_state_allows_more_than_the_smi_objects_around_it() {
    in_place("history", async |place| {
        let mut moment = begin(&place).await;
        place
            .create(SPECS, "TCPRoute", "all", json!({"matches": {"ports": PORTS}}))
            .await;
        place
            .create(SPECS, "TCPRoute", "moving", json!({"matches": {"ports": [8080]}}))
            .await;
        place.label("true").await;
        let mut run = place.run().await;
        let events = Events::default();
        let mut settlements = vec![settled(&place).await];
        for of in RECORDED {
            record(&place, of, Arc::clone(&events)).await;
        }
        let mut random = Random::new(3);
        for _ in 0..150 {
            edit(&place, &mut random).await;
            tokio::time::sleep(Duration::from_millis(random.below(60))).await;
            match random.below(12) {
                0..3 => settlements.push(settled(&place).await),
                3 => {
                    run.kill();
                    run = Run::start(place.controller());
                }
                _ => {}
            }
        }
        let end = settled(&place).await;
        run.stop().await;
        let is_recorded = || {
            events
                .lock()
                .expect("no test panics")
                .iter()
                .any(|event| event.version >= end)
        };
        tokio::time::timeout(Duration::from_secs(2), async {
            while !is_recorded() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .ok();

        let mut events = std::mem::take(&mut *events.lock().expect("no test panics"));
        events.sort_by_key(|event| event.version);
        let start = settlements.remove(0);
        let mut settlements = settlements.into_iter().peekable();
        let mut allowed = vec![false; moment.queries.len()];
        let (mut states, mut decisions, mut allows) = (0, 0, 0);
        for event in events {
            while settlements.next_if(|settled| *settled < event.version).is_some() {
                allowed = moment.meant(&place);
            }
            let name = (event.of.1, event.name);
            match event.object {
                Some(object) => _ = moment.objects.insert(name, object),
                None => _ = moment.objects.remove(&name),
            }
            for (allowed, meant) in allowed.iter_mut().zip(moment.meant(&place)) {
                *allowed |= meant;
            }
            if event.version <= start {
                continue;
            }
            states += 1;
            for ((allowed, real), query) in allowed.iter().zip(moment.real(None)).zip(&moment.queries) {
                decisions += 1;
                allows += usize::from(real);
                assert!(*allowed || !real, "at version {}: {query:?}", event.version);
            }
        }
        println!("{states} states, {decisions} decisions, {allows} of them to allow");
        assert!(states > 200 && allows > decisions / 20 && allows < decisions / 2);

        // The proof can fail: a policy that opens the workload is noticed.
        let open = NativeObject {
            kind: Kind::new(&[
                "security.istio.io",
                "v1",
                "AuthorizationPolicy",
                "authorizationpolicies",
            ]),
            metadata: serde_json::from_value(json!({"name": "open", "namespace": "history"})).unwrap(),
            spec: json!({"rules": [{}]}).into(),
        };
        let meant = moment.meant(&place);
        assert!(
            moment
                .real(Some(open))
                .into_iter()
                .zip(meant)
                .any(|(real, meant)| real && !meant)
        );
    });
}
