//! The permissions that the controller needs: all of them, and no more.

use super::place::{Place, Run, SPLIT, TARGET, crds, on_server_with};
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::cluster::Error;
use smi_adapter::object::{ObjectKey, ObjectRef};
use smi_adapter::settings::Settings;
use smi_adapter_istio::Istio;
use smi_controller::{Change, Controller, Handle, KubeCluster, rules};
use smi_tests::apiserver::{ApiServer, crd, free};
use std::time::Duration;

const USER: &str = "system:serviceaccount:smi-system:smi-operator";

/// Grants the user of the controller these rules, and no others.
async fn grant(server: &ApiServer, rules: &[PolicyRule]) {
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "smi-operator"}, "rules": rules});
    server.raw().apply(&role).await.expect("the role is valid");
}

/// Binds the role to the user of the controller.
async fn bind(server: &ApiServer) {
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "smi-operator"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "smi-operator"},
        "subjects": [{"kind": "ServiceAccount", "name": "smi-operator", "namespace": "smi-system"}]});
    server.raw().create(&binding, "").await.expect("the binding is valid");
}

/// Returns the first error that contains these words, from the state or the changes of a controller.
async fn error(handle: &Handle, changes: &mut smi_controller::Changes, words: &str) -> Option<String> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = handle.readiness().stale.into_iter().find(|stale| stale.contains(words)) {
            return Some(found);
        }
        let change = tokio::select! {
            change = changes.next() => change,
            () = tokio::time::sleep(Duration::from_millis(50)) => None,
        };
        let error = match change {
            Some(Change::Failed(_, error)) => error.to_string(),
            Some(Change::Unreported(error)) => error.to_string(),
            _ => String::new(),
        };
        if error.contains(words) {
            return Some(error);
        }
        if tokio::time::Instant::now() > deadline {
            return None;
        }
    }
}

/// Lets a split, one of whose backends does not exist, and a traffic target come, change and go.
async fn exercise(place: &Place, run: &Run) {
    let step = async |shares: &[u64]| within(async || place.shares().await == shares).await;
    _ = run
        .handle
        .wait_for(|state| state.is_ready || !state.stale.is_empty())
        .await;
    let spec = json!({"service": "web", "backends": [
        {"service": "web-v1", "weight": 90}, {"service": "absent", "weight": 10}]});
    place.create(SPLIT, "TrafficSplit", "canary", spec).await;
    step(&[10, 90]).await;
    place.shift(&[1, 3]).await;
    step(&[25, 75]).await;
    _ = place.splits().delete("canary", &DeleteParams::default()).await;
    step(&[]).await;

    // A traffic target comes, changes and goes, and then its namespace is released.
    let target = |account: &str| {
        json!({"destination": {"kind": "ServiceAccount", "name": "api", "namespace": place.namespace},
            "rules": [{"kind": "TCPRoute", "name": "all"}],
            "sources": [{"kind": "ServiceAccount", "name": account, "namespace": place.namespace}]})
    };
    place.create(TARGET, "TrafficTarget", "api", target("web")).await;
    within(async || place.policies().await > 1).await;
    let targets = place.api(TARGET, "TrafficTarget");
    let before = place.versions().await;
    place.patch(&targets, "api", &json!({"spec": target("other")})).await;
    within(async || place.versions().await != before).await;
    _ = targets.delete("api", &DeleteParams::default()).await;
    place.enforce(false).await;
    within(async || place.policies().await == 0).await;
    place.enforce(true).await;
}

/// Waits for a condition, but not for long: what fails is looked for elsewhere.
async fn within(holds: impl AsyncFn() -> bool) {
    let expected = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    _ = tokio::time::timeout(Duration::from_secs(2), expected).await;
}

/// Waits until the server applies that the user of the controller lacks a permission.
async fn until_denied(server: &ApiServer, rule: &PolicyRule, verb: &str) {
    let first = |list: &Option<Vec<String>>| list.iter().flatten().next().cloned().unwrap_or_default();
    let resource = first(&rule.resources);
    let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
        "user": USER, "resourceAttributes": {"group": first(&rule.api_groups), "resource": resource,
            "subresource": subresource, "verb": verb, "name": first(&rule.resource_names)}}});
    let raw = server.raw();
    let is_denied = async || {
        let reviewed = raw.create(&review, "").await.expect("the review is valid");
        reviewed.body["status"]["allowed"] == false
    };
    server.until("the permission to be gone", is_denied).await;
}

