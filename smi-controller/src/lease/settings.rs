//! The name of a lease, and the choices of a candidate.

use crate::backoff::doubled;
use std::collections::hash_map::RandomState;
use std::fmt::{self, Display};
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// The namespace and the name of a `Lease`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseName {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl LeaseName {
    /// Names a lease. It need not exist, but its namespace must.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// Returns the namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Display for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The identity of a candidate, and the duration of its lease.
///
/// The duration determines all other times. With the default of 15 seconds, a holder renews the lease every 5 seconds
/// and may write for 12 seconds after a renewal. Other candidates read the lease every 1.9 seconds. A request ends after
/// 3 seconds. Failed requests are repeated after 0.1 seconds, then with a backoff of up to 5 seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    pub(super) identity: String,
    pub(super) duration: Duration,
}

impl LeaseSettings {
    /// Replaces the identity, unless the new one is empty. It must be unique to this process, such as the name of a pod
    /// with a random suffix: a process that finds a lease with its own identity renews it at once.
    ///
    /// Default: the variable `HOSTNAME`, which is the name of the pod, the process ID and a random number.
    #[must_use]
    pub fn with_identity(mut self, identity: impl Into<String>) -> Self {
        // An empty identity marks a released lease.
        let identity = identity.into();
        if !identity.is_empty() {
            self.identity = identity;
        }
        self
    }

    /// Replaces the duration of the lease, from one second to one hour. Default: 15 seconds.
    #[must_use]
    pub fn with_duration(mut self, duration: Duration) -> Self {
        self.duration = duration.clamp(Duration::from_secs(1), Duration::from_secs(3600));
        self
    }

    /// Returns the identity of this candidate.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Returns the duration of the lease.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Returns how long a holder may write after the start of a renewal.
    pub(super) fn writing(&self) -> Duration {
        self.duration / 5 * 4
    }

    /// Returns the time from the start of a renewal to the start of the next.
    pub(super) fn renewal(&self) -> Duration {
        self.duration / 3
    }

    /// Returns the time after which a candidate reads the lease of another again.
    pub(super) fn reading(&self) -> Duration {
        self.duration / 8
    }

    /// Returns the time limit of a request, which leaves a holder time for a second attempt.
    pub(super) fn time_limit(&self) -> Duration {
        self.duration / 5
    }

    /// Returns the pause after a number of failures in a row.
    pub(super) fn backoff(&self, failures: u32) -> Duration {
        doubled(self.duration / 150, failures.saturating_sub(1), self.renewal())
    }
}

impl Default for LeaseSettings {
    fn default() -> Self {
        let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "smi-controller".to_owned());
        let random = RandomState::new().build_hasher().finish();
        Self {
            identity: format!("{host}_{}_{random:016x}", std::process::id()),
            duration: Duration::from_secs(15),
        }
    }
}
