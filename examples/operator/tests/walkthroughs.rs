//! The operator as a process, on a real API server: it is installed from its own manifests, and after each step of the
//! walkthroughs the cluster contains what `translate` prints for the same files.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are test code as well"
)]

use serde_json::{Value, json};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::plan::{MeshAdapterExt, Observed};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml;
use smi_adapter_istio::Istio;
use smi_adapter_linkerd::Linkerd;
use smi_controller::kube::Client;
use smi_tests::apiserver::{ApiServer, Raw, collection, native_crds, natives, signal, smi_crds};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const OPERATOR: &str = env!("CARGO_BIN_EXE_smi-operator");

/// A process of the operator.
struct Operator(Child);

impl Operator {
    fn start(server: &ApiServer, arguments: &[&str]) -> Self {
        let child = Command::new(OPERATOR)
            .args(arguments)
            .env("KUBECONFIG", server.kubeconfig())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("the operator starts"))
    }

    /// Sends SIGTERM, and returns what the process has printed.
    fn terminate(mut self) -> String {
        signal(self.0.id(), "TERM");
        let mut printed = String::new();
        let mut output = self.0.stdout.take().expect("the output is piped");
        output.read_to_string(&mut printed).expect("it prints text");
        let status = self.0.wait().expect("it ends");
        assert!(status.success(), "{status}");
        printed
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Returns a port that is unused at this moment.
fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener
        .local_addr()
        .expect("the listener has an address")
        .port()
        .to_string()
}

/// Returns the first line of the answer to a probe; empty if there is none.
fn probe(port: &str, path: &str) -> String {
    let answer = get(port, path);
    answer.lines().next().unwrap_or_default().to_owned()
}

/// Returns an answer with its head; empty if there is none.
fn get(port: &str, path: &str) -> String {
    use std::io::Write;
    let Ok(mut stream) = std::net::TcpStream::connect(format!("127.0.0.1:{port}")) else {
        return String::new();
    };
    let mut answer = String::new();
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    _ = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer));
    answer
}

fn read(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../walkthroughs");
    std::fs::read_to_string(folder.join(file)).expect("the file exists")
}

async fn apply(raw: &Raw, object: &Value) {
    let applied = raw.apply(object).await;
    applied.unwrap_or_else(|failure| panic!("{object}: {failure}"));
}

