//! What may be said in the log of those who are refused: a flood of webhooks must not become a flood of lines.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many lines of one kind may come at once.
const BURST: u32 = 10;

/// How long it takes until one more may come.
const EACH: Duration = Duration::from_secs(1);

/// Lets some lines of each kind through, and counts the rest.
#[derive(Debug, Default)]
pub struct LogThrottle(Mutex<HashMap<&'static str, Said>>);

#[derive(Debug, Default)]
struct Said {
    /// When all lines may come again: a single number tells how many there were lately.
    forgotten: Duration,
    held_back: u64,
}

impl LogThrottle {
    /// Whether a line of this kind may be written; then, how many were held back since the last one. Kinds are few and
    /// fixed.
    pub fn try_acquire(&self, kind: &'static str, now: Duration) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = kinds.entry(kind).or_default();
        let after = said.forgotten.max(now) + EACH;
        if after.saturating_sub(now) > EACH * BURST {
            said.held_back += 1;
            return None;
        }
        said.forgotten = after;
        Some(std::mem::take(&mut said.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);

    #[test]
    fn a_flood_is_a_few_lines_and_then_one_a_second_that_tells_of_the_rest() {
        let log_throttle = LogThrottle::default();
        let spoken =
            |kind, now| (0..1_000).filter_map(|_| log_throttle.try_acquire(kind, now)).collect::<Vec<_>>();
        assert_eq!(spoken("malformed", NOW), [0; 10]);
        assert_eq!(spoken("wrong_secret", NOW), [0; 10], "each kind for itself");
        assert_eq!(spoken("malformed", NOW + EACH), [990]);
        assert_eq!(spoken("malformed", NOW + EACH), Vec::<u64>::new());
        let later = spoken("malformed", NOW + EACH * 100);
        assert_eq!((later.len(), later[0]), (10, 1_999));
    }

    #[test]
    fn one_line_a_second_is_never_held_back() {
        let log_throttle = LogThrottle::default();
        assert!((0..100).all(|second| log_throttle.try_acquire("malformed", NOW + EACH * second) == Some(0)));
    }
}
