//! The kit is tested, too: adapters for Linkerd whose access control is wrong in one way each, and the law that finds
//! out.
//!
//! `--nocapture` shows after how many worlds.

use serde_json::{Map, Value, json};
use smi_adapter::manifest::Manifest;
use smi_adapter_linkerd::Linkerd;
use smi_conformance::broken::Broken;
use smi_conformance::{Cases, Report, Violation, laws};
use smi_mesh_linkerd::LinkerdMesh;

const CASES: Cases = Cases::new(1000);

/// A law finds the fault, and says so.
fn killed(mutant: &str, result: Result<Report, Box<Violation>>) {
    let violation = result.err();
    assert!(violation.is_some(), "`{mutant}` survives");
    if let Some(violation) = violation {
        let (law, held) = (violation.law, violation.held);
        println!("{mutant}: killed by `{law}` after {held} worlds");
    }
}

fn widens(mutant: &str, broken: &Broken) {
    killed(mutant, laws::never_widens(broken, &LinkerdMesh::default(), CASES));
}

fn part(field: &'static str, edit: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static) -> Broken {
    Broken::part(Linkerd::default(), field, edit)
}

fn is(manifest: &Manifest, kind: &str) -> bool {
    manifest.object.kind.kind == kind
}

#[test]
fn empty_lists_are_everybody() {
    widens(
        "no required authentication",
        &part("requiredAuthenticationRefs", |spec| {
            spec["requiredAuthenticationRefs"] = json!([]);
        }),
    );
    let broken = part("podSelector", |spec| spec["podSelector"] = json!({}));
    killed(
        "a Server for all pods",
        laws::grants(&broken, &LinkerdMesh::default(), CASES),
    );
}

#[test]
fn servers_that_let_in() {
    let open = || {
        part("accessPolicy", |spec| {
            spec["accessPolicy"] = json!("all-unauthenticated");
        })
    };
    widens("a Server that allows", &open());
    killed(
        "a Server that allows",
        laws::enforces(&open(), &LinkerdMesh::default(), CASES),
    );
    let without = Broken::by(Linkerd::default(), |_, translation| {
        translation.manifests.retain(|manifest| !is(manifest, "Server"));
    });
    killed("no Server", laws::enforces(&without, &LinkerdMesh::default(), CASES));
}

#[test]
fn grants_to_the_wrong_clients() {
    let broken = part("identityRefs", |spec| {
        for reference in spec["identityRefs"].as_array_mut().unwrap() {
            reference["namespace"] = json!("ns-b");
        }
    });
    killed(
        "another namespace's account",
        laws::grants(&broken, &LinkerdMesh::default(), CASES),
    );
    // Two targets on one route: without the discriminator the most specific route decides for everybody.
    let broken = part("headers", |matching| {
        let headers = matching["headers"].as_array_mut().unwrap();
        headers.retain(|header| header["name"] != json!("l5d-client-id"));
    });
    killed(
        "no discriminator",
        laws::grants(&broken, &LinkerdMesh::default(), CASES),
    );
}

#[test]
fn matches_that_take_more() {
    let broken = part("path", |matching| {
        if matching["path"]["type"] == json!("RegularExpression") {
            matching["path"] = json!({"type": "PathPrefix", "value": "/"});
        }
    });
    widens("any path", &broken);
    widens("any method", &part("method", |matching| _ = matching.remove("method")));
    let broken = part("headers", |matching| {
        let headers = matching["headers"].as_array_mut().unwrap();
        headers.retain(|header| header["name"] == json!("l5d-client-id"));
    });
    widens("headers dropped", &broken);
}

#[test]
fn patterns_without_anchors() {
    let broken = part("value", |matching| {
        if let Some(inner) = matching["value"]
            .as_str()
            .and_then(|it| it.strip_prefix("^(?:")?.strip_suffix(")$"))
        {
            matching["value"] = json!(inner);
        }
    });
    killed(
        "an alternation that is not grouped",
        laws::grants(&broken, &LinkerdMesh::default(), CASES),
    );
}

#[test]
fn requests_for_health() {
    let broken = Broken::object(Linkerd::default(), |manifest| {
        if manifest.object.key().name.ends_with("-probes") && is(manifest, "HTTPRoute") {
            manifest.object.spec["rules"] =
                json!([{"matches": [{"path": {"type": "RegularExpression", "value": "^(?:.*)$"}}]}]);
        }
    });
    widens("health checks on any path", &broken);
}

#[test]
fn the_deny_route_dropped() {
    let broken = Broken::by(Linkerd::default(), |_, translation| {
        translation
            .manifests
            .retain(|manifest| !manifest.object.key().name.ends_with("-deny"));
    });
    killed("no deny route", laws::grants(&broken, &LinkerdMesh::default(), CASES));
}
