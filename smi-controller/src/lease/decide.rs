//! The decisions of a candidate, without any I/O.

use super::settings::{LeaseName, LeaseSettings};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use std::time::Duration;
use tokio::time::Instant;

/// A lease as it was last seen.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) lease: Lease,
    /// Is `false` if the lease was deleted later.
    pub(super) exists: bool,
    /// The time at which this state was first seen.
    pub(super) since: Instant,
}

/// A step of a candidate that has just read the lease, or that holds it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Create, take over or renew the lease.
    Take,
    /// Leave the lease to its holder, until this time at least.
    Wait(Instant),
}

/// Adds an answer that arrived at `now` to what was observed before.
pub(super) fn observe(before: Option<Observed>, lease: Option<Lease>, now: Instant) -> Option<Observed> {
    let (lease, exists) = match (lease, &before) {
        (Some(lease), _) => (lease, true),
        (None, Some(before)) => (before.lease.clone(), false),
        (None, None) => return None,
    };
    let same = before.filter(|before| before.exists == exists && before.lease == lease);
    let since = same.map_or(now, |before| before.since);
    Some(Observed { lease, exists, since })
}

pub(super) fn decide(observed: Option<&Observed>, settings: &LeaseSettings, now: Instant) -> Step {
    let Some(Observed { lease, since, .. }) = observed else {
        return Step::Take;
    };
    if holder(lease).is_some_and(|holder| holder.is_empty() || holder == settings.identity) {
        return Step::Take;
    }
    // The holder may have other settings. What it wrote is what it relies on.
    let seconds = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let duration = seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    let expiry = *since + duration.unwrap_or(settings.duration);
    if now < expiry { Step::Wait(expiry) } else { Step::Take }
}

/// Returns the lease to write in order to hold it. It has a resource version if it replaces one that exists.
pub(super) fn taken(observed: Option<&Observed>, name: &LeaseName, settings: &LeaseSettings, time: MicroTime) -> Lease {
    let before = observed.and_then(|observed| observed.lease.spec.clone());
    let is_renewal = observed.is_some_and(|observed| holder(&observed.lease) == Some(&settings.identity));
    let transitions = before.as_ref().and_then(|spec| spec.lease_transitions);
    let seconds = settings.duration.as_secs() + u64::from(settings.duration.subsec_nanos() > 0);
    let before = before.unwrap_or_default();
    let spec = LeaseSpec {
        holder_identity: Some(settings.identity.clone()),
        lease_duration_seconds: i32::try_from(seconds).ok(),
        acquire_time: before.acquire_time.filter(|_| is_renewal).or(Some(time.clone())),
        renew_time: Some(time),
        lease_transitions: transitions
            .map(|count| count.saturating_add(i32::from(!is_renewal)))
            .or(Some(0)),
        ..before
    };
    let metadata = observed.filter(|observed| observed.exists).map_or_else(
        || ObjectMeta {
            namespace: Some(name.namespace.clone()),
            name: Some(name.name.clone()),
            ..ObjectMeta::default()
        },
        |observed| observed.lease.metadata.clone(),
    );
    Lease {
        metadata,
        spec: Some(spec),
    }
}

/// Returns the lease to write in order to release it.
pub(super) fn released(lease: &Lease, time: MicroTime) -> Lease {
    let spec = LeaseSpec {
        holder_identity: Some(String::new()),
        lease_duration_seconds: Some(1),
        renew_time: Some(time),
        ..lease.spec.clone().unwrap_or_default()
    };
    Lease {
        metadata: lease.metadata.clone(),
        spec: Some(spec),
    }
}

pub(super) fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref()
}
