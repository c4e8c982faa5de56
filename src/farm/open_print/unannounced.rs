//! What of an open print nobody announced, and what its reports tell of it all the same.

use std::time::Duration;

use super::{OpenPrint, Phase};
use crate::farm::credit::TOLERANCE;
use crate::farm::event::{Elapsed, Event};
use crate::farm::report_time::ReportTime;
use crate::labels::{Origin, Outcome};

/// Two reports of a pause within this time are of one.
const SAME_PAUSE: Duration = Duration::from_secs(5);

impl OpenPrint {
    /// Credits what was printed since a pause, an error or a loss of contact whose end nobody announced: as much as the
    /// time left has become less.
    pub(super) fn catch_up(&mut self, event: &Event, remaining: Option<Duration>) {
        if self.phase != Phase::Printing
            && let Some((expected, remaining)) = self.expected.zip(remaining)
        {
            let lasted = event.received.since(self.started);
            self.stopwatch.catch_up(expected.saturating_sub(remaining), lasted);
        }
    }

    /// A pause that is reported twice within moments begins with the second report: detectors say that they pause a print
    /// before it is paused.
    pub(super) fn begin_the_pause_again(&mut self, event: &Event) {
        let time = ReportTime::of(event);
        if let Some(since) =
            self.pause_began.map(|began| began.until(time)).filter(|since| *since <= SAME_PAUSE)
        {
            let worked = self.stopwatch.printed + since;
            self.stopwatch.catch_up(worked, event.received.since(self.started));
        }
    }

    /// The first stated time of a print that was first heard of in a pause tells how long it had printed before.
    pub(super) fn credit_the_beginning(&mut self, event: &Event) {
        let is_first = self.last_elapsed.is_none() && !self.credit.is_announced;
        if let Some(elapsed) = self.believe(event).filter(|elapsed| is_first && elapsed.counts_pauses()) {
            let known = event.received.since(self.started);
            self.stopwatch.printed += elapsed.stated().saturating_sub(known);
        }
    }

    /// A print that is given up after it was lost may have ended long before: a time that counts everything is no evidence.
    pub(super) fn includes_the_silence(&self, event: &Event, outcome: Outcome) -> bool {
        self.phase == Phase::Lost
            && outcome == Outcome::Cancelled
            && event.elapsed().is_some_and(Elapsed::counts_pauses)
    }

    /// OctoPrint's elapsed time at a cancel within a pause includes that pause. Whether the print had continued before the
    /// cancel is shown by the file position; without one, by the elapsed time itself. The position on an SD card is polled
    /// and lags behind at the pause: there it only counts where it has not moved at all.
    pub(super) fn includes_the_pause(&self, event: &Event, outcome: Outcome) -> bool {
        let Some(pause_began) = self.pause_began.filter(|_| outcome != Outcome::Completed) else {
            return false;
        };
        match (self.position, event.report.position, event.report.elapsed) {
            (Some(paused), Some(ended), _) if paused == ended || self.origin != Origin::SdCard => {
                paused == ended
            }
            (_, _, Some(Elapsed::Printing(elapsed))) => {
                let pause = pause_began.until(ReportTime::of(event));
                elapsed + TOLERANCE >= self.stopwatch.printed(event.received) + pause
            }
            _ => true,
        }
    }

    /// Whether `event` shows that a paused print has printed since the pause began.
    pub(in crate::farm) fn shows_a_resume(&self, event: &Event) -> bool {
        self.phase == Phase::Paused && self.stopwatch.shows_a_resume(self.believe(event))
    }

    /// The phase in which an error that is cleared leaves it.
    pub(in crate::farm) const fn phase_without_error(&self) -> Phase {
        if self.pause_began.is_some() { Phase::Paused } else { Phase::Printing }
    }
}
