//! The metrics in a registry of `prometheus-client`.

use super::Measurement;
use crate::controller::handle::Readiness;
use crate::controller::writes::Outcome;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use smi_adapter::cluster::Error;
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::engine::Changes;
use smi_adapter::object::Kind;
use smi_adapter::plan::Action;
use std::sync::Arc;

type Labels<const N: usize> = [(&'static str, String); N];

/// The metrics of a controller, if there is a registry for them.
#[derive(Clone, Debug, Default)]
pub(in crate::controller) struct Metrics(Option<Arc<Families>>);

#[derive(Debug)]
struct Families {
    objects: Family<Labels<1>, Gauge>,
    policies: Gauge,
    diagnostics: Family<Labels<1>, Gauge>,
    outstanding: Gauge,
    ready: Gauge,
    leader: Gauge,
    writes: Family<Labels<3>, Counter>,
    write_time: Histogram,
    plan_time: Histogram,
    edit_time: Histogram,
    lists: Family<Labels<1>, Counter>,
    watch_failures: Family<Labels<1>, Counter>,
    reports: Family<Labels<2>, Counter>,
}

impl Metrics {
    /// Registers the metrics.
    pub(in crate::controller) fn register(registry: &mut Registry) -> Self {
        let families = Families {
            objects: Family::default(),
            policies: Gauge::default(),
            diagnostics: Family::default(),
            outstanding: Gauge::default(),
            ready: Gauge::default(),
            leader: Gauge::default(),
            writes: Family::default(),
            // From 1 millisecond to 33 seconds, as requests have a time limit.
            write_time: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
            // From 10 microseconds to 42 seconds: one object, or all of a large cluster.
            plan_time: Histogram::new(exponential_buckets(0.000_01, 4.0, 12)),
            // From 1 millisecond to 262 seconds: with pauses after failures.
            edit_time: Histogram::new(exponential_buckets(0.001, 4.0, 10)),
            lists: Family::default(),
            watch_failures: Family::default(),
            reports: Family::default(),
        };
        families.register(registry.sub_registry_with_prefix("smi_controller"));
        Self(Some(Arc::new(families)))
    }

    /// Returns `true` if measurements are kept.
    pub(in crate::controller) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Keeps a measurement.
    pub(in crate::controller) fn record(&self, measurement: Measurement<'_>) {
        if let Some(families) = &self.0 {
            families.record(measurement);
        }
    }
}

impl Families {
    fn register(&self, registry: &mut Registry) {
        registry.register("objects", "SMI objects, by resource", self.objects.clone());
        registry.register("policies", "Policies that SMI objects lead to", self.policies.clone());
        registry.register(
            "diagnostics",
            "Diagnostics, by code, as far as this instance has reported them",
            self.diagnostics.clone(),
        );
        registry.register(
            "outstanding_writes",
            "Writes of native objects that are outstanding",
            self.outstanding.clone(),
        );
        registry.register(
            "ready",
            "1 if every list has arrived and no watch has failed",
            self.ready.clone(),
        );
        registry.register("leader", "1 if this instance may write", self.leader.clone());
        registry.register(
            "writes",
            "Writes of native objects, by resource, verb and outcome",
            self.writes.clone(),
        );
        let seconds = [
            ("write_duration", "Time of a write of a native object", &self.write_time),
            (
                "plan_duration",
                "Time in which the consequences of edits were derived",
                &self.plan_time,
            ),
            (
                "edit_to_written",
                "Time from the arrival of an edit of an SMI object to the last write for it",
                &self.edit_time,
            ),
        ];
        for (name, help, histogram) in seconds {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        }
        registry.register("lists", "Complete lists that arrived, by resource", self.lists.clone());
        registry.register(
            "watch_failures",
            "Lists and watches that failed, by resource",
            self.watch_failures.clone(),
        );
        registry.register(
            "reports",
            "Events and conditions, by whether they were sent",
            self.reports.clone(),
        );
    }

    fn record(&self, measurement: Measurement<'_>) {
        match measurement {
            Measurement::Objects(kind, count) => _ = self.objects.get_or_create(&of(kind)).set(integer(count)),
            Measurement::State(readiness, policies) => self.state(readiness, policies),
            Measurement::Planned(time) => self.plan_time.observe(time.as_secs_f64()),
            Measurement::Diagnostics(changes) => self.diagnostics(changes),
            Measurement::Write(action, outcome, time) => {
                let outcome = match outcome {
                    Outcome::Stored(_) | Outcome::Deleted => "written",
                    Outcome::Changed(_) => "conflict",
                    Outcome::Failed(Error::Refused { .. }) => "rejected",
                    Outcome::Failed(_) => "failed",
                    Outcome::Unsent => return,
                };
                let verb = match action {
                    Action::Create(_) => "create",
                    Action::Replace(_) => "update",
                    Action::Delete(_) => "delete",
                };
                let [resource] = of(&action.object().kind);
                let labels = [resource, ("verb", verb.to_owned()), ("outcome", outcome.to_owned())];
                self.writes.get_or_create(&labels).inc();
                self.write_time.observe(time.as_secs_f64());
            }
            Measurement::Applied(time) => self.edit_time.observe(time.as_secs_f64()),
            Measurement::Listed(kind) => _ = self.lists.get_or_create(&of(kind)).inc(),
            Measurement::WatchFailed(kind) => _ = self.watch_failures.get_or_create(&of(kind)).inc(),
            Measurement::Report { is_event, is_sent } => {
                let report = if is_event { "event" } else { "conditions" };
                let outcome = if is_sent { "sent" } else { "failed" };
                let labels = [("report", report.to_owned()), ("outcome", outcome.to_owned())];
                self.reports.get_or_create(&labels).inc();
            }
        }
    }

    fn state(&self, readiness: &Readiness, policies: Option<usize>) {
        if let Some(policies) = policies {
            self.policies.set(integer(policies));
        }
        self.outstanding.set(integer(readiness.outstanding));
        self.ready.set(i64::from(readiness.is_ready));
        self.leader.set(i64::from(readiness.is_leader));
    }

    fn diagnostics(&self, changes: &Changes) {
        let of = |diagnostic: &Diagnostic| [("code", diagnostic.code.to_string())];
        for appeared in &changes.appeared {
            self.diagnostics.get_or_create(&of(appeared)).inc();
        }
        for gone in &changes.gone {
            self.diagnostics.get_or_create(&of(gone)).dec();
        }
    }
}

/// Returns the label for a kind, such as `trafficsplits.split.smi-spec.io`.
fn of(kind: &Kind) -> Labels<1> {
    let (plural, group) = (kind.plural(), kind.group());
    let separator = if group.is_empty() { "" } else { "." };
    [("resource", format!("{plural}{separator}{group}"))]
}

fn integer(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
