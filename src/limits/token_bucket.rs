//! A token bucket in one number: when it will be full again. Times are measured since the start of the exporter.

use std::time::Duration;

/// How a bucket refills.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refill {
    /// The time for one token.
    pub(crate) interval: Duration,
    /// The tokens of a full bucket.
    pub(crate) capacity: u32,
}

/// A bucket; full at first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TokenBucket {
    full_at: Duration,
}

impl TokenBucket {
    /// Takes a token.
    ///
    /// # Errors
    /// When there is none; the time in the error is until the next one. Nothing is taken then.
    pub(crate) fn take(&mut self, refill: Refill, now: Duration) -> Result<(), Duration> {
        let wait = self.wait(refill, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.full_at = self.full_at.max(now) + refill.interval;
        Ok(())
    }

    /// Whether no token is missing.
    pub(crate) fn is_full(&self, now: Duration) -> bool {
        self.full_at <= now
    }

    /// How long until there is a token.
    pub(crate) fn wait(&self, refill: Refill, now: Duration) -> Duration {
        let missing = self.full_at.saturating_sub(now);
        (missing + refill.interval).saturating_sub(refill.interval * refill.capacity)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REFILL: Refill = Refill { interval: Duration::from_secs(2), capacity: 3 };
    const NOW: Duration = Duration::from_secs(1_000);

    #[test]
    fn a_full_bucket_gives_its_capacity_and_then_one_token_per_interval() {
        let mut bucket = TokenBucket::default();
        assert_eq!([(); 3].map(|()| bucket.take(REFILL, NOW)), [Ok(()); 3]);
        let half = REFILL.interval / 2;
        assert_eq!(bucket.take(REFILL, NOW), Err(REFILL.interval));
        assert_eq!(bucket.take(REFILL, NOW + half), Err(half));
        assert_eq!(bucket.take(REFILL, NOW + half * 2), Ok(()));
        assert_eq!(bucket.take(REFILL, NOW + half * 2), Err(REFILL.interval));
    }

    proptest! {
        #[test]
        fn no_time_gives_more_than_the_capacity_and_one_token_per_interval(
            milliseconds in 1..5_000_u32,
            capacity in 1..200_u32,
            pauses in proptest::collection::vec(0..400_u64, 1..400),
        ) {
            let refill = Refill { interval: Duration::from_millis(milliseconds.into()), capacity };
            let (mut bucket, mut now, mut taken, mut refused) = (TokenBucket::default(), NOW, 0, 0);
            for pause in pauses {
                now += Duration::from_millis(pause);
                if let Err(wait) = bucket.take(refill, now) {
                    refused += 1;
                    prop_assert!(wait <= refill.interval);
                    now += wait;
                    prop_assert!(bucket.take(refill, now).is_ok());
                }
                taken += 1;
                let intervals = now.saturating_sub(NOW).as_secs_f64() / refill.interval.as_secs_f64();
                prop_assert!(f64::from(taken) <= f64::from(capacity) + intervals + 1.0);
            }
            prop_assert!(refused == 0 || taken >= capacity);
        }
    }
}
