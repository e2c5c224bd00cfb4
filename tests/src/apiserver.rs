//! A real API server for tests: `etcd` and `kube-apiserver`, and nothing else.
//!
//! The binaries are those in the folder that `KUBEBUILDER_ASSETS` names. Otherwise, if Go is installed, they are built
//! once into the target folder. Without either, tests are skipped, or fail if `CI=true`.
//!
//! There is no controller manager: no object is deleted because of its `ownerReferences`, a deleted namespace stays in
//! `Terminating`, and namespaces get no service account. No test may rely on these.

mod binaries;
mod crds;
mod faults;
mod linkerd;
mod raw;
mod servers;

pub use crds::{crd, free, native_crds, smi_crds};
pub use faults::Faults;
pub use raw::{Answer, Failure, Raw, api, collection};

use kube::{Client, Config};
use servers::Servers;
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::cluster::Cluster;
use smi_adapter::manifest::NativeObject;
use smi_controller::KubeCluster;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// The time limit of every wait, long enough for busy machines.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running API server with an empty store. It stops when this value is dropped, and when the test's process ends in
/// any way.
#[derive(Debug)]
pub struct ApiServer {
    servers: Servers,
}

impl ApiServer {
    /// Starts a new server and waits until it is ready. Without binaries, prints the reason and returns `None`.
    ///
    /// To share a server between the tests of a file, keep it in a `static` [`tokio::sync::OnceCell`]. Statics are
    /// never dropped, so such a server stops with the process.
    ///
    /// # Panics
    /// If the server does not start, or if there are no binaries and `CI` is `true`.
    pub async fn start() -> Option<Self> {
        let started = Instant::now();
        let binaries = crate::found("API server", binaries::folder())?;
        let found = Instant::now();
        let server = Self {
            servers: Servers::start(&binaries),
        };
        let raw = server.raw();
        server
            .until("the API server", async || raw.get("/readyz").await.is_ok())
            .await;
        crate::print_now(&format!(
            "API server: {:.1?} for the binaries, ready after another {:.1?}",
            found.duration_since(started),
            found.elapsed()
        ));
        Some(server)
    }

    /// Starts a new server like [`start`](Self::start), which stops with the process.
    ///
    /// # Panics
    /// As [`start`](Self::start) does.
    pub async fn start_static() -> Option<&'static Self> {
        let server = Self::start().await?;
        Some(Box::leak(Box::new(server)))
    }

    /// Returns a client with all permissions. It works only in the async runtime in which it was created.
    ///
    /// # Panics
    /// Outside of an async runtime.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_of(None)
    }

    /// Returns a client with the permissions of a user or a service account, such as `system:serviceaccount:shop:web`.
    ///
    /// # Panics
    /// Outside of an async runtime.
    #[must_use]
    pub fn client_as(&self, user: &str) -> Client {
        self.client_of(Some(user.to_owned()))
    }

    #[expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]
    fn client_of(&self, user: Option<String>) -> Client {
        let url = self.servers.url.parse().expect("a URL with a local port is valid");
        let mut config = Config::new(url);
        config.root_cert = Some(vec![self.servers.certificate.clone()]);
        config.auth_info.token = Some(servers::TOKEN.to_owned().into());
        config.auth_info.impersonate = user;
        config.default_retry = false;
        Client::try_from(config).expect("the configuration is valid")
    }

    /// Writes a kubeconfig file with all permissions, for programs.
    ///
    /// # Panics
    /// If the temporary folder is not writable.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]
    pub fn kubeconfig(&self) -> PathBuf {
        let path = self.servers.folder.join("kubeconfig");
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": self.servers.url, "certificate-authority": self.servers.folder.join("server.crt")}}],
            "users": [{"name": "test", "user": {"token": servers::TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        });
        std::fs::write(&path, config.to_string()).expect("the temporary folder is writable");
        path
    }

    /// Returns a client with all permissions that sends and receives plain JSON.
    ///
    /// # Panics
    /// Outside of an async runtime.
    #[must_use]
    pub fn raw(&self) -> Raw {
        Raw(self.client())
    }

    /// Returns the process IDs of `etcd` and the API server.
    #[must_use]
    pub fn processes(&self) -> [u32; 2] {
        self.servers.processes()
    }

    /// Kills the API server, starts it again and waits until it is ready. What it has stored stays.
    ///
    /// # Panics
    /// If the server does not start.
    pub async fn restart(&self) {
        self.servers.restart();
        let raw = self.raw();
        self.until("the API server", async || raw.get("/readyz").await.is_ok())
            .await;
    }

    /// Stops `etcd`, so that the API server can neither read nor write, or lets it go on.
    ///
    /// # Panics
    /// If there is no `kill`.
    pub fn freeze_store(&self, is_frozen: bool) {
        let [store, _] = self.servers.processes();
        signal(store, if is_frozen { "STOP" } else { "CONT" });
    }

    /// Returns the temporary folder of both processes, with the logs `etcd.log` and `kube-apiserver.log`.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.servers.folder.clone()
    }

    /// Waits until a condition holds, and checks it repeatedly.
    ///
    /// # Panics
    /// If it does not hold within two minutes. The message contains the end of the server's log.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let started = Instant::now();
        while !holds().await {
            let log = || self.servers.end_of_log();
            assert!(started.elapsed() < PATIENCE, "timed out waiting for {what}:\n{}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Returns the objects of all kinds that an adapter writes.
///
/// # Panics
/// If a kind is not installed.
#[expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]
pub async fn natives(adapter: &dyn MeshAdapter, client: &Client) -> Vec<NativeObject> {
    let cluster = KubeCluster::new(client.clone());
    let mut objects = Vec::new();
    for kind in adapter.kinds() {
        objects.extend(cluster.list(kind).await.expect("the kinds are installed"));
    }
    objects
}

/// Sends a signal to a process.
///
/// # Panics
/// If there is no `kill`.
#[expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]
pub fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status();
    assert!(status.expect("`kill` is installed").success(), "the process exists");
}

/// Runs a future on a runtime that all tests of a process share, which owns the connections to a shared server.
///
/// # Panics
/// If the runtime cannot be started.
#[expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build();
        runtime.expect("a runtime can be started")
    });
    RUNTIME.block_on(future)
}
