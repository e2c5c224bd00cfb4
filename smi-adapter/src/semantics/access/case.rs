//! Cases: a query and the workload that it reaches, with the snapshot and settings that apply.

use crate::query::{AccessQuery, Traffic};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::workload::{Transport, Workload};

/// An access query and the workload that it reaches, with the snapshot and settings that apply.
pub(super) struct Case<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) settings: &'a Settings,
    pub(super) query: &'a AccessQuery,
    /// The workload that the query reaches.
    pub(super) workload: &'a Workload,
}

impl Case<'_> {
    /// Returns the namespace of the workload.
    pub(super) fn namespace(&self) -> &str {
        &self.query.to.key.namespace
    }

    pub(super) fn transport(&self) -> Transport {
        match self.query.traffic {
            Traffic::Udp => Transport::Udp,
            Traffic::Tcp | Traffic::Http(_) => Transport::Tcp,
        }
    }
}
