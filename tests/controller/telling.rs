//! What the controller tells the authors of objects.

use super::place::{Place, Run, block_on};
use kube::api::{DeleteParams, DynamicObject, ListParams};
use serde_json::{Value, json};
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::plan::State;
use smi_controller::{Change, LeaseName, LeaseSettings};
use smi_tests::apiserver::{ApiServer, crd};
use std::time::{Duration, Instant};

/// Returns the reasons of the Events about an object, sorted.
async fn reasons(place: &Place, name: &str) -> Vec<String> {
    let events = place
        .api("events.k8s.io/v1", "Event")
        .list(&ListParams::default())
        .await;
    let events = events.expect("events are listed");
    let about = |event: &&DynamicObject| event.data["regarding"]["name"] == *name;
    let mut reasons: Vec<String> = events
        .iter()
        .filter(about)
        .map(|event| event.data["reason"].as_str().unwrap_or_default().to_owned())
        .collect();
    reasons.sort();
    reasons
}

#[test]
fn events_tell_what_is_wrong_and_when_it_is_mended() {
    block_on(async {
        let Some(place) = Place::new("events").await else {
            return;
        };
        place
            .api("v1", "Service")
            .delete("web-v2", &DeleteParams::default())
            .await
            .unwrap();
        place.split("canary", [90, 10]).await;
        let run = place.run().await;
        place
            .until("an Event", async || {
                reasons(&place, "canary").await == ["BackendMissing"]
            })
            .await;
        let split = ObjectRef::split(ObjectKey::new("events", "canary"));
        assert_eq!(
            run.handle.status(split.clone()).await.unwrap().status.state,
            State::InPart
        );

        place.service("web-v2").await;
        let mended = ["BackendMissing", "InForce"];
        place
            .until("the second Event", async || reasons(&place, "canary").await == mended)
            .await;
        let status = run.handle.status(split).await.unwrap();
        assert_eq!(status.status.state, State::InForce);
        assert!(status.is_written && status.written_at.is_some());
        run.stop().await;

        // A restart tells nothing again.
        let run = place.run().await;
        place
            .until("all writes", async || run.handle.readiness().outstanding == 0)
            .await;
        run.stop().await;
        assert_eq!(reasons(&place, "canary").await, mended);

        // The same fault does.
        let run = place.run().await;
        place
            .api("v1", "Service")
            .delete("web-v2", &DeleteParams::default())
            .await
            .unwrap();
        let again = ["BackendMissing", "BackendMissing", "InForce"];
        place
            .until("the third Event", async || reasons(&place, "canary").await == again)
            .await;
        run.stop().await;
    });
}

/// Returns the type and status of each condition of a split.
async fn conditions(place: &Place, name: &str) -> Vec<String> {
    let split = place.splits().get(name).await.expect("the split exists");
    let conditions = split.data["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    conditions
        .iter()
        .map(|it| format!("{}={}", text(&it["type"]), text(&it["reason"])))
        .collect()
}

#[test]
fn conditions_follow_the_state() {
    block_on(async {
        let Some(place) = Place::new("conditions").await else {
            return;
        };
        let run = place.run().await;
        place.split("canary", [90, 10]).await;
        let good = ["Accepted=True", "ResolvedRefs=True", "Programmed=True"];
        place
            .until("the conditions", async || conditions(&place, "canary").await == good)
            .await;
        place
            .api("v1", "Service")
            .delete("web-v2", &DeleteParams::default())
            .await
            .unwrap();
        let bad = [
            "Accepted=True",
            "ResolvedRefs=BackendMissing",
            "Programmed=BackendMissing",
        ];
        place
            .until("the conditions", async || conditions(&place, "canary").await == bad)
            .await;
        let split = place.splits().get("canary").await.unwrap();
        assert_eq!(split.data["status"]["conditions"][0]["observedGeneration"], json!(1));
        run.stop().await;

        // A restart changes nothing.
        let run = place.run().await;
        place
            .until("all writes", async || run.handle.readiness().outstanding == 0)
            .await;
        run.stop().await;
        let same = place.splits().get("canary").await.unwrap();
        assert_eq!(same.metadata.resource_version, split.metadata.resource_version);
    });
}

#[test]
fn a_contested_object_is_repaired_with_pauses() {
    block_on(async {
        let Some(place) = Place::new("contested").await else {
            return;
        };
        place.split("canary", [90, 10]).await;
        let run = place.run().await;
        place.until_shares(&[90, 10]).await;
        let mut changes = run.handle.changes();
        let name = place.routes().list(&ListParams::default()).await.unwrap().items[0]
            .metadata
            .name
            .clone()
            .unwrap();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(8) {
            place
                .patch(&place.routes(), &name, &json!({"spec": {"http": []}}))
                .await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        place
            .until("an Event", async || {
                reasons(&place, "canary").await.contains(&"Contested".to_owned())
            })
            .await;
        place.until_shares(&[90, 10]).await;
        let split = ObjectRef::split(ObjectKey::new("contested", "canary"));
        let writes = run.handle.status(split).await.unwrap().writes;
        assert!(writes[0].message.contains("`somebody-else`"), "{writes:?}");
        run.stop().await;
        let mut repairs = 0;
        while let Some(change) = changes.next().await {
            repairs += usize::from(matches!(change, Change::Written(_)));
        }
        // Three at once, then after one, two and four seconds, where a hundred would be possible.
        println!("{repairs} repairs of an object that was changed every 100 ms for 8 s");
        assert!((4..=8).contains(&repairs), "{repairs}");
    });
}

#[test]
fn one_of_two_instances_writes() {
    block_on(async {
        let Some(place) = Place::new("lease").await else { return };
        let start = |identity: &str| {
            let settings = LeaseSettings::default().with_identity(identity);
            let settings = settings.with_duration(Duration::from_secs(3));
            Run::start(place.controller().lease_with(LeaseName::new("lease", "smi"), settings))
        };
        let (first, second) = (start("first"), start("second"));
        let is_leader = |run: &Run| run.handle.readiness().is_leader;
        place
            .until("a leader", async || is_leader(&first) || is_leader(&second))
            .await;
        let (leader, other) = if is_leader(&first) {
            (first, second)
        } else {
            (second, first)
        };
        place
            .until("both to be ready", async || {
                leader.handle.ready() && other.handle.ready()
            })
            .await;
        let mut changes = other.handle.changes();
        place.split("canary", [90, 10]).await;
        place.until_shares(&[90, 10]).await;
        assert!(!is_leader(&other));

        // An orderly end hands over at once, and nothing is written twice.
        let started = Instant::now();
        leader.stop().await;
        place.until("the other to lead", async || is_leader(&other)).await;
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        place
            .patch(
                &place.splits(),
                "canary",
                &json!({"spec": {"backends": [{"service": "web-v1", "weight": 1}]}}),
            )
            .await;
        place.until_shares(&[100]).await;
        other.stop().await;
        let mut written = 0;
        while let Some(change) = changes.next().await {
            written += usize::from(matches!(change, Change::Written(_)));
        }
        assert_eq!(written, 1);
    });
}

/// Returns a server with CRDs that accept any split, and routes only if they are approved.
async fn strict() -> Option<(&'static ApiServer, Kind)> {
    let server = Box::leak(Box::new(ApiServer::start().await)).as_ref()?;
    let kind = super::place::virtual_service();
    let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let narrow = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true,
        "required": ["approval"], "properties": {"approval": {"type": "string"}}});
    server
        .install(&[crd(&kind, &narrow), crd(&Kind::TrafficSplit, &free)])
        .await
        .expect("the CRDs are valid");
    Some((server, kind))
}