/// Deletes the SMI objects that are not in a list.
async fn prune(raw: &Raw, kept: &[Value]) {
    for kind in Kind::SMI {
        let path = collection(&kind.api_version(), kind.name(), None);
        let all = raw.get(&path).await.expect("the kinds are installed").body;
        for object in all["items"].as_array().into_iter().flatten() {
            let is_same = |kept: &&Value| {
                kept["kind"] == *kind.name()
                    && kept["metadata"]["name"] == object["metadata"]["name"]
                    && kept["metadata"]["namespace"] == object["metadata"]["namespace"]
            };
            if kept.iter().any(|kept| is_same(&kept)) {
                continue;
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let metadata = &object["metadata"];
            let collection = collection(&kind.api_version(), kind.name(), metadata["namespace"].as_str());
            let deleted = raw.delete(&format!("{collection}/{}", text(&metadata["name"]))).await;
            deleted.expect("the object exists");
        }
    }
}

/// Returns the specs of the native objects in the cluster.
async fn live(mesh: &dyn MeshAdapter, client: &Client) -> BTreeMap<ObjectRef, Value> {
    let objects = natives(mesh, client).await.into_iter();
    objects
        .map(|object| (object.reference(), (*object.spec).clone()))
        .collect()
}

/// Returns the specs that `translate` prints for a text.
fn translated(mesh: &dyn MeshAdapter, text: &str) -> BTreeMap<ObjectRef, Value> {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(text, "default") {
        document.add_to(&mut input).expect("the walkthroughs are manifests");
    }
    let planned = mesh.plan(&input.build(), &Settings::default(), &Observed::default());
    let manifests = planned.manifests.into_iter();
    manifests
        .map(|manifest| (manifest.object.reference(), (*manifest.object.spec).clone()))
        .collect()
}

async fn walk(name: &str, mesh: &dyn MeshAdapter) {
    let Some(server) = ApiServer::start_static().await else {
        return;
    };
    // Without the control plane of Linkerd, routes would never be accepted.
    let accepting = tokio::spawn(server.accept_routes(None, |_| true));
    let raw = server.raw();
    server.install(&native_crds(mesh)).await.expect("the CRDs are valid");

    // What the program prints installs it.
    let mesh_option = format!("--mesh={name}");
    let printed = Command::new(OPERATOR)
        .args(["manifests", &mesh_option, "--lease=smi-system/smi-operator"])
        .output()
        .expect("the operator starts");
    let manifests = yaml::read_values(&String::from_utf8_lossy(&printed.stdout)).expect("it prints YAML");
    assert!(manifests.len() > 10, "{}", manifests.len());
    for manifest in &manifests {
        apply(&raw, manifest).await;
    }
    let port = free_port();
    let port_option = format!("--port={port}");
    let operator = Operator::start(server, &[&mesh_option, "--lease=smi-system/smi-operator", &port_option]);
    server
        .until("the operator to be ready", async || {
            probe(&port, "/readyz").contains("200")
        })
        .await;
    assert!(probe(&port, "/livez").contains("200"));

    let client = server.client();
    let shop = read("shop.yaml");
    for object in yaml::read_values(&shop).expect("it is YAML") {
        apply(&raw, &object).await;
    }
    let steps = [
        "canary/1-all-to-v1.yaml",
        "canary/2-ten-percent.yaml",
        "canary/3-half.yaml",
        "canary/4-all-to-v2.yaml",
        "blue-green/1-blue.yaml",
        "blue-green/2-green.yaml",
        "blue-green/3-tcp-too.yaml",
        "ab-test/1-testers.yaml",
        "ab-test/2-testers-and-canary.yaml",
        "access/1-by-request.yaml",
    ];
    for step in steps {
        let text = read(step);
        let objects = yaml::read_values(&text).expect("it is YAML");
        prune(&raw, &objects).await;
        for object in &objects {
            apply(&raw, object).await;
        }
        let expected = translated(mesh, &format!("{shop}\n---\n{text}"));
        assert!(!expected.is_empty(), "{step}");
        server
            .until(&format!("{step} on {name}"), async || {
                live(mesh, &client).await == expected
            })
            .await;
    }
    let expected = [
        "content-type: application/openmetrics-text",
        "smi_controller_leader 1\n",
        "smi_controller_outstanding_writes 0\n",
        "smi_controller_objects{resource=\"traffictargets.access.smi-spec.io\"}",
        "verb=\"delete\",outcome=\"written\"}",
    ];
    server
        .until("the metrics", async || {
            let metrics = get(&port, "/metrics");
            expected.iter().all(|expected| metrics.contains(expected))
        })
        .await;
    assert_eq!(operator.terminate(), "");

    // A dry run prints what it would do.
    apply(
        &raw,
        &json!({"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
        "metadata": {"name": "catalog", "namespace": "shop"},
        "spec": {"service": "catalog", "backends": [{"service": "catalog-v1", "weight": 1}]}}),
    )
    .await;
    let before = live(mesh, &client).await;
    let port = free_port();
    let port_option = format!("--port={port}");
    let dry_run = Operator::start(server, &[&mesh_option, "--dry-run", &port_option]);
    server
        .until("the dry run", async || probe(&port, "/readyz").contains("200"))
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let printed = dry_run.terminate();
    assert!(
        printed.contains("create (") && printed.contains("outstanding"),
        "{printed}"
    );
    assert_eq!(live(mesh, &client).await, before);
    accepting.abort();
}

#[tokio::test]
async fn walkthroughs_on_istio() {
    walk("istio", &Istio::default()).await;
}

#[tokio::test]
async fn walkthroughs_on_linkerd() {
    walk("linkerd", &Linkerd::default()).await;
}

#[tokio::test]
async fn a_frozen_holder_of_the_lease_does_no_harm() {
    let Some(server) = ApiServer::start_static().await else {
        return;
    };
    let (istio, raw) = (Istio::default(), server.raw());
    let crds = [native_crds(&istio), smi_crds()].concat();
    server.install(&crds).await.expect("the CRDs are valid");
    let shop = yaml::read_values(&read("shop.yaml")).expect("it is YAML");
    for object in &shop {
        apply(&raw, object).await;
    }
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "smi-system"}});
    apply(&raw, &namespace).await;
    let operators: Vec<(Operator, String)> = (0..2)
        .map(|_| {
            let port = free_port();
            let options = [
                "--mesh=istio",
                "--lease=smi-system/smi-operator",
                &format!("--port={port}"),
            ];
            (Operator::start(server, &options), port)
        })
        .collect();
    let leads = |port: &str| get(port, "/metrics").contains("smi_controller_leader 1\n");
    server
        .until("a leader", async || operators.iter().any(|(_, port)| leads(port)))
        .await;
    let holder = operators
        .iter()
        .position(|(_, port)| leads(port))
        .expect("there is one");
    let (frozen, other) = (&operators[holder], &operators[1 - holder]);

    let client = server.client();
    let step = async |file: &str| {
        let text = read(file);
        for object in yaml::read_values(&text).expect("it is YAML") {
            apply(&raw, &object).await;
        }
        let manifests = yaml::write_values(&shop);
        let expected = translated(&istio, &format!("{manifests}\n---\n{text}"));
        server
            .until(file, async || live(&istio, &client).await == expected)
            .await;
    };
    step("canary/1-all-to-v1.yaml").await;
    // It may be frozen in the middle of this write.
    for object in yaml::read_values(&read("canary/2-ten-percent.yaml")).expect("it is YAML") {
        apply(&raw, &object).await;
    }
    signal(frozen.0.0.id(), "STOP");
    step("canary/3-half.yaml").await;
    assert!(leads(&other.1));
    let versions = async || {
        let objects = natives(&istio, &client).await.into_iter();
        let versions: Vec<_> = objects.map(|object| object.metadata.resource_version.clone()).collect();
        assert!(!versions.is_empty());
        versions
    };
    let before = versions().await;
    signal(frozen.0.0.id(), "CONT");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(versions().await, before);
    assert!(!leads(&frozen.1) && leads(&other.1));
    step("canary/4-all-to-v2.yaml").await;
    for (operator, _) in operators {
        operator.terminate();
    }
}

