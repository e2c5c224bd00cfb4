//! Replay of facts: the model must agree with observations of the real mesh.
//!
//! `SMI_MESH_FACTS` is the path of a folder with pairs of files. `linkerd/NAME.yaml` contains objects, and
//! `linkerd/NAME.jsonl` the answers of a policy controller and a proxy to requests, one per line. Without the variable
//! the tests are skipped.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the test data is trusted; panics fail the test"
)]

#[path = "facts/access.rs"]
mod access;

use k8s_openapi::api::core::v1::{Namespace, Pod, Service};
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectKey};
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Distribution, Endpoint, Request, RoutingQuery, Traffic};
use smi_conformance::{Interpreter, MeshWorld, NotModelledError};
use smi_mesh_linkerd::LinkerdMesh;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The requests that the model does not answer: file, number of lines, reason.
const OPEN: [(&str, usize, &str); 0] = [];

/// The minimum number of replayed lines. With fewer lines, files are missing.
const LINES: usize = 688;

/// The minimum number of objects.
const OBJECTS: usize = 1558;
/// The minimum number of objects that were rejected.
const REJECTIONS: usize = 76;

/// Returns the files in `linkerd/` with this extension, or `None` if `SMI_MESH_FACTS` is not set.
fn files(extension: &str) -> Option<Vec<PathBuf>> {
    let folder = PathBuf::from(std::env::var_os("SMI_MESH_FACTS")?).join("linkerd");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == extension));
    files.sort();
    assert!(!files.is_empty(), "no .{extension} in {}", folder.display());
    Some(files)
}

fn name_of(file: &Path) -> String {
    file.file_stem().unwrap().to_string_lossy().into_owned()
}

fn lines(file: &Path, kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).collect()
}

/// The result of replaying requests.
#[derive(Default)]
struct Replay {
    replayed: usize,
    equal: usize,
    wrong: Vec<String>,
    /// Requests that the model does not answer, counted by file and reason.
    open: BTreeMap<(String, String), usize>,
}

impl Replay {
    /// Records the model's answer to one line: whether it is the observed one, and its text.
    fn record(&mut self, file: &Path, line: &Value, got: Result<(bool, String), NotModelledError>) {
        self.replayed += 1;
        match got {
            Ok((true, _)) => self.equal += 1,
            Ok((false, got)) => self.wrong.push(format!("{}: {line}\n    got {got}", name_of(file))),
            Err(NotModelledError(why)) => *self.open.entry((name_of(file), why)).or_default() += 1,
        }
    }

