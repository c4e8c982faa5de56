//! The token bucket of one client, which tells when it begins to refuse.

use std::time::Duration;

use super::token_bucket::{Refill, TokenBucket};

/// A bucket; full at first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClientBucket {
    bucket: TokenBucket,
    /// Whether it has refused since it was full.
    has_refused: bool,
}

/// What a client gets beyond its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// Until the next token.
    pub retry_after: Duration,
    /// Whether this is the first time since the bucket was full; worth a line in the log.
    pub begins: bool,
}

impl ClientBucket {
    /// Takes a token.
    ///
    /// # Errors
    /// When there is none. Nothing is taken then.
    pub(crate) fn take(&mut self, refill: Refill, now: Duration) -> Result<(), Throttled> {
        if self.bucket.is_full(now) {
            self.has_refused = false;
        }
        self.bucket.take(refill, now).map_err(|retry_after| Throttled {
            retry_after,
            begins: !std::mem::replace(&mut self.has_refused, true),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttle_begins_once_until_the_bucket_is_full_again() {
        let refill = Refill { interval: Duration::from_secs(6), capacity: 2 };
        let mut bucket = ClientBucket::default();
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
}
