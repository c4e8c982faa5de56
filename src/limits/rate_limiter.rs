//! Limits the rate of webhooks per client.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{CLIENTS, ClientNetwork, GenerationalMap, Refill, Throttled, TokenBucket};

/// How many seconds' worth of webhooks may arrive at once.
const BURST: u32 = 10;

/// A client without a webhook for this long may be forgotten: its bucket is full again.
const AGE: Duration = Duration::from_secs(60);

/// An average rate per client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(NonZeroU32);

/// Counts the webhooks of each client.
#[derive(Debug)]
pub struct RateLimiter(Mutex<GenerationalMap<ClientNetwork, TokenBucket>>);

impl Rate {
    /// A rate of `count` webhooks per second.
    pub const fn per_second(count: NonZeroU32) -> Self {
        Self(count)
    }

    fn refill(self) -> Refill {
        let count = self.0.get();
        Refill { interval: Duration::from_secs(1) / count, capacity: count.saturating_mul(BURST) }
    }
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self(Mutex::new(GenerationalMap::new(CLIENTS, AGE)))
    }
}

impl RateLimiter {
    /// Counts a webhook of a client, unless that exceeds the rate.
    pub fn check(&self, client: ClientNetwork, rate: Rate, now: Duration) -> Result<(), Throttled> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(client, now).take(rate.refill(), now)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(last: u8) -> ClientNetwork {
        IpAddr::from([192, 0, 2, last]).into()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_applies_to_each_client_by_itself() {
        let (limiter, rate) = (RateLimiter::default(), Rate::per_second(NonZeroU32::new(2).unwrap()));
        let now = Duration::from_secs(1_000);
        for _ in 0..20 {
            assert_eq!(limiter.check(client(1), rate, now), Ok(()));
        }
        let half = Duration::from_millis(500);
        assert_eq!(limiter.check(client(1), rate, now), Err(Throttled { retry_after: half, begins: true }));
        assert_eq!(limiter.check(client(2), rate, now), Ok(()));
        assert_eq!(limiter.check(client(1), rate, now + half), Ok(()));
        assert_eq!(
            limiter.check(client(1), rate, now + half),
            Err(Throttled { retry_after: half, begins: false })
        );
    }
}
