//! Points in time. They are arguments everywhere: only `clock.rs` reads a clock.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time `micros` microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds since the Unix epoch, the unit of the exposition format.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The time this many seconds after the Unix epoch.
    #[allow(clippy::cast_possible_truncation, reason = "the cast saturates")]
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1e6).round() as i64)
    }

    /// This time, `micros` microseconds later; earlier where `micros` is negative.
    #[must_use]
    pub const fn shift(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The time that has passed since `earlier`; zero when `earlier` is later, as after a clock was set back.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// A step of the wall clock. Times that were read from it at or after `since` move with it.
#[derive(Clone, Copy, Debug)]
pub struct ClockStep {
    /// The first time that moves, by the clock before the step.
    pub since: Timestamp,
    /// The step in microseconds; negative when the clock was set back.
    pub by: i64,
}

impl ClockStep {
    pub(crate) fn apply(self, time: &mut Timestamp) {
        if *time >= self.since {
            *time = time.shift(self.by);
        }
    }
}