#[test]
fn a_dry_run_writes_nothing() {
    block_on(async {
        let Some(place) = Place::new("dry-run").await else {
            return;
        };
        let run = Run::start(place.controller().read_only());
        place.split("canary", [90, 10]).await;
        place
            .until("the split", async || run.handle.readiness().outstanding == 1)
            .await;
        let split: Value = json!({"apiVersion": super::place::SPLIT, "kind": "TrafficSplit",
            "metadata": {"name": "canary", "namespace": "dry-run"}, "spec": {"service": "absent", "backends": []}});
        let changed = smi_types::Object::from_value(&split).unwrap();
        let consequences = run.handle.dry_run(vec![changed.into()]).await.unwrap();
        assert_eq!(consequences.actions, []);
        assert!(!consequences.diagnostics.appeared.is_empty());
        assert_eq!(run.handle.plan().await.unwrap().len(), 1);
        run.stop().await;
        assert_eq!(place.shares().await, Vec::<u64>::new());
        assert_eq!(reasons(&place, "canary").await, Vec::<String>::new());
    });
}

#[test]
fn a_rejected_write_is_reported_and_repeated() {
    block_on(async {
        let Some((server, kind)) = strict().await else { return };
        let Some(place) = Place::on(server, "refused").await else {
            return;
        };
        place.split("canary", [90, 10]).await;
        let run = place.run().await;
        place
            .until("the refusal", async || reasons(&place, "canary").await == ["Refused"])
            .await;
        let split = ObjectRef::split(ObjectKey::new("refused", "canary"));
        let status = run.handle.status(split).await.unwrap();
        assert!(!status.is_written);
        assert!(status.writes[0].message.contains("approval"), "{status:?}");

        // Its operator allows the write.
        let path = format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}.{}",
            kind.plural(),
            kind.group()
        );
        let raw = server.raw();
        let mut crd = raw.get(&path).await.unwrap().body;
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["required"] = json!([]);
        raw.call(http::Method::PUT, &path, Some(&crd)).await.unwrap();
        place.until_shares(&[90, 10]).await;
        let mended = ["InForce", "Refused"];
        place
            .until("the Event", async || reasons(&place, "canary").await == mended)
            .await;

        // An object that cannot be read holds up no other, and its author is told.
        place
            .create(super::place::SPLIT, "TrafficSplit", "unreadable", json!({"service": 1}))
            .await;
        place
            .until("the Event", async || {
                reasons(&place, "unreadable").await == ["Undecodable"]
            })
            .await;
        place
            .patch(
                &place.splits(),
                "canary",
                &json!({"spec": {"backends": [{"service": "web-v1", "weight": 1}]}}),
            )
            .await;
        place.until_shares(&[100]).await;
        run.stop().await;
    });
}
