//! Round trips: the fields of each wire type that the CRDs of each product store.

use crate::products::{products, served};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, NamespaceResourceScope, Resource};
use kube::Api;
use kube::api::PostParams;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use smi_tests::apiserver::{ApiServer, collection};
use smi_types::crd::{self, Crd};
use smi_types::{FieldPath, Object, Version, access, crds, specs, split};
use std::collections::BTreeSet;
use std::fmt::Debug;

/// The outcome of each written object: product, kind, name of the object, and the fields that are silently pruned. CRDs
/// accept one form of headers only (D1).
const KEPT: [&str; 43] = [
    "fsm: access.smi-spec.io/v1alpha3 TrafficTarget, accounts: pruned of spec.destination.port, spec.sources[0].port",
    "fsm: specs.smi-spec.io/v1alpha4 HTTPRouteGroup, list of headers: accepted",
    "fsm: specs.smi-spec.io/v1alpha4 HTTPRouteGroup, map of headers: rejected for spec.matches[0].headers",
    "fsm: specs.smi-spec.io/v1alpha4 TCPRoute, ports: pruned of spec.matches.name",
    "fsm: split.smi-spec.io/v1alpha2 TrafficSplit, numbers: pruned of spec.matches",
    "fsm: split.smi-spec.io/v1alpha4 TrafficSplit, numbers: pruned of spec.matches[0].apiGroup",
    "linkerd-smi: split.smi-spec.io/v1alpha1 TrafficSplit, numbers: pruned of spec.matches",
    "linkerd-smi: split.smi-spec.io/v1alpha1 TrafficSplit, quantities: pruned of spec.matches",
    "linkerd-smi: split.smi-spec.io/v1alpha2 TrafficSplit, numbers: pruned of spec.matches",
    "nginx-service-mesh: access.smi-spec.io/v1alpha2 TrafficTarget, accounts: accepted",
    "nginx-service-mesh: specs.smi-spec.io/v1alpha3 HTTPRouteGroup, list of headers: rejected for spec.matches[0].headers",
    "nginx-service-mesh: specs.smi-spec.io/v1alpha3 HTTPRouteGroup, map of headers: accepted",
    "nginx-service-mesh: specs.smi-spec.io/v1alpha3 TCPRoute, ports: pruned of spec.matches",
    "nginx-service-mesh: split.smi-spec.io/v1alpha3 TrafficSplit, numbers: accepted",
    "sdk-go: access.smi-spec.io/v1alpha3 TrafficTarget, accounts: pruned of spec.destination.port, spec.sources[0].port",
    "sdk-go: specs.smi-spec.io/v1alpha4 HTTPRouteGroup, list of headers: accepted",
    "sdk-go: specs.smi-spec.io/v1alpha4 HTTPRouteGroup, map of headers: rejected for spec.matches[0].headers",
    "sdk-go: specs.smi-spec.io/v1alpha4 TCPRoute, ports: pruned of spec.matches.name",
    "sdk-go: specs.smi-spec.io/v1alpha4 UDPRoute, ports: pruned of spec.matches.name",
    "sdk-go: split.smi-spec.io/v1alpha4 TrafficSplit, numbers: pruned of spec.matches[0].apiGroup",
    "smi-types, early shapes: access.smi-spec.io/v1alpha1 TrafficTarget, accounts: accepted",
    "smi-types, early shapes: specs.smi-spec.io/v1alpha1 HTTPRouteGroup, list of headers: accepted",
    "smi-types, early shapes: specs.smi-spec.io/v1alpha1 HTTPRouteGroup, map of headers: accepted",
    "smi-types, early shapes: specs.smi-spec.io/v1alpha2 HTTPRouteGroup, list of headers: accepted",
    "smi-types, early shapes: specs.smi-spec.io/v1alpha2 HTTPRouteGroup, map of headers: accepted",
    "smi-types: access.smi-spec.io/v1alpha2 TrafficTarget, accounts: accepted",
    "smi-types: access.smi-spec.io/v1alpha3 TrafficTarget, accounts: accepted",
    "smi-types: access.smi-spec.io/v1alpha4 IdentityBinding, account: accepted",
    "smi-types: access.smi-spec.io/v1alpha4 TrafficTarget, accounts: accepted",
    "smi-types: specs.smi-spec.io/v1alpha1 TCPRoute, ports: accepted",
    "smi-types: specs.smi-spec.io/v1alpha2 TCPRoute, ports: accepted",
    "smi-types: specs.smi-spec.io/v1alpha3 HTTPRouteGroup, list of headers: accepted",
    "smi-types: specs.smi-spec.io/v1alpha3 HTTPRouteGroup, map of headers: accepted",
    "smi-types: specs.smi-spec.io/v1alpha3 TCPRoute, ports: accepted",
    "smi-types: specs.smi-spec.io/v1alpha4 HTTPRouteGroup, list of headers: accepted",
    "smi-types: specs.smi-spec.io/v1alpha4 HTTPRouteGroup, map of headers: accepted",
    "smi-types: specs.smi-spec.io/v1alpha4 TCPRoute, ports: accepted",
    "smi-types: specs.smi-spec.io/v1alpha4 UDPRoute, ports: accepted",
    "smi-types: split.smi-spec.io/v1alpha1 TrafficSplit, numbers: accepted",
    "smi-types: split.smi-spec.io/v1alpha1 TrafficSplit, quantities: accepted",
    "smi-types: split.smi-spec.io/v1alpha2 TrafficSplit, numbers: accepted",
    "smi-types: split.smi-spec.io/v1alpha3 TrafficSplit, numbers: accepted",
    "smi-types: split.smi-spec.io/v1alpha4 TrafficSplit, numbers: accepted",
];

