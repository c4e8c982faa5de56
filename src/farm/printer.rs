//! One printer: its identity, its state and its counters. The effects of events are in [`transitions`].

mod event_ids;
mod last_end;
mod overtaken;
mod transitions;

use std::ops::Not;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::identity::Identity;
use super::open_print::OpenPrint;
use super::snapshot::PrinterSnapshot;
use super::totals::Totals;
use super::{ApplyTime, EndedPrint, Limits};
use crate::labels::{AttentionReason, Source, State};
use crate::timestamp::{ClockStep, Timestamp};

use event_ids::EventIds;
use last_end::LastEnd;

#[derive(Clone, Debug, PartialEq)]
pub struct Printer {
    pub source: Source,
    // Shared, because every event copies the printer, and the indexes of the farm hold its id and label too.
    /// Its id at its source.
    pub id: Arc<str>,
    /// The `printer` label.
    pub label: Arc<str>,
    pub name: Arc<str>,
    pub state: PrinterState,
}

/// The state and the counters of a printer, as a store keeps them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PrinterState {
    /// Its state while no print is open.
    idle_state: IdleState,
    // Boxed, as the last end is, because most printers of a large farm are idle.
    pub(super) print: Option<Box<OpenPrint>>,
    totals: Totals,
    ended_paused: Duration,
    /// When this state was created: by the last event or the last clock step.
    since: Timestamp,
    /// What readers have already seen of the time counters, where it exceeds their value; they never show less.
    shown_printed: Duration,
    shown_paused: Duration,
    last_end: Option<Box<LastEnd>>,
    attention: Option<Attention>,
    /// When an error was last reported that nothing has followed.
    error: Option<Timestamp>,
    /// An error is about to end the print, whatever its end says.
    failing: bool,
    /// A person retired the printer: it is not shown, and its position is free for another one.
    #[serde(skip_serializing_if = "Not::not")]
    pub(super) is_retired: bool,
    pub last_event: Timestamp,
    #[serde(skip_serializing_if = "EventIds::is_empty")]
    event_ids: EventIds,
}

/// What a printer does while no print is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum IdleState {
    #[default]
    Idle,
    Error,
    Unknown,
}

/// A request for user attention that is still open.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Attention {
    reason: AttentionReason,
    /// When the printer first asked. Stores from before this field have the last request only.
    #[serde(alias = "last")]
    since: Timestamp,
    /// When it last asked.
    #[serde(default)]
    repeated: Timestamp,
}

/// What applying an event did.
#[derive(Debug, Default)]
pub(super) struct ApplyOutcome {
    pub(super) duplicate: bool,
    pub(super) ended: Vec<EndedPrint>,
}

impl ApplyOutcome {
    fn duplicate() -> Self {
        Self { duplicate: true, ended: Vec::new() }
    }
}

impl Printer {
    /// A printer as a store has kept it.
    pub fn restore(source: Source, id: &str, label: &str, name: &str, state: PrinterState) -> Self {
        let id = Arc::from(id);
        // Most printers have the same text for both.
        let label = if *id == *label { Arc::clone(&id) } else { label.into() };
        Self { source, id, label, name: name.into(), state }
    }

    /// What its events name.
    pub(super) fn identity(&self) -> Identity {
        let [id, label, name] = [&self.id, &self.label, &self.name].map(ToString::to_string);
        Identity { source: self.source, id, label, name }
    }

    /// The printer as it is at `now`.
    pub(super) fn snapshot(&self, now: Timestamp) -> PrinterSnapshot<'_> {
        let PrinterState { print, attention, last_event, totals, .. } = &self.state;
        PrinterSnapshot {
            label: &self.label,
            source: self.source,
            id: &self.id,
            name: &self.name,
            state: self.state.state(now),
            last_event: *last_event,
            attention: attention.map(|attention| (attention.reason, attention.since)),
            print: print.as_ref().map(|print| print.snapshot(now)),
            printed: self.state.printed(now),
            paused: self.state.paused(now),
            totals,
        }
    }
}

