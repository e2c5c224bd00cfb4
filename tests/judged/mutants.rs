//! The witness notices wrong adapters.

use crate::ANY_TRUST_DOMAIN;
use smi_adapter_istio::Istio;
use smi_conformance::Cases;
use smi_conformance::laws::{self, Law};
use smi_conformance::mutants::{Fate, Mutant};
use smi_tests::witness::Witness;

/// Mutants of the kit, which the witness finds in few worlds. `SMI_WITNESS_WORLDS` tries all.
const FEW: &[&str] = &[
    "a path pattern matches a beginning",
    "a header pattern matches anywhere",
    "headers of splits are dropped",
    "splits take what others match",
    "a match takes every request",
    "all weights are one",
    "a weight of zero becomes one",
    "an absent backend's share goes to the others",
    "the namespace of a service account is dropped",
    "sources and rules of two targets are mixed",
    "a grant is for every pod of the namespace",
    "ports of rules are ignored",
    "nothing is denied",
    "a port of the service for that of its pods",
    "grants are dropped",
];

#[test]
fn the_witness_kills_mutants() {
    let Some(witness) = Witness::start(&[ANY_TRUST_DOMAIN]) else {
        return;
    };
    let all = std::env::var_os("SMI_WITNESS_WORLDS").is_some();
    let judged = [
        Law::Faithful,
        Law::SplitExact,
        Law::Fallback,
        Law::NeverWidens,
        Law::Enforces,
        Law::Grants,
    ];
    let mut killed = 0;
    for mutant in Mutant::all().filter(|mutant| judged.contains(&mutant.law())) {
        if !all && !FEW.contains(&mutant.name()) {
            continue;
        }
        let fate = mutant.try_law(&Istio::default(), &witness, &laws::no_limits, Cases::new(1000));
        println!("{}, by `{}`: {fate:?}", mutant.name(), mutant.law());
        match fate {
            Fate::Killed { .. } => killed += 1,
            Fate::NotApplicable => {}
            Fate::Survived => panic!("`{}` survives", mutant.name()),
        }
    }
    assert!(killed >= FEW.len(), "only {killed} mutants were tried");
}
