//! How many webhooks a client may send in a time.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::generational_map::GenerationalMap;
use super::{CLIENTS, ClientNetwork};

/// How many seconds' worth may come at once.
const BURST: u32 = 10;

/// After this time without a webhook a client is forgotten; its bucket has long been full again.
const AGE: Duration = Duration::from_secs(60);

/// How many webhooks a client may send a second, on average; ten seconds' worth may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(NonZeroU32);

/// What clients have sent lately.
#[derive(Debug)]
pub struct RateLimiter(Mutex<GenerationalMap<ClientNetwork, Duration>>);

impl Rate {
    /// A rate of so many a second.
    #[must_use]
    pub const fn per_second(count: NonZeroU32) -> Self {
        Self(count)
    }
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self(Mutex::new(GenerationalMap::new(CLIENTS, AGE)))
    }
}

impl RateLimiter {
    /// Takes a webhook from a client.
    ///
    /// # Errors
    /// When it has sent too many; then this one does not count, and the next is taken after the time in the error.
    pub fn check(&self, client: ClientNetwork, Rate(rate): Rate, now: Duration) -> Result<(), Duration> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // When the bucket is full again: a single number tells how full it is.
        let full = clients.entry(client, now);
        let one = Duration::from_secs(1) / rate.get();
        let after = (*full).max(now) + one;
        let wait = after.saturating_sub(now).saturating_sub(one * rate.get() * BURST);
        if wait.is_zero() {
            *full = after;
            Ok(())
        } else {
            Err(wait)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;

    fn client(last: u8) -> ClientNetwork {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn rate(count: u32) -> Rate {
        Rate::per_second(NonZeroU32::new(count).unwrap())
    }

    #[test]
    fn a_burst_is_taken_then_the_rate_counts_and_others_are_not_concerned() {
        let rate_limiter = RateLimiter::default();
        let now = Duration::from_secs(1_000);
        for _ in 0..20 {
            assert_eq!(rate_limiter.check(client(1), rate(2), now), Ok(()));
        }
        let half = Duration::from_millis(500);
        assert_eq!(rate_limiter.check(client(1), rate(2), now), Err(half));
        assert_eq!(rate_limiter.check(client(2), rate(2), now), Ok(()));
        assert_eq!(rate_limiter.check(client(1), rate(2), now + half), Ok(()));
        assert_eq!(rate_limiter.check(client(1), rate(2), now + half), Err(half));
    }

    proptest! {
        /// In no time does a client get through more than the burst and the rate allow, and never fewer than the rate.
        #[test]
        fn what_gets_through_is_bounded(count in 1..200_u32, pauses in proptest::collection::vec(0..400_u64, 1..400)) {
            let rate_limiter = RateLimiter::default();
            let begin = Duration::from_secs(5);
            let (mut now, mut taken, mut refused) = (begin, 0_u32, 0_u32);
            for pause in pauses {
                now += Duration::from_millis(pause);
                match rate_limiter.check(client(1), rate(count), now) {
                    Ok(()) => taken += 1,
                    Err(wait) => {
                        refused += 1;
                        prop_assert!(wait <= Duration::from_secs(1));
                        prop_assert!(rate_limiter.check(client(1), rate(count), now + wait).is_ok());
                        taken += 1;
                        now += wait;
                    }
                }
                let allowed = f64::from(count) * (now.saturating_sub(begin).as_secs_f64() + f64::from(BURST)) + 1.0;
                prop_assert!(f64::from(taken) <= allowed, "{taken} > {allowed}");
            }
            prop_assert!(refused == 0 || taken >= count * BURST);
        }
    }
}
