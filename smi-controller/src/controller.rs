//! The controller: follows a cluster, keeps the mesh equal to what the SMI objects say, and tells their authors.

mod acceptance;
mod contest;
mod echo;
mod handle;
mod metrics;
mod outcome;
mod report;
mod run;
mod tell;
mod writes;

pub use handle::{Change, Changes, DryRun, Handle, ObjectStatus, Readiness};

use crate::lease::{LeaseName, LeaseSettings};
use handle::Shared;
use kube::Client;
use metrics::Metrics;
use run::Running;
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::settings::Settings;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// A controller for one mesh.
///
/// It watches the cluster with a [`Mirror`](crate::Mirror), derives with an
/// [`Engine`](smi_adapter::Engine) what each change requires, and writes only that, each policy in the order of its
/// plan. Nothing is written before every list has arrived. A failed write is repeated with growing pauses, and holds up
/// no other policy. A policy is the route of one root service, or access to one workload. What becomes of an SMI object is told by Events on it.
///
/// ```no_run
/// use kube::Client;
/// use smi_adapter::{MeshAdapter, Settings};
/// use smi_controller::{Controller, LeaseName};
///
/// async fn operate(mesh: impl MeshAdapter) -> kube::Result<()> {
///     let mut settings = Settings::default();
///     settings.owner = "my-operator".parse().expect("a valid label value");
///     let controller = Controller::new(Client::try_default().await?, mesh)
///         .settings(settings)
///         .lease(LeaseName::new("smi-system", "my-operator"));
///     let handle = controller.handle(); // for readiness, statuses and changes
///     # drop(handle);
///     controller.run(std::future::pending()).await; // until this future is ready
///     Ok(())
/// }
/// ```
///
/// # Several instances
///
/// With a [lease](Self::lease), one of several replicas writes. Without one, run a single replica. Instances with disjoint
/// [scopes](Settings::scope) share a cluster. Controllers for two meshes can follow the same SMI objects, but only one of
/// them can [write conditions](Self::without_conditions).
#[derive(Debug)]
pub struct Controller {
    client: ClientOf,
    adapter: Arc<dyn MeshAdapter>,
    settings: Settings,
    options: Options,
    lease: Option<(LeaseName, LeaseSettings)>,
    reporter: Option<String>,
    metrics: Metrics,
    shared: Shared,
}

/// The choices about the writes of a controller.
#[derive(Clone, Copy, Debug)]
struct Options {
    parallel_writes: usize,
    first_pause: Duration,
    longest_pause: Duration,
    acceptance_limit: Duration,
    is_read_only: bool,
    writes_conditions: bool,
}

/// A time that never passes, and that can be added to any other.
const EVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// A client, whose connection has nothing to show.
struct ClientOf(Client);

impl std::fmt::Debug for ClientOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Controller {
    /// Creates a controller with default settings, which does nothing before it [runs](Self::run).
    #[must_use]
    pub fn new(client: Client, adapter: impl MeshAdapter) -> Self {
        Self {
            client: ClientOf(client),
            adapter: Arc::new(adapter),
            settings: Settings::default(),
            options: Options {
                parallel_writes: 16,
                first_pause: Duration::from_millis(200),
                longest_pause: Duration::from_secs(60),
                acceptance_limit: Duration::from_secs(30),
                is_read_only: false,
                writes_conditions: true,
            },
            lease: None,
            reporter: None,
            metrics: Metrics::default(),
            shared: Shared::default(),
        }
    }

    /// Replaces the settings. Set at least the [owner](Settings::owner).
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Writes only while this process holds a lease. The others keep their objects up to date, so that one of them can
    /// take over at once.
    #[must_use]
    pub fn lease(self, name: LeaseName) -> Self {
        self.lease_with(name, LeaseSettings::default())
    }

    /// Writes only while this process holds a lease, with settings for the election.
    #[must_use]
    pub fn lease_with(mut self, name: LeaseName, settings: LeaseSettings) -> Self {
        self.lease = Some((name, settings));
        self
    }

