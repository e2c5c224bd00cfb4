//! Tests of the conformance kit itself: adapters for Linkerd with one fault each in access control, and the law that
//! detects it.
//!
//! `--nocapture` prints the number of worlds until the detection.

use serde_json::{Map, Value, json};
use smi_adapter::manifest::Manifest;
use smi_adapter_linkerd::Linkerd;
use smi_conformance::broken::Broken;
use smi_conformance::{Cases, Report, Violation, laws};
use smi_mesh_linkerd::LinkerdMesh;

const CASES: Cases = Cases::new(1000);

/// Asserts that a law has detected the fault.
fn assert_killed(mutant: &str, result: Result<Report, Box<Violation>>) {
    let violation = result.err();
    assert!(violation.is_some(), "`{mutant}` survives");
    if let Some(violation) = violation {
        let (law, held) = (violation.law, violation.held);
        println!("{mutant}: killed by `{law}` after {held} worlds");
    }
}

/// Asserts that `never_widens` detects the fault.
fn assert_widens(mutant: &str, broken: &Broken) {
    assert_killed(mutant, laws::never_widens(broken, &LinkerdMesh::default(), CASES));
}

/// Returns an adapter with an edit of every object that has `field`, at any depth.
fn part(field: &'static str, edit: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static) -> Broken {
    Broken::part(Linkerd::default(), field, edit)
}

fn is_kind(manifest: &Manifest, kind: &str) -> bool {
    manifest.object.kind.kind == kind
}

#[test]
fn detects_empty_lists_that_admit_every_client() {
    assert_widens(
        "no required authentication",
        &part("requiredAuthenticationRefs", |spec| {
            spec["requiredAuthenticationRefs"] = json!([]);
        }),
    );
    let broken = part("podSelector", |spec| spec["podSelector"] = json!({}));
    assert_killed(
        "a Server for all pods",
        laws::grants(&broken, &LinkerdMesh::default(), CASES),
    );
}

#[test]
fn detects_servers_that_admit_clients() {
    let open = || {
        part("accessPolicy", |spec| {
            spec["accessPolicy"] = json!("all-unauthenticated");
        })
    };
    assert_widens("a Server that allows", &open());
    assert_killed(
        "a Server that allows",
        laws::enforces(&open(), &LinkerdMesh::default(), CASES),
    );
    let without = Broken::by(Linkerd::default(), |_, translation| {
        translation.manifests.retain(|manifest| !is_kind(manifest, "Server"));
    });
    assert_killed("no Server", laws::enforces(&without, &LinkerdMesh::default(), CASES));
}

#[test]
fn detects_grants_to_wrong_clients() {
    let broken = part("identityRefs", |spec| {
        for reference in spec["identityRefs"].as_array_mut().unwrap() {
            reference["namespace"] = json!("ns-b");
        }
    });
    assert_killed(
        "another namespace's account",
        laws::grants(&broken, &LinkerdMesh::default(), CASES),
    );
    // With two targets on one port, the most specific route decides for every client unless matches require the client.
    let broken = part("headers", |matching| {
        let headers = matching["headers"].as_array_mut().unwrap();
        headers.retain(|header| header["name"] != json!("l5d-client-id"));
    });
    assert_killed(
        "no filter for the client",
        laws::grants(&broken, &LinkerdMesh::default(), CASES),
    );
}

#[test]
fn detects_matches_that_take_more_requests() {
    let broken = part("path", |matching| {
        if matching["path"]["type"] == json!("RegularExpression") {
            matching["path"] = json!({"type": "PathPrefix", "value": "/"});
        }
    });
    assert_widens("any path", &broken);
    assert_widens("any method", &part("method", |matching| _ = matching.remove("method")));
    let broken = part("headers", |matching| {
        let headers = matching["headers"].as_array_mut().unwrap();
        headers.retain(|header| header["name"] == json!("l5d-client-id"));
    });
    assert_widens("headers dropped", &broken);
}

#[test]
fn detects_patterns_without_group_and_anchors() {
    let broken = part("value", |matching| {
        if let Some(inner) = matching["value"]
            .as_str()
            .and_then(|it| it.strip_prefix("^(?:")?.strip_suffix(")$"))
        {
            matching["value"] = json!(inner);
        }
    });
    assert_killed(
        "an alternation that is not grouped",
        laws::grants(&broken, &LinkerdMesh::default(), CASES),
    );
}

#[test]
fn detects_health_checks_exempt_on_any_path() {
    let broken = Broken::object(Linkerd::default(), |manifest| {
        if manifest.object.key().name.ends_with("-probes") && is_kind(manifest, "HTTPRoute") {
            manifest.object.spec["rules"] =
                json!([{"matches": [{"path": {"type": "RegularExpression", "value": "^(?:.*)$"}}]}]);
        }
    });
    assert_widens("health checks on any path", &broken);
}

#[test]
fn detects_a_missing_deny_route() {
    let broken = Broken::by(Linkerd::default(), |_, translation| {
        translation
            .manifests
            .retain(|manifest| !manifest.object.key().name.ends_with("-deny"));
    });
    assert_killed("no deny route", laws::grants(&broken, &LinkerdMesh::default(), CASES));
}
