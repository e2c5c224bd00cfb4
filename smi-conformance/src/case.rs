//! One case: a world as its manifests, and what is asked about it. It is written as YAML and read back.
//!
//! The text begins with a document that asks, and goes on with manifests of any kind that something depends on:
//!
//! ```yaml
//! # What the rule says, and what the case shows.
//! apiVersion: conformance.smi-adapter.dev/v1
//! kind: Case
//! metadata: {name: t9-weight-of-zero}
//! spec:
//!   rules: [T9]                # what it shows
//!   law: faithful              # what is tried; left out: every law that can use the case
//!   seed: 7                    # what a law's own choices are made by; left out: 0
//!   settings: {pathAnchor: Start, enforcement: "Off"}
//!   routingQueries:               # calls of services
//!   - {namespace: shop, service: web, port: 80, traffic: TCP, expect: web-v1.shop:80}
//!   - {from: {namespace: shop, serviceAccount: api}, namespace: shop, service: web, port: 80,
//!      traffic: {method: POST, path: /cart, headers: [[x-user, tester]]},
//!      expect: "web-v1.shop:80 9/10, web-v2.shop:80 1/10"}
//!   accessQueries:                # what reaches workloads, Deployments where no kind stands
//!   - {from: "spiffe://example.org/robot",
//!      namespace: shop, kind: Pod, workload: web, port: 8080, traffic: UDP, expect: denied}
//!   reports: [WeightMissing TrafficSplit shop/web spec.backends[1].weight]
//!   unreported: [BackendMissing TrafficSplit shop/web]
//! ---
//! # manifests
//! ```
//!
//! A caller without `from` has no identity, and a request is `GET /` where nothing else is said. YAML 1.1 takes an
//! unquoted `Off` for a boolean, as API servers do. A field that is not known is an error.
//!
//! The answers are `expect`, which is the text of [`Routing`](smi_adapter::query::Routing) or
//! [`Access`](smi_adapter::query::Access), and codes, objects and fields of diagnostics: those that there must be, and
//! beginnings of those that there must not be. [`Case::verify`] holds them against the reference and against
//! [`resolve`](smi_adapter::resolve::resolve).

mod head;
mod settings;
mod text;
mod verify;
mod wire;

use super::Input;
use super::dice::Dice;
use super::laws::Law;
use super::queries::{Aim, access_queries, sweep};
use super::world::{World, snapshot};
use head::{AccessQueryText, Head, RoutingQueryText};
use serde_json::Value;
use smi_adapter::query::{AccessQuery, RoutingQuery};
use smi_adapter::semantics::{authorize, route};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use smi_adapter::yaml;
use std::fs;
use std::path::PathBuf;

/// A world as its manifests, and what is asked about it.
///
/// It holds no answers: those are the reference's, which [`to_yaml`](Self::to_yaml) writes beside each question and
/// [`verify`](Self::verify) compares with what somebody wrote there.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its own name; that of a generated case is the law's.
    pub name: String,
    /// The law that is tried; `None` is any that can use the case.
    pub law: Option<Law>,
    /// The IDs of the rules that it shows; a generated case shows none.
    pub rules: Vec<String>,
    /// SMI objects, services, workloads and namespaces. An object may come twice, or be one that nobody can read.
    pub documents: Vec<Value>,
    /// What the operator chose.
    pub settings: Settings,
    /// What is sent to services.
    pub routing_queries: Vec<RoutingQuery>,
    /// What reaches workloads.
    pub access_queries: Vec<AccessQuery>,
    /// What other choices are made by, such as what is edited.
    pub seed: u64,
}

impl Case {
    /// A case of a world, without queries.
    #[must_use]
    pub fn new(law: Law, world: &World, seed: u64) -> Self {
        Self {
            name: law.to_string(),
            law: Some(law),
            rules: Vec::new(),
            documents: world.documents(),
            settings: world.settings.clone(),
            routing_queries: Vec::new(),
            access_queries: Vec::new(),
            seed,
        }
    }

    /// Adds queries: a sweep over all ports of all roots, and those that `aims` come to.
    #[must_use]
    pub fn aimed(mut self, world: &World, aims: &[Aim]) -> Self {
        self.routing_queries = sweep(world);
        for aim in aims {
            let shot = aim.shot(world);
            self.routing_queries.extend([shot.on, shot.beside.1]);
        }
        self
    }

    /// Adds access_queries: those that `aims` come to, and others like them.
    #[must_use]
    pub fn attempted(mut self, world: &World, aims: &[Aim]) -> Self {
        let aims = aims.iter().flat_map(|aim| [*aim, aim.next()]);
        self.access_queries = aims.flat_map(|aim| access_queries(world, aim)).collect();
        self
    }

    /// The manifests, read as an embedder does.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        snapshot(&self.documents)
    }

    /// The manifests, as an implementation gets them.
    #[must_use]
    pub fn input(&self) -> Input {
        Input::new(self.documents.clone())
    }

    /// A fresh stream of this case's choices.
    #[must_use]
    pub fn dice(&self) -> Dice {
        Dice::new(self.seed)
    }

    /// The case as YAML: a document that says what is asked and what the reference answers, then the manifests.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let snapshot = self.snapshot();
        let routing = self.routing_queries.iter().map(|query| {
            let (routing, _) = route(&snapshot, &self.settings, query);
            RoutingQueryText::new(query, routing.to_string())
        });
        let access = self.access_queries.iter().map(|query| {
            let (access, _) = authorize(&snapshot, &self.settings, query);
            AccessQueryText::new(query, access.to_string())
        });
        let head = Head::new(self, routing.collect(), access.collect()).to_value();
        yaml::write_values(std::iter::once(&head).chain(&self.documents))
    }

    /// Reads what [`to_yaml`](Self::to_yaml) wrote, or a person did. The answers that the text gives are read past.
    ///
    /// # Errors
    /// If the text is no YAML, its first document is not the one that says what is asked, or that says something
    /// which means nothing there.
    pub fn read(text: &str) -> Result<Self, String> {
        let (head, documents) = Head::split(text)?;
        Ok(head.case(documents))
    }

    /// Reads the file that the environment variable `SMI_CASE` names, if it names one; a relative path starts at the
    /// folder of the package that is tested.
    ///
    /// # Errors
    /// If there is no such file, or it holds no case.
    pub fn from_env() -> Result<Option<Self>, String> {
        let Some(path) = std::env::var_os("SMI_CASE").map(PathBuf::from) else {
            return Ok(None);
        };
        let text = fs::read_to_string(&path).map_err(|error| error.to_string());
        let case = text.and_then(|text| Self::read(&text));
        case.map(Some)
            .map_err(|why| format!("SMI_CASE={}: {why}", path.display()))
    }
}

pub use text::{curl, knock};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cases_are_read_back(world in World::of_access(), aims in proptest::collection::vec(Aim::any(), 3), seed: u64) {
            let case = Case::new(Law::Faithful, &world, seed).aimed(&world, &aims).attempted(&world, &aims);
            let text = case.to_yaml();
            let again = Case::read(&text).unwrap();
            prop_assert_eq!(&again, &case, "{}", text);
        }
    }

    #[test]
    fn other_texts_are_no_cases() {
        assert!(Case::read("").is_err());
        assert!(Case::read("kind: Service").is_err());
        assert!(Case::read("{").is_err());
    }
}
