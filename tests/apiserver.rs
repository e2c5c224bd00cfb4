//! What only a real API server can tell, and that the one of the tests ends with them.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what the tests of this file share is a test as well"
)]

#[path = "apiserver/corpus.rs"]
mod corpus;
#[path = "apiserver/emitted.rs"]
mod emitted;
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

/// Set in the process that the test of killed processes starts.
const CHILD: &str = "SMI_APISERVER_CHILD";

#[tokio::test]
async fn a_server_of_the_version_that_was_built() {
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
async fn servers_end_with_a_test_that_panics() {
    let (tell, told) = std::sync::mpsc::channel();
    let tasks = LocalSet::new();
    let test = tasks.spawn_local(async move {
        let Some(server) = ApiServer::start().await else { return };
        tell.send((server.processes(), server.folder())).unwrap();
        panic!("on purpose");
    });
    if tasks.run_until(test).await.is_err() {
        let (processes, folder) = told.try_recv().expect("a server that was started");
        assert!(is_gone(processes, &folder));
    }
}

#[tokio::test]
async fn servers_end_with_a_process_that_is_killed() {
    if std::env::var_os(CHILD).is_some() {
        return be_the_child().await;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "servers_end_with_a_process_that_is_killed", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("servers:") {
        if output.read_line(&mut said).unwrap() == 0 {
            assert!(child.wait().unwrap().success(), "{said}");
            return;
        }
    }
    let mut words = said.split_once("servers: ").unwrap().1.split_whitespace();
    let processes = [(); 2].map(|()| words.next().unwrap().parse().unwrap());
    let folder = PathBuf::from(words.next().unwrap());
    assert!(processes.into_iter().all(is_alive) && folder.is_dir());

    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(!status.success(), "{status}");
    let begin = Instant::now();
    while !is_gone(processes, &folder) {
        assert!(begin.elapsed() < Duration::from_secs(10), "{processes:?} still run");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts a server, says so and waits to be killed.
async fn be_the_child() {
    let Some(server) = ApiServer::start().await else { return };
    let [etcd, apiserver] = server.processes();
    println!("servers: {etcd} {apiserver} {}", server.folder().display());
    // Ends by itself only if whoever started it is gone as well.
    _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn is_gone(processes: [u32; 2], folder: &Path) -> bool {
    !processes.into_iter().any(is_alive) && !folder.exists()
}

fn is_alive(process: u32) -> bool {
    let status = Command::new("sh")
        .args(["-c", "kill -0 \"$0\" 2> /dev/null", &process.to_string()])
        .status();
    status.expect("a shell").success()
}
