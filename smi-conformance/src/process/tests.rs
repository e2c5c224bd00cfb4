//! Tests that requests and answers are as the protocol describes them.

use super::{answer, request};
use crate::{Decision, Inbound, MeshWorld, NotModelledError, Peer};
use serde_json::{Value, json};
use smi_adapter::adapter::{Feature, Support};
use smi_adapter::manifest::NativeObject;
use smi_adapter::model::PolicyKey;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Request, RoutingQuery, Traffic};
use smi_adapter::settings::Settings;

/// Returns the JSON blocks of the protocol's text, in order.
fn blocks() -> Vec<Value> {
    let text = include_str!("PROTOCOL.md");
    text.split("```json\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .map(|block| serde_json::from_str(block).unwrap())
        .collect()
}

fn client() -> Identity {
    Identity {
        namespace: "shop".into(),
        service_account: "client".into(),
    }
}

#[test]
fn requests_match_the_protocol() {
    let blocks = blocks();
    assert_eq!(blocks[0], request::describe());
    let documents = blocks[2]["objects"].as_array().unwrap();
    assert_eq!(
        blocks[2],
        request::translate(documents, &["shop"], &Settings::default())
    );

    let table = answer::translation(blocks[3].clone())
        .unwrap()
        .manifests
        .remove(0)
        .object;
    let mut world = MeshWorld {
        cluster_domain: "cluster.local".into(),
        ..MeshWorld::default()
    };
    let service = serde_json::from_value(blocks[4]["world"]["services"][0].clone()).unwrap();
    world.services.insert(ObjectKey::new("shop", "web"), service);
    let query = RoutingQuery {
        from: Some(client()),
        to: Destination::Service {
            key: ObjectKey::new("shop", "web"),
            port: 80,
        },
        traffic: Traffic::Http(Request {
            method: "GET".into(),
            path: "/".into(),
            headers: vec![("host".into(), "web.shop".into())],
        }),
    };
    assert_eq!(blocks[4], request::route(&[table], &world, &query));

    let world = MeshWorld {
        cluster_domain: "cluster.local".into(),
        trust_domain: "cluster.local".into(),
        closed: true,
        ..MeshWorld::default()
    };
    let inbound = Inbound {
        from: Peer::Account(client()),
        ip: [10, 0, 0, 9].into(),
        pod: ObjectKey::new("shop", "deployment-web"),
        port: 8080,
        traffic: Traffic::Tcp,
    };
    assert_eq!(blocks[7], request::authorize(&[], &world, &inbound));
}

#[test]
fn reads_the_answers_of_the_protocol() {
    let blocks = blocks();
    let described = answer::description(blocks[1].clone()).unwrap();
    assert_eq!(described.name, "toy");
    assert_eq!(described.kinds[0].api_version(), "mesh.example.com/v1");
    assert_eq!(described.support[&Feature::HttpSplit], Support::Full);
    let none = Support::None("the mesh does not look into requests".into());
    assert_eq!(described.support[&Feature::ConditionalSplit], none);

    let translated = answer::translation(blocks[3].clone()).unwrap();
    assert_eq!(
        translated.diagnostics[0].to_string(),
        "error[BackendMissing] TrafficSplit shop/canary spec.backends[1].service: there is no service `web-v2`; the root stands in its place"
    );
    assert_eq!(translated.diagnostics[0].backend.as_deref(), Some("web-v2"));
    let disabled = &translated.diagnostics[1];
    assert!(disabled.disables_split_on(80) && !disabled.disables_split_on(81));
    let split = ObjectRef::split(ObjectKey::new("shop", "canary"));
    assert!(translated.manifests[0].sources.contains(&split));

    let shares = answer::distribution(blocks[5].clone()).unwrap().unwrap();
    assert_eq!(
        shares.to_string(),
        "web.shop:80 9/12, web-v2.shop:80 1/12, status 503 2/12"
    );
    let unknown = NotModelledError("two tables for one host".into());
    assert_eq!(answer::distribution(blocks[6].clone()), Ok(Err(unknown.clone())));
    assert_eq!(answer::access(blocks[6].clone()), Ok(Err(unknown)));
    assert_eq!(answer::access(blocks[8].clone()), Ok(Ok(Decision::Allow)));
    assert_eq!(blocks.len(), 9);
}

#[test]
fn reads_manifests_of_every_kind_of_policy() {
    let policy = |text: &str| {
        let object = json!({"apiVersion": "v1", "kind": "X", "metadata": {}});
        let manifest = json!({"policy": text, "stage": "leaf", "sources": [], "object": object});
        let translated = answer::translation(json!({"manifests": [manifest], "diagnostics": []}));
        translated.map(|it| (it.manifests[0].policy.clone(), it.manifests[0].object.clone()))
    };
    let workload = ObjectRef::new(Kind::Deployment, ObjectKey::new("shop", "web"));
    for known in [
        PolicyKey::Route(ObjectKey::new("shop", "web")),
        PolicyKey::Access(workload),
        PolicyKey::Baseline("shop".into()),
    ] {
        let (read, NativeObject { kind, .. }) = policy(&known.to_string()).unwrap();
        assert_eq!((read, kind.plural()), (known, "xs"));
    }
    for (text, why) in [
        ("route/web", "`route/web` is not a policy"),
        (
            "access/shop/Table/web",
            "`Table` is not a kind that manifests or diagnostics can refer to",
        ),
    ] {
        assert_eq!(policy(text).unwrap_err(), why);
    }
}

#[test]
fn rejects_invalid_answers_with_a_reason() {
    let why = |read: fn(Value) -> Result<(), String>, answer: Value| read(answer).unwrap_err();
    let description = |answer| answer::description(answer).map(drop);
    let translation = |answer| answer::translation(answer).map(drop);
    let distribution = |answer| answer::distribution(answer).map(drop);
    let access = |answer| answer::access(answer).map(drop);
    let described =
        |protocol: u32, support: Value| json!({"protocol": protocol, "name": "x", "kinds": [], "support": support});
    let reported = |code: &str, field: &str| {
        let object = json!({"kind": "Service", "namespace": "shop", "name": "web"});
        json!({"manifests": [], "diagnostics": [{"code": code, "object": object, field: "x"}]})
    };
    let share = |to: Value, weight: Value| json!({"shares": [{"to": to, "weight": weight}]});
    let cases = [
        (
            why(description, described(2, json!({}))),
            "the program implements version 2 of the protocol, but this is version 1",
        ),
        (
            why(description, described(1, json!({"TcpSplits": "full"}))),
            "there is no feature `TcpSplits`",
        ),
        (
            why(description, described(1, json!({"TcpSplit": "fully"}))),
            "unknown variant `fully`, expected one of `full`, `partial`, `none`",
        ),
        (
            why(translation, json!({"manifests": []})),
            "missing field `diagnostics`",
        ),
        (
            why(translation, reported("Wrong", "message")),
            "there is no diagnostic code `Wrong`",
        ),
        (
            why(translation, reported("Invalid", "field")),
            "missing field `message`",
        ),
        (
            why(distribution, json!({"shares": []})),
            "no share has a weight above 0",
        ),
        (
            why(distribution, share(json!("away"), json!(1))),
            "`to` is neither `namespace`, `service` and `port` nor `nowhere`, `failure` or a `status`",
        ),
        (
            why(distribution, share(json!("nowhere"), json!(0.5))),
            "a weight is a whole number, or a text that contains one",
        ),
        (
            why(distribution, share(json!("nowhere"), json!("a half"))),
            "`a half` is not a weight",
        ),
        (
            why(access, json!({"access": "maybe"})),
            "unknown variant `maybe`, expected `allow` or `deny`",
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(message, expected);
    }
}
