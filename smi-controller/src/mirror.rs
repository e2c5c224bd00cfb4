//! A mirror of a cluster: the objects that a plan depends on, kept up to date by watches.

mod follow;
mod read;

use crate::served::Served;
use crate::task::finished;
use crate::watch::Report;
use follow::Followed;
use kube::Client;
use serde_json::Value;
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::engine::{Edit, Engine};
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::settings::{Enforcement, Scope, Settings};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The number of updates that wait to be taken before the watches wait.
const UPDATES: usize = 1024;

/// The watches of everything that a plan depends on.
///
/// A mirror follows the SMI kinds, services, namespaces, the native kinds that an adapter writes or reads, and, unless
/// access control is [off](Enforcement::Off), pods and the objects that create them. SMI objects are read in the version
/// in which they are stored, as far as it is [served](Served). A kind that is not installed has no objects; it is
/// followed as soon as it is installed.
///
/// The watches run until the mirror is dropped. They lag behind writes: a program that writes as well must not mistake an
/// event from before a write for a later change. A [`Controller`](crate::Controller) takes care of this.
///
/// Feed each [update](Self::next) to an [`Engine`]:
///
/// ```no_run
/// use kube::Client;
/// use smi_adapter::{Engine, MeshAdapter, Settings};
/// use smi_controller::Mirror;
///
/// async fn follow(client: Client, adapter: &dyn MeshAdapter, settings: Settings) {
///     let mut mirror = Mirror::start(&client, adapter, &settings);
///     let mut engine = Engine::new(adapter, settings);
///     loop {
///         mirror.next().await.apply(&mut engine);
///         if mirror.is_complete() {
///             for action in engine.actions() {
///                 println!("{} is not as desired", action.object());
///             }
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Mirror {
    updates: mpsc::Receiver<Update>,
    /// The state of each watch.
    watches: BTreeMap<Watched, State>,
    served: BTreeMap<Kind, Served>,
    /// The errors of the watches of `CustomResourceDefinition`s, by kind.
    unknown: BTreeMap<Kind, String>,
    tasks: JoinSet<()>,
}

/// The state of one watch.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// There is no list yet, or none in the version that is served now. The last attempt may have failed.
    Waiting(Option<String>),
    /// All objects are known.
    Current,
    /// All objects were known before this failure.
    Failed(String),
}

/// A change of the cluster, or of the knowledge about it.
#[derive(Debug)]
pub struct Update {
    watched: Watched,
    change: Change,
}

/// The objects of one watch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Watched {
    /// The kind. SMI kinds are here in their newest version.
    pub(crate) kind: Kind,
    /// The namespace, if only some are followed.
    pub(crate) namespace: Option<String>,
}

impl Watched {
    /// Returns `true` if an object is one of them.
    pub(crate) fn contains(&self, object: &ObjectRef) -> bool {
        let Self { kind, namespace } = self;
        object.kind == *kind && namespace.as_ref().is_none_or(|only| *object.key.namespace == **only)
    }
}

#[derive(Debug)]
enum Change {
    /// The kind is served now, in another version than before, or not any more.
    Served(Option<Served>),
    /// The watch that tells whether the kind is served has failed, or goes on.
    Unknown(Option<String>),
    Objects(Report<Seen>),
}

/// An object as the API server sent it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) object: ObjectRef,
    pub(crate) uid: String,
    pub(crate) version: String,
    pub(crate) generation: Option<i64>,
    /// The status of an SMI object or a native one; `null` if there is none.
    pub(crate) status: Box<Value>,
    /// The object with its content.
    pub(crate) edit: Edit,
}

