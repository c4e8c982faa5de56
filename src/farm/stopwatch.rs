//! The clock of one print: how long it has printed and how long it has waited.
//!
//! Between reports we watch the time ourselves; at every report the sender's own elapsed time, where it states one,
//! replaces what we watched. Senders count in different ways ([`Elapsed`]), so a report is read in the light of what
//! the print was doing until then.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::brief::{is_default, span};
use super::event::Elapsed;
use crate::timestamp::{ClockStep, Timestamp};

/// Senders cut elapsed times to whole seconds: a watch that is ahead by less than this agrees with them.
const ROUNDING: Duration = Duration::from_secs(1);

/// Time spent printing and time spent paused, as known at one moment, and which of them runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stopwatch {
    #[serde(with = "span", default, skip_serializing_if = "is_default")]
    printed: Duration,
    #[serde(with = "span", default, skip_serializing_if = "is_default")]
    paused: Duration,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "is_default")]
    hand: Running,
    /// What `paused` was when the current pause began.
    #[serde(with = "span", default, skip_serializing_if = "is_default")]
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
    /// The clock of a print that had already gone on for `elapsed` at `at`.
    pub(super) fn new(at: Timestamp, elapsed: Option<Elapsed>, hand: Running) -> Self {
        let printed = elapsed.map_or(Duration::ZERO, Elapsed::stated);
        Self { printed, paused: Duration::ZERO, at, hand, paused_before: Duration::ZERO }
    }

    /// Time spent printing until `now`.
    pub(super) fn printed(&self, now: Timestamp) -> Duration {
        self.printed + self.run(Running::Printing, now)
    }

    /// Time spent paused until `now`.
    pub(super) fn paused(&self, now: Timestamp) -> Duration {
        self.paused + self.run(Running::Paused, now)
    }

    /// Time spent printing until the last report or [`Self::advance`].
    pub(super) const fn printed_so_far(&self) -> Duration {
        self.printed
    }

    fn run(&self, hand: Running, now: Timestamp) -> Duration {
        if self.hand == hand { now.since(self.at) } else { Duration::ZERO }
    }

    /// Credits what was watched until `limit`, and goes on from `now`. What lies between the two is credited to nothing.
    pub(super) fn advance(&mut self, now: Timestamp, limit: Timestamp) {
        let until = now.min(limit);
        self.printed = self.printed(until);
        self.paused = self.paused(until);
        self.at = self.at.max(now);
    }

    pub(super) fn reset(&mut self, reset: ClockStep) {
        reset.apply(&mut self.at);
    }

    /// Lets another time run from here on.
    pub(super) fn turn(&mut self, hand: Running) {
        if hand == Running::Paused && self.hand != Running::Paused {
            self.paused_before = self.paused;
        }
        self.hand = hand;
    }

    /// Takes the sender's word for the time up to now, with the print still in the state in which we believed it.
    pub(super) fn report(&mut self, elapsed: Elapsed) {
        match (elapsed, self.hand) {
            (Elapsed::Printing(printed), Running::Paused) => self.printed_in_a_pause(printed),
            (Elapsed::Either(stated), Running::Paused) => {
                self.printed_in_a_pause(stated.saturating_sub(self.paused_before));
            }
            (Elapsed::Printing(printed), _) => self.set_printed(printed),
            (Elapsed::WithPauses(all), Running::Paused) => {
                self.paused = all.saturating_sub(self.printed).max(self.paused_before);
            }
            (Elapsed::WithPauses(all), _) => self.set_printed(all.saturating_sub(self.paused)),
            (Elapsed::Either(stated), _) => {
                let without_pauses = stated.saturating_sub(self.paused);
                let watched = self.printed;
                let nearer = [stated, without_pauses].into_iter().min_by_key(|it| it.abs_diff(watched));
                self.set_printed(nearer.unwrap_or(stated));
            }
        }
    }

    /// The sender has printed on while we believed that it waits: that part of the wait was none.
    fn printed_in_a_pause(&mut self, printed: Duration) {
        let advance = printed.saturating_sub(self.printed);
        if advance > ROUNDING {
            self.paused = self.paused.saturating_sub(advance).max(self.paused_before);
            self.printed = printed;
        }
    }

    fn set_printed(&mut self, printed: Duration) {
        let agrees = printed <= self.printed && self.printed < printed + ROUNDING;
        if !agrees {
            self.printed = printed;
        }
    }

    /// Whether the sender's elapsed time says that the print has gone on since the clock stopped for a pause.
    pub(super) fn went_on(&self, elapsed: Option<Elapsed>) -> bool {
        matches!(elapsed, Some(Elapsed::Printing(printed)) if printed > self.printed + ROUNDING)
    }
}

