//! Token buckets: how often is too often.
//!
//! Called by `transport` (one [`Bucket`] a connection), and by the roles (one
//! a group and one an account). Knows no clock: time is an argument.
//! Never refuses for another reason than haste.

use std::collections::HashMap;
use std::hash::Hash;

use waxseal_wire::id::Millis;
use waxseal_wire::reply::Refusal;

/// How many at once, and how many a second in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests that may come at once.
    pub burst: u32,
    /// Requests a second after that; 0 stands for no limit at all.
    pub per_second: u32,
}

impl Rate {
    /// Lets everything through.
    pub const UNLIMITED: Self = Self { burst: 0, per_second: 0 };
}

/// One bucket of tokens: 16 bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// Thousandths of a token.
    milli: u64,
    filled: Millis,
}

impl Bucket {
    /// A full one.
    pub fn new(rate: Rate, now: Millis) -> Self {
        Self { milli: u64::from(rate.burst) * 1000, filled: now }
    }

    /// Takes `cost` tokens, or refuses with the time until there are enough.
    ///
    /// A clock that goes back fills nothing. A cost over the burst passes when the bucket is full.
    pub fn take(&mut self, rate: Rate, now: Millis, cost: u32) -> Result<(), Refusal> {
        if rate.per_second == 0 {
            return Ok(());
        }
        let full = u64::from(rate.burst.max(1)) * 1000;
        let passed = now.0.saturating_sub(self.filled.0);
        self.milli = self.milli.saturating_add(passed.saturating_mul(u64::from(rate.per_second))).min(full);
        self.filled = now;
        let cost = (u64::from(cost) * 1000).min(full);
        if self.milli >= cost {
            self.milli -= cost;
            return Ok(());
        }
        let retry_after_ms = (cost - self.milli).div_ceil(u64::from(rate.per_second));
        Err(Refusal::TooFast { retry_after_ms })
    }

    fn is_full(&self, rate: Rate, now: Millis) -> bool {
        let passed = now.0.saturating_sub(self.filled.0);
        self.milli.saturating_add(passed.saturating_mul(u64::from(rate.per_second))) >= u64::from(rate.burst) * 1000
    }
}

/// Buckets by key; full ones are forgotten, so memory follows what is busy.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    rate: Rate,
    buckets: HashMap<K, Bucket>,
    sweep_at: usize,
}

impl<K: Eq + Hash> Buckets<K> {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, buckets: HashMap::new(), sweep_at: 1024 }
    }

    pub(crate) fn take(&mut self, key: K, now: Millis, cost: u32) -> Result<(), Refusal> {
        let rate = self.rate;
        if rate.per_second == 0 {
            return Ok(());
        }
        if self.buckets.len() >= self.sweep_at {
            self.buckets.retain(|_, bucket| !bucket.is_full(rate, now));
            self.sweep_at = (self.buckets.len() * 2).max(1024);
        }
        self.buckets.entry(key).or_insert_with(|| Bucket::new(rate, now)).take(rate, now, cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, per_second: 2 };

    #[test]
    fn a_burst_passes_and_then_haste_is_told_how_long_to_wait() {
        let mut bucket = Bucket::new(RATE, Millis(0));
        for _ in 0..3 {
            assert_eq!(bucket.take(RATE, Millis(0), 1), Ok(()));
        }
        assert_eq!(bucket.take(RATE, Millis(0), 1), Err(Refusal::TooFast { retry_after_ms: 500 }));
        assert_eq!(bucket.take(RATE, Millis(499), 1), Err(Refusal::TooFast { retry_after_ms: 1 }));
        assert_eq!(bucket.take(RATE, Millis(500), 1), Ok(()));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = Bucket::new(RATE, Millis(10_000));
        assert_eq!(bucket.take(RATE, Millis(10_000), 3), Ok(()));
        assert!(bucket.take(RATE, Millis(0), 1).is_err());
    }

    #[test]
    fn one_who_hurries_does_not_slow_another() {
        let mut buckets = Buckets::new(RATE);
        assert_eq!(buckets.take(1, Millis(0), 3), Ok(()));
        assert!(buckets.take(1, Millis(0), 1).is_err());
        assert_eq!(buckets.take(2, Millis(0), 1), Ok(()));
    }

    #[test]
    fn idle_buckets_are_forgotten() {
        let mut buckets = Buckets::new(RATE);
        for key in 0..2000 {
            assert_eq!(buckets.take(key, Millis(key * 10_000), 1), Ok(()));
        }
        assert!(buckets.buckets.len() < 1100);
    }
}
