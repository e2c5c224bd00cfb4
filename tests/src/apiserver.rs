//! A real API server, for the tests that only one can answer: `etcd` and `kube-apiserver`, and nothing else.
//!
//! The binaries are those of the folder `KUBEBUILDER_ASSETS`, or are built once into the target folder where
//! there is Go. Without either, tests are skipped; with `CI=true` that is a failure.
//!
//! There is no controller manager: nothing follows an `ownerReference`, a deleted namespace stays in
//! `Terminating`, and no namespace gets a service account. No test may rely on these.

mod binaries;
mod crds;
mod raw;
mod servers;

pub use raw::{Answer, Failure, Raw, collection};

use kube::{Client, Config};
use servers::Servers;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it: machines may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running API server with an empty store, which ends with this value or with the test's process, however
/// that ends.
#[derive(Debug)]
pub struct ApiServer {
    servers: Servers,
}

impl ApiServer {
    /// Starts a server of its own and waits until it is ready; `None`, and a line that says why, where there
    /// are no binaries.
    ///
    /// To share one between the tests of a file, keep it in a `static` [`tokio::sync::OnceCell`]. Statics are
    /// never dropped: such a server ends with the process.
    ///
    /// # Panics
    /// If the server does not start, or if there are no binaries although `CI` is `true`.
    pub async fn start() -> Option<Self> {
        let begin = Instant::now();
        let binaries = match binaries::folder() {
            Ok(folder) => folder,
            Err(reason) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "no API server: {reason}");
                say(&format!("skipped, there is no API server: {reason}"));
                return None;
            }
        };
        let found = Instant::now();
        let server = Self {
            servers: Servers::start(&binaries),
        };
        let raw = server.raw();
        server
            .until("the API server", async || raw.get("/readyz").await.is_ok())
            .await;
        say(&format!(
            "API server: {:.1?} for the binaries, ready after {:.1?} more",
            found.duration_since(begin),
            found.elapsed()
        ));
        Some(server)
    }

    /// A client with every permission. It lives no longer than the async runtime that it was made in.
    ///
    /// # Panics
    /// Outside of an async runtime.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a fixture that fails is a test that fails")]
    pub fn client(&self) -> Client {
        let url = self.servers.url.parse().expect("the URL of a local port");
        let mut config = Config::new(url);
        config.root_cert = Some(vec![self.servers.certificate.clone()]);
        config.auth_info.token = Some(servers::TOKEN.to_owned().into());
        config.default_retry = false;
        Client::try_from(config).expect("a good configuration")
    }

    /// A client with every permission that speaks plain JSON.
    ///
    /// # Panics
    /// Outside of an async runtime.
    #[must_use]
    pub fn raw(&self) -> Raw {
        Raw(self.client())
    }

    /// The processes of `etcd` and of the API server.
    #[must_use]
    pub fn processes(&self) -> [u32; 2] {
        self.servers.processes
    }

    /// The temporary folder of both, with their logs `etcd.log` and `kube-apiserver.log`.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.servers.folder.clone()
    }

    /// Asks again and again, until something holds.
    ///
    /// # Panics
    /// If that takes too long, with the end of the server's log.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let begin = Instant::now();
        while !holds().await {
            let log = || self.servers.end_of_log();
            assert!(begin.elapsed() < PATIENCE, "waited in vain for {what}:\n{}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Says something at once, even where the output of tests is captured.
fn say(line: &str) {
    _ = writeln!(std::io::stderr(), "{line}");
}
