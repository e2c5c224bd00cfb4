//! Tests on a real API server, and tests that this server stops together with its test.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are test code as well"
)]

#[path = "apiserver/cluster.rs"]
mod cluster;
#[path = "apiserver/corpus.rs"]
mod corpus;
#[path = "apiserver/emitted.rs"]
mod emitted;
#[path = "apiserver/lease.rs"]
mod lease;
#[path = "apiserver/products.rs"]
mod products;
#[path = "apiserver/round_trips.rs"]
mod round_trips;
#[path = "apiserver/versions.rs"]
mod versions;

use smi_tests::apiserver::ApiServer;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

/// An environment variable that is set in the child process of `servers_stop_with_a_killed_process`.
const CHILD: &str = "SMI_APISERVER_CHILD";

#[tokio::test]
async fn server_has_the_required_version() {
    let Some(server) = ApiServer::start().await else { return };
    let version = server.client().apiserver_version().await.unwrap().git_version;
    println!("the API server is {version}");
    if std::env::var_os("KUBEBUILDER_ASSETS").is_none() {
        let required = format!("k8s.io/kubernetes {version} ");
        assert!(include_str!("apiserver/go.mod").contains(&required), "{version}");
    }
    let missing = server.raw().get("/api/v1/namespaces/absent").await.unwrap_err();
    assert_eq!(missing.to_string(), "404: namespaces \"absent\" not found");
}

#[tokio::test]
async fn servers_stop_with_a_panicking_test() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let tasks = LocalSet::new();
    let test = tasks.spawn_local(async move {
        let Some(server) = ApiServer::start().await else { return };
        sender.send((server.processes(), server.folder())).unwrap();
        panic!("on purpose");
    });
    if tasks.run_until(test).await.is_err() {
        let (processes, folder) = receiver.try_recv().expect("the server was started");
        assert!(is_gone(processes, &folder));
    }
}

#[tokio::test]
async fn servers_stop_with_a_killed_process() {
    if std::env::var_os(CHILD).is_some() {
        return run_child().await;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "servers_stop_with_a_killed_process", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    while !lines.contains("servers:") {
        if output.read_line(&mut lines).unwrap() == 0 {
            assert!(child.wait().unwrap().success(), "{lines}");
            return;
        }
    }
    let mut words = lines.split_once("servers: ").unwrap().1.split_whitespace();
    let processes = [(); 2].map(|()| words.next().unwrap().parse().unwrap());
    let folder = PathBuf::from(words.next().unwrap());
    assert!(processes.into_iter().all(is_alive) && folder.is_dir());

    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(!status.success(), "{status}");
    let started = Instant::now();
    while !is_gone(processes, &folder) {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "{processes:?} are still running"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs in the child process: starts a server, prints its processes and waits to be killed.
async fn run_child() {
    let Some(server) = ApiServer::start().await else { return };
    let [etcd, apiserver] = server.processes();
    println!("servers: {etcd} {apiserver} {}", server.folder().display());
    // Returns by itself only if the parent process has ended as well.
    _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn is_gone(processes: [u32; 2], folder: &Path) -> bool {
    !processes.into_iter().any(is_alive) && !folder.exists()
}

fn is_alive(process: u32) -> bool {
    let status = Command::new("sh")
        .args(["-c", "kill -0 \"$0\" 2> /dev/null", &process.to_string()])
        .status();
    status.expect("a shell is installed").success()
}
