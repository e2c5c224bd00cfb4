//! Comparison of the interpreter with measured answers of istiod and Envoy.
//!
//! `SMI_MESH_FACTS` is a folder with `istio/NAME.yaml` (services, pods, native objects) and `istio/NAME.jsonl` (a request
//! and its verdict in each line). Lines are of the kind `route` or `access`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests can fail the test"
)]

#[path = "facts/access.rs"]
mod access;

use k8s_openapi::api::core::v1::{Pod, Service};
use serde::Deserialize;
use serde_json::{Value, json};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectKey};
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Distribution, Endpoint, Request, RoutingQuery, Traffic};
use smi_conformance::{Interpreter, MeshWorld, NotModelledError};
use smi_mesh_istio::IstioMesh;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines that the interpreter has to reject: the file, the host (`*` for the whole file), and a part of the reason.
const NOT_MODELLED: [(&str, &str, &str); 7] = [
    ("05-f-sum-over-u32-http", "*", "Envoy rejects the sum of weights"),
    (
        "05-o5-externalname",
        "ext.d.svc.cluster.local",
        "an ExternalName service of an outside host",
    ),
    ("05-q-regex-100", "*", "not portable"),
    ("05-q-regex-mem", "*", "not portable"),
    ("05-q-regex-named", "*", "not portable"),
    ("05-q-regex-quote", "*", "not portable"),
    ("05-q-regex-size", "*", "not portable"),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(rename = "kind")]
    _kind: String,
    client: String,
    host: String,
    port: u16,
    #[serde(default)]
    proto: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    verdict: String,
}

impl Line {
    fn called(&self) -> ObjectKey {
        let mut labels = self.host.split('.');
        let name = labels.next().unwrap();
        let own = self.client.split_once('/').unwrap().0;
        ObjectKey::new(labels.next().unwrap_or(own), name)
    }

    fn is_tcp(&self) -> bool {
        self.proto.as_deref() == Some("tcp")
    }

    fn query(&self) -> RoutingQuery {
        let (namespace, name) = self.client.split_once('/').unwrap();
        let mut headers = vec![("Host".to_owned(), self.host.clone())];
        headers.extend(self.headers.iter().cloned());
        RoutingQuery {
            from: Some(Identity {
                namespace: namespace.into(),
                service_account: name.into(),
            }),
            to: Destination::Service {
                key: self.called(),
                port: self.port,
            },
            traffic: if self.is_tcp() {
                Traffic::Tcp
            } else {
                Traffic::Http(Request {
                    method: self.method.clone().unwrap_or_else(|| "GET".into()),
                    path: self.path.clone().unwrap_or_else(|| "/".into()),
                    headers,
                })
            },
        }
    }

    /// Returns the measured answer, or `None` if the mesh rejected the configuration.
    fn expected(&self, world: &MeshWorld) -> Option<Distribution> {
        let service = |key: ObjectKey, port: u16| Endpoint::Service { key, port };
        let failure = if self.is_tcp() {
            Endpoint::Failure
        } else {
            Endpoint::Status(503)
        };
        match self.verdict.as_str() {
            "rejected" => return None,
            "closed" => return Some(Distribution::all_to(Endpoint::Failure)),
            // The original destination.
            "PassthroughCluster" => return Some(Distribution::all_to(service(self.called(), self.port))),
            _ => {}
        }
        if let Ok(status) = self.verdict.parse() {
            return Some(Distribution::all_to(Endpoint::Status(status)));
        }
        let shares = self.verdict.split(',').map(|share| {
            let (cluster, weight) = share.split_once('=').unwrap_or((share, "1"));
            let (host, port) = cluster.split_once(':').unwrap();
            let (name, namespace) = host.split_once('.').unwrap();
            let (key, port) = (ObjectKey::new(namespace, name), port.parse().unwrap());
            // A verdict can also name a cluster that does not exist.
            let target = if has_port(world, &key, port) {
                service(key, port)
            } else {
                failure.clone()
            };
            (target, weight.parse().unwrap())
        });
        Some(Distribution::of(shares).unwrap())
    }
}

fn has_port(world: &MeshWorld, key: &ObjectKey, port: u16) -> bool {
    let spec = world.services.get(key).and_then(|service| service.spec.as_ref());
    let mut ports = spec.and_then(|spec| spec.ports.as_deref()).unwrap_or_default().iter();
    ports.any(|own| own.port == i32::from(port) && own.protocol.as_deref() != Some("UDP"))
}

fn world(text: &str) -> (MeshWorld, Vec<NativeObject>) {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    let mut world = MeshWorld {
        cluster_domain: "cluster.local".into(),
        ..MeshWorld::default()
    };
    let mut objects = Vec::new();
    for document in documents {
        let text = |field: &str| document[field].as_str().unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let metadata = serde_json::from_value(document["metadata"].clone()).unwrap_or_default();
        match kind.as_str() {
            "Pod" => {
                let pod: Pod = serde_json::from_value(document).unwrap();
                world.pods.insert(ObjectKey::of(&metadata), pod);
            }
            "Service" => {
                let service: Service = serde_json::from_value(document).unwrap();
                world.services.insert(ObjectKey::of(&metadata), service);
            }
            _ => objects.push(native(&api_version, &kind, metadata, document["spec"].clone())),
        }
    }
    (world, objects)
}

fn native(
    api_version: &str,
    kind: &str,
    metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    spec: Value,
) -> NativeObject {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    NativeObject {
        kind: Kind::named(group, version, kind, &kind.to_lowercase()),
        metadata: metadata.into(),
        spec: spec.into(),
    }
}

/// Returns the folder with facts about Istio, if one is configured.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("SMI_MESH_FACTS");
    if folder.is_none() {
        println!("skipped: SMI_MESH_FACTS is not set to a folder with facts");
    }
    folder.map(|folder| Path::new(&folder).join("istio"))
}

