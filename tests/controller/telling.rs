//! What the controller tells the authors of objects.

use super::place::{Place, Run, SPLIT, in_place, on_server_with, virtual_service};
use futures::StreamExt;
use kube::api::{DynamicObject, ListParams, WatchParams};
use serde_json::{Value, json};
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::plan::State;
use smi_adapter_linkerd::Linkerd;
use smi_controller::{Change, Changes, LeaseName, LeaseSettings};
use smi_tests::apiserver::{collection, crd, free};
use std::time::{Duration, Instant};

/// Returns the reasons of the Events about an object, sorted.
pub(crate) async fn reasons(place: &Place, name: &str) -> Vec<String> {
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

/// Returns the number of writes among the changes of a controller that has ended.
async fn writes(mut changes: Changes) -> usize {
    let mut writes = 0;
    while let Some(change) = changes.next().await {
        writes += usize::from(matches!(change, Change::Written(_)));
    }
    writes
}

#[test]
fn events_tell_what_is_wrong_and_when_it_is_mended() {
    in_place("events", async |place| {
        place.delete_service("web-v2").await;
        place.split("canary", &[90, 10]).await;
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
        place.run_until_idle().await;
        assert_eq!(reasons(&place, "canary").await, mended);

        // The same fault does.
        let run = place.run().await;
        place.delete_service("web-v2").await;
        let again = ["BackendMissing", "BackendMissing", "InForce"];
        place
            .until("the third Event", async || reasons(&place, "canary").await == again)
            .await;
        run.stop().await;
    });
}

#[test]
fn each_of_many_objects_gets_one_event() {
    const MANY: usize = 100;
    in_place("many", async |place| {
        let backends = json!([{"service": "web-v1", "weight": 90}, {"service": "web-v2", "weight": 10}]);
        for index in 0..MANY {
            place.service(&format!("root-{index}")).await;
            let spec = json!({"service": format!("root-{index}"), "backends": backends});
            place
                .create(SPLIT, "TrafficSplit", &format!("canary-{index}"), spec)
                .await;
        }
        let run = place.run().await;
        let count = async |reason: &str| {
            let events = place
                .api("events.k8s.io/v1", "Event")
                .list(&ListParams::default())
                .await;
            let events = events.expect("events are listed").into_iter();
            events.filter(|event| event.data["reason"] == reason).count()
        };
        place.delete_service("web-v2").await;
        place
            .until("an Event for each", async || count("BackendMissing").await == MANY)
            .await;
        place.service("web-v2").await;
        place
            .until("another Event for each", async || count("InForce").await == MANY)
            .await;
        run.stop().await;
        assert_eq!((count("BackendMissing").await, count("InForce").await), (MANY, MANY));
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
fn two_controllers_do_not_fight_for_conditions() {
    in_place("fight", async |place| {
        // On Linkerd it is not in force, because nothing accepts its route.
        place.split("canary", &[90, 10]).await;
        let limit = Duration::from_secs(1);
        let istio = Run::start(place.controller());
        let linkerd = Run::start(place.controller_for(Linkerd::default()).acceptance_limit(limit));
        place
            .until("the report of the second one", async || {
                reasons(&place, "canary").await.contains(&"NotAccepted".to_owned())
            })
            .await;
        // Each event is a write of one of them.
        let split = place.splits().get("canary").await.unwrap();
        let version = split.metadata.resource_version.unwrap_or_default();
        let watch = WatchParams::default().fields("metadata.name=canary").timeout(8);
        let splits = place.splits();
        let writes = splits.watch(&watch, &version).await.unwrap().count().await;
        println!("{writes} writes of conditions in 8 s by two controllers that disagree");
        assert!((1..20).contains(&writes), "{writes}");
        istio.stop().await;
        linkerd.stop().await;
    });
}

/// Returns what `kubectl get trafficsplits` shows of the first split, without its age.
async fn row_of_kubectl(place: &Place) -> Vec<String> {
    let path = collection(SPLIT, "TrafficSplit", Some(&place.namespace));
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let request = http::Request::get(path).header("accept", accept).body(Vec::new());
    let table: Value = place
        .client
        .request(request.expect("it is a request"))
        .await
        .expect("kinds are listed");
    let cells = table["rows"][0]["cells"].as_array().into_iter().flatten();
    let mut cells: Vec<String> = cells.map(|cell| cell.as_str().unwrap_or_default().to_owned()).collect();
    cells.pop();
    cells
}

#[test]
fn conditions_follow_the_state() {
    in_place("conditions", async |place| {
        let run = place.run().await;
        place.split("canary", &[90, 10]).await;
        let good = ["Accepted=True", "ResolvedRefs=True", "Programmed=True"];
        place
            .until("the conditions", async || conditions(&place, "canary").await == good)
            .await;
        place.delete_service("web-v2").await;
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
        let backends = r#"[{"service":"web-v1","weight":90},{"service":"web-v2","weight":10}]"#;
        let row = ["canary", "web", backends, "True", "False"];
        assert_eq!(row_of_kubectl(&place).await, row);
        run.stop().await;

        // A restart changes nothing.
        place.run_until_idle().await;
        let same = place.splits().get("canary").await.unwrap();
        assert_eq!(same.metadata.resource_version, split.metadata.resource_version);
    });
}

#[test]
fn a_contested_object_is_repaired_with_pauses() {
    in_place("contested", async |place| {
        place.split("canary", &[90, 10]).await;
        let run = place.run().await;
        place.until_shares(&[90, 10]).await;
        let changes = run.handle.changes();
        let name = place.route().await.metadata.name.unwrap();
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
        let status = run.handle.status(split).await.unwrap();
        assert!(status.writes[0].message.contains("`somebody-else`"), "{status:?}");
        run.stop().await;
        let repairs = writes(changes).await;
        // Three at once, then after one, two and four seconds, where a hundred would be possible.
        println!("{repairs} repairs of an object that was changed every 100 ms for 8 s");
        assert!((4..=8).contains(&repairs), "{repairs}");
    });
}

#[test]
fn one_of_two_instances_writes() {
    in_place("lease", async |place| {
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
        let changes = other.handle.changes();
        place.split("canary", &[90, 10]).await;
        place.until_shares(&[90, 10]).await;
        assert!(!is_leader(&other));

        // An orderly end hands over at once, and nothing is written twice.
        let started = Instant::now();
        leader.stop().await;
        place.until("the other to lead", async || is_leader(&other)).await;
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        place.shift(&[1]).await;
        place.until_shares(&[100]).await;
        other.stop().await;
        let written = writes(changes).await;
        assert_eq!(written, 1);
    });
}

#[test]
fn a_dry_run_writes_nothing() {
    in_place("dry-run", async |place| {
        let run = Run::start(place.controller().read_only());
        place.split("canary", &[90, 10]).await;
        place
            .until("the split", async || run.handle.readiness().outstanding == 1)
            .await;
        let split: Value = json!({"apiVersion": SPLIT, "kind": "TrafficSplit",
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
    // CRDs that accept any split, and routes only if they are approved.
    let kind = virtual_service();
    let mut narrow = free();
    narrow["required"] = json!(["approval"]);
    narrow["properties"] = json!({"approval": {"type": "string"}});
    let crds = [crd(&kind, &narrow), crd(&Kind::TrafficSplit, &free())];
    on_server_with(&crds, async |place| {
        place.split("canary", &[90, 10]).await;
        let run = place.run().await;
        place
            .until("the refusal", async || reasons(&place, "canary").await == ["Refused"])
            .await;
        let split = ObjectRef::split(ObjectKey::new("shop", "canary"));
        let status = run.handle.status(split).await.unwrap();
        assert!(!status.is_written);
        assert!(status.writes[0].message.contains("approval"), "{status:?}");

        // Its operator allows the write.
        let raw = place.server.raw();
        raw.apply(&crd(&kind, &free())).await.unwrap();
        place.until_shares(&[90, 10]).await;
        let mended = ["InForce", "Refused"];
        place
            .until("the Event", async || reasons(&place, "canary").await == mended)
            .await;

        // An object that cannot be read holds up no other, and its author is told.
        place
            .create(SPLIT, "TrafficSplit", "unreadable", json!({"service": 1}))
            .await;
        place
            .until("the Event", async || {
                reasons(&place, "unreadable").await == ["Undecodable"]
            })
            .await;
        place.shift(&[1]).await;
        place.until_shares(&[100]).await;
        run.stop().await;
    });
}
