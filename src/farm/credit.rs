//! How much of a stated time is credited to a print.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Elapsed;
use crate::timestamp::Timestamp;

/// A start may be announced this late: senders retry for minutes.
pub(super) const DELAY: Duration = Duration::from_secs(5 * 60);

/// Two times of one sender that differ by less than this are equal: it states some of them in whole seconds.
pub(super) const TOLERANCE: Duration = Duration::from_secs(2);

/// What bounds the stated times of one print.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Credit {
    /// The earliest time at which the print can have started; `None` until anything bounds it.
    earliest: Option<Timestamp>,
    /// Its start was announced.
    #[serde(rename = "announced")]
    pub(super) is_announced: bool,
    /// The end of the print before; `None` where nothing is known of the printer before this print.
    #[serde(default)]
    floor: Option<Timestamp>,
    /// The least and the most that can be stated of the end of the print before, as late reports do.
    previous: Option<(Duration, Duration)>,
    /// What the print had lasted when its sender's clock started again at 0.
    offset: Duration,
}

/// What is known of the print at the time of a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) now: Timestamp,
    pub(super) printed: Duration,
    pub(super) paused: Duration,
    /// The report is of the end.
    pub(super) is_end: bool,
    /// How long the completed part of the print should have taken, by the sender's own estimate, else by its clock.
    pub(super) work: Option<Duration>,
}

impl Credit {
    /// The bounds of a print that is first heard of at `now`, at least `gap` after the end of the print before. An announced
    /// start is late by [`DELAY`] at most; any other print has lasted as long as it first states.
    pub(super) fn new(
        now: Timestamp,
        is_announced: bool,
        stated: Option<Duration>,
        gap: Option<Duration>,
        previous: Option<(Duration, Duration)>,
    ) -> Self {
        let reach = if is_announced { Some(DELAY) } else { stated.map(|stated| stated + DELAY) };
        let reach = reach.map_or(gap, |reach| Some(gap.map_or(reach, |gap| gap.min(reach))));
        let earliest = reach.map(|reach| now - reach);
        Self { earliest, is_announced, floor: gap.map(|gap| now - gap), previous, offset: Duration::ZERO }
    }

    /// The stated time as far as it is believed: not longer than the print can have lasted, unless webhooks arrived in one
    /// burst and the sender's own estimate explains it, or it is the final time of a clock that cannot be set.
    pub(super) fn believe(&self, elapsed: Elapsed, measured: &Measured) -> Option<Elapsed> {
        let stated = elapsed.stated();
        let is_final = measured.is_end && matches!(elapsed, Elapsed::Printing(_));
        let direct = self.bound(stated, is_final, measured);
        if self.offset.is_zero() {
            return direct.map(|time| elapsed.with(time));
        }
        // After a restart of its clock a sender states either the time since then or that of the whole print.
        let known = measured.printed + measured.paused;
        let shifted = self.bound(stated + self.offset, is_final, measured);
        let nearest = direct.into_iter().chain(shifted).min_by_key(|time| time.abs_diff(known));
        nearest.map(|time| elapsed.with(time))
    }

    fn bound(&self, stated: Duration, is_final: bool, measured: &Measured) -> Option<Duration> {
        let longest = self.longest(measured.now);
        if stated <= longest.saturating_add(TOLERANCE) {
            return Some(stated.min(longest));
        }
        let explained =
            measured.work.is_some_and(|work| stated <= work.saturating_mul(3) / 2 + measured.paused + DELAY);
        let fits = self.floor.is_none_or(|floor| stated <= measured.now.since(floor));
        let is_first = self.floor.is_none();
        (explained && (self.is_announced || is_first) || is_final && fits).then_some(stated)
    }

    /// How long the print can have lasted at `now`.
    fn longest(&self, now: Timestamp) -> Duration {
        self.earliest.map_or(Duration::MAX, |earliest| now.since(earliest))
    }

    /// Whether `stated` is longer than the print can have lasted, and what the clock of the print before would state: at
    /// its end, or since. An end that is repeated states at least what the end did.
    pub(super) fn is_of_the_print_before(&self, stated: Duration, is_end: bool, now: Timestamp) -> bool {
        let longest = self.longest(now);
        let rounding = if is_end { Duration::from_millis(500) } else { TOLERANCE };
        stated > longest.saturating_add(TOLERANCE)
            && self.previous.is_some_and(|(least, most)| {
                stated + rounding >= least && stated <= most + longest + TOLERANCE
            })
    }

    /// Notes the first stated time of a print that nothing has bounded so far.
    pub(super) fn note(&mut self, stated: Duration, now: Timestamp) {
        self.earliest = self.earliest.or(Some(now - stated - DELAY));
    }

    /// Notes that the sender's clock started again: it states `stated` where the print has lasted `known`.
    pub(super) const fn restart(&mut self, known: Duration, stated: Duration) {
        self.offset = known.saturating_sub(stated);
    }

    pub(super) fn times_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.earliest.iter_mut().chain(&mut self.floor)
    }
}
