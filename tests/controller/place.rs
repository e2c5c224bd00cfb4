//! The place of a test: a namespace of its own on a server that the tests of this binary share, and a controller for it.

use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::Kind;
use smi_adapter::plan::{MeshAdapterExt, Observed, Planned};
use smi_adapter::settings::{ENFORCE_LABEL, Scope, Settings};
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml::{Content, Document};
use smi_adapter_istio::Istio;
use smi_adapter_linkerd::Linkerd;
use smi_controller::{Controller, Handle};
use smi_tests::apiserver::{ApiServer, api, block_on, native_crds, natives, smi_crds};
use std::time::Duration;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;

pub(crate) const SPLIT: &str = "split.smi-spec.io/v1alpha4";
pub(crate) const TARGET: &str = "access.smi-spec.io/v1alpha3";

/// Runs a test in a namespace of its own on the shared server, if there is one.
pub(crate) fn in_place(namespace: &str, test: impl AsyncFnOnce(Place)) {
    block_on(async {
        if let Some(server) = shared().await {
            test(Place::on(server, namespace).await).await;
        }
    });
}

/// Runs a test in a namespace of its own on a server of its own with these CRDs, if there is one.
pub(crate) fn on_server_with(crds: &[Value], test: impl AsyncFnOnce(Place)) {
    block_on(async {
        if let Some(server) = ApiServer::start_static().await {
            server.install(crds).await.expect("the CRDs are valid");
            test(Place::on(server, "shop").await).await;
        }
    });
}

/// Returns the server that the tests share, with the kinds of SMI, Istio and Linkerd.
async fn shared() -> Option<&'static ApiServer> {
    static SERVER: OnceCell<Option<ApiServer>> = OnceCell::const_new();
    let server = SERVER.get_or_init(async || {
        let server = ApiServer::start().await?;
        server.install(&crds()).await.expect("the CRDs are valid");
        Some(server)
    });
    server.await.as_ref()
}

/// Returns the CRDs of SMI, Istio and Linkerd.
pub(crate) fn crds() -> Vec<Value> {
    smi_crds()
        .into_iter()
        .chain(native_crds(&Istio::default()))
        .chain(native_crds(&Linkerd::default()))
        .collect()
}

/// Returns a spec that splits `web` between `web-v1`, `web-v2` and so on.
pub(crate) fn split(weights: &[u32]) -> Value {
    let weights = weights.iter().enumerate();
    let backends = weights.map(|(index, weight)| json!({"service": format!("web-v{}", index + 1), "weight": weight}));
    json!({"service": "web", "backends": backends.collect::<Vec<Value>>()})
}

/// A namespace for one test.
pub(crate) struct Place {
    pub(crate) client: Client,
    pub(crate) server: &'static ApiServer,
    pub(crate) namespace: String,
}

/// A running controller. It is stopped by [`stop`](Self::stop), or cut off when this value is dropped.
pub(crate) struct Run {
    pub(crate) handle: Handle,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Run {
    pub(crate) fn start(controller: Controller) -> Self {
        let handle = controller.handle();
        let (shutdown, end) = oneshot::channel();
        let task = tokio::spawn(controller.run(async {
            _ = end.await;
        }));
        Self { handle, shutdown, task }
    }

    /// Ends the controller in an orderly way.
    pub(crate) async fn stop(self) {
        drop(self.shutdown);
        self.task.await.expect("the controller does not panic");
    }

    /// Ends the controller at whatever it does now.
    pub(crate) fn kill(self) {
        self.task.abort();
    }
}

impl Place {
    /// Creates a namespace on a server, with the services `web`, `web-v1` and `web-v2`.
    async fn on(server: &'static ApiServer, namespace: &str) -> Self {
        let place = Self {
            client: server.client(),
            server,
            namespace: namespace.to_owned(),
        };
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        server.raw().create(&object, "").await.expect("the namespace is new");
        for service in ["web", "web-v1", "web-v2"] {
            place.service(service).await;
        }
        place
    }

    /// Returns settings for this namespace only.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.scope = Scope::Namespaces([self.namespace.clone()].into());
        settings
    }

    /// Returns a controller for this namespace that retries quickly.
    pub(crate) fn controller(&self) -> Controller {
        self.controller_for(Istio::default())
    }

    /// Returns a controller for this namespace and a mesh that retries quickly.
    pub(crate) fn controller_for(&self, mesh: impl MeshAdapter) -> Controller {
        Controller::new(self.client.clone(), mesh)
            .settings(self.settings())
            .pauses(Duration::from_millis(50), Duration::from_secs(2))
    }

    /// Starts a controller and waits until it is ready.
    pub(crate) async fn run(&self) -> Run {
        let run = Run::start(self.controller());
        self.until_ready(&run).await;
        run
    }

