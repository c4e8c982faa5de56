//! The only place that reads clocks; everywhere else time is an argument.
//!
//! Seconds of prints are differences between two times, so a wall clock that is set while a print runs (a small
//! computer that learns the time from the network a minute after it booted) would turn into printed seconds. So the
//! wall clock is read once, at the start, and time then goes on by the monotonic clock, which is never set. The price:
//! a wall clock that was wrong at the start stays wrong until the next start.

use std::time::{Duration, Instant, SystemTime};

use crate::farm::Time;

/// A clock that never goes back and never jumps.
#[derive(Clone, Debug)]
pub struct Clock {
    began: Time,
    instant: Instant,
}

impl Clock {
    /// A clock that starts at the wall clock's present time.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn start() -> Self {
        Self::start_at(since_epoch(SystemTime::now()))
    }

    /// A clock that starts at `time`.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn start_at(time: Time) -> Self {
        Self { began: time, instant: Instant::now() }
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Time {
        self.began + self.monotonic()
    }

    /// The time since the clock started: the difference between two readings is how long something took.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        self.instant.elapsed()
    }
}

fn since_epoch(time: SystemTime) -> Time {
    let epoch = Time::from_micros(0);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => epoch + after,
        Err(before) => epoch - before.duration(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_clocks_become_microseconds_since_the_epoch() {
        let epoch = SystemTime::UNIX_EPOCH;
        let cases = [
            ("the epoch", epoch, 0),
            ("a moment after it", epoch + Duration::from_micros(1), 1),
            ("less than a microsecond is cut off", epoch + Duration::from_nanos(1_999), 1),
            ("before it, as a board without a battery may say", epoch - Duration::from_secs(2), -2_000_000),
            ("a date of today", epoch + Duration::from_secs(1_790_000_000), 1_790_000_000_000_000),
        ];
        for (name, wall, micros) in cases {
            assert_eq!(since_epoch(wall).micros(), micros, "{name}");
        }
    }

    #[test]
    fn the_time_of_day_is_the_start_plus_what_has_passed() {
        let start = Time::from_micros(5_000_000);
        let clock = Clock::start_at(start);
        let (before, now, after) = (clock.monotonic(), clock.now(), clock.monotonic());
        assert!(start + before <= now && now <= start + after);
    }

    #[test]
    fn a_copy_shows_the_same_time() {
        let clock = Clock::start_at(Time::from_micros(-3));
        let copy = clock.clone();
        let (first, second, third) = (clock.now(), copy.now(), clock.now());
        assert!(first <= second && second <= third);
    }
}
