//! A case: what is attempted, on which workload, in which world.

use crate::probe::{Attempt, Traffic};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::workload::{Transport, Workload};

/// An attempt to reach a workload, and the world in which it is made.
pub(super) struct Case<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) settings: &'a Settings,
    pub(super) attempt: &'a Attempt,
    /// The workload that the attempt reaches.
    pub(super) workload: &'a Workload,
}

impl Case<'_> {
    /// Returns the namespace of the workload.
    pub(super) fn namespace(&self) -> &str {
        &self.attempt.to.key.namespace
    }

    pub(super) fn transport(&self) -> Transport {
        match self.attempt.traffic {
            Traffic::Udp => Transport::Udp,
            Traffic::Tcp | Traffic::Http(_) => Transport::Tcp,
        }
    }
}