#[test]
fn wrong_options_are_refused() {
    for (arguments, reason) in [
        (&["--mesh=consul"][..], "`consul` is not a known mesh"),
        (&[], "`--mesh` is missing"),
        (&["--mesh=istio", "--lease=x"], "`x` is not a lease"),
        (&["--mesh=istio", "--namespace=A_b"], "`A_b` is not a valid name"),
        (&["--mesh=istio", "--owner=-"], "`-` is not a valid label value"),
        (&["--mesh=istio", "--image=x"], "`--image` is only for `manifests`"),
    ] {
        let output = Command::new(OPERATOR)
            .args(arguments)
            .output()
            .expect("the operator starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && error.contains(reason),
            "{arguments:?}: {error}"
        );
    }
}

#[test]
fn manifests_grant_roles_in_the_scope() {
    let output = Command::new(OPERATOR)
        .args([
            "manifests",
            "--mesh=linkerd",
            "--namespace=shop",
            "--namespace=bank",
            "--no-access",
        ])
        .output()
        .expect("the operator starts");
    let manifests = yaml::read_values(&String::from_utf8_lossy(&output.stdout)).expect("it prints YAML");
    let roles = manifests.iter().filter(|manifest| manifest["kind"] == "Role");
    let namespaces: Vec<&str> = roles
        .filter_map(|role| role["metadata"]["namespace"].as_str())
        .collect();
    assert_eq!(namespaces, ["bank", "shop"]);
    let text = serde_json::to_string(&manifests).expect("values can be written");
    assert!(!text.contains("\"pods\""), "pods need not be watched");
    let deployment = manifests
        .iter()
        .find(|manifest| manifest["kind"] == "Deployment")
        .expect("it runs");
    let arguments = &deployment["spec"]["template"]["spec"]["containers"][0]["args"];
    assert_eq!(
        *arguments,
        json!(["--mesh=linkerd", "--namespace=shop", "--namespace=bank", "--no-access"])
    );
}
