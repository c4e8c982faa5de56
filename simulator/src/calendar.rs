//! The farm's time, which runs faster at a higher speed, and the hours at which people start prints.

use std::time::Duration;

use crate::rng::Rng;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
const OPENS: f64 = 8.0 * HOUR;
const CLOSES: f64 = 21.0 * HOUR;

/// Converts between the farm's time and real time. The farm's time is in seconds since midnight of a Monday.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Calendar {
    speed: f64,
    /// The farm's time at the start of the simulation.
    start: f64,
}

impl Calendar {
    pub(crate) const fn new(speed: f64, start: Duration) -> Self {
        Self { speed, start: start.as_secs_f64() }
    }

    /// The real duration of so many seconds of the farm, in whole microseconds.
    pub(crate) fn real(self, seconds: f64) -> Duration {
        let micros = (seconds / self.speed * 1e6).clamp(0.0, 1e15);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
        Duration::from_micros(micros as u64)
    }

    /// The farm's time at a real time since the start.
    pub(crate) fn farm(self, at: Duration) -> f64 {
        self.start + at.as_secs_f64() * self.speed
    }

    /// The farm's day at a real time since the start; the Monday is 0.
    pub(crate) fn day(self, at: Duration) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "no simulation runs for so many days")]
        let day = (self.farm(at) / DAY).floor() as i64;
        day
    }

    /// When somebody starts the next print on a printer that is free since `at`. At weekends people rarely come.
    pub(crate) fn next_start(self, at: Duration, rng: &mut Rng) -> Duration {
        let ready = self.farm(at) + rng.between(0.05, 1.6) * HOUR;
        let (day, time) = ((ready / DAY).floor(), ready.rem_euclid(DAY));
        let is_weekend = |day: f64| day.rem_euclid(7.0) >= 5.0;
        let open = (OPENS..CLOSES).contains(&time) && (!is_weekend(day) || rng.chance(40));
        let start = if open {
            ready
        } else {
            let mut next = if time < OPENS && !is_weekend(day) { day } else { day + 1.0 };
            while is_weekend(next) && !rng.chance(40) {
                next += 1.0;
            }
            next * DAY + OPENS + rng.between(0.0, 2.5) * HOUR
        };
        at + self.real(start - self.farm(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_start_only_during_opening_hours() {
        let calendar = Calendar::new(720.0, Duration::from_secs(8 * 3600));
        let mut rng = Rng::new(1, 1);
        let mut at = Duration::ZERO;
        for _ in 0..500 {
            let next = calendar.next_start(at, &mut rng);
            assert!(next > at);
            at = next;
            let hour = calendar.farm(at).rem_euclid(DAY) / HOUR;
            assert!((8.0..21.1).contains(&hour), "{hour}");
        }
        assert!(calendar.day(at) > 20);
    }

    #[test]
    fn a_higher_speed_shortens_every_duration() {
        let at = |speed| Calendar::new(speed, Duration::ZERO).real(3600.0);
        assert_eq!([at(1.0), at(720.0)], [Duration::from_secs(3600), Duration::from_secs(5)]);
    }
}
