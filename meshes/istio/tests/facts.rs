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
#[path = "facts/read.rs"]
mod read;

use k8s_openapi::api::core::v1::Service;
use read::{Route, files, native};
use serde_json::{Value, json};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Distribution, Endpoint, Request, RoutingQuery, Traffic};
use smi_conformance::{Interpreter, MeshWorld, NotModelledError};
use smi_mesh_istio::IstioMesh;
use std::collections::BTreeMap;

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

#[test]
fn routes_like_the_mesh() {
    let Some(files) = files("route") else { return };
    let mesh = IstioMesh::default();
    let (mut replayed, mut equal) = (0, 0);
    let mut rejected: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut unused: Vec<_> = NOT_MODELLED.to_vec();
    for file in &files {
        let name = &file.name;
        for route in &file.lines {
            replayed += 1;
            let line: Route = serde_json::from_value(route.clone()).unwrap();
            let listed = NOT_MODELLED
                .iter()
                .find(|(file, host, _)| file == name && (*host == "*" || *host == line.host));
            match (
                mesh.route(&file.objects, &file.world, &line.query()),
                line.expected(&file.world),
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
    let Some(files) = files("access") else { return };
    let facts = files.into_iter().find(|file| file.name == "04-paths").unwrap();
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
    let matches: BTreeMap<String, Value> = facts.objects.iter().filter_map(uri_of_policy).collect();
    assert!(matches.len() > 10, "{matches:?}");
    let to =
        |name: &str| json!([{"destination": {"host": format!("{name}.d.svc.cluster.local"), "port": {"number": 80}}}]);
    let (mut equal, mut elsewhere, mut rejected) = (0, 0, 0);
    for line in &facts.lines {
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