#[tokio::test]
async fn round_trips_of_every_served_wire_type() {
    let Some(mut products) = products() else { return };
    products.extend(ours());
    let Some(server) = ApiServer::start().await else { return };
    let mut table = BTreeSet::new();
    for (name, crds) in &products {
        server.install(crds).await.unwrap();
        let mut product = Product {
            name,
            served: served(crds),
            server: &server,
            table: &mut table,
        };
        product.keeps_splits().await;
        product
            .keeps_route_groups("list of headers", json!([{"x-reader": ".+"}]))
            .await;
        product
            .keeps_route_groups("map of headers", json!({"x-reader": ".+"}))
            .await;
        product.keeps_routes_by_port().await;
        product.keeps_access().await;
        server.remove(crds).await.unwrap();
    }
    let table: Vec<String> = table.into_iter().collect();
    println!("{}", table.join("\n"));
    assert_eq!(table, KEPT);
}

/// Returns our own CRDs: the default ones, and those that serve the versions of another shape.
fn ours() -> [(&'static str, Vec<Value>); 2] {
    let of = |kind, storage, others: &[Version]| {
        let crd = Crd::new(kind).serve(storage, others.iter().copied());
        json!(crd.expect("the versions have one shape").build())
    };
    let early = vec![
        of(crd::Kind::HTTPRouteGroup, Version::V1Alpha2, &[Version::V1Alpha1]),
        of(crd::Kind::TrafficTarget, Version::V1Alpha1, &[]),
    ];
    let crds = crds().into_iter().map(|crd| json!(crd)).collect();
    [("smi-types", crds), ("smi-types, early shapes", early)]
}

/// A product whose CRDs are installed.
struct Product<'a> {
    name: &'a str,
    served: BTreeSet<String>,
    server: &'a ApiServer,
    table: &'a mut BTreeSet<String>,
}

