//! The stopwatch of one print: how long it has printed and how long it was paused.
//!
//! Between reports it measures time itself. At every report the sender's own elapsed time, where stated, replaces the
//! measured one. Senders count in different ways ([`Elapsed`]), so a stated time is interpreted by what the print was doing
//! until then.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Elapsed;
use crate::timestamp::{ClockStep, Timestamp};

/// Senders truncate elapsed times to whole seconds: a stopwatch that is ahead by less than this agrees with them.
const ROUNDING: Duration = Duration::from_secs(1);

const MINUTE: Duration = Duration::from_secs(60);

/// Time spent printing and time spent paused, as known at one moment, and which of the two runs on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stopwatch {
    pub(super) printed: Duration,
    paused: Duration,
    pub(super) at: Timestamp,
    running: Running,
    /// The value of `paused` when the current pause began.
    paused_before: Duration,
}

/// Which time runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Running {
    #[default]
    Printing,
    Paused,
    Stopped,
}

impl Stopwatch {
    /// The stopwatch of a print that had already printed for `printed` at `at`.
    pub(super) const fn new(at: Timestamp, printed: Duration, running: Running) -> Self {
        Self { printed, paused: Duration::ZERO, at, running, paused_before: Duration::ZERO }
    }

    /// Time spent printing until `now`.
    pub(super) fn printed(&self, now: Timestamp) -> Duration {
        self.printed + self.measured(Running::Printing, now)
    }

    /// Time spent paused until `now`.
    pub(super) fn paused(&self, now: Timestamp) -> Duration {
        self.paused + self.measured(Running::Paused, now)
    }

    fn measured(&self, running: Running, now: Timestamp) -> Duration {
        if self.running == running { now.since(self.at) } else { Duration::ZERO }
    }

    /// Credits the measured time until `limit` at most, and continues from `now`. Time between the two is not credited.
    pub(super) fn advance(&mut self, now: Timestamp, limit: Timestamp) {
        let until = now.min(limit);
        self.printed = self.printed(until);
        self.paused = self.paused(until);
        self.at = self.at.max(now);
    }

    pub(super) fn step_clock(&mut self, step: ClockStep) {
        step.apply(&mut self.at);
    }

    /// Changes which time runs from here on.
    pub(super) fn switch(&mut self, running: Running) {
        if running == Running::Paused && self.running != Running::Paused {
            self.paused_before = self.paused;
        }
        self.running = running;
    }

    /// Replaces the measured time by the sender's, for the time up to now, which was spent as `running` says.
    pub(super) fn correct(&mut self, elapsed: Elapsed) {
        match (elapsed, self.running) {
            (Elapsed::Printing(printed), Running::Paused) => self.correct_in_a_pause(printed),
            (Elapsed::Either(stated), Running::Paused) => {
                self.correct_in_a_pause(stated.saturating_sub(self.paused_before));
            }
            (Elapsed::Printing(printed), _) => self.set_printed(printed),
            (Elapsed::InMinutes(stated), _) => {
                let all = (self.printed + self.paused).clamp(stated, stated + MINUTE);
                self.correct(Elapsed::WithPauses(all));
            }
            (Elapsed::WithPauses(all), Running::Paused) => {
                self.paused = all.saturating_sub(self.printed).max(self.paused_before);
            }
            (Elapsed::WithPauses(all), _) => self.set_printed(all.saturating_sub(self.paused)),
            (Elapsed::Either(stated), _) => {
                let without_pauses = stated.saturating_sub(self.paused);
                let measured = self.printed;
                let nearer = [stated, without_pauses].into_iter().min_by_key(|it| it.abs_diff(measured));
                self.set_printed(nearer.unwrap_or(stated));
            }
        }
    }

    /// At the end a time with pauses counts as it is stated: what was measured of the pauses is rounded enough.
    pub(super) fn settle(&mut self, elapsed: Elapsed) {
        if let Elapsed::WithPauses(all) = elapsed
            && self.running != Running::Paused
            && !self.paused.is_zero()
        {
            self.printed = all.saturating_sub(self.paused);
        }
    }

    /// The sender printed on while the stopwatch measured a pause: that part of the pause was none.
    fn correct_in_a_pause(&mut self, printed: Duration) {
        let advance = printed.saturating_sub(self.printed);
        if advance > ROUNDING {
            self.paused = self.paused.saturating_sub(advance).max(self.paused_before);
            self.printed = printed;
        }
    }

    /// Credits what was printed while no print was measured: until `worked`, as far as that fits into a print that has
    /// `lasted` so long.
    pub(super) fn catch_up(&mut self, worked: Duration, lasted: Duration) {
        let paused = if self.running == Running::Paused { self.paused_before } else { self.paused };
        let room = lasted.saturating_sub(self.printed + paused);
        let unmeasured = worked.saturating_sub(self.printed).min(room);
        self.printed += unmeasured;
        if self.running == Running::Paused {
            self.paused = self.paused.saturating_sub(unmeasured).max(self.paused_before);
        }
    }

