//! A witness of what Istio does: istiod's own translation and a real Envoy, as a process that is asked like a model of
//! the mesh.

mod envoy;

use crate::go::Module;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::query::{Distribution, RoutingQuery, Traffic};
use smi_conformance::process::Program;
use smi_conformance::{Decision, Inbound, Interpreter, MeshWorld, NotModelledError};
use smi_types::specs::METHODS;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use envoy::VERSION as ENVOY;

const GO_MOD: &str = include_str!("../witness/go.mod");

/// How long an answer may take, which is long on a busy machine only.
const PATIENCE: Duration = Duration::from_secs(120);

/// The beginning of an answer if istiod's webhook or Envoy refuses an object.
const REFUSED: &str = "refused by ";

/// The version of Istio's code, from the file that requires it.
#[must_use]
pub fn istio() -> &'static str {
    let mut words = GO_MOD.split_whitespace().skip_while(|word| *word != "istio.io/istio");
    words.nth(1).unwrap_or_default()
}

/// A running witness.
#[derive(Debug)]
pub struct Witness {
    program: Program,
    model: Option<Box<dyn Interpreter>>,
    record: Mutex<Record>,
}

/// The number of queries to a witness, and its findings.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The number of routing queries.
    pub routing: u64,
    /// The number of access queries.
    pub access: u64,
    /// The number of access queries that it allowed.
    pub allowed: u64,
    /// The number of queries that it cannot answer, by reason.
    pub unknown: BTreeMap<String, u64>,
    /// The native objects that istiod's webhook or Envoy refuses.
    pub refused: BTreeSet<String>,
    /// The number of answers with which those of the model were compared.
    pub compared: u64,
    /// The queries for which the model has a different answer, with both answers.
    pub differences: Vec<String>,
    /// The first of them with everything that its answer follows from.
    pub first: Option<Value>,
}

impl Witness {
    /// Starts a witness. `variables` are for istiod, such as `PILOT_SKIP_VALIDATE_TRUST_DOMAIN=true`. Without Go, Python
    /// or a package index, prints the reason and returns `None`.
    ///
    /// # Panics
    /// If it does not start, or if something is not installed and `CI` is `true`.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]
    pub fn start(variables: &[&str]) -> Option<Self> {
        let module = Module {
            name: "witness",
            sources: &[
                GO_MOD,
                include_str!("../witness/go.sum"),
                include_str!("../witness/access.go"),
                include_str!("../witness/adapter.go"),
                include_str!("../witness/calls.go"),
                include_str!("../witness/certs.go"),
                include_str!("../witness/envoy.go"),
                include_str!("../witness/istiod.go"),
                include_str!("../witness/main.go"),
                include_str!("../witness/mesh.go"),
                include_str!("../witness/route.go"),
                include_str!("../witness/sidecar.go"),
                include_str!("../witness/world.go"),
            ],
            programs: &[("witness", ".")],
            linker: "-s -w".to_owned(),
        };
        let folder = crate::found("witness", module.build())?;
        let envoy = crate::found("Envoy", envoy::binary())?;
        let mut command: Vec<OsString> = vec!["env".into()];
        command.extend(variables.iter().map(OsString::from));
        command.extend([folder.join("witness"), envoy, folder].map(PathBuf::into_os_string));
        Some(Self {
            program: Program::start(&command, PATIENCE).expect("the witness starts"),
            model: None,
            record: Mutex::default(),
        })
    }

    /// Compares every answer with that of a model of the mesh.
    #[must_use]
    pub fn beside(self, model: impl Interpreter) -> Self {
        Self {
            model: Some(Box::new(model)),
            ..self
        }
    }

    /// Returns the record so far.
    ///
    /// # Panics
    /// If the witness failed to answer, so that the record is not whole.
    #[must_use]
    pub fn record(&self) -> Record {
        assert_eq!(self.program.failure(), None, "the witness answers");
        self.with_record(|record| record.clone())
    }

    fn with_record<T>(&self, read: impl FnOnce(&mut Record) -> T) -> T {
        read(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records an answer, and the answer of the model beside it.
    fn note<T: PartialEq>(
        &self,
        answer: &Result<T, NotModelledError>,
        of_model: impl FnOnce(&dyn Interpreter) -> Result<T, NotModelledError>,
        shown: impl FnOnce(&T, &T) -> (String, Value),
    ) {
        let modelled = self.model.as_deref().map(of_model);
        self.with_record(|record| match (answer, modelled) {
            (Err(NotModelledError(why)), _) if why.starts_with(REFUSED) => {
                record.refused.insert(why.clone());
            }
            (Err(NotModelledError(why)), _) => *record.unknown.entry(why.clone()).or_default() += 1,
            (Ok(answer), Some(Ok(modelled))) => {
                record.compared += 1;
                if *answer != modelled {
                    let (difference, whole) = shown(answer, &modelled);
                    record.differences.push(difference);
                    record.first.get_or_insert(whole);
                }
            }
            // The model says that it does not know.
            (Ok(_), Some(Err(_)) | None) => {}
        });
    }
}

impl Interpreter for Witness {
    fn route(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        query: &RoutingQuery,
    ) -> Result<Distribution, NotModelledError> {
        let answer = self.program.route(objects, world, query);
        self.with_record(|record| record.routing += 1);
        self.note(
            &answer,
            |model| model.route(objects, world, query),
            |witness, model| {
                let difference = format!("{query:?}: {witness}, and the model says {model}");
                (difference, whole(objects, world))
            },
        );
        answer
    }

    fn authorize(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        inbound: &Inbound,
    ) -> Result<Decision, NotModelledError> {
        let answer = self.program.authorize(objects, world, inbound);
        self.with_record(|record| {
            record.access += 1;
            record.allowed += u64::from(answer == Ok(Decision::Allow));
        });
        self.note(
            &answer,
            |model| match &inbound.traffic {
                // The witness speaks HTTP/1, in which a proxy refuses other methods.
                Traffic::Http(request) if !METHODS.contains(&&*request.method) => {
                    Err(NotModelledError("the model decides it as in HTTP/2".to_owned()))
                }
                _ => model.authorize(objects, world, inbound),
            },
            |witness, model| {
                let difference = format!("{inbound:?}: {witness:?}, and the model says {model:?}");
                (difference, whole(objects, world))
            },
        );
        answer
    }
}

/// Returns everything that the answer to a query follows from.
fn whole(objects: &[NativeObject], world: &MeshWorld) -> Value {
    serde_json::json!({
        "objects": objects.iter().map(NativeObject::to_value).collect::<Value>(),
        "services": world.services.values().collect::<Vec<_>>(),
        "pods": world.pods.values().collect::<Vec<_>>(),
        "trustDomain": world.trust_domain,
    })
}
