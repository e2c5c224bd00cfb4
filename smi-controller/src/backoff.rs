//! Growing pauses between attempts.

use crate::request::retry_after;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// Pauses that double up to a limit, each shortened by a random part, so that clients do not act at the same time.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            attempts: 0,
        }
    }

    /// Returns the pause before the next attempt, between half of the limit and the limit at this attempt.
    pub(crate) fn pause(&mut self) -> Duration {
        let limit = doubled(self.first, self.attempts, self.longest);
        self.attempts = self.attempts.saturating_add(1);
        shortened(limit)
    }

    /// Returns no pause before the first attempt, and later ones like [`pause`](Self::pause).
    pub(crate) fn pause_later(&mut self) -> Duration {
        if self.attempts == 0 {
            self.attempts = 1;
            return Duration::ZERO;
        }
        self.pause()
    }

    /// Returns the pause after an error: the time that the server names, if it is longer.
    pub(crate) fn next(&mut self, error: &kube::Error) -> Duration {
        self.pause().max(retry_after(error).unwrap_or_default())
    }

    /// Begins again with the first pause.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// Returns a duration after it was doubled this often, up to a limit.
pub(crate) fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times)).min(longest)
}

/// Returns between half and all of a duration.
fn shortened(duration: Duration) -> Duration {
    // A new state has random keys.
    let random = RandomState::new().hash_one(0_u8) % 1000;
    duration.mul_f64(0.5 + f64::from(u32::try_from(random).unwrap_or(0)) / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for limit in [100, 200, 400, 800, 1000, 1000] {
            let (pause, limit) = (backoff.pause(), Duration::from_millis(limit));
            assert!(limit / 2 <= pause && pause <= limit, "{pause:?}");
        }
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(100));
        backoff.attempts = u32::MAX;
        assert!(backoff.pause() <= Duration::from_secs(1));
    }
}
