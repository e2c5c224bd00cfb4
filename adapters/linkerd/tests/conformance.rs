//! The laws of the conformance kit, for Linkerd. `SMI_CASES` raises the number of worlds.
#![cfg(test)]

use smi_adapter::conformance::{Cases, judge};
use smi_adapter::manifest::NativeObject;
use smi_adapter_linkerd::interpret::LinkerdMesh;
use smi_adapter_linkerd::{Linkerd, SplitMode};

/// What the CRDs and Linkerd's admission refuse.
fn limits(object: &NativeObject) -> Result<(), String> {
    LinkerdMesh::refusal(object).map_or(Ok(()), Err)
}

/// Every law and every mutant, held against the report that is committed. `UPDATE_GOLDEN=1` writes it anew; with
/// `SMI_CASES` more is tried, and nothing compared.
fn reported(mode: &str, adapter: &Linkerd) {
    let cases = Cases::from_env();
    let mesh = LinkerdMesh::default();
    let judgement = judge(adapter, &mesh, &limits, cases).with_mutants(adapter, &mesh);
    let judgement = judgement.of_mode(mode);
    println!("{judgement}");
    assert!(judgement.passed(), "{judgement}");
    let path = format!("conformance/{mode}.yaml");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, judgement.to_yaml()).unwrap();
    }
    if cases == Cases::quick() {
        assert_eq!(std::fs::read_to_string(&path).unwrap(), judgement.to_yaml(), "{path}");
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

mod tcp_routes {
    use crate::limits;
    use smi_adapter::conformance::Cases;
    use smi_adapter_linkerd::Linkerd;
    use smi_adapter_linkerd::interpret::LinkerdMesh;

    fn adapter() -> Linkerd {
        let mut linkerd = Linkerd::default();
        linkerd.tcp_routes = true;
        linkerd
    }

    smi_adapter::conformance_tests!(adapter(), LinkerdMesh::default(), Cases::new(200).or_env(), limits);
}
