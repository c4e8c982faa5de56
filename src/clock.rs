//! The only place that reads clocks; everywhere else time is an argument.
//!
//! The seconds of a print are differences between two times, so a step of the wall clock during a print (a small computer that
//! gets the time from the network a minute after its boot) must not become printed seconds. Time therefore runs by
//! the monotonic clock, and the wall clock only sets the time of day. [`Clock::wall_offset`] tells how far the two are
//! apart; the recorder then moves the times that it keeps and calls [`Clock::step`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::timestamp::Timestamp;

/// A clock that only jumps in [`Self::step`]. Clones share their time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Wall time at monotonic zero, adjusted by later clock steps.
    epoch: AtomicI64,
    source: TimeSource,
}

#[derive(Debug)]
enum TimeSource {
    System(Instant),
    Manual { wall: AtomicI64, monotonic: AtomicI64 },
}

impl Clock {
    /// The clock of this machine.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Self::new(TimeSource::System(Instant::now()))
    }

    /// A clock that shows `time` until [`Self::advance`] or [`Self::step_wall`] moves it.
    pub fn manual(time: Timestamp) -> Self {
        Self::new(TimeSource::Manual { wall: AtomicI64::new(time.micros()), monotonic: AtomicI64::new(0) })
    }

    fn new(source: TimeSource) -> Self {
        let epoch = AtomicI64::new(source.wall().micros());
        Self(Arc::new(Inner { epoch, source }))
    }

    pub fn now(&self) -> Timestamp {
        self.started() + self.monotonic()
    }

    /// The time since the clock started.
    pub fn monotonic(&self) -> Duration {
        match &self.0.source {
            TimeSource::System(start) => start.elapsed(),
            TimeSource::Manual { monotonic, .. } => {
                Duration::from_micros(u64::try_from(monotonic.load(Ordering::Relaxed)).unwrap_or(0))
            }
        }
    }

    /// By how many microseconds the wall clock is ahead of this clock.
    pub fn wall_offset(&self) -> i64 {
        self.0.source.wall().micros().saturating_sub(self.now().micros())
    }

    /// When this clock started, adjusted by later clock steps.
    pub fn started(&self) -> Timestamp {
        Timestamp::from_micros(self.0.epoch.load(Ordering::Relaxed))
    }

    /// Moves this clock forward, or back where `micros` is negative.
    pub fn step(&self, micros: i64) {
        self.0.epoch.fetch_add(micros, Ordering::Relaxed);
    }

    /// Lets time pass on a manual clock.
    pub fn advance(&self, span: Duration) {
        if let TimeSource::Manual { wall, monotonic } = &self.0.source {
            let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
            wall.fetch_add(micros, Ordering::Relaxed);
            monotonic.fetch_add(micros, Ordering::Relaxed);
        }
    }

    /// Moves the wall clock of a manual clock while no time passes.
    pub fn step_wall(&self, micros: i64) {
        if let TimeSource::Manual { wall, .. } = &self.0.source {
            wall.fetch_add(micros, Ordering::Relaxed);
        }
    }
}

impl TimeSource {
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
    fn wall_time_is_converted_to_microseconds_since_the_epoch() {
        let epoch = SystemTime::UNIX_EPOCH;
        let cases = [
            ("the epoch", epoch, 0),
            ("a microsecond after it", epoch + Duration::from_micros(1), 1),
            ("less than a microsecond is cut off", epoch + Duration::from_nanos(1_999), 1),
            ("before it, as on a board without a battery", epoch - Duration::from_secs(2), -2_000_000),
            ("a present date", epoch + Duration::from_secs(1_790_000_000), 1_790_000_000_000_000),
        ];
        for (name, wall, micros) in cases {
            assert_eq!(since_epoch(wall).micros(), micros, "{name}");
        }
    }

    #[test]
    fn time_advances_in_every_clone() {
        let clock = Clock::manual(Timestamp::from_micros(5_000_000));
        let copy = clock.clone();
        clock.advance(Duration::from_secs(2));
        assert_eq!(
            (copy.now(), copy.monotonic()),
            (Timestamp::from_micros(7_000_000), Duration::from_secs(2))
        );
    }

    #[test]
    fn a_step_of_the_wall_clock_moves_this_clock_only_when_it_is_told() {
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
    fn the_system_clock_starts_at_wall_time() {
        let clock = Clock::start();
        assert!(clock.wall_offset().abs() < 1_000_000 && clock.now().micros() > 1_700_000_000_000_000);
    }
}
