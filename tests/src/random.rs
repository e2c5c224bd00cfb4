//! Random numbers that a seed repeats.

/// Random numbers from a seed.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Creates the numbers of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// Returns the next number, which is below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    /// Returns one of these texts.
    ///
    /// # Panics
    /// If there are none.
    #[expect(
        clippy::expect_used,
        clippy::indexing_slicing,
        reason = "the index is below the number of texts"
    )]
    pub fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let count = u64::try_from(all.len()).expect("there are few");
        all[usize::try_from(self.below(count)).expect("there are few")]
    }
}