    fn set_printed(&mut self, printed: Duration) {
        let agrees = printed <= self.printed && self.printed < printed + ROUNDING;
        if !agrees {
            self.printed = printed;
        }
    }

    /// Whether the sender's elapsed time shows that the print continued after the pause that is being measured began.
    pub(super) fn shows_a_resume(&self, elapsed: Option<Elapsed>) -> bool {
        matches!(elapsed, Some(Elapsed::Printing(printed)) if printed > self.printed + ROUNDING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const FOREVER: Timestamp = Timestamp::from_micros(i64::MAX);

    #[test]
    fn only_the_running_time_grows() {
        let mut stopwatch = Stopwatch::new(at(0), Duration::ZERO, Running::Printing);
        stopwatch.advance(at(10), FOREVER);
        stopwatch.switch(Running::Paused);
        stopwatch.advance(at(25), FOREVER);
        stopwatch.switch(Running::Stopped);
        assert_eq!((stopwatch.printed(at(99)), stopwatch.paused(at(99))), (secs(10), secs(15)));
    }

    #[test]
    fn time_past_the_limit_is_not_credited() {
        let mut stopwatch = Stopwatch::new(at(0), Duration::ZERO, Running::Printing);
        stopwatch.advance(at(100), at(30));
        assert_eq!(stopwatch.printed(at(100)), secs(30));
        assert_eq!(stopwatch.printed(at(105)), secs(35));
    }

    #[test]
    fn the_time_between_two_events_that_arrive_in_the_wrong_order_is_credited_once() {
        let mut stopwatch = Stopwatch::new(at(0), Duration::ZERO, Running::Printing);
        stopwatch.advance(at(10), FOREVER);
        stopwatch.advance(at(8), FOREVER);
        assert_eq!(stopwatch.printed(at(12)), secs(12));
    }

    #[test]
    fn a_sender_that_truncates_to_whole_seconds_does_not_set_the_stopwatch_back() {
        let mut stopwatch = Stopwatch::new(at(0), Duration::from_millis(20_600), Running::Printing);
        stopwatch.correct(Elapsed::Printing(secs(20)));
        assert_eq!(stopwatch.printed(at(0)), Duration::from_millis(20_600));
    }

    #[test]
    fn the_sender_s_time_replaces_the_measured_time() {
        for (measured, stated) in [(100, 60), (100, 99), (10, 70)] {
            let mut stopwatch = Stopwatch::new(at(0), secs(measured), Running::Printing);
            stopwatch.correct(Elapsed::Printing(secs(stated)));
            assert_eq!(stopwatch.printed(at(0)), secs(stated), "measured {measured} s, stated {stated} s");
        }
    }

    #[test]
    fn time_printed_after_an_unreported_resume_is_taken_out_of_the_pause() {
        let mut stopwatch = Stopwatch::new(at(0), secs(20), Running::Printing);
        stopwatch.switch(Running::Paused);
        stopwatch.advance(at(66), FOREVER);
        stopwatch.correct(Elapsed::Printing(secs(66)));
        assert_eq!((stopwatch.printed(at(66)), stopwatch.paused(at(66))), (secs(66), secs(20)));
    }

    #[test]
    fn known_pauses_are_subtracted_from_a_time_with_pauses() {
        let mut stopwatch = Stopwatch::new(at(0), secs(100), Running::Printing);
        stopwatch.switch(Running::Paused);
        stopwatch.correct(Elapsed::WithPauses(secs(400)));
        stopwatch.switch(Running::Printing);
        stopwatch.correct(Elapsed::WithPauses(secs(450)));
        assert_eq!((stopwatch.printed(at(0)), stopwatch.paused(at(0))), (secs(150), secs(300)));
    }

    #[test]
    fn an_ambiguous_time_is_read_in_the_way_that_is_nearer_to_the_measured_time() {
        let run = || {
            let mut stopwatch = Stopwatch::new(at(0), secs(100), Running::Printing);
            stopwatch.switch(Running::Paused);
            stopwatch.advance(at(300), FOREVER);
            stopwatch.switch(Running::Printing);
            stopwatch.advance(at(400), FOREVER);
            stopwatch
        };
        for (stated, printed) in [(500, 200), (201, 201)] {
            let mut stopwatch = run();
            stopwatch.correct(Elapsed::Either(secs(stated)));
            assert_eq!(stopwatch.printed(at(400)), secs(printed), "stated {stated} s");
        }
    }
}