impl PrinterState {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { since: now, last_event: now, ..Self::default() }
    }

    fn state(&self, now: Timestamp) -> State {
        match (&self.print, self.idle_state) {
            (Some(print), _) => print.state(now),
            (None, IdleState::Idle) => State::Idle,
            (None, IdleState::Error) => State::Error,
            (None, IdleState::Unknown) => State::Unknown,
        }
    }

    fn printed(&self, now: Timestamp) -> Duration {
        let open = self.print.as_ref().map_or(Duration::ZERO, |print| print.printed(now));
        self.shown_printed.max(self.ended_printed() + open)
    }

    fn ended_printed(&self) -> Duration {
        self.totals.ended_printed.iter().sum()
    }

    fn paused(&self, now: Timestamp) -> Duration {
        let open = self.print.as_ref().map_or(Duration::ZERO, |print| print.paused(now));
        self.shown_paused.max(self.ended_paused + open)
    }

    /// Whether its values change with time alone.
    pub(super) fn is_running(&self, now: Timestamp) -> bool {
        matches!(self.state(now), State::Printing | State::Paused)
    }

    /// Makes sure that the time counters never show less than what readers have seen until `last_read`.
    pub(super) fn keep_shown(&mut self, last_read: Timestamp) {
        if last_read >= self.since {
            self.shown_printed = self.printed(last_read);
            self.shown_paused = self.paused(last_read);
        }
    }

    /// Applies a clock step; `now` is the present by the clock before it. The open print is credited until then first:
    /// otherwise, where its last report is older than the times that move, the next credit would include the step.
    pub(super) fn step_clock(&mut self, step: ClockStep, now: Timestamp) {
        step.apply(&mut self.since);
        step.apply(&mut self.last_event);
        if let Some(print) = &mut self.print {
            print.advance(now);
            print.step_clock(step);
        }
        if let Some(end) = &mut self.last_end {
            step.apply(&mut end.time.received);
        }
        if let Some(attention) = &mut self.attention {
            step.apply(&mut attention.since);
            step.apply(&mut attention.repeated);
        }
        if let Some(error) = &mut self.error {
            step.apply(error);
        }
        self.event_ids.step_clock(step);
        self.totals.last_end.iter_mut().flatten().for_each(|time| step.apply(time));
    }

    /// Applies an event. `has_ended` says that a print with its print id has ended.
    pub(super) fn apply(
        &mut self,
        event: &Event,
        time: ApplyTime,
        has_ended: bool,
        limits: &Limits,
    ) -> ApplyOutcome {
        let already_ended = has_ended
            && !self.print.as_ref().is_some_and(|print| print.has_id(event.report.print_id.as_deref()))
            && !self.last_end.as_ref().is_some_and(|last| last.lends_its_id_to(event));
        self.keep_shown(time.last_read);
        self.since = time.now;
        let is_overtaken = self.has_overtaken(event, time.now);
        self.last_event = self.last_event.max(event.received);
        self.totals.note_filament(&event.report);
        let outcome = match &event.report.event_id {
            Some(id) if self.event_ids.repeats(id, event.received) => ApplyOutcome::duplicate(),
            _ if is_overtaken => self.apply_overtaken(event, already_ended),
            _ => self.transition(event, already_ended),
        };
        if let Some(print) = self.print.as_mut().filter(|_| !is_overtaken) {
            print.advance(event.received);
            print.extend_deadline(event.received, limits);
        }
        self.forget_shown();
        outcome
    }

    /// Ended prints are never taken back: what they cover need not be kept as shown.
    fn forget_shown(&mut self) {
        if self.shown_printed <= self.ended_printed() {
            self.shown_printed = Duration::ZERO;
        }
        if self.shown_paused <= self.ended_paused {
            self.shown_paused = Duration::ZERO;
        }
    }
}
