//! Deletions wait until the mesh has accepted the objects that replace the deleted ones, but not indefinitely.

use super::place::{Place, Run, TARGET, in_place};
use super::telling::reasons;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams};
use serde_json::{Value, json};
use smi_adapter::diagnostic::Code;
use smi_adapter::object::{ObjectKey, ObjectRef};
use smi_adapter_linkerd::Linkerd;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn routes(place: &Place) -> Api<DynamicObject> {
    place.api("policy.linkerd.io/v1beta3", "HTTPRoute")
}

/// Returns the names of the routes that grant access.
async fn grants(place: &Place) -> BTreeSet<String> {
    let all = routes(place).list(&ListParams::default()).await;
    let all = all.expect("routes are listed").into_iter();
    let names = all.filter_map(|route| route.metadata.name);
    names.filter(|name| is_grant(name)).collect()
}

fn is_grant(name: &str) -> bool {
    name.contains("allow-books")
}

async fn allow(place: &Place, accounts: &[&str]) {
    let subject = |name: &&str| json!({"kind": "ServiceAccount", "name": name, "namespace": "accepted"});
    let sources: Vec<Value> = accounts.iter().map(subject).collect();
    let spec = json!({"sources": sources});
    place
        .patch(
            &place.api(TARGET, "TrafficTarget"),
            "allow-books",
            &json!({"spec": spec}),
        )
        .await;
}

#[test]
fn deletions_wait_until_what_replaces_an_object_is_accepted() {
    in_place("accepted", async |place| {
        place.workload("api").await;
        let matches = json!({"matches": [{"name": "books", "pathRegex": "/books/.*", "methods": ["GET"]}]});
        place
            .create("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", "books", matches)
            .await;
        let target = json!({
            "destination": {"kind": "ServiceAccount", "name": "api", "namespace": "accepted"},
            "sources": [{"kind": "ServiceAccount", "name": "web", "namespace": "accepted"}],
            "rules": [{"kind": "HTTPRouteGroup", "name": "books"}],
        });
        place.create(TARGET, "TrafficTarget", "allow-books", target).await;
        let is_idle = Arc::new(AtomicBool::new(false));
        let mesh = tokio::spawn({
            let is_idle = Arc::clone(&is_idle);
            let is_accepted = move |name: &str| !is_grant(name) || !is_idle.load(Ordering::SeqCst);
            place.server.accept_routes(Some(place.namespace.clone()), is_accepted)
        });
        let limit = Duration::from_secs(8);
        let controller = place.controller_for(Linkerd::default()).acceptance_limit(limit);
        let run = Run::start(controller);
        place.until_ready(&run).await;
        place
            .until("the first grant", async || {
                grants(&place).await.len() == 1 && run.handle.readiness().outstanding == 0
            })
            .await;
        tokio::time::sleep(limit / 4).await;
        let first = grants(&place).await;

        // The second grant exists beside the first one, until it is accepted.
        is_idle.store(true, Ordering::SeqCst);
        allow(&place, &["web", "batch"]).await;
        place
            .until("the second grant", async || grants(&place).await.len() == 2)
            .await;
        tokio::time::sleep(limit / 4).await;
        assert!(grants(&place).await.is_superset(&first));
        assert!(run.handle.readiness().outstanding > 0);
        is_idle.store(false, Ordering::SeqCst);
        let started = Instant::now();
        let is_replaced = async |former: &BTreeSet<String>| {
            let grants = grants(&place).await;
            grants.len() == 1 && grants.is_disjoint(former)
        };
        place
            .until("the end of the first grant", async || is_replaced(&first).await)
            .await;
        assert!(started.elapsed() < limit / 2);
        assert_eq!(reasons(&place, "allow-books").await, [""; 0]);

        // What no longer holds must not stay because the mesh does not answer.
        is_idle.store(true, Ordering::SeqCst);
        let second = grants(&place).await;
        let started = Instant::now();
        allow(&place, &["batch"]).await;
        place
            .until("the end of the second grant", async || is_replaced(&second).await)
            .await;
        assert!(started.elapsed() >= limit);
        let events = async |expected: &[&str]| reasons(&place, "allow-books").await == expected;
        place.until("an Event", async || events(&["NotAccepted"]).await).await;
        is_idle.store(false, Ordering::SeqCst);
        place
            .until("another Event", async || events(&["InForce", "NotAccepted"]).await)
            .await;

        // A deletion without a replacement waits for nothing, although the grant was not accepted.
        is_idle.store(true, Ordering::SeqCst);
        let third = grants(&place).await;
        let started = Instant::now();
        allow(&place, &["web"]).await;
        place
            .until("the fourth grant", async || grants(&place).await.len() == 2)
            .await;
        assert!(grants(&place).await.is_superset(&third));
        let target = place.api(TARGET, "TrafficTarget");
        target.delete("allow-books", &DeleteParams::default()).await.unwrap();
        place
            .until("the end of all grants", async || grants(&place).await.is_empty())
            .await;
        assert!(started.elapsed() < limit / 2);
        run.stop().await;
        mesh.abort();
    });
}

#[test]
fn a_route_that_is_not_accepted_is_not_in_force() {
    in_place("unaccepted", async |place| {
        let limit = Duration::from_secs(2);
        let run = Run::start(place.controller_for(Linkerd::default()).acceptance_limit(limit));
        place.until_ready(&run).await;
        place.split("canary", &[90, 10]).await;
        let split = ObjectRef::split(ObjectKey::new("unaccepted", "canary"));
        let writes = async || {
            let status = run.handle.status(split.clone()).await.expect("the controller runs");
            let codes: Vec<Code> = status.writes.iter().map(|diagnostic| diagnostic.code).collect();
            (status.is_written, codes)
        };
        place
            .until("the report", async || {
                writes().await == (false, vec![Code::NotAccepted])
            })
            .await;
        // A write of the route changes nothing about that.
        place.shift(&[50, 50]).await;
        place
            .until("the write", async || {
                let routes = routes(&place).list(&ListParams::default()).await;
                let routes = routes.expect("routes are listed").items;
                let backends = &routes[0].data["spec"]["rules"][0]["backendRefs"];
                backends[0]["weight"] == backends[1]["weight"]
            })
            .await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(writes().await, (false, vec![Code::NotAccepted]));
        assert_eq!(reasons(&place, "canary").await, ["NotAccepted"]);
        let mesh = tokio::spawn(place.server.accept_routes(Some("unaccepted".to_owned()), |_| true));
        place
            .until("the end of it", async || writes().await == (true, Vec::new()))
            .await;
        place
            .until("an Event", async || {
                reasons(&place, "canary").await == ["InForce", "NotAccepted"]
            })
            .await;
        run.stop().await;
        mesh.abort();
    });
}
