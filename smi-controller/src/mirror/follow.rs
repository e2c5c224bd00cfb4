//! The watches of one kind, restarted when its `CustomResourceDefinition` changes.

use super::read::read;
use super::{Change, Update, Watched};
use crate::cluster::resource;
use crate::served::{Served, is_built_in};
use crate::task::finished;
use crate::watch::{Report, Watch};
use kube::api::DynamicObject;
use kube::{Api, Client};
use smi_adapter::object::Kind;
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinSet;

pub(super) const CRD: Kind = Kind::new(&[
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
]);

/// A kind that a mirror follows.
pub(super) struct Followed {
    pub(super) client: Client,
    pub(super) kind: Kind,
    /// The namespaces that are followed; one item without a name stands for all.
    pub(super) namespaces: Vec<Option<String>>,
    pub(super) time_limit: Duration,
    pub(super) updates: Sender<Update>,
}

impl Followed {
    /// Follows the kind as long as its updates are received.
    pub(super) async fn run(self) {
        if is_built_in(&self.kind) {
            let served = Served {
                version: self.kind.version().to_owned(),
                has_status: true,
            };
            self.watch(&served).join_all().await;
            return;
        }
        let (sender, mut crds) = channel(4);
        let mut crd = JoinSet::new();
        crd.spawn(self.watch_crd(sender));
        let mut served = None;
        let mut watches = JoinSet::new();
        let mut is_known = false;
        loop {
            let report = tokio::select! {
                Some(report) = crds.recv() => report,
                Some(ended) = watches.join_next() => {
                    finished(ended);
                    continue;
                }
                Some(ended) = crd.join_next() => {
                    finished(ended);
                    return;
                }
            };
            // Until the server says otherwise, it serves what it served.
            let next = match report {
                Report::Failed(error) => {
                    self.send(Change::Unknown(Some(error))).await;
                    continue;
                }
                Report::Resumed => {
                    self.send(Change::Unknown(None)).await;
                    continue;
                }
                Report::Listed(mut crds, _) => crds.pop(),
                Report::Applied(served) => Some(served),
                Report::Deleted(_) => None,
            };
            let next = match next {
                // Its objects exist, even if the server does not show them in any version.
                Some(None) if Kind::SMI.contains(&self.kind) => {
                    let error = "the `CustomResourceDefinition` is not established or serves no version";
                    self.send(Change::Unknown(Some(error.to_owned()))).await;
                    continue;
                }
                next => next.flatten(),
            };
            self.send(Change::Unknown(None)).await;
            if is_known && next == served {
                continue;
            }
            (is_known, served) = (true, next);
            // Nothing of the former version may arrive after the new one.
            watches.shutdown().await;
            self.send(Change::Served(served.clone())).await;
            if let Some(served) = &served {
                watches = self.watch(served);
            }
        }
    }

    /// Starts the watch of each namespace.
    fn watch(&self, served: &Served) -> JoinSet<()> {
        let kind = Kind::named(self.kind.group(), &served.version, self.kind.name(), self.kind.plural());
        let resource = resource(&kind);
        let mut watches = JoinSet::new();
        for namespace in &self.namespaces {
            let mut fields = None;
            let api: Api<DynamicObject> = match namespace {
                Some(name) if self.kind == Kind::Namespace => {
                    fields = Some(format!("metadata.name={name}"));
                    Api::all_with(self.client.clone(), &resource)
                }
                Some(name) => Api::namespaced_with(self.client.clone(), name, &resource),
                None => Api::all_with(self.client.clone(), &resource),
            };
            let watch = Watch {
                api,
                fields,
                time_limit: self.time_limit,
            };
            let (followed, api_version) = (self.kind.clone(), kind.api_version());
            let of = Watched {
                kind: self.kind.clone(),
                namespace: namespace.clone(),
            };
            watches.spawn(watch.run(
                move |object| read(&followed, &api_version, object),
                move |report| Update {
                    watched: of.clone(),
                    change: Change::Objects(report),
                },
                self.updates.clone(),
            ));
        }
        watches
    }

    /// Watches the `CustomResourceDefinition`.
    fn watch_crd(&self, sender: Sender<Report<Option<Served>>>) -> impl Future<Output = ()> + Send + use<> {
        let kind = self.kind.clone();
        let watch = Watch {
            api: Api::all_with(self.client.clone(), &resource(&CRD)),
            fields: Some(format!("metadata.name={}.{}", kind.plural(), kind.group())),
            time_limit: self.time_limit,
        };
        let is_smi = Kind::SMI.contains(&kind);
        let served = move |crd: DynamicObject| {
            if is_smi {
                return Served::of(&crd);
            }
            // An adapter reads and writes its kinds in one version.
            Served::in_version(&crd, kind.version())
        };
        watch.run(served, |report| report, sender)
    }

    async fn send(&self, change: Change) {
        let watched = Watched {
            kind: self.kind.clone(),
            namespace: None,
        };
        let update = Update { watched, change };
        // The mirror may be gone, and this task with it.
        _ = self.updates.send(update).await;
    }
}
