//! Limits repeated log lines: a flood of rejected webhooks must not become a flood of lines.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Refill, TokenBucket};

/// How often a kind of line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPace {
    /// Ten at once, then one per second.
    Second,
    /// One per minute.
    Minute,
}

impl LogPace {
    const fn refill(self) -> Refill {
        match self {
            Self::Second => Refill { interval: Duration::from_secs(1), capacity: 10 },
            Self::Minute => Refill { interval: Duration::from_secs(60), capacity: 1 },
        }
    }
}

/// Passes some lines of each kind, and counts the others.
#[derive(Debug, Default)]
pub struct LogThrottle(Mutex<HashMap<&'static str, Kind>>);

#[derive(Debug, Default)]
struct Kind {
    bucket: TokenBucket,
    suppressed: u64,
}

impl LogThrottle {
    /// If a line of this kind may be written, how many were held back since the last one. Kinds are a closed set.
    pub fn try_acquire(&self, kind: &'static str, pace: LogPace, now: Duration) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kinds.entry(kind).or_default();
        if kind.bucket.take(pace.refill(), now).is_err() {
            kind.suppressed += 1;
            return None;
        }
        Some(std::mem::take(&mut kind.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_flood_becomes_a_burst_and_then_one_line_per_second_with_the_number_suppressed() {
        let throttle = LogThrottle::default();
        let lines = |kind, now| {
            (0..1_000).filter_map(|_| throttle.try_acquire(kind, LogPace::Second, now)).collect::<Vec<_>>()
        };
        assert_eq!(lines("malformed", NOW), [0; 10]);
        assert_eq!(lines("wrong_secret", NOW), [0; 10], "each kind has its own limit");
        assert_eq!(lines("malformed", NOW + SECOND), [990]);
        assert_eq!(lines("malformed", NOW + SECOND), Vec::<u64>::new());
        let later = lines("malformed", NOW + SECOND * 100);
        assert_eq!((later.len(), later[0]), (10, 1_999));
    }

    #[test]
    fn a_line_per_minute_says_how_many_were_suppressed() {
        let throttle = LogThrottle::default();
        let times = (0..121).map(|second| NOW + SECOND * second);
        let lines: Vec<_> =
            times.filter_map(|now| throttle.try_acquire("store", LogPace::Minute, now)).collect();
        assert_eq!(lines, [0, 59, 59]);
    }

    #[test]
    fn one_line_per_second_is_never_suppressed() {
        let throttle = LogThrottle::default();
        let times = (0..100).map(|second| NOW + SECOND * second);
        assert!(
            times.into_iter().all(|now| throttle.try_acquire("malformed", LogPace::Second, now) == Some(0))
        );
    }
}