    /// Asserts that no answer is wrong, that exactly the requests in `open` have none, and that no file is missing.
    fn finish(self, open: &[(&str, usize, &str)], least: usize) {
        let Self {
            replayed, equal, wrong, ..
        } = self;
        println!(
            "{replayed:>5} requests replayed\n{equal:>5} equal\n{:>5} wrong",
            wrong.len()
        );
        for ((file, why), count) in &self.open {
            println!("{count:>5} not modelled: {why} ({file})");
        }
        assert!(
            wrong.is_empty(),
            "{} of {replayed} wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        let listed = open
            .iter()
            .map(|(file, count, why)| (((*file).to_owned(), (*why).to_owned()), *count));
        assert_eq!(self.open, listed.collect(), "unanswered requests differ from `OPEN`");
        assert_eq!(equal + self.open.values().sum::<usize>(), replayed);
        assert!(replayed >= least, "{replayed} requests");
    }
}

/// Reads a file of objects.
fn objects(file: &Path) -> (MeshWorld, Vec<NativeObject>) {
    let mut world = MeshWorld {
        cluster_domain: "cluster.local".into(),
        ..MeshWorld::default()
    };
    let mut objects = Vec::new();
    for document in std::fs::read_to_string(file).unwrap().split("\n---") {
        // One object has the name `n`, which must not be read as a boolean.
        let options = serde_saphyr::options! { strict_booleans: true };
        let value: Value = serde_saphyr::from_str_with_options(document, options).unwrap();
        let Some(api_version) = value["apiVersion"].as_str() else {
            continue;
        };
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = value["kind"].as_str().unwrap();
        if (group, kind) == ("", "Service") {
            let service: Service = serde_json::from_value(value).unwrap();
            world.services.insert(ObjectKey::of(&service.metadata), service);
        } else if (group, kind) == ("", "Pod") {
            let pod: Pod = serde_json::from_value(value).unwrap();
            world.pods.insert(ObjectKey::of(&pod.metadata), pod);
        } else if (group, kind) == ("", "Namespace") {
            let namespace: Namespace = serde_json::from_value(value).unwrap();
            let name = namespace.metadata.name.clone().unwrap();
            world.namespaces.insert(name, namespace);
        } else {
            objects.push(NativeObject {
                kind: Kind::named(group, version, kind, &format!("{}s", kind.to_lowercase())),
                metadata: serde_json::from_value(value["metadata"].clone()).unwrap(),
                spec: value["spec"].clone().into(),
            });
        }
    }
    (world, objects)
}

fn query(line: &Value) -> RoutingQuery {
    let text = |name: &str, default: &str| line[name].as_str().unwrap_or(default).to_owned();
    let client = text("client", "");
    let (namespace, service_account) = client.split_once('/').unwrap();
    let host = text("host", "");
    let (service, service_namespace) = host.split_once('.').unwrap();
    RoutingQuery {
        from: Some(Identity {
            namespace: namespace.into(),
            service_account: service_account.into(),
        }),
        to: Destination::Service {
            key: ObjectKey::new(service_namespace, service),
            port: port(&line["port"]),
        },
        traffic: match line["proto"].as_str() {
            Some("tcp") => Traffic::Tcp,
            None | Some("h2") => Traffic::Http(request(line)),
            other => panic!("{other:?}"),
        },
    }
}

fn request(line: &Value) -> Request {
    let text = |name: &str, default: &str| line[name].as_str().unwrap_or(default).to_owned();
    let pairs = line["headers"].as_array().into_iter().flatten();
    let headers = pairs.map(|pair| (pair[0].as_str().unwrap().into(), pair[1].as_str().unwrap().into()));
    Request {
        method: text("method", "GET"),
        path: text("path", "/"),
        headers: headers.collect(),
    }
}

fn port(value: &Value) -> u16 {
    value.as_u64().unwrap().try_into().unwrap()
}

/// Returns the distribution of a verdict. Bytes have no status: if a verdict on bytes contains one, the connection is
/// closed.
fn expected(line: &Value, world: &MeshWorld) -> Distribution {
    let tcp = line["proto"] == "tcp";
    let verdict = line["verdict"].as_str().unwrap();
    let target = |text: &str| match text {
        "panic" | "closed" | "invalid" => Endpoint::Failure,
        "notfound" => Endpoint::Nowhere,
        // The client resolves the addresses of the pods and calls them directly.
        "headless" => {
            let Destination::Service { key, port } = query(line).to;
            assert!(world.services.contains_key(&key));
            Endpoint::Service { key, port }
        }
        _ => match text.split_once(':') {
            Some((name, port)) => {
                let (service, namespace) = name.split_once('.').unwrap();
                Endpoint::Service {
                    key: ObjectKey::new(namespace, service),
                    port: port.parse().unwrap(),
                }
            }
            None if tcp => text.parse::<u16>().map(|_| Endpoint::Failure).unwrap(),
            None => Endpoint::Status(text.parse().unwrap()),
        },
    };
    let shares = verdict.split(',').map(|share| match share.split_once('=') {
        Some((text, weight)) => (target(text), weight.parse().unwrap()),
        None => (target(share), 1),
    });
    Distribution::of(shares).unwrap()
}

#[test]
fn routes_every_request_like_the_real_mesh() {
    let Some(files) = files("jsonl") else {
        println!("skipped: SMI_MESH_FACTS is not set");
        return;
    };
    let mesh = LinkerdMesh::default();
    let mut replay = Replay::default();
    for file in files {
        let lines = lines(&file, "route");
        if lines.is_empty() {
            continue;
        }
        let (world, objects) = objects(&file.with_extension("yaml"));
        for line in lines {
            let expected = expected(&line, &world);
            let got = mesh.route(&objects, &world, &query(&line));
            replay.record(&file, &line, got.map(|got| (got == expected, got.to_string())));
        }
    }
    replay.finish(&OPEN, LINES);
}

#[test]
fn rejects_objects_like_the_real_api_server_and_admission() {
    let Some(files) = files("yaml") else {
        println!("skipped: SMI_MESH_FACTS is not set");
        return;
    };
    let (mut all, mut rejections) = (0, 0);
    for file in files {
        let answers = file.with_extension("jsonl");
        let rejected: BTreeSet<String> = lines(&answers, "object")
            .iter()
            .filter(|line| line["verdict"] == "refused")
            .map(|line| line["object"].as_str().unwrap().to_owned())
            .collect();
        for object in objects(&file).1 {
            all += 1;
            let refusal = LinkerdMesh::refusal(&object);
            rejections += usize::from(refusal.is_some());
            let key = object.key();
            let name = format!("{} {}/{}", object.kind, key.namespace, key.name);
            assert_eq!(
                rejected.contains(&name),
                refusal.is_some(),
                "{name} of {}: {refusal:?}",
                name_of(&file)
            );
        }
    }
    println!("{all:>5} objects\n{rejections:>5} of them rejected");
    assert!(
        all >= OBJECTS && rejections >= REJECTIONS,
        "{all} objects, {rejections} rejected"
    );
}
