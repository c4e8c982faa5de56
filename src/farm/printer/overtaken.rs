//! Events that waited while the store could not be reached, and were overtaken by another print.
//!
//! A print that has begun since is not theirs, and neither is one that has ended since. Of what they tell, an end counts that
//! was not heard of otherwise, and what is counted by itself. Progress, pauses and states are those of another time.

use std::time::Duration;

use super::{ApplyOutcome, PrinterState};
use crate::farm::event::{Event, EventKind};
use crate::timestamp::Timestamp;

/// For so long an event is on its way at most when the store can be reached.
const WAY: Duration = Duration::from_secs(2);

impl PrinterState {
    /// Whether the open print began, or the last one ended, while the event was waiting until `now`. When a print began that
    /// nobody has announced is known by what it states, which is rounded: a start was overtaken by what was heard since.
    pub(super) fn has_overtaken(&self, event: &Event, now: Timestamp) -> bool {
        let began = self.print.as_ref().map(|print| match event.kind {
            EventKind::Started => print.first_report.received,
            _ => print.started,
        });
        let ended = self.last_end.as_ref().map(|last| last.time.received);
        now.since(event.received) > WAY
            && event.kind != EventKind::Retired
            && began.or(ended).is_some_and(|since| event.received < since)
    }

    /// Applies an event that was overtaken.
    pub(super) fn apply_overtaken(&mut self, event: &Event, already_ended: bool) -> ApplyOutcome {
        match event.kind {
            EventKind::FailureWarning(action) => {
                self.totals.failure_warnings[action.index()] += 1;
                ApplyOutcome::default()
            }
            EventKind::Ended(_) if !already_ended => self.end_before(event),
            _ => ApplyOutcome::duplicate(),
        }
    }

    /// The end of a print before the open one or the last one.
    fn end_before(&mut self, event: &Event) -> ApplyOutcome {
        let mut before = Self { print: None, ..self.clone() };
        let outcome = before.transition(event, false);
        for (ended, known) in before.totals.last_end.iter_mut().zip(self.totals.last_end) {
            *ended = known.max(*ended);
        }
        let last = |state: &Self| state.last_end.as_ref().map(|last| last.time.received);
        if last(&before) > last(self) {
            self.last_end = before.last_end;
        }
        self.totals = before.totals;
        self.ended_paused = before.ended_paused;
        outcome
    }
}
