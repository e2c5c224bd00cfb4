//! Metrics: what a controller measures of its own work.

#[cfg(feature = "metrics")]
mod families;

#[cfg(feature = "metrics")]
pub(super) use families::Metrics;

use super::handle::Readiness;
use super::writes::Outcome;
use smi_adapter::engine::Changes;
use smi_adapter::object::Kind;
use smi_adapter::plan::Action;
use std::time::Duration;

/// One measurement.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "without the feature, measurements are dropped")
)]
pub(super) enum Measurement<'a> {
    /// The number of objects of an SMI kind.
    Objects(&'a Kind, usize),
    /// The state after a step, and the number of policies if it is known.
    State(&'a Readiness, Option<usize>),
    /// The time in which the consequences of edits were derived.
    Planned(Duration),
    Diagnostics(&'a Changes),
    /// A write, and the time that it took.
    Write(&'a Action, &'a Outcome, Duration),
    /// The time from an edit of an SMI object to the last write for it.
    Applied(Duration),
    /// A complete list arrived.
    Listed(&'a Kind),
    /// A list or a watch failed.
    WatchFailed(&'a Kind),
    /// An Event or the conditions of an object were sent, or could not be sent.
    Report {
        is_event: bool,
        is_sent: bool,
    },
}

/// The metrics of a build without the feature: none.
#[cfg(not(feature = "metrics"))]
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {}

#[cfg(not(feature = "metrics"))]
#[expect(clippy::unused_self, reason = "the methods of the metrics of the feature")]
impl Metrics {
    pub(super) fn record(&self, _: Measurement<'_>) {}

    pub(super) fn is_on(&self) -> bool {
        false
    }
}
