//! The laws of the conformance kit, for Linkerd. `SMI_CASES` raises the number of worlds.
#![cfg(test)]

use smi_adapter::manifest::NativeObject;
use smi_adapter_linkerd::{Linkerd, SplitMode};
use smi_conformance::wordless::Wordless;
use smi_conformance::{Cases, judge};
use smi_mesh_linkerd::LinkerdMesh;

/// What the CRDs and Linkerd's admission refuse.
fn limits(object: &NativeObject) -> Result<(), String> {
    LinkerdMesh::refusal(object).map_or(Ok(()), Err)
}

/// Every law and every mutant, held against the report that is committed. `UPDATE_GOLDEN=1` writes it anew.
fn reported(mode: &str, adapter: &Linkerd) {
    let mesh = LinkerdMesh::default();
    let judgement = judge(adapter, &mesh, &limits, Cases::from_env()).of_mode(mode);
    let judgement = judgement.with_mutants(adapter, &mesh);
    println!("{judgement}");
    if let Err(why) = judgement.kept_in(format!("conformance/{mode}.yaml")) {
        panic!("{why}");
    }
}

#[test]
fn http_route() {
    reported("http-route", &Linkerd::default());
}

#[test]
fn service_profile() {
    let mut linkerd = Linkerd::default();
    linkerd.split_mode = SplitMode::ServiceProfile;
    reported("service-profile", &linkerd);
}

#[test]
fn messages_carry_no_meaning() {
    let (adapter, mesh) = (Linkerd::default(), LinkerdMesh::default());
    let judged = judge(&adapter, &mesh, &limits, Cases::new(100));
    let without_words = judge(&Wordless(&adapter), &mesh, &limits, Cases::new(100));
    assert_eq!(judged.to_yaml(), without_words.to_yaml());
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
