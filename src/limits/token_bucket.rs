//! A token bucket. Times are measured since the start of the exporter.

use std::mem;
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
    /// Whether it has refused since it was full.
    has_refused: bool,
}

/// What is asked of a bucket beyond its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// Until the next token.
    pub retry_after: Duration,
    /// Whether this is the first time since the bucket was full; worth a line in the log.
    pub begins: bool,
}

impl TokenBucket {
    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, refill: Refill, now: Duration) -> Result<(), Throttled> {
        let missing = self.full_at.saturating_sub(now);
        self.has_refused &= !missing.is_zero();
        let retry_after = (missing + refill.interval).saturating_sub(refill.interval * refill.capacity);
        if !retry_after.is_zero() {
            return Err(Throttled { retry_after, begins: !mem::replace(&mut self.has_refused, true) });
        }
        self.full_at = self.full_at.max(now) + refill.interval;
        Ok(())
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
        let mut take = |now| bucket.take(REFILL, now).map_err(|throttled| throttled.retry_after);
        assert_eq!(take(NOW), Err(REFILL.interval));
        assert_eq!(take(NOW + half), Err(half));
        assert_eq!(take(NOW + half * 2), Ok(()));
        assert_eq!(take(NOW + half * 2), Err(REFILL.interval));
    }

    #[test]
    fn a_throttle_begins_once_until_the_bucket_is_full_again() {
        let refill = Refill { interval: Duration::from_secs(6), capacity: 2 };
        let mut bucket = TokenBucket::default();
        let mut begun = |now: u64| {
            (0..4)
                .filter_map(|_| bucket.take(refill, Duration::from_secs(now)).err())
                .map(|it| it.begins)
                .collect::<Vec<_>>()
        };
        assert_eq!(begun(100), [true, false]);
        assert_eq!(begun(106), [false; 3], "it was not full in between");
        assert_eq!(begun(118), [true, false]);
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
                if let Err(Throttled { retry_after, .. }) = bucket.take(refill, now) {
                    refused += 1;
                    prop_assert!(retry_after <= refill.interval);
                    now += retry_after;
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
