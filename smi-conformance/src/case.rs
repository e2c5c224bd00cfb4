//! Cases: the manifests of a world with queries about it, written as YAML and read back.

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

/// The manifests of a world, with queries about it.
///
/// A case holds no answers. The answers are those of the reference: [`to_yaml`](Self::to_yaml) writes them beside each
/// query, and [`verify`](Self::verify) compares them with the expected ones.
///
/// # Format
/// The text begins with a document that contains the queries, followed by the manifests that the answers depend on:
///
/// ```yaml
/// # The rule, and what the case shows about it.
/// apiVersion: conformance.smi-adapter.dev/v1
/// kind: Case
/// metadata: {name: t9-weight-of-zero}
/// spec:
///   rules: [T9]                # the rules that the case shows
///   law: faithful              # the law to try; if omitted, every law that can use the case
///   seed: 7                    # the seed of a law's own choices; if omitted, 0
///   settings: {pathAnchor: Start, enforcement: "Off"}
///   routingQueries:            # traffic to services
///   - {namespace: shop, service: web, port: 80, traffic: TCP, expect: web-v1.shop:80}
///   - {from: {namespace: shop, serviceAccount: api}, namespace: shop, service: web, port: 80,
///      traffic: {method: POST, path: /cart, headers: [[x-user, tester]]},
///      expect: "web-v1.shop:80 9/10, web-v2.shop:80 1/10"}
///   accessQueries:             # traffic that reaches workloads; if `kind` is omitted, Deployments
///   - {from: "spiffe://example.org/robot",
///      namespace: shop, kind: Pod, workload: web, port: 8080, traffic: UDP, expect: denied}
///   reports: ["WeightMissing TrafficSplit shop/web spec.backends[1].weight"]
///   unreported: ["BackendMissing TrafficSplit shop/web"]
/// ---
/// # manifests
/// ```
///
/// A client without `from` has no identity, and the default request is `GET /`. YAML 1.1 reads an unquoted `Off` as a
/// boolean, as API servers do. An unknown field is an error.
///
/// The expected answers are `expect`, which is the text of [`Routing`](smi_adapter::query::Routing) or
/// [`Authorization`](smi_adapter::query::Authorization), and diagnostics by code, object and field: `reports` lists
/// those that must be reported, and `unreported` lists beginnings of those that must not be. [`verify`](Self::verify)
/// compares them with the reference and with [`resolve`](smi_adapter::resolve::resolve).
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The name of the case; for a generated case, the name of the law.
    pub name: String,
    /// The law to try; `None` stands for every law that can use the case.
    pub law: Option<Law>,
    /// The IDs of the rules that the case shows; none for a generated case.
    pub rules: Vec<String>,
    /// SMI objects, services, workloads and namespaces. An object may occur twice or be undecodable.
    pub documents: Vec<Value>,
    /// The settings of the operator.
    pub settings: Settings,
    /// The traffic that is sent to services.
    pub routing_queries: Vec<RoutingQuery>,
    /// The traffic that reaches workloads.
    pub access_queries: Vec<AccessQuery>,
    /// The seed of all other choices, such as the edits of a law.
    pub seed: u64,
}

impl Case {
    /// Creates a case of a world, without queries.
    #[doc(hidden)]
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

    /// Adds routing queries: a sweep over all ports of all roots, and the queries of `aims`.
    #[doc(hidden)]
    #[must_use]
    pub fn with_routing_queries(mut self, world: &World, aims: &[Aim]) -> Self {
        self.routing_queries = sweep(world);
        for aim in aims {
            let shot = aim.shot(world);
            self.routing_queries.extend([shot.on, shot.beside.1]);
        }
        self
    }

    /// Adds access queries: those of `aims`, and similar ones.
    #[doc(hidden)]
    #[must_use]
    pub fn with_access_queries(mut self, world: &World, aims: &[Aim]) -> Self {
        let aims = aims.iter().flat_map(|aim| [*aim, aim.next()]);
        self.access_queries = aims.flat_map(|aim| access_queries(world, aim)).collect();
        self
    }

    /// Returns the manifests as a snapshot, read as an embedder reads them.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        snapshot(&self.documents)
    }

    /// Returns the manifests as the input of an implementation.
    #[must_use]
    pub fn input(&self) -> Input {
        Input::new(self.documents.clone())
    }

    /// Returns a new stream of random choices with the seed of this case.
    #[doc(hidden)]
    #[must_use]
    pub fn dice(&self) -> Dice {
        Dice::new(self.seed)
    }

    /// Returns the case as YAML: a document with the queries and the answers of the reference, then the manifests.
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

    /// Reads a case from YAML, written by [`to_yaml`](Self::to_yaml) or by hand. Answers in the text are ignored.
    ///
    /// # Errors
    /// If the text is not YAML, its first document is not a `Case`, or that document has unknown fields or invalid
    /// values.
    pub fn read(text: &str) -> Result<Self, String> {
        let (head, documents) = Head::split(text)?;
        Ok(head.case(documents))
    }

    /// Reads the file that the environment variable `SMI_CASE` names, if it is set. A relative path starts at the
    /// folder of the package under test.
    ///
    /// # Errors
    /// If the file cannot be read or does not contain a case.
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
            let case = Case::new(Law::Faithful, &world, seed)
                .with_routing_queries(&world, &aims)
                .with_access_queries(&world, &aims);
            let text = case.to_yaml();
            let again = Case::read(&text).unwrap();
            prop_assert_eq!(&again, &case, "{}", text);
        }
    }

    #[test]
    fn rejects_texts_that_are_not_cases() {
        assert!(Case::read("").is_err());
        assert!(Case::read("kind: Service").is_err());
        assert!(Case::read("{").is_err());
    }
}
