#![doc = include_str!("process/PROTOCOL.md")]

mod answer;
mod child;
mod request;
#[cfg(test)]
mod tests;

use crate::{Decision, Implementation, Inbound, Input, Interpreter, MeshWorld, NotModelledError};
use answer::Description;
use child::{Process, Question};
use serde_json::Value;
use smi_adapter::adapter::{Feature, Support, Translation};
use smi_adapter::manifest::NativeObject;
use smi_adapter::model::Policy;
use smi_adapter::object::Kind;
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::query::{Distribution, RoutingQuery};
use smi_adapter::settings::Settings;
use std::ffi::OsString;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A program that answers by the protocol: an implementation that can be judged, and the mesh that it is for.
#[derive(Debug)]
pub struct Program {
    description: Description,
    line: Mutex<Line>,
}

/// The line to the program.
#[derive(Debug)]
struct Line {
    process: Process,
    /// What went wrong, the first time. From then on nothing is asked.
    failure: Option<String>,
}

/// Why there is no answer that could be used.
enum No {
    /// The program says that it has none.
    Declined(String),
    /// The program has failed.
    Failed(String),
}

impl Program {
    /// Starts a program, and asks it for its description. For each answer it may take as long as `patience`. It is killed
    /// when this is dropped.
    ///
    /// # Errors
    /// If it cannot be started, or does not describe itself by this version of the protocol.
    pub fn start(command: &[OsString], patience: Duration) -> Result<Self, String> {
        let mut line = Line {
            process: Process::start(command, patience)?,
            failure: None,
        };
        match line.ask(&request::describe(), answer::description) {
            Ok(description) => Ok(Self {
                description,
                line: Mutex::new(line),
            }),
            Err(No::Declined(why)) => Err(format!("the program cannot describe itself: {why}")),
            Err(No::Failed(why)) => Err(why),
        }
    }

    /// The name that the program gives.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.description.name
    }

    /// The failure of the program to answer, if there was one. Laws that fail after it say nothing of the program.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.line().failure.clone()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<T>(&self, request: &Value, read: impl FnOnce(Value) -> Result<T, String>) -> Result<T, No> {
        self.line().ask(request, read)
    }

    /// Asks the mesh. A failure is told at the end, so that it does not matter here.
    fn ask_mesh<T>(
        &self,
        request: &Value,
        read: impl FnOnce(Value) -> Result<Result<T, NotModelledError>, String>,
    ) -> Result<T, NotModelledError> {
        match self.ask(request, read) {
            Ok(answer) => answer,
            Err(No::Declined(why) | No::Failed(why)) => Err(NotModelledError(why)),
        }
    }
}

impl Line {
    fn ask<T>(&mut self, request: &Value, read: impl FnOnce(Value) -> Result<T, String>) -> Result<T, No> {
        if let Some(failure) = &self.failure {
            return Err(No::Failed(failure.clone()));
        }
        let question = Question {
            name: request
                .get("request")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            line: request.to_string(),
        };
        let answer = self.process.exchange(&question).and_then(|line| {
            let nonsense = |why: &str| self.process.nonsense(why, &question, &line);
            let answer: Value = serde_json::from_str(&line).map_err(|error| nonsense(&format!("no JSON: {error}")))?;
            match answer.get("error").and_then(Value::as_str) {
                Some(why) => Ok(Err(No::Declined(why.to_owned()))),
                None => read(answer).map(Ok).map_err(|why| nonsense(&why)),
            }
        });
        answer.unwrap_or_else(|failure| {
            self.process.kill();
            self.failure = Some(failure.clone());
            Err(No::Failed(failure))
        })
    }
}

impl Implementation for Program {
    fn name(&self) -> &str {
        &self.description.name
    }

    fn kinds(&self) -> &[Kind] {
        &self.description.kinds
    }

    fn reads(&self) -> &[Kind] {
        &self.description.reads
    }

    fn support(&self, feature: Feature) -> Support {
        let known = self.description.support.get(&feature).cloned();
        known.unwrap_or_else(|| Support::None("the program does not describe it".into()))
    }

    fn plan(&self, input: &Input, settings: &Settings, observed: &Observed) -> Result<Planned, String> {
        // In which namespaces access control is in force follows from A2, and from what is observed.
        let nothing = input.planned(self, settings, observed, Translation::default());
        let enforced = nothing.model.policies().filter_map(|(_, policy)| match policy {
            Policy::Baseline(baseline) => Some(baseline.namespace()),
            _ => None,
        });
        let enforced: Vec<&str> = enforced.collect();
        let request = request::translate(input.documents(), &enforced, settings);
        match self.ask(&request, answer::translation) {
            Ok(translation) => Ok(input.planned(self, settings, observed, translation)),
            Err(No::Declined(why)) => Err(format!("the program has no translation: {why}")),
            Err(No::Failed(why)) => Err(why),
        }
    }
}

impl Interpreter for Program {
    fn route(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        query: &RoutingQuery,
    ) -> Result<Distribution, NotModelledError> {
        self.ask_mesh(&request::route(objects, world, query), answer::distribution)
    }

    fn authorize(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        inbound: &Inbound,
    ) -> Result<Decision, NotModelledError> {
        self.ask_mesh(&request::authorize(objects, world, inbound), answer::access)
    }
}