/// Returns the CRDs of all kinds that the controller follows.
fn all_crds() -> Vec<Value> {
    let mut crds = crds();
    for kind in Istio::default()
        .reads()
        .iter()
        .filter(|kind| kind.group().starts_with("gateway."))
    {
        let mut read = crd(kind, &free());
        read["metadata"]["annotations"] = json!({"api-approved.kubernetes.io": "unapproved, for a test"});
        let name = &read["metadata"]["name"];
        if !crds.iter().any(|other| other["metadata"]["name"] == *name) {
            crds.push(read);
        }
    }
    crds
}

/// Returns the error of the controller that the lack of a permission causes.
async fn error_without(place: &Place, rule: &PolicyRule, verb: &str, run: Run) -> Option<String> {
    let words = format!("cannot {verb} resource");
    if verb == "get" {
        // Needed after a conflict only.
        let group = rule.api_groups.iter().flatten().next();
        let istio = Istio::default();
        let mut kinds = istio.kinds().iter();
        let kind = kinds.find(|kind| Some(kind.group()) == group.map(String::as_str));
        let object = ObjectRef::new(kind?.clone(), ObjectKey::new("shop", "web"));
        return match KubeCluster::new(place.server.client_as(USER)).get(&object).await {
            Err(Error::Unreachable(source)) => Some(source.to_string()),
            _ => None,
        };
    }
    let mut changes = run.handle.changes();
    let found = tokio::select! {
        found = error(&run.handle, &mut changes, &words) => found,
        // What fails may be noticed later.
        () = async { exercise(place, &run).await; std::future::pending().await } => None,
    };
    run.kill();
    // What the controller was not allowed to remove.
    place.clear().await;
    found
}

#[test]
fn every_permission_is_needed_and_no_other() {
    on_server_with(&all_crds(), async |place| {
        let server = place.server;
        place.prepare_access().await;
        let settings = Settings::default();
        let all = rules(&Istio::default(), &settings);
        assert_eq!(all.namespaces, []);
        let start = || {
            let controller = Controller::new(server.client_as(USER), Istio::default()).settings(settings.clone());
            Run::start(controller.pauses(Duration::from_millis(50), Duration::from_secs(1)))
        };

        grant(server, &all.cluster).await;
        bind(server).await;
        let run = start();
        let mut changes = run.handle.changes();
        place.until_ready(&run).await;
        exercise(&place, &run).await;
        assert_eq!(place.shares().await, Vec::<u64>::new());
        assert!(run.handle.ready(), "{:?}", run.handle.readiness());
        run.stop().await;
        let mut written = 0;
        while let Some(change) = changes.next().await {
            match change {
                Change::Written(_) => written += 1,
                Change::Failed(action, error) => panic!("{}: {error}", action.object()),
                Change::Unreported(error) => panic!("{error}"),
                _ => {}
            }
        }
        assert!(written >= 3, "{written}");

        let mut removed = 0;
        for (index, rule) in all.cluster.iter().enumerate() {
            for verb in &rule.verbs {
                let mut fewer = all.cluster.clone();
                fewer[index].verbs.retain(|other| other != verb);
                fewer.retain(|rule| !rule.verbs.is_empty());
                grant(server, &fewer).await;
                until_denied(server, rule, verb).await;
                removed += 1;
                let found = error_without(&place, rule, verb, start()).await;
                let found = found.unwrap_or_else(|| panic!("without `{verb}` of {rule:?} nothing fails"));
                let group = rule.api_groups.iter().flatten().next().unwrap();
                let mut resources = rule.resources.iter().flatten();
                let is_named = resources.any(|resource| found.contains(resource.split('/').next().unwrap_or_default()));
                let is_grouped = found.contains(&format!("API group \"{group}\""));
                assert!(is_named && is_grouped, "{found} does not name {rule:?}");
            }
        }
        println!("{removed} permissions of {} rules are needed", all.cluster.len());
    });
}
