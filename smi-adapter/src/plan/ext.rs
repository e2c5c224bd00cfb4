//! Planning as a method of every adapter.

use super::{Observed, Planned};
use crate::adapter::MeshAdapter;
use crate::cluster::{Cluster, Error};
use crate::manifest::NativeObject;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use async_trait::async_trait;

/// The methods that callers of an adapter use. It is implemented for every adapter.
#[async_trait]
pub trait MeshAdapterExt: MeshAdapter {
    /// Plans the writes and deletions that make the mesh implement the SMI objects.
    ///
    /// The method is pure: equal arguments give equal plans. To see everything that would be written, leave `observed`
    /// empty.
    fn plan(&self, snapshot: &Snapshot, settings: &Settings, observed: &Observed) -> Planned;

    /// Lists the native objects that a plan needs: those managed by us, to compare, and foreign ones, to review.
    ///
    /// # Errors
    /// If a list request fails. A kind that is not served has no objects.
    async fn observe(&self, cluster: &dyn Cluster, settings: &Settings) -> Result<Observed, Error>;

    /// Prepares a native object that was found in a file for [`Observed::new`]: replaces its kind, in any version, by the
    /// adapter's own one. Returns `false` if the adapter neither writes nor reads the kind.
    fn recognize(&self, object: &mut NativeObject) -> bool;
}

#[async_trait]
impl<A: MeshAdapter + ?Sized> MeshAdapterExt for A {
    fn plan(&self, snapshot: &Snapshot, settings: &Settings, observed: &Observed) -> Planned {
        super::plan(self, snapshot, settings, observed)
    }

    async fn observe(&self, cluster: &dyn Cluster, settings: &Settings) -> Result<Observed, Error> {
        let mut objects = Vec::new();
        for kind in self.kinds().iter().chain(self.reads()) {
            if cluster.serves(kind).await? {
                objects.extend(cluster.list(kind).await?);
            }
        }
        Ok(Observed::new(self.name(), settings, objects))
    }

    fn recognize(&self, object: &mut NativeObject) -> bool {
        let mut known = self.kinds().iter().chain(self.reads());
        let own = known.find(|known| known.is_same(&object.kind));
        if let Some(own) = own {
            object.kind = own.clone();
        }
        own.is_some()
    }
}