    /// Writes nothing: no native objects, Events or conditions, and no lease. [`Handle::plan`] returns what would be written.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.options.is_read_only = true;
        self
    }

    /// Writes no conditions into the status of SMI objects. Use it for all but one of several controllers that follow the
    /// same objects, for example for two meshes.
    ///
    /// Each write of conditions changes the version of an object. A writer that replaces the object at the same moment,
    /// such as Flagger, gets a conflict and has to try again.
    #[must_use]
    pub fn without_conditions(mut self) -> Self {
        self.options.writes_conditions = false;
        self
    }

    /// Replaces the number of policies that are written at the same time, which is 16.
    #[must_use]
    pub fn parallel_writes(mut self, policies: usize) -> Self {
        self.options.parallel_writes = policies.max(1);
        self
    }

    /// Replaces the pauses before a failed write is repeated: the first one, 200 milliseconds by default, doubles up to
    /// the longest one, a minute by default. A write that the server rejected is repeated after the longest one, or as
    /// soon as something else is to be written.
    #[must_use]
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.options.first_pause = first.min(EVER);
        self.options.longest_pause = longest.max(first).min(EVER);
        self
    }

    /// Replaces the time within which the mesh must [accept](MeshAdapter::is_accepted) a native object, which is 30
    /// seconds.
    ///
    /// Objects are deleted only after the mesh has accepted those that replace them. An object that is not accepted in
    /// time is reported as [`NotAccepted`](smi_adapter::Code::NotAccepted), and the deletions take place nevertheless:
    /// access that is revoked must not stay in force. The deletions of one policy never wait longer than the limit.
    #[must_use]
    pub fn acceptance_limit(mut self, limit: Duration) -> Self {
        self.options.acceptance_limit = limit.min(EVER);
        self
    }

    /// Replaces the name of the controller in Events, which is `smi-adapter.dev/` with the owner of the settings.
    #[must_use]
    pub fn reporter(mut self, controller: impl Into<String>) -> Self {
        self.reporter = Some(controller.into());
        self
    }

    /// Registers the metrics of the controller in a registry. Their names begin with `smi_controller_`.
    ///
    /// Durations are in seconds. A resource is a kind, such as `trafficsplits.split.smi-spec.io`.
    ///
    /// | metric | labels | meaning |
    /// |---|---|---|
    /// | `objects` | `resource` | SMI objects in the cluster |
    /// | `policies` | | policies that they lead to |
    /// | `diagnostics` | `code` | diagnostics that this instance has reported and that still hold; only those of the leader are up to date |
    /// | `outstanding_writes`, `ready`, `leader` | | the [`Readiness`] |
    /// | `writes_total` | `resource`, `verb`, `outcome` | writes of native objects: `written`, `conflict`, `rejected` or `failed` |
    /// | `write_duration_seconds` | | the time of one write |
    /// | `plan_duration_seconds` | | the time in which the consequences of edits were derived |
    /// | `edit_to_written_seconds` | | the time from the arrival of an edit of an SMI object to the last write for it |
    /// | `lists_total`, `watch_failures_total` | `resource` | lists that arrived; lists and watches that failed |
    /// | `reports_total` | `report`, `outcome` | Events (`event`) and `conditions`, `sent` or `failed` |
    ///
    /// A program serves them as text, usually at `/metrics`:
    ///
    /// ```no_run
    /// use smi_controller::Controller;
    /// use smi_controller::prometheus_client::encoding::text::encode;
    /// use smi_controller::prometheus_client::registry::Registry;
    ///
    /// fn measured(controller: Controller) -> (Controller, Registry) {
    ///     let mut registry = Registry::default();
    ///     let controller = controller.metrics(&mut registry);
    ///     (controller, registry)
    /// }
    ///
    /// fn answer(registry: &Registry) -> Result<String, std::fmt::Error> {
    ///     let mut text = String::new();
    ///     encode(&mut text, registry)?;
    ///     Ok(text)
    /// }
    /// ```
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(mut self, registry: &mut prometheus_client::registry::Registry) -> Self {
        self.metrics = Metrics::register(registry);
        self
    }

    /// Returns a handle for readiness, statuses and changes. It works as long as the controller runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.shared.handle()
    }

    /// Runs the controller until `shutdown` is ready. Then it finishes the writes that are under way, sends the Events
    /// that wait, and releases its lease.
    ///
    /// Failures of requests never end it. If the future is dropped instead, nothing is finished, and the lease stays until
    /// its duration has passed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut running = Running::start(self);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                () = running.step() => {}
            }
        }
        running.stop().await;
    }
}
