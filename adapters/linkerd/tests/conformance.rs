//! The laws of the conformance kit on the adapter for Linkerd. `SMI_CASES` raises the number of worlds.
#![cfg(test)]

use smi_adapter::manifest::NativeObject;
use smi_adapter_linkerd::{Linkerd, SplitMode};
use smi_conformance::wordless;
use smi_conformance::{Cases, judge};
use smi_mesh_linkerd::LinkerdMesh;

/// Returns an error for an object that a CRD or Linkerd's admission rejects.
fn limits(object: &NativeObject) -> Result<(), String> {
    LinkerdMesh::refusal(object).map_or(Ok(()), Err)
}

/// Checks every law and every mutant against the committed report. `UPDATE_GOLDEN=1` rewrites the report.
fn assert_report(mode: &str, adapter: &Linkerd) {
    let mesh = LinkerdMesh::default();
    let judgement = judge(adapter, &mesh, &limits, Cases::from_env())
        .of_mode(mode)
        .with_mutants(adapter, &mesh);
    println!("{judgement}");
    if let Err(why) = judgement.kept_in(format!("conformance/{mode}.yaml")) {
        panic!("{why}");
    }
}

#[test]
fn http_route_mode_matches_its_report() {
    assert_report("http-route", &Linkerd::default());
}

#[test]
fn service_profile_mode_matches_its_report() {
    let mut linkerd = Linkerd::default();
    linkerd.split_mode = SplitMode::ServiceProfile;
    assert_report("service-profile", &linkerd);
}

#[test]
fn judgement_does_not_depend_on_messages() {
    let (adapter, mesh) = (Linkerd::default(), LinkerdMesh::default());
    let judged = judge(&adapter, &mesh, &limits, Cases::new(100));
    let without_messages = judge(&wordless(&adapter), &mesh, &limits, Cases::new(100));
    assert_eq!(judged.to_yaml(), without_messages.to_yaml());
}

mod tcp_routes {
    use crate::limits;
    use smi_adapter_linkerd::Linkerd;
    use smi_conformance::Cases;
    use smi_mesh_linkerd::LinkerdMesh;

    fn adapter() -> Linkerd {
        let mut linkerd = Linkerd::default();
        linkerd.tcp_routes = true;
        linkerd
    }

    smi_conformance::conformance_tests!(adapter(), LinkerdMesh::default(), Cases::new(200).or_env(), limits);
}
