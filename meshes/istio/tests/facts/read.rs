//! Reading of facts about Istio: `NAME.yaml` (services, pods, native objects) and `NAME.jsonl` (a request and its verdict
//! in each line).

use k8s_openapi::api::core::v1::{Pod, Service};
use serde::Deserialize;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectKey};
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Distribution, Endpoint, Request, RoutingQuery, Traffic};
use smi_conformance::{Decision, Inbound, MeshWorld, Peer};
use std::fs;
use std::path::{Path, PathBuf};

/// Files with a line that is contradicted by another line, which has the same configuration and request but a different
/// verdict. The files do not record the difference between the two measurements.
pub(super) const CONTRADICTED: [&str; 5] = [
    "02-allow-without-baseline",
    "02-baseline-allow",
    "02-baseline-in-the-root-namespace",
    "02-strict",
    "02-trust-domain-aliases",
];

/// A line about routing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    #[serde(rename = "kind")]
    _kind: String,
    client: String,
    pub(super) host: String,
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

impl Route {
    fn called(&self) -> ObjectKey {
        let mut labels = self.host.split('.');
        let name = labels.next().unwrap();
        let own = self.client.split_once('/').unwrap().0;
        ObjectKey::new(labels.next().unwrap_or(own), name)
    }

    fn is_tcp(&self) -> bool {
        self.proto.as_deref() == Some("tcp")
    }

    pub(super) fn query(&self) -> RoutingQuery {
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
    pub(super) fn expected(&self, world: &MeshWorld) -> Option<Distribution> {
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

/// A line about access control.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Access {
    #[serde(rename = "kind")]
    _kind: String,
    to: String,
    port: u16,
    from: String,
    #[serde(default)]
    proto: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    pub(super) verdict: String,
}

impl Access {
    pub(super) fn inbound(&self) -> Inbound {
        let (namespace, pod) = self.to.split_once('/').unwrap();
        let request = || Request {
            method: self.method.clone().unwrap_or_else(|| "GET".into()),
            path: self.path.clone().expect("a request has a path"),
            headers: self.headers.clone(),
        };
        Inbound {
            from: self.peer(),
            ip: [10, 0, 0, 9].into(),
            pod: ObjectKey::new(namespace, pod),
            port: self.port,
            traffic: match self.proto.as_deref() {
                Some("tcp") => Traffic::Tcp,
                Some("http" | "h2") | None => Traffic::Http(request()),
                Some(proto) => panic!("{proto}"),
            },
        }
    }

    fn peer(&self) -> Peer {
        match self.from.as_str() {
            "" => Peer::Plaintext,
            "tls" => Peer::Unidentified,
            name if name.starts_with("spiffe://") => Peer::Spiffe(name.to_owned()),
            account => {
                let (namespace, service_account) = account.split_once('/').unwrap();
                Peer::Account(Identity {
                    namespace: namespace.into(),
                    service_account: service_account.into(),
                })
            }
        }
    }

    pub(super) fn expected(&self) -> Decision {
        match self.verdict.as_str() {
            "allow" => Decision::Allow,
            // The last two are responses of the proxy itself: 404 and 400.
            "deny" | "notfound" | "status:400" => Decision::Deny,
            verdict => panic!("{verdict}"),
        }
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

pub(super) fn native(
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

/// A file of facts with its world.
pub(super) struct File {
    pub(super) name: String,
    pub(super) world: MeshWorld,
    pub(super) objects: Vec<NativeObject>,
    pub(super) lines: Vec<Value>,
}

/// Returns the files with lines of a kind, by name, if a folder is configured.
pub(super) fn files(kind: &str) -> Option<Vec<File>> {
    let Some(folder) = std::env::var_os("SMI_MESH_FACTS") else {
        println!("skipped: SMI_MESH_FACTS is not set to a folder with facts");
        return None;
    };
    let folder = Path::new(&folder).join("istio");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let read = |file: PathBuf| {
        let (world, objects) = world(&fs::read_to_string(file.with_extension("yaml")).unwrap());
        File {
            name: file.file_stem().unwrap().to_str().unwrap().to_owned(),
            world,
            objects,
            lines: lines(&file, kind),
        }
    };
    let files: Vec<File> = files
        .into_iter()
        .map(read)
        .filter(|file| !file.lines.is_empty())
        .collect();
    assert!(!files.is_empty(), "there are no facts in {}", folder.display());
    Some(files)
}

fn lines(file: &Path, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["kind"] == kind)
        .collect()
}

/// Returns `true` if there is a line that differs only in the verdict.
pub(super) fn is_contradicted(fact: &Value, lines: &[Value]) -> bool {
    let question = |line: &Value| {
        let mut line = line.clone();
        line["verdict"] = Value::Null;
        line
    };
    let same = |line: &&Value| question(line) == question(fact) && line["verdict"] != fact["verdict"];
    lines.iter().any(|line| same(&line))
}
