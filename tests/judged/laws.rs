//! The laws about a mesh, with the witness in place of the model, which is held against it on every query.

use crate::ANY_TRUST_DOMAIN;
use smi_adapter_istio::{Istio, Regex};
use smi_conformance::laws::{self, Law};
use smi_conformance::{Cases, Interpreter};
use smi_mesh_istio::IstioMesh;
use smi_tests::witness::{ENVOY, Record, Witness, istio};

const ROUTING: &[Law] = &[Law::Faithful, Law::SplitExact, Law::Fallback];

const ACCESS: &[Law] = &[
    Law::NeverWidens,
    Law::Enforces,
    Law::Grants,
    Law::SafeTransition,
    Law::Undisturbed,
];

/// The number of worlds of each law, unless `SMI_WITNESS_WORLDS` is set.
const WORLDS: u32 = 20;

fn worlds() -> u32 {
    let asked = std::env::var("SMI_WITNESS_WORLDS").ok();
    asked.and_then(|worlds| worlds.parse().ok()).unwrap_or(WORLDS)
}

fn mesh() -> impl Interpreter {
    let mut mesh = IstioMesh::default();
    mesh.validates_trust_domain = false;
    mesh
}

/// Tries the laws, and prints what the witness was asked.
fn judge(mode: &str, adapter: &Istio, laws: &[Law]) {
    let Some(witness) = Witness::start(&[ANY_TRUST_DOMAIN]) else {
        return;
    };
    let witness = witness.beside(mesh());
    let mut broken = Vec::new();
    for law in laws.iter().copied() {
        let before = witness.record();
        match laws::try_law(law, adapter, &witness, &laws::no_limits, Cases::new(worlds())) {
            Ok(report) => println!("{}", report.to_string().lines().next().unwrap_or_default()),
            Err(violation) => broken.push(violation.to_string()),
        }
        let after = witness.record();
        println!(
            "    {} routing and {} access queries",
            after.routing - before.routing,
            after.access - before.access
        );
    }
    let Record {
        routing,
        access,
        allowed,
        unknown,
        refused,
        compared,
        differences,
        first,
    } = witness.record();
    println!(
        "{mode} mode, judged by Istio {} with Envoy {ENVOY}: {routing} routing queries and {access} access queries, \
         {allowed} of them allowed; {compared} answers compared with the model, {} differ; not answered: {unknown:?}",
        istio(),
        differences.len()
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(refused.is_empty(), "{refused:#?}");
    let first = first.unwrap_or_default();
    assert!(
        differences.is_empty(),
        "{}\nthe first with {first}",
        differences.join("\n")
    );
    assert!(routing + allowed > 0, "nothing was asked");
}

#[test]
fn keeps_the_laws_about_routing() {
    judge("native", &Istio::default(), ROUTING);
}

#[test]
fn keeps_the_laws_about_access() {
    judge("native", &Istio::default(), ACCESS);
}

#[test]
fn keeps_the_laws_about_access_with_filters() {
    let mut istio = Istio::default();
    istio.regex = Regex::EnvoyFilter;
    judge("filters", &istio, ACCESS);
}
