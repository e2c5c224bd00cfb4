//! How much a run looks at, and the cases that are kept.

mod kept;

#[doc(hidden)]
pub use kept::FILES;
pub use kept::kept;

/// How many worlds a law is tried in, and how often each class of things must have happened among them.
///
/// Equal cases are equal worlds: the seeds are fixed, and everything follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cases {
    worlds: u32,
}

impl Cases {
    /// This many worlds.
    #[must_use]
    pub const fn new(worlds: u32) -> Self {
        Self { worlds }
    }

    /// A thousand worlds: for every build. Each class must have happened 30 times.
    #[must_use]
    pub const fn quick() -> Self {
        Self::new(1000)
    }

    /// Ten thousand worlds: before a release. Each class must have happened 300 times.
    #[must_use]
    pub const fn deep() -> Self {
        Self::new(10_000)
    }

    /// As many worlds as the environment variable `SMI_CASES` says, if that is more than those of [`quick`](Self::quick).
    #[must_use]
    pub fn from_env() -> Self {
        Self::quick().or_env()
    }

    /// As many worlds as the environment variable `SMI_CASES` says, if it says more.
    #[must_use]
    pub fn or_env(self) -> Self {
        let asked = std::env::var("SMI_CASES").ok();
        let asked = asked.and_then(|cases| cases.parse().ok()).unwrap_or_default();
        Self::new(self.worlds.max(asked))
    }

    /// The number of worlds.
    #[must_use]
    pub const fn worlds(self) -> u32 {
        self.worlds
    }

    /// How often each class must have happened: three times in a hundred worlds, at least once.
    #[must_use]
    pub fn least(self) -> usize {
        usize::try_from(self.worlds / 100 * 3).unwrap_or(usize::MAX).max(1)
    }
}