    /// Runs a controller until nothing is outstanding.
    pub(crate) async fn run_until_idle(&self) {
        let run = self.run().await;
        self.until("all writes", async || run.handle.readiness().outstanding == 0)
            .await;
        run.stop().await;
    }

    pub(crate) async fn until_ready(&self, run: &Run) {
        self.until("the controller to be ready", async || run.handle.ready())
            .await;
    }

    /// Waits until a plan from scratch is empty.
    pub(crate) async fn until_converged(&self) {
        self.until("convergence", async || self.is_converged().await).await;
    }

    /// Returns `true` if a plan from scratch is empty.
    pub(crate) async fn is_converged(&self) -> bool {
        self.plan().await.plan.actions.is_empty()
    }

    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFnMut() -> bool) {
        self.server.until(what, holds).await;
    }

    pub(crate) fn api(&self, api_version: &str, kind: &str) -> Api<DynamicObject> {
        api(self.client.clone(), api_version, kind, Some(&self.namespace))
    }

    fn namespaces(&self) -> Api<DynamicObject> {
        api(self.client.clone(), "v1", "Namespace", None)
    }

    pub(crate) fn splits(&self) -> Api<DynamicObject> {
        self.api(SPLIT, "TrafficSplit")
    }

    pub(crate) fn routes(&self) -> Api<DynamicObject> {
        self.api("networking.istio.io/v1", "VirtualService")
    }

    pub(crate) async fn service(&self, name: &str) {
        let spec = json!({"selector": {"app": name}, "ports": [{"name": "http", "port": 80}]});
        self.create("v1", "Service", name, spec).await;
    }

    pub(crate) async fn delete_service(&self, name: &str) {
        let deleted = self.api("v1", "Service").delete(name, &DeleteParams::default()).await;
        deleted.expect("the service exists");
    }

    /// Creates a split of `web` between `web-v1`, `web-v2` and so on.
    pub(crate) async fn split(&self, name: &str, weights: &[u32]) {
        self.create(SPLIT, "TrafficSplit", name, split(weights)).await;
    }

    /// Changes the weights of the split `canary`.
    pub(crate) async fn shift(&self, weights: &[u32]) {
        let spec = json!({"spec": split(weights)});
        self.patch(&self.splits(), "canary", &spec).await;
    }

    /// Returns the only route.
    pub(crate) async fn route(&self) -> DynamicObject {
        let mut routes = self
            .routes()
            .list(&ListParams::default())
            .await
            .expect("routes are listed")
            .items;
        assert_eq!(routes.len(), 1);
        routes.remove(0)
    }

    pub(crate) async fn create(&self, api_version: &str, kind: &str, name: &str, spec: Value) {
        let object = json!({"apiVersion": api_version, "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec});
        let object: DynamicObject = serde_json::from_value(object).expect("it is an object");
        let created = self
            .api(api_version, kind)
            .create(&PostParams::default(), &object)
            .await;
        created.expect("the object is valid and new");
    }

    /// Changes an object by a merge patch.
    pub(crate) async fn patch(&self, api: &Api<DynamicObject>, name: &str, patch: &Value) {
        let is_changed = self.patch_if_exists(api, name, patch).await;
        assert!(is_changed, "{name} exists");
    }

    /// Changes an object by a merge patch. Returns `false` if it does not exist.
    pub(crate) async fn patch_if_exists(&self, api: &Api<DynamicObject>, name: &str, patch: &Value) -> bool {
        let parameters = PatchParams::apply("somebody-else");
        let parameters = PatchParams {
            force: false,
            ..parameters
        };
        match api.patch(name, &parameters, &Patch::Merge(patch)).await {
            Ok(_) => true,
            Err(kube::Error::Api(status)) if status.code == 404 => false,
            Err(error) => panic!("the patch of {name} is valid: {error}"),
        }
    }

    /// Returns the shares in the only route, in percent; empty if there is none.
    pub(crate) async fn shares(&self) -> Vec<u64> {
        // The server answers 429 for a moment when a CRD has changed.
        let routes = loop {
            match self.routes().list(&ListParams::default()).await {
                Ok(routes) => break routes.items,
                Err(kube::Error::Api(status)) if status.code == 429 => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => panic!("routes are not listed: {error}"),
            }
        };
        let shares = |route: &DynamicObject| -> Vec<u64> {
            let route = &route.data["spec"]["http"][0]["route"];
            // Istio reads a single destination without a weight as all of the traffic.
            let weights = route
                .as_array()
                .into_iter()
                .flatten()
                .map(|part| part["weight"].as_u64().unwrap_or(1));
            let weights: Vec<u64> = weights.collect();
            let total: u64 = weights.iter().sum();
            weights.iter().map(|weight| weight * 100 / total.max(1)).collect()
        };
        routes.iter().flat_map(shares).collect()
    }

    /// Waits until the only route has these shares.
    pub(crate) async fn until_shares(&self, shares: &[u64]) {
        let what = format!("the shares {shares:?}");
        self.until(&what, async || self.shares().await == shares).await;
    }

    pub(crate) fn authorizations(&self) -> Api<DynamicObject> {
        self.api("security.istio.io/v1", "AuthorizationPolicy")
    }

    /// Returns the number of policies for access control.
    pub(crate) async fn policies(&self) -> usize {
        self.versions().await.len()
    }

    /// Returns the versions of the policies for access control.
    pub(crate) async fn versions(&self) -> Vec<Option<String>> {
        let policies = self.authorizations().list(&ListParams::default()).await;
        let policies = policies.expect("policies are listed");
        policies
            .into_iter()
            .map(|policy| policy.metadata.resource_version)
            .collect()
    }

    /// Removes the label that releases the namespace, or sets it.
    pub(crate) async fn enforce(&self, is_enforced: bool) {
        self.label(if is_enforced { None } else { Some("false") }).await;
    }

    /// Sets the label that enforces or releases the namespace.
    pub(crate) async fn label(&self, value: impl Into<Option<&str>>) {
        let label = json!({"metadata": {"labels": {ENFORCE_LABEL: value.into()}}});
        self.patch(&self.namespaces(), &self.namespace, &label).await;
    }

    /// Creates a workload to which access is controlled, and a route that allows all of its ports.
    pub(crate) async fn prepare_access(&self) {
        self.workload("api").await;
        let matches = json!({"matches": {"ports": [8080]}});
        self.create("specs.smi-spec.io/v1alpha4", "TCPRoute", "all", matches)
            .await;
    }

    /// Deletes all splits, targets and what a controller has written.
    pub(crate) async fn clear(&self) {
        let targets = self.api(TARGET, "TrafficTarget");
        for all in [self.splits(), targets, self.routes(), self.authorizations()] {
            for object in all.list(&ListParams::default()).await.expect("kinds are listed") {
                let name = object.metadata.name.unwrap_or_default();
                // A controller that was cut off may have deleted it.
                _ = all.delete(&name, &DeleteParams::default()).await;
            }
        }
        self.enforce(true).await;
    }

    /// Creates a deployment that runs under an account of its name, and listens on port 8080.
    pub(crate) async fn workload(&self, name: &str) {
        let labels = json!({"app": name});
        let container = json!({"name": name, "image": name, "ports": [{"containerPort": 8080}]});
        let spec = json!({"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"serviceAccountName": name, "containers": [container]}}});
        self.create("apps/v1", "Deployment", name, spec).await;
    }

    /// Returns the objects of a mesh in this namespace.
    pub(crate) async fn natives(&self, mesh: &dyn MeshAdapter) -> Vec<NativeObject> {
        let mut natives = natives(mesh, &self.client).await;
        natives.retain(|object| *object.key().namespace == *self.namespace);
        natives
    }

    /// Plans from scratch what is in the cluster now.
    async fn plan(&self) -> Planned {
        let (istio, settings) = (Istio::default(), self.settings());
        let natives = self.natives(&istio).await;
        let namespace = self.namespaces().get(&self.namespace).await.expect("it exists");
        let mut objects = vec![("v1", "Namespace", namespace)];
        for (api_version, kind) in KINDS {
            let list = self.api(api_version, kind).list(&ListParams::default()).await;
            let list = list.expect("kinds are listed").into_iter();
            objects.extend(list.map(|object| (api_version, kind, object)));
        }
        let mut input = SnapshotBuilder::default();
        for (api_version, kind, object) in objects {
            let mut value = json!(object);
            value["apiVersion"] = json!(api_version);
            value["kind"] = json!(kind);
            let document = Document::from_value(value, "default");
            assert!(!matches!(document.content, Ok(Content::Native(_))), "{kind}");
            document.add_to(&mut input).expect("an object of a server has a name");
        }
        istio.plan(
            &input.build(),
            &settings,
            &Observed::new(istio.name(), &settings, natives),
        )
    }
}

/// The kinds whose objects tests write.
const KINDS: [(&str, &str); 5] = [
    (SPLIT, "TrafficSplit"),
    ("specs.smi-spec.io/v1alpha4", "TCPRoute"),
    (TARGET, "TrafficTarget"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
];

/// Returns the kind of routes.
pub(crate) fn virtual_service() -> Kind {
    let kinds = Istio::default();
    let found = kinds.kinds().iter().find(|kind| kind.name() == "VirtualService");
    found.expect("the adapter writes virtual services").clone()
}
