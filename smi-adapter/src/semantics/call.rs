//! Calls: the service and the port that a client calls, with the snapshot and settings that apply.

use crate::object::{ObjectKey, ObjectRef};
use crate::query::{Distribution, Endpoint};
use crate::settings::Settings;
use crate::snapshot::Snapshot;

/// A call of a service, with the snapshot and settings that apply.
pub(super) struct Call<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) settings: &'a Settings,
    /// The service that the client calls: the root, if a split names it (T2).
    pub(super) root: &'a ObjectKey,
    /// The number of the service port.
    pub(super) port: u16,
}

impl Call<'_> {
    pub(super) fn root_ref(&self) -> ObjectRef {
        ObjectRef::service(self.root.clone())
    }

    pub(super) fn endpoint(&self, key: ObjectKey) -> Endpoint {
        Endpoint::Service { key, port: self.port }
    }

    /// Returns the root's own endpoints, by its own selector (T13, T35).
    pub(super) fn own_endpoints(&self) -> Distribution {
        Distribution::all_to(self.endpoint(self.root.clone()))
    }
}