impl Product<'_> {
    async fn keeps_splits(&mut self) {
        let split = |weight: Value| {
            json!({"spec": {
                "service": "web",
                "backends": [{"service": "web-v1", "weight": weight}, {"service": "web-v2", "weight": weight}],
                "matches": [{"apiGroup": "specs.smi-spec.io", "kind": "HTTPRouteGroup", "name": "reading"}]
            }})
        };
        let (quantities, numbers) = (split(json!("500m")), split(json!(90)));
        self.keeps::<split::v1alpha1::TrafficSplit>("quantities", &quantities)
            .await;
        self.keeps::<split::v1alpha1::TrafficSplit>("numbers", &numbers).await;
        self.keeps::<split::v1alpha2::TrafficSplit>("numbers", &numbers).await;
        self.keeps::<split::v1alpha3::TrafficSplit>("numbers", &numbers).await;
        self.keeps::<split::v1alpha4::TrafficSplit>("numbers", &numbers).await;
    }

    async fn keeps_route_groups(&mut self, form: &str, headers: Value) {
        let group = json!({"matches": [
            {"name": "books", "pathRegex": "/books/[0-9]+", "methods": ["GET", "HEAD"], "headers": headers}
        ]});
        let spec = json!({"spec": group});
        self.keeps::<specs::v1alpha1::HTTPRouteGroup>(form, &group).await;
        self.keeps::<specs::v1alpha2::HTTPRouteGroup>(form, &group).await;
        self.keeps::<specs::v1alpha3::HTTPRouteGroup>(form, &spec).await;
        self.keeps::<specs::v1alpha4::HTTPRouteGroup>(form, &spec).await;
    }

    async fn keeps_routes_by_port(&mut self) {
        let route = json!({"spec": {"matches": {"name": "web", "ports": [80, 443]}}});
        self.keeps::<specs::v1alpha1::TCPRoute>("ports", &route).await;
        self.keeps::<specs::v1alpha2::TCPRoute>("ports", &route).await;
        self.keeps::<specs::v1alpha3::TCPRoute>("ports", &route).await;
        self.keeps::<specs::v1alpha4::TCPRoute>("ports", &route).await;
        self.keeps::<specs::v1alpha4::UDPRoute>("ports", &route).await;
    }

    async fn keeps_access(&mut self) {
        let subject = |name: &str| json!({"kind": "ServiceAccount", "name": name, "namespace": "default", "port": 80});
        let (destination, sources) = (subject("web"), json!([subject("reader")]));
        let rules = json!([{"kind": "HTTPRouteGroup", "name": "reading", "matches": ["books"]}]);
        let root = json!({"destination": destination, "sources": sources, "specs": rules});
        let spec = json!({"spec": {"destination": destination, "sources": sources, "rules": rules}});
        let binding = json!({"spec": {"schemes": {"serviceAccount": "web"}}});
        self.keeps::<access::v1alpha1::TrafficTarget>("accounts", &root).await;
        self.keeps::<access::v1alpha2::TrafficTarget>("accounts", &spec).await;
        self.keeps::<access::v1alpha3::TrafficTarget>("accounts", &spec).await;
        self.keeps::<access::v1alpha4::TrafficTarget>("accounts", &spec).await;
        self.keeps::<access::v1alpha4::IdentityBinding>("account", &binding)
            .await;
    }

    /// Writes a `K` with these fields, reads it back, and records the fields that are lost. Skips kinds that the
    /// product does not serve.
    async fn keeps<K>(&mut self, what: &str, fields: &Value)
    where
        K: Resource<Scope = NamespaceResourceScope> + Metadata<Ty = ObjectMeta>,
        K: Serialize + DeserializeOwned + Clone + Debug,
    {
        let kind = format!("{} {}", K::API_VERSION, K::KIND);
        if !self.served.contains(&kind) {
            return;
        }
        let row = format!("{}: {kind}, {what}", self.name);
        let name = format!("{}-{}", what.replace(' ', "-"), K::VERSION);
        let mut fields = fields.clone();
        fields["metadata"] = json!({"name": name, "namespace": "default"});
        let sent: K = serde_json::from_value(fields).expect("the fields are valid for the type");
        let objects: Api<K> = Api::namespaced(self.server.client(), "default");
        if let Err(kube::Error::Api(status)) = objects.create(&PostParams::default(), &sent).await {
            let causes = status.details.expect("a rejection names the fields").causes;
            let fields: Vec<String> = causes.into_iter().map(|cause| cause.field).collect();
            self.table.insert(format!("{row}: rejected for {}", fields.join(", ")));
            return;
        }
        let read = objects.get(&name).await.expect("the object was created");

        let mut lost = Vec::new();
        compare(
            &without_metadata(&sent),
            &without_metadata(&read),
            &FieldPath::root(),
            &mut lost,
        );
        let outcome = if lost.is_empty() {
            "accepted".into()
        } else {
            format!("pruned of {}", lost.join(", "))
        };
        self.table.insert(format!("{row}: {outcome}"));

        let path = format!("{}/{}", collection(K::API_VERSION, K::KIND, Some("default")), name);
        let raw = self.server.raw().get(&path).await.expect("the object was created").body;
        let parsed = Object::from_value(&raw).expect("the object is an SMI object");
        assert!(parsed.unknown.is_empty(), "{kind}: {:?}", parsed.unknown);
        let typed = Object::from_value(&serde_json::to_value(&read).expect("wire types serialise"))
            .expect("the object is an SMI object");
        assert_eq!(parsed, typed);
    }
}

fn without_metadata(object: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(object).expect("wire types serialise");
    value["metadata"].take();
    value
}

/// Adds the fields of `sent` that are missing in `kept` to `lost`, and panics on any other difference.
fn compare(sent: &Value, kept: &Value, path: &FieldPath, lost: &mut Vec<String>) {
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => {
            assert!(
                kept.keys().all(|key| sent.contains_key(key)),
                "{path}: {kept:?} has additional fields"
            );
            for (key, value) in sent {
                let path = path.clone().field(key.clone());
                match kept.get(key) {
                    Some(kept) => compare(value, kept, &path, lost),
                    None => lost.push(path.to_string()),
                }
            }
        }
        (Value::Array(sent), Value::Array(kept)) if sent.len() == kept.len() => {
            for (index, (sent, kept)) in sent.iter().zip(kept).enumerate() {
                compare(sent, kept, &path.clone().index(index), lost);
            }
        }
        _ => assert_eq!(sent, kept, "{path}"),
    }
}