impl Mirror {
    /// Starts the watches that a plan for `adapter` with `settings` requires. A scope of namespaces limits them to these
    /// namespaces.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn start<A: MeshAdapter + ?Sized>(client: &Client, adapter: &A, settings: &Settings) -> Self {
        let (sender, updates) = mpsc::channel(UPDATES);
        let (mut tasks, mut watches) = (JoinSet::new(), BTreeMap::new());
        let namespaces: Vec<Option<String>> = match &settings.scope {
            Scope::All => vec![None],
            Scope::Namespaces(names) => names.iter().cloned().map(Some).collect(),
        };
        for kind in kinds(adapter, settings) {
            for namespace in &namespaces {
                let of = Watched {
                    kind: kind.clone(),
                    namespace: namespace.clone(),
                };
                watches.insert(of, State::Waiting(None));
            }
            let followed = Followed {
                client: client.clone(),
                kind,
                namespaces: namespaces.clone(),
                time_limit: Duration::from_secs(30),
                updates: sender.clone(),
            };
            tasks.spawn(followed.run());
        }
        Self {
            updates,
            watches,
            served: BTreeMap::new(),
            unknown: BTreeMap::new(),
            tasks,
        }
    }

    /// Waits for the next update. No update is lost if the future is dropped before it is ready.
    pub async fn next(&mut self) -> Update {
        loop {
            tokio::select! {
                Some(update) = self.updates.recv() => return self.note(update),
                // The tasks end before the mirror only by a panic.
                Some(ended) = self.tasks.join_next() => {
                    finished(ended);
                }
            }
        }
    }

    /// Returns the next update, if there is one already.
    pub fn try_next(&mut self) -> Option<Update> {
        let update = self.updates.try_recv().ok()?;
        Some(self.note(update))
    }

    /// Returns `true` if every list has arrived. Before that, do not plan: an object that is missing from a snapshot
    /// counts as deleted. A watch that failed afterwards keeps the objects that it knew.
    ///
    /// It is `false` again while the objects of a kind are listed in another version.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.watches.values().any(|state| matches!(state, State::Waiting(_)))
    }

    /// Returns the kinds whose watch has failed or whose list has not arrived, with the namespace if only some are
    /// followed, and the error if there is one. The requests are repeated.
    pub fn stale(&self) -> impl Iterator<Item = (&Kind, Option<&str>, Option<&str>)> {
        let watches = self
            .watches
            .iter()
            .filter_map(|(Watched { kind, namespace }, state)| match state {
                State::Waiting(error) => Some((kind, namespace.as_deref(), error.as_deref())),
                State::Current => None,
                State::Failed(error) => Some((kind, namespace.as_deref(), Some(error.as_str()))),
            });
        let unknown = self.unknown.iter();
        watches.chain(unknown.map(|(kind, error)| (kind, None, Some(error.as_str()))))
    }

    /// Returns the version in which the objects of an SMI kind are read; `None` if the kind is not installed.
    #[must_use]
    pub fn served(&self, kind: &Kind) -> Option<&Served> {
        self.served.get(kind)
    }

    /// Keeps the state of the watch of an update.
    fn note(&mut self, update: Update) -> Update {
        let kind = &update.watched.kind;
        match &update.change {
            Change::Served(served) => {
                let state = if served.is_some() {
                    State::Waiting(None)
                } else {
                    State::Current
                };
                let watches = self.watches.iter_mut().filter(|(watched, _)| watched.kind == *kind);
                for (_, watch) in watches {
                    *watch = state.clone();
                }
                match served {
                    Some(served) => _ = self.served.insert(kind.clone(), served.clone()),
                    None => _ = self.served.remove(kind),
                }
            }
            Change::Objects(report) => {
                let former = self.watches.get(&update.watched);
                let next = match (report, former) {
                    (Report::Listed(..) | Report::Resumed, _) => Some(State::Current),
                    // Without a list, nothing is known.
                    (Report::Failed(error), Some(State::Waiting(_))) => Some(State::Waiting(Some(error.clone()))),
                    (Report::Failed(error), _) => Some(State::Failed(error.clone())),
                    (Report::Applied(_) | Report::Deleted(_), _) => None,
                };
                if let Some(next) = next {
                    self.watches.insert(update.watched.clone(), next);
                }
            }
            Change::Unknown(Some(error)) => _ = self.unknown.insert(kind.clone(), error.clone()),
            Change::Unknown(None) => _ = self.unknown.remove(kind),
        }
        update
    }
}

impl Update {
    /// Brings an engine up to date.
    pub fn apply<P: Deref<Target: MeshAdapter>>(self, engine: &mut Engine<P>) {
        let Watched { kind, namespace } = self.watched;
        match self.change {
            Change::Served(None) => engine.relist(&kind, std::iter::empty::<Edit>()),
            Change::Objects(Report::Listed(list, _)) => {
                let scope = match namespace {
                    Some(namespace) => Scope::Namespaces([namespace].into()),
                    None => Scope::All,
                };
                engine.relist_in(&scope, &kind, list.into_iter().map(|seen| seen.edit));
                // Pods are followed only together with all other workloads, and nothing is planned before all lists.
                if kind == Kind::Pod {
                    engine.edit(Edit::Coverage(true));
                }
            }
            Change::Objects(Report::Applied(seen)) => engine.edit(seen.edit),
            Change::Objects(Report::Deleted(seen)) => engine.edit(gone(seen.object)),
            Change::Served(Some(_)) | Change::Unknown(_) | Change::Objects(Report::Resumed | Report::Failed(_)) => {}
        }
    }

    /// Returns the kind that the update is about.
    pub(crate) fn kind(&self) -> &Kind {
        &self.watched.kind
    }

    /// Returns the kind that is served from now on, or no longer, if it is one.
    pub(crate) fn served(&self) -> Option<(&Kind, bool)> {
        match &self.change {
            Change::Served(served) => Some((&self.watched.kind, served.is_some())),
            Change::Unknown(_) | Change::Objects(_) => None,
        }
    }

    /// Returns the report of a watch, with the objects that it is about, if it is one.
    pub(crate) fn report(&mut self) -> Option<(&Watched, &mut Report<Seen>)> {
        match &mut self.change {
            Change::Objects(report) => Some((&self.watched, report)),
            Change::Served(_) | Change::Unknown(_) => None,
        }
    }
}

/// Returns the edit that removes an object.
pub(crate) fn gone(object: ObjectRef) -> Edit {
    if is_native(&object.kind) {
        Edit::NativeGone(object)
    } else {
        Edit::Gone(object)
    }
}

/// Returns `true` if the kind is part of a mesh, not of a snapshot.
pub(crate) fn is_native(kind: &Kind) -> bool {
    matches!(kind, Kind::Other(_))
}

/// Returns `true` if the workloads are followed, because access control depends on them.
pub(crate) fn covers(settings: &Settings) -> bool {
    settings.enforcement != Enforcement::Off
}

/// Returns the kinds that a plan depends on.
pub(crate) fn kinds<A: MeshAdapter + ?Sized>(adapter: &A, settings: &Settings) -> Vec<Kind> {
    let mut kinds = Kind::SMI.to_vec();
    kinds.extend([Kind::Service, Kind::Namespace]);
    if covers(settings) {
        kinds.extend(Kind::WORKLOADS);
    }
    let natives = adapter.kinds().iter().chain(adapter.reads());
    kinds.extend(natives.filter(|kind| is_native(kind)).cloned());
    kinds.sort();
    kinds.dedup();
    kinds
}
