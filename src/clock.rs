//! The only place that reads clocks; everywhere else time is an argument.
//!
//! Seconds of prints are differences between two times, so a wall clock that is put forward while a print runs (a small
//! computer that learns the time from the network a minute after it booted) must not turn into printed seconds. So time
//! goes on by the monotonic clock, which is never put, and the wall clock only says what time it is. Where the two
//! come apart, [`Clock::wall_offset`] says so, and whoever keeps times moves them along before [`Clock::step`] follows.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::timestamp::Timestamp;

/// A clock that does not jump unless it is told to. Its copies are one clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// What the wall clock showed when the monotonic clock showed nothing, plus what it was put forward since.
    epoch: AtomicI64,
    hands: Hands,
}

#[derive(Debug)]
enum Hands {
    System(Instant),
    Manual { wall: AtomicI64, monotonic: AtomicI64 },
}

impl Clock {
    /// The clock of this machine.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        let hands = Hands::System(Instant::now());
        Self::with(hands)
    }

    /// A clock that stands at `time` until [`Self::advance`] or [`Self::step_wall`] moves it.
    #[must_use]
    pub fn manual(time: Timestamp) -> Self {
        Self::with(Hands::Manual { wall: AtomicI64::new(time.micros()), monotonic: AtomicI64::new(0) })
    }

    fn with(hands: Hands) -> Self {
        let epoch = AtomicI64::new(hands.wall().micros());
        Self(Arc::new(Inner { epoch, hands }))
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.epoch.load(Ordering::Relaxed)) + self.monotonic()
    }

    /// The time since the clock started: the difference between two readings is how long something took.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        match &self.0.hands {
            Hands::System(start) => start.elapsed(),
            Hands::Manual { monotonic, .. } => {
                Duration::from_micros(u64::try_from(monotonic.load(Ordering::Relaxed)).unwrap_or(0))
            }
        }
    }

    /// By how many microseconds the wall clock is ahead of this one.
    #[must_use]
    pub fn wall_offset(&self) -> i64 {
        self.0.hands.wall().micros().saturating_sub(self.now().micros())
    }

    /// When this clock started, as it shows it now.
    #[must_use]
    pub fn started(&self) -> Timestamp {
        Timestamp::from_micros(self.0.epoch.load(Ordering::Relaxed))
    }

    /// Puts the clock forward, or back.
    pub fn step(&self, micros: i64) {
        self.0.epoch.fetch_add(micros, Ordering::Relaxed);
    }

    /// Lets time pass on a manual clock.
    pub fn advance(&self, span: Duration) {
        if let Hands::Manual { wall, monotonic } = &self.0.hands {
            let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
            wall.fetch_add(micros, Ordering::Relaxed);
            monotonic.fetch_add(micros, Ordering::Relaxed);
        }
    }

    /// Puts the wall clock of a manual clock forward, or back, without time passing.
    pub fn step_wall(&self, micros: i64) {
        if let Hands::Manual { wall, .. } = &self.0.hands {
            wall.fetch_add(micros, Ordering::Relaxed);
        }
    }
}

impl Hands {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn wall(&self) -> Timestamp {
        match self {
            Self::System(_) => since_epoch(SystemTime::now()),
            Self::Manual { wall, .. } => Timestamp::from_micros(wall.load(Ordering::Relaxed)),
        }
    }
}

fn since_epoch(time: SystemTime) -> Timestamp {
    let epoch = Timestamp::from_micros(0);
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
    fn the_time_of_day_goes_on_with_what_has_passed_in_every_copy() {
        let clock = Clock::manual(Timestamp::from_micros(5_000_000));
        let copy = clock.clone();
        clock.advance(Duration::from_secs(2));
        assert_eq!(
            (copy.now(), copy.monotonic()),
            (Timestamp::from_micros(7_000_000), Duration::from_secs(2))
        );
    }

    #[test]
    fn a_wall_clock_that_is_put_moves_this_one_only_when_it_is_told() {
        let clock = Clock::manual(Timestamp::from_micros(0));
        clock.step_wall(3_600_000_000);
        assert_eq!((clock.now().micros(), clock.wall_offset()), (0, 3_600_000_000));
        clock.step(clock.wall_offset());
        assert_eq!(
            (clock.now().micros(), clock.wall_offset(), clock.started().micros()),
            (3_600_000_000, 0, 3_600_000_000)
        );
    }

    #[test]
    fn the_clock_of_the_machine_starts_without_drift() {
        let clock = Clock::start();
        assert!(clock.wall_offset().abs() < 1_000_000 && clock.now().micros() > 1_700_000_000_000_000);
    }
}
