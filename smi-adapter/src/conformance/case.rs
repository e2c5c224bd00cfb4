//! One case: a world as its manifests, and what is asked about it. It is written as YAML and read back.

mod text;

use super::Input;
use super::dice::Dice;
use super::probes::{Aim, attempts, sweep};
use super::world::{World, snapshot};
use crate::probe::{Attempt, Probe};
use crate::settings::{Enforcement, HeaderAnchor, PathAnchor, Scope, Settings};
use crate::snapshot::Snapshot;
use crate::yaml;
use serde_json::{Value, json};

/// A world as its manifests, and what is asked about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The law that is tried.
    pub law: String,
    /// SMI objects and services. An object may come twice, or be one that nobody can read.
    pub documents: Vec<Value>,
    /// What the operator chose.
    pub settings: Settings,
    /// What is sent to services.
    pub probes: Vec<Probe>,
    /// What reaches workloads.
    pub attempts: Vec<Attempt>,
    /// What other choices are made by, such as what is edited.
    pub seed: u64,
}

/// The type of the document that says what is asked.
const API_VERSION: &str = "conformance.smi-adapter.dev/v1";
const KIND: &str = "Case";

impl Case {
    /// A case of a world, without probes.
    #[must_use]
    pub fn new(law: &str, world: &World, seed: u64) -> Self {
        Self {
            law: law.to_owned(),
            documents: world.documents(),
            settings: world.settings.clone(),
            probes: Vec::new(),
            attempts: Vec::new(),
            seed,
        }
    }

    /// Adds probes: a sweep over all ports of all roots, and those that `aims` come to.
    #[must_use]
    pub fn aimed(mut self, world: &World, aims: &[Aim]) -> Self {
        self.probes = sweep(world);
        for aim in aims {
            let shot = aim.shot(world);
            self.probes.extend([shot.on, shot.beside.1]);
        }
        self
    }

    /// Adds attempts: those that `aims` come to, and others like them.
    #[must_use]
    pub fn attempted(mut self, world: &World, aims: &[Aim]) -> Self {
        let aims = aims.iter().flat_map(|aim| [*aim, aim.next()]);
        self.attempts = aims.flat_map(|aim| attempts(world, aim)).collect();
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

    /// The case as YAML: a document that says what is asked, then the manifests.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let head = json!({
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": self.law},
            "spec": {
                "seed": self.seed,
                "settings": settings(&self.settings),
                "probes": self.probes.iter().map(text::probe).collect::<Value>(),
                "attempts": self.attempts.iter().map(text::attempt).collect::<Value>(),
            },
        });
        yaml::write_values(std::iter::once(&head).chain(&self.documents))
    }

    /// Reads what [`to_yaml`](Self::to_yaml) wrote, or a person did.
    ///
    /// # Errors
    /// If the text is no YAML, or its first document is not the one that says what is asked.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut documents = yaml::read_values(text)?.into_iter();
        let head = documents.next().unwrap_or_default();
        let is = |field: &str, value: &str| head.get(field).and_then(Value::as_str) == Some(value);
        if !is("apiVersion", API_VERSION) || !is("kind", KIND) {
            return Err(format!("the first document is no `{KIND}` of `{API_VERSION}`"));
        }
        let field = |pointer: &str| head.pointer(pointer).unwrap_or(&Value::Null);
        let list = |pointer| field(pointer).as_array().into_iter().flatten();
        let probes = list("/spec/probes").map(text::read_probe);
        let attempts = list("/spec/attempts").map(text::read_attempt);
        Ok(Self {
            law: field("/metadata/name").as_str().unwrap_or_default().to_owned(),
            documents: documents.collect(),
            settings: read_settings(field("/spec/settings")),
            probes: probes.collect::<Result<_, _>>()?,
            attempts: attempts.collect::<Result<_, _>>()?,
            seed: field("/spec/seed").as_u64().unwrap_or_default(),
        })
    }
}

pub use text::{curl, knock};

fn settings(settings: &Settings) -> Value {
    json!({
        "namespaces": match &settings.scope {
            Scope::All => Value::Null,
            Scope::Namespaces(namespaces) => json!(namespaces),
        },
        "pathAnchor": match settings.path_anchor {
            PathAnchor::Full => "Full",
            PathAnchor::Start => "Start",
        },
        "headerAnchor": match settings.header_anchor {
            HeaderAnchor::Full => "Full",
            HeaderAnchor::Search => "Search",
        },
        "clusterDomain": settings.cluster_domain,
        "trustDomain": settings.trust_domain,
        "enforcement": match &settings.enforcement {
            Enforcement::Targets => json!("Targets"),
            Enforcement::All { except } => json!({ "except": except }),
            Enforcement::Off => json!("Off"),
        },
        "foreignDestinations": settings.foreign_destinations,
    })
}

fn read_settings(value: &Value) -> Settings {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    let mut settings = Settings::default();
    if let Some(namespaces) = value.get("namespaces").and_then(Value::as_array) {
        let namespaces = namespaces.iter().filter_map(Value::as_str).map(str::to_owned);
        settings.scope = Scope::Namespaces(namespaces.collect());
    }
    if text("pathAnchor") == Some("Start") {
        settings.path_anchor = PathAnchor::Start;
    }
    if text("headerAnchor") == Some("Search") {
        settings.header_anchor = HeaderAnchor::Search;
    }
    if let Some(domain) = text("clusterDomain") {
        domain.clone_into(&mut settings.cluster_domain);
    }
    if let Some(domain) = text("trustDomain") {
        domain.clone_into(&mut settings.trust_domain);
    }
    if let Some(except) = value.pointer("/enforcement/except").and_then(Value::as_array) {
        let except = except.iter().filter_map(Value::as_str).map(str::to_owned);
        settings.enforcement = Enforcement::All {
            except: except.collect(),
        };
    } else if text("enforcement") == Some("Off") {
        settings.enforcement = Enforcement::Off;
    }
    let foreign = value.get("foreignDestinations").and_then(Value::as_bool);
    settings.foreign_destinations = foreign.unwrap_or_default();
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::world::World;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cases_are_read_back(world in World::of_access(), aims in proptest::collection::vec(Aim::any(), 3), seed: u64) {
            let case = Case::new("faithful", &world, seed).aimed(&world, &aims).attempted(&world, &aims);
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
