//! An engine for an adapter that is only borrowed.
//!
//! An [`Engine`] shares its adapter, and a law only borrows the one that it judges. So the engine runs on a thread of
//! its own, with an adapter that asks the law's thread, which calls the borrowed one while it waits for the answer.

use super::Incremental;
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::engine::{Changes, Edit, Engine};
use smi_adapter::manifest::{Manifest, NativeObject};
use smi_adapter::model::Policy;
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::plan::{MeshAdapterExt, Observed, Plan, Planned, Status};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, spawn};

/// Something to do with the engine.
type Work = Box<dyn FnOnce(&mut Engine<Remote>) + Send>;

/// A message from the thread of the engine.
enum Message {
    Translate(Box<Policy>, Sender<Translation>),
    Review(Vec<Manifest>, Vec<NativeObject>, Sender<Vec<Diagnostic>>),
    /// The work is done.
    Done,
}

/// An engine on its own thread, with the adapter that it asks.
pub(crate) struct Hosted<'a, A: ?Sized> {
    adapter: &'a A,
    settings: Settings,
    work: Sender<Work>,
    messages: Receiver<Message>,
    thread: Option<JoinHandle<()>>,
}

impl<'a, A: MeshAdapter + ?Sized> Hosted<'a, A> {
    /// Starts an engine without objects.
    pub(crate) fn new(adapter: &'a A, settings: &Settings) -> Self {
        let (work, orders) = channel::<Work>();
        let (answers, messages) = channel();
        let remote = Remote {
            name: adapter.name().to_owned(),
            kinds: adapter.kinds().to_vec(),
            reads: adapter.reads().to_vec(),
            support: Feature::ALL.map(|feature| (feature, adapter.support(feature))).to_vec(),
            law: answers.clone(),
        };
        let of_engine = settings.clone();
        let thread = spawn(move || {
            let mut engine = Engine::new(Arc::new(remote), of_engine);
            for work in orders {
                work(&mut engine);
                if answers.send(Message::Done).is_err() {
                    break;
                }
            }
        });
        Self {
            adapter,
            settings: settings.clone(),
            work,
            messages,
            thread: Some(thread),
        }
    }

    /// Has the engine do something, and calls the adapter for it until it is done. Panics of the engine are passed on.
    fn ask<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Engine<Remote>) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (answer, answers) = channel();
        let work: Work = Box::new(move |engine| _ = answer.send(work(engine)));
        _ = self.work.send(work);
        // The law answers for as long as it waits, so a reply is never refused.
        for message in &self.messages {
            match message {
                Message::Translate(policy, reply) => _ = reply.send(self.adapter.translate(&policy)),
                Message::Review(desired, foreign, reply) => _ = reply.send(self.adapter.review(&desired, &foreign)),
                Message::Done => break,
            }
        }
        match answers.try_recv() {
            Ok(answer) => Ok(answer),
            Err(_) => match self.thread.take().map(JoinHandle::join) {
                Some(Err(panic)) => resume_unwind(panic),
                _ => Err("the engine has ended".to_owned()),
            },
        }
    }
}

impl<A: MeshAdapter + ?Sized> Incremental for Hosted<'_, A> {
    fn edit(&mut self, edit: Edit) -> Result<(), String> {
        self.ask(|engine| engine.edit(edit))
    }

    fn plan(&mut self) -> Result<Plan, String> {
        self.ask(Engine::plan)
    }

    fn diagnostics(&mut self) -> Result<Changes, String> {
        self.ask(Engine::diagnostics)
    }

    fn statuses(&mut self, objects: Vec<ObjectRef>) -> Result<Vec<Status>, String> {
        self.ask(move |engine| objects.iter().map(|object| engine.status(object)).collect())
    }

    fn manifests(&mut self) -> Result<Vec<Manifest>, String> {
        self.ask(Engine::manifests)
    }

    fn snapshot(&mut self) -> Result<Snapshot, String> {
        self.ask(|engine| engine.snapshot().clone())
    }

    fn one_shot(&self, snapshot: &Snapshot, observed: &Observed) -> Planned {
        MeshAdapterExt::plan(self.adapter, snapshot, &self.settings, observed)
    }
}

/// The adapter of the engine, which asks the thread of the law.
#[derive(Debug)]
struct Remote {
    name: String,
    kinds: Vec<Kind>,
    reads: Vec<Kind>,
    support: Vec<(Feature, Support)>,
    law: Sender<Message>,
}

impl Remote {
    /// Asks the law. If it is gone, because its adapter panicked, nobody reads what the engine makes of this.
    fn ask<T: Default>(&self, message: impl FnOnce(Sender<T>) -> Message) -> T {
        let (reply, replies) = channel();
        _ = self.law.send(message(reply));
        replies.recv().unwrap_or_default()
    }
}

impl MeshAdapter for Remote {
    fn name(&self) -> &str {
        &self.name
    }

    fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    fn reads(&self) -> &[Kind] {
        &self.reads
    }

    fn support(&self, feature: Feature) -> Support {
        let known = self.support.iter().find(|(known, _)| *known == feature);
        known.map_or_else(|| Support::None("unknown".into()), |(_, support)| support.clone())
    }

    fn translate(&self, policy: &Policy) -> Translation {
        self.ask(|reply| Message::Translate(Box::new(policy.clone()), reply))
    }

    fn review(&self, desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
        self.ask(|reply| Message::Review(desired.to_vec(), foreign.to_vec(), reply))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::smi_types::Object;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// An adapter that panics on every policy.
    #[derive(Debug)]
    struct Panics;

    impl MeshAdapter for Panics {
        fn name(&self) -> &'static str {
            "panics"
        }

        fn kinds(&self) -> &[Kind] {
            &[]
        }

        fn support(&self, _: Feature) -> Support {
            Support::Full
        }

        fn translate(&self, policy: &Policy) -> Translation {
            panic!("{} is too much", policy.key())
        }
    }

    #[test]
    fn passes_on_panics_of_the_adapter_and_of_the_engine() {
        let text = |panic: Box<dyn std::any::Any + Send>| panic.downcast::<String>().map(|text| *text).unwrap();
        let mut engine = Hosted::new(&Panics, &Settings::default());
        assert_eq!(engine.plan().unwrap().actions, []);
        let panic = catch_unwind(AssertUnwindSafe(|| engine.ask(|_| panic!("{} is broken", "it")))).unwrap_err();
        assert_eq!(text(panic), "it is broken");
        assert_eq!(engine.plan(), Err("the engine has ended".to_owned()));

        let mut engine = Hosted::new(&Panics, &Settings::default());
        let split = Object::from_json(
            br#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
                "metadata": {"name": "canary", "namespace": "shop"},
                "spec": {"service": "web", "backends": [{"service": "v1", "weight": 1}]}}"#,
        );
        engine.edit(split.unwrap().into()).unwrap();
        for name in ["web", "v1"] {
            let service = serde_json::json!({
                "metadata": {"name": name, "namespace": "shop"},
                "spec": {"ports": [{"port": 80}], "selector": {"app": name}},
            });
            let service: k8s_openapi::api::core::v1::Service = serde_json::from_value(service).unwrap();
            engine.edit(service.into()).unwrap();
        }
        let panic = catch_unwind(AssertUnwindSafe(|| engine.plan())).unwrap_err();
        assert_eq!(text(panic), "route/shop/web is too much");
    }
}