impl Elapsed {
    /// The time as it was stated, in whatever way it was counted.
    pub(super) const fn stated(self) -> Duration {
        match self {
            Self::Printing(time) | Self::WithPauses(time) | Self::Either(time) => time,
        }
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
    fn only_the_hand_that_runs_gains_time() {
        let mut clock = Stopwatch::new(at(0), None, Running::Printing);
        clock.advance(at(10), FOREVER);
        clock.turn(Running::Paused);
        clock.advance(at(25), FOREVER);
        clock.turn(Running::Stopped);
        assert_eq!((clock.printed(at(99)), clock.paused(at(99))), (secs(10), secs(15)));
    }

    #[test]
    fn time_past_the_limit_is_credited_to_nothing() {
        let mut clock = Stopwatch::new(at(0), None, Running::Printing);
        clock.advance(at(100), at(30));
        assert_eq!(clock.printed(at(100)), secs(30));
        assert_eq!(clock.printed(at(105)), secs(35));
    }

    #[test]
    fn an_event_that_overtook_another_does_not_credit_the_time_between_them_twice() {
        let mut clock = Stopwatch::new(at(0), None, Running::Printing);
        clock.advance(at(10), FOREVER);
        clock.advance(at(8), FOREVER);
        assert_eq!(clock.printed(at(12)), secs(12));
    }

    #[test]
    fn a_sender_that_cuts_to_whole_seconds_does_not_hold_the_watch_back() {
        let mut clock =
            Stopwatch::new(at(0), Some(Elapsed::Printing(Duration::from_millis(20_600))), Running::Printing);
        clock.report(Elapsed::Printing(secs(20)));
        assert_eq!(clock.printed(at(0)), Duration::from_millis(20_600));
    }

    #[test]
    fn the_sender_wins_over_the_watch() {
        for (watched, told) in [(100, 60), (100, 99), (10, 70)] {
            let mut clock = Stopwatch::new(at(0), Some(Elapsed::Printing(secs(watched))), Running::Printing);
            clock.report(Elapsed::Printing(secs(told)));
            assert_eq!(clock.printed(at(0)), secs(told), "watched {watched} s, told {told} s");
        }
    }

    #[test]
    fn a_resume_that_nobody_told_is_taken_out_of_the_pause() {
        let mut clock = Stopwatch::new(at(0), Some(Elapsed::Printing(secs(20))), Running::Printing);
        clock.turn(Running::Paused);
        clock.advance(at(66), FOREVER);
        clock.report(Elapsed::Printing(secs(66)));
        assert_eq!((clock.printed(at(66)), clock.paused(at(66))), (secs(66), secs(20)));
    }

    #[test]
    fn a_time_with_pauses_leaves_out_the_pauses_that_are_known() {
        let mut clock = Stopwatch::new(at(0), Some(Elapsed::WithPauses(secs(100))), Running::Printing);
        clock.turn(Running::Paused);
        clock.report(Elapsed::WithPauses(secs(400)));
        clock.turn(Running::Printing);
        clock.report(Elapsed::WithPauses(secs(450)));
        assert_eq!((clock.printed(at(0)), clock.paused(at(0))), (secs(150), secs(300)));
    }

    #[test]
    fn of_two_readings_of_the_last_time_the_one_nearer_to_the_watch_counts() {
        let run = || {
            let mut clock = Stopwatch::new(at(0), Some(Elapsed::WithPauses(secs(100))), Running::Printing);
            clock.turn(Running::Paused);
            clock.advance(at(300), FOREVER);
            clock.turn(Running::Printing);
            clock.advance(at(400), FOREVER);
            clock
        };
        for (stated, printed) in [(500, 200), (201, 201)] {
            let mut clock = run();
            clock.report(Elapsed::Either(secs(stated)));
            assert_eq!(clock.printed(at(400)), secs(printed), "stated {stated} s");
        }
    }
}