fn lines(file: &Path, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["kind"] == kind)
        .collect()
}

#[test]
fn routes_like_the_mesh() {
    let Some(folder) = folder() else { return };
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mesh = IstioMesh::default();
    let (mut replayed, mut equal) = (0, 0);
    let mut rejected: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut unused: Vec<_> = NOT_MODELLED.to_vec();
    for file in &files {
        let routes = lines(file, "route");
        if routes.is_empty() {
            continue;
        }
        let name = file.file_stem().unwrap().to_str().unwrap();
        let (world, objects) = world(&fs::read_to_string(file.with_extension("yaml")).unwrap());
        for route in routes {
            replayed += 1;
            let line: Line = serde_json::from_value(route.clone()).unwrap();
            let listed = NOT_MODELLED
                .iter()
                .find(|(file, host, _)| *file == name && (*host == "*" || *host == line.host));
            match (
                mesh.route(&objects, &world, &line.query()),
                line.expected(&world),
                listed,
            ) {
                (Err(NotModelledError(reason)), _, Some(listed)) if reason.contains(listed.2) => {
                    unused.retain(|entry| entry != listed);
                    *rejected.entry(listed.2.to_owned()).or_default() += 1;
                }
                (Ok(answer), Some(expected), None) if answer == expected => equal += 1,
                (answer, _, _) => wrong.push(format!("{name} {route}\n    {answer:?}")),
            }
        }
    }
    assert!(replayed > 0, "there are no facts in {}", folder.display());
    println!("replayed       {replayed:>4}");
    println!("equal          {equal:>4}");
    for (reason, count) in &rejected {
        println!("not modelled   {count:>4}  {reason}");
    }
    println!("wrong          {:>4}", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unused.is_empty(), "listed, but not rejected: {unused:?}");
}

/// The normalisation of paths was measured with access policies on the server's side. The client's side normalises paths
/// in the same way, so each policy with an exact path or a prefix is tested as a route.
#[test]
fn routes_normalise_paths_like_access_policies() {
    let Some(folder) = folder() else { return };
    let (_, policies) = world(&fs::read_to_string(folder.join("04-paths.yaml")).unwrap());
    let service = |name: &str| {
        serde_json::from_value::<Service>(json!({
            "metadata": {"name": name, "namespace": "d"},
            "spec": {"ports": [{"name": "http", "port": 80}]},
        }))
        .unwrap()
    };
    let services = ["web", "hit"].map(|name| (ObjectKey::new("d", name), service(name)));
    let world = MeshWorld {
        services: BTreeMap::from(services),
        cluster_domain: "cluster.local".into(),
        ..MeshWorld::default()
    };
    let matches: BTreeMap<String, Value> = policies.iter().filter_map(uri_of_policy).collect();
    assert!(matches.len() > 10, "{matches:?}");
    let to =
        |name: &str| json!([{"destination": {"host": format!("{name}.d.svc.cluster.local"), "port": {"number": 80}}}]);
    let (mut equal, mut elsewhere, mut rejected) = (0, 0, 0);
    for line in lines(&folder.join("04-paths.jsonl"), "access") {
        let Some(uri) = matches.get(line["from"].as_str().unwrap()) else {
            continue;
        };
        let route = native(
            "networking.istio.io/v1",
            "VirtualService",
            serde_json::from_value(json!({"name": "web", "namespace": "d"})).unwrap(),
            json!({"hosts": ["web"], "http": [{"match": [{"uri": uri}], "route": to("hit")}, {"route": to("web")}]}),
        );
        let query = RoutingQuery {
            from: Some(Identity {
                namespace: "c".into(),
                service_account: "client".into(),
            }),
            to: Destination::Service {
                key: ObjectKey::new("d", "web"),
                port: 80,
            },
            traffic: Traffic::Http(Request {
                method: line["method"].as_str().unwrap_or("GET").to_owned(),
                path: line["path"].as_str().unwrap().to_owned(),
                headers: Vec::new(),
            }),
        };
        let target = |name: &str| Endpoint::Service {
            key: ObjectKey::new("d", name),
            port: 80,
        };
        let expected = match line["verdict"].as_str().unwrap() {
            "allow" => target("hit"),
            "deny" => target("web"),
            "status:400" => Endpoint::Status(400),
            verdict => panic!("{verdict}"),
        };
        match IstioMesh::default().route(&[route], &world, &query) {
            Ok(answer) if answer == Distribution::all_to(expected.clone()) => equal += 1,
            // An absolute target names another host, for which there is no route.
            Ok(_) if line["path"].as_str().unwrap().starts_with("http://") => elsewhere += 1,
            Err(_) if expected == Endpoint::Status(400) => rejected += 1,
            answer => panic!("{line} {uri}: {answer:?}"),
        }
    }
    println!("equal {equal}, for another host {elsewhere}, not recognised as a request {rejected}");
    assert!(equal > 1000, "{equal}");
}

/// Returns the client and the path of a policy with a single path, in a form that routes also support.
fn uri_of_policy(policy: &NativeObject) -> Option<(String, Value)> {
    let rule = &policy.spec["rules"][0];
    let principal = rule["from"][0]["source"]["principals"][0].as_str()?;
    let client = principal.strip_prefix("cluster.local/ns/c/sa/").expect("a client in c");
    let path = rule["to"][0]["operation"]["paths"][0].as_str()?;
    if path.contains(['{', '}']) || path.starts_with('*') {
        return None;
    }
    let uri = match path.strip_suffix('*') {
        Some(prefix) => json!({"prefix": prefix}),
        None => json!({"exact": path}),
    };
    Some((format!("c/{client}"), uri))
}
