//! The size of a run, and the kept cases.

mod kept;

#[doc(hidden)]
pub use kept::FILES;
pub use kept::kept;

/// The number of worlds in which a law is tried, which also decides how often each class of events must have happened.
///
/// Equal numbers give equal worlds: the seeds are fixed, and everything follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cases {
    worlds: u32,
}

impl Cases {
    /// Creates the cases of this many worlds.
    #[must_use]
    pub const fn new(worlds: u32) -> Self {
        Self { worlds }
    }

    /// Returns a thousand worlds, for every build. Each class must have happened 30 times.
    #[must_use]
    pub const fn quick() -> Self {
        Self::new(1000)
    }

    /// Returns ten thousand worlds, for use before a release. Each class must have happened 300 times.
    #[must_use]
    pub const fn deep() -> Self {
        Self::new(10_000)
    }

    /// Returns the number of worlds in the environment variable `SMI_CASES`, or [`quick`](Self::quick) if that is more.
    #[must_use]
    pub fn from_env() -> Self {
        Self::quick().or_env()
    }

    /// Raises the number of worlds to that of the environment variable `SMI_CASES`, if it is larger.
    #[must_use]
    pub fn or_env(self) -> Self {
        let asked = std::env::var("SMI_CASES")
            .ok()
            .and_then(|cases| cases.parse().ok())
            .unwrap_or_default();
        Self::new(self.worlds.max(asked))
    }

    /// Returns the number of worlds.
    #[must_use]
    pub const fn worlds(self) -> u32 {
        self.worlds
    }

    /// Returns the number of times that each class must have happened: three in a hundred worlds, but at least one.
    #[must_use]
    pub fn least(self) -> usize {
        usize::try_from(self.worlds / 100 * 3).unwrap_or(usize::MAX).max(1)
    }
}
