//! The kit is tested, too: adapters for Linkerd whose access control is wrong in one way each, and the law that finds
//! out.
//!
//! `--nocapture` shows after how many worlds.

use serde_json::{Map, Value, json};
use smi_adapter::manifest::Manifest;
use smi_adapter_linkerd::Linkerd;
use smi_conformance::Cases;
use smi_conformance::laws::{self, Law};
use smi_conformance::mutants::Mutant;
use smi_mesh_linkerd::LinkerdMesh;

const CASES: Cases = Cases::new(1000);

/// Asserts that its law kills the mutant.
fn dies(mutant: &Mutant) {
    let (name, law, adapter) = (mutant.name(), mutant.law(), Linkerd::default());
    let violation = laws::try_law(
        law,
        &mutant.of(&adapter),
        &LinkerdMesh::default(),
        &laws::no_limits,
        CASES,
    )
    .err();
    assert!(violation.is_some(), "`{name}` survives");
    if let Some(violation) = violation {
        println!("{name}: killed by `{law}` after {} worlds", violation.held);
    }
}

fn part(
    name: &'static str,
    law: Law,
    field: &'static str,
    edit: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static,
) {
    dies(&Mutant::of_part(name, law, field, edit));
}

/// Manifests that are not kept are not written.
fn kept(name: &'static str, law: Law, keep: impl Fn(&Manifest) -> bool + Send + Sync + 'static) {
    dies(&Mutant::of_translation(name, law, move |_, translation| {
        translation.manifests.retain(&keep);
    }));
}

fn is(manifest: &Manifest, kind: &str) -> bool {
    manifest.object.kind.name() == kind
}

#[test]
fn empty_lists_are_everybody() {
    let name = "no required authentication";
    part(name, Law::NeverWidens, "requiredAuthenticationRefs", |spec| {
        spec["requiredAuthenticationRefs"] = json!([]);
    });
    part("a Server for all pods", Law::Grants, "podSelector", |spec| {
        spec["podSelector"] = json!({});
    });
}

#[test]
fn servers_that_let_in() {
    for law in [Law::NeverWidens, Law::Enforces] {
        part("a Server that allows", law, "accessPolicy", |spec| {
            spec["accessPolicy"] = json!("all-unauthenticated");
        });
    }
    kept("no Server", Law::Enforces, |manifest| !is(manifest, "Server"));
}

#[test]
fn grants_to_the_wrong_clients() {
    part("another namespace's account", Law::Grants, "identityRefs", |spec| {
        for reference in spec["identityRefs"].as_array_mut().unwrap() {
            reference["namespace"] = json!("ns-b");
        }
    });
    // Two targets on one route: without the discriminator the most specific route decides for everybody.
    part("no discriminator", Law::Grants, "headers", |matching| {
        let headers = matching["headers"].as_array_mut().unwrap();
        headers.retain(|header| header["name"] != json!("l5d-client-id"));
    });
}

#[test]
fn matches_that_take_more() {
    part("any path", Law::NeverWidens, "path", |matching| {
        if matching["path"]["type"] == json!("RegularExpression") {
            matching["path"] = json!({"type": "PathPrefix", "value": "/"});
        }
    });
    part("any method", Law::NeverWidens, "method", |matching| {
        _ = matching.remove("method");
    });
    part("headers dropped", Law::NeverWidens, "headers", |matching| {
        let headers = matching["headers"].as_array_mut().unwrap();
        headers.retain(|header| header["name"] == json!("l5d-client-id"));
    });
}

#[test]
fn patterns_without_anchors() {
    let name = "an alternation that is not grouped";
    part(name, Law::Grants, "value", |matching| {
        if let Some(inner) = matching["value"]
            .as_str()
            .and_then(|it| it.strip_prefix("^(?:")?.strip_suffix(")$"))
        {
            matching["value"] = json!(inner);
        }
    });
}

#[test]
fn requests_for_health() {
    let name = "health checks on any path";
    dies(&Mutant::of_translation(name, Law::NeverWidens, |_, translation| {
        for manifest in &mut translation.manifests {
            if manifest.object.key().name.ends_with("-probes") && is(manifest, "HTTPRoute") {
                manifest.object.spec["rules"] =
                    json!([{"matches": [{"path": {"type": "RegularExpression", "value": "^(?:.*)$"}}]}]);
            }
        }
    }));
}

#[test]
fn the_deny_route_dropped() {
    kept("no deny route", Law::Grants, |manifest| {
        !manifest.object.key().name.ends_with("-deny")
    });
}
