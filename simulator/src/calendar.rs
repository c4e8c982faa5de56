//! When people are at the farm: the time of the farm, which a higher speed lets run faster, and its opening hours.

use std::time::Duration;

use super::rng::Rng;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
const OPENS: f64 = 8.0 * HOUR;
const CLOSES: f64 = 21.0 * HOUR;

/// Turns the farm's time into real time and back. Farm times are seconds since a Monday's midnight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Calendar {
    speed: f64,
    /// The farm's time at the start.
    begins: f64,
}

impl Calendar {
    pub(super) const fn new(speed: f64, begins: Duration) -> Self {
        Self { speed, begins: begins.as_secs_f64() }
    }

    /// How long a time of the farm really takes, in whole microseconds.
    pub(super) fn real(self, seconds: f64) -> Duration {
        let micros = (seconds / self.speed * 1e6).clamp(0.0, 1e15);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
        Duration::from_micros(micros as u64)
    }

    /// The farm's time, `at` after the start.
    pub(super) fn farm(self, at: Duration) -> f64 {
        self.begins + at.as_secs_f64() * self.speed
    }

    /// The farm's day, counted from the Monday.
    pub(super) fn day(self, at: Duration) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "no farm lives for so many days")]
        let day = (self.farm(at) / DAY).floor() as i64;
        day
    }

    /// When a printer that is free from `at` on is started next: after a while, when somebody is there.
    pub(super) fn next_start(self, at: Duration, rng: &mut Rng) -> Duration {
        let ready = self.farm(at) + rng.between(0.05, 1.6) * HOUR;
        let (day, time) = ((ready / DAY).floor(), ready.rem_euclid(DAY));
        let is_weekend = |day: f64| day.rem_euclid(7.0) >= 5.0;
        let open = (OPENS..CLOSES).contains(&time) && (!is_weekend(day) || rng.chance(40));
        let wanted = if open {
            ready
        } else {
            let mut next = if time < OPENS && !is_weekend(day) { day } else { day + 1.0 };
            while is_weekend(next) && !rng.chance(40) {
                next += 1.0;
            }
            next * DAY + OPENS + rng.between(0.0, 2.5) * HOUR
        };
        at + self.real(wanted - self.farm(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_are_started_while_somebody_is_there() {
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
    fn a_higher_speed_makes_everything_shorter() {
        let at = |speed| Calendar::new(speed, Duration::ZERO).real(3600.0);
        assert_eq!([at(1.0), at(720.0)], [Duration::from_secs(3600), Duration::from_secs(5)]);
    }
}
