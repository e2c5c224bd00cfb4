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

/// A program that implements the protocol: an implementation to be judged, and the model of its mesh.
#[derive(Debug)]
pub struct Program {
    description: Description,
    line: Mutex<Line>,
}

/// The connection to the program.
#[derive(Debug)]
struct Line {
    process: Process,
    /// The first failure, after which no more requests are sent.
    failure: Option<String>,
}

/// An error that occurs when the program gives no usable answer.
enum NoAnswer {
    /// The program answered with an error.
    Declined(String),
    /// The program failed.
    Failed(String),
}

impl Program {
    /// Starts a program and asks it for its description. Each answer may take as long as `patience`. The program is
    /// killed when the value is dropped.
    ///
    /// # Errors
    /// If the program cannot be started, or does not describe itself in this version of the protocol.
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
            Err(NoAnswer::Declined(why)) => Err(format!("the program cannot describe itself: {why}")),
            Err(NoAnswer::Failed(why)) => Err(why),
        }
    }

    /// Returns the name from the program's description.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.description.name
    }

    /// Returns the failure of the program to answer, if there was one. Laws that fail after it show nothing about the
    /// program.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.line().failure.clone()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<T>(&self, request: &Value, read: impl FnOnce(Value) -> Result<T, String>) -> Result<T, NoAnswer> {
        self.line().ask(request, read)
    }

    /// Asks the mesh. A failure is reported at the end of the run, so it is not distinguished here.
    fn ask_mesh<T>(
        &self,
        request: &Value,
        read: impl FnOnce(Value) -> Result<Result<T, NotModelledError>, String>,
    ) -> Result<T, NotModelledError> {
        match self.ask(request, read) {
            Ok(answer) => answer,
            Err(NoAnswer::Declined(why) | NoAnswer::Failed(why)) => Err(NotModelledError(why)),
        }
    }
}

impl Line {
    fn ask<T>(&mut self, request: &Value, read: impl FnOnce(Value) -> Result<T, String>) -> Result<T, NoAnswer> {
        if let Some(failure) = &self.failure {
            return Err(NoAnswer::Failed(failure.clone()));
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
            let invalid = |why: &str| self.process.invalid(why, &question, &line);
            let answer: Value = serde_json::from_str(&line).map_err(|error| invalid(&format!("not JSON: {error}")))?;
            match answer.get("error").and_then(Value::as_str) {
                Some(why) => Ok(Err(NoAnswer::Declined(why.to_owned()))),
                None => read(answer).map(Ok).map_err(|why| invalid(&why)),
            }
        });
        answer.unwrap_or_else(|failure| {
            self.process.kill();
            self.failure = Some(failure.clone());
            Err(NoAnswer::Failed(failure))
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
        known.unwrap_or_else(|| Support::None("the program does not declare support for it".into()))
    }

    fn plan(&self, input: &Input, settings: &Settings, observed: &Observed) -> Result<Planned, String> {
        // The enforced namespaces follow from A2 and from the observed objects.
        let nothing = input.planned(self, settings, observed, Translation::default());
        let namespaces = nothing.model.policies().filter_map(|(_, policy)| match policy {
            Policy::Baseline(baseline) => Some(baseline.namespace()),
            _ => None,
        });
        let enforced: Vec<&str> = namespaces.collect();
        let request = request::translate(input.documents(), &enforced, settings);
        match self.ask(&request, answer::translation) {
            Ok(translation) => Ok(input.planned(self, settings, observed, translation)),
            Err(NoAnswer::Declined(why)) => Err(format!("the program has no translation: {why}")),
            Err(NoAnswer::Failed(why)) => Err(why),
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
