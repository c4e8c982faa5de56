//! One printer: who it is, what it is doing, and what has been counted of it. What an event does to it is in [`transitions`].

mod transitions;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::brief::{is_default, span};
use super::event::{Elapsed, Event, File, Identity};
use super::open_print::OpenPrint;
use super::view::{PrinterSnapshot, PrinterTimes, Totals};
use super::{ApplyTime, EndedPrint, Limits};
use crate::labels::{AttentionReason, Source, State};
use crate::timestamp::{ClockStep, Timestamp};

/// One printer.
#[derive(Clone, Debug, PartialEq)]
pub struct Printer {
    source: Source,
    // Shared, because every event copies the printer, and those who look it up know it by its id and label too.
    id: Arc<str>,
    label: Arc<str>,
    name: Arc<str>,
    state: PrinterState,
}

/// What a printer is doing, and what has been counted of it: all that changes, but for its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrinterState {
    /// What it does once no print is open.
    #[serde(default, skip_serializing_if = "is_default")]
    rest: IdleState,
    // Boxed, with the last end, because most printers of a large farm are at rest.
    #[serde(skip_serializing_if = "is_default")]
    print: Option<Box<OpenPrint>>,
    #[serde(default, skip_serializing_if = "is_default")]
    totals: Totals,
    #[serde(with = "span", default, skip_serializing_if = "is_default")]
    ended_paused: Duration,
    /// When it became what it is now.
    since: Timestamp,
    /// What the counters of time have shown already; they never show less.
    #[serde(with = "span", default, skip_serializing_if = "is_default")]
    shown_printed: Duration,
    #[serde(with = "span", default, skip_serializing_if = "is_default")]
    shown_paused: Duration,
    #[serde(skip_serializing_if = "is_default")]
    last_end: Option<Box<LastEnd>>,
    #[serde(skip_serializing_if = "is_default")]
    attention: Option<Attention>,
    last_event: Timestamp,
}

/// What a printer does while no print is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum IdleState {
    #[default]
    Idle,
    Error,
    Unknown,
}

/// The last end, to know its repeat by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LastEnd {
    at: Timestamp,
    #[serde(skip_serializing_if = "is_default")]
    print_id: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    file: Option<File>,
    #[serde(skip_serializing_if = "is_default")]
    elapsed: Option<Elapsed>,
}

/// A call for a person that nobody has answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Attention {
    reason: AttentionReason,
    last: Timestamp,
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
    pub(super) fn new(identity: &Identity, label: &str, now: Timestamp) -> Self {
        Self::restore(identity.source, &identity.id, label, &identity.name, PrinterState::new(now))
    }

    /// The printer that a store has kept.
    #[must_use]
    pub fn restore(source: Source, id: &str, label: &str, name: &str, state: PrinterState) -> Self {
        let id = Arc::from(id);
        // Most printers have one word for both.
        let label = if *id == *label { Arc::clone(&id) } else { label.into() };
        Self { source, id, label, name: name.into(), state }
    }

    /// The `printer` label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Who sends its webhooks.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// What identifies it at its source.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its id and its label, to find it by.
    pub(super) fn keys(&self) -> [Arc<str>; 2] {
        [Arc::clone(&self.id), Arc::clone(&self.label)]
    }

    /// What its owner calls it now.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is doing, and what has been counted of it.
    #[must_use]
    pub const fn state(&self) -> &PrinterState {
        &self.state
    }

    pub(super) const fn state_mut(&mut self) -> &mut PrinterState {
        &mut self.state
    }

    /// What of it changes with time alone, at `now`.
    #[must_use]
    pub fn moment(&self, now: Timestamp) -> PrinterTimes {
        self.state.moment(now)
    }

    /// The printer as it is at a moment of its own.
    #[must_use]
    pub fn read(&self, moment: &PrinterTimes) -> PrinterSnapshot<'_> {
        let PrinterState { print, last_event, totals, .. } = &self.state;
        PrinterSnapshot {
            label: &self.label,
            source: self.source,
            id: &self.id,
            name: &self.name,
            state: moment.state,
            last_event: *last_event,
            print: print.as_ref().zip(moment.print.as_ref()).map(|(print, moment)| print.read(moment)),
            printed: moment.printed,
            paused: moment.paused,
            totals,
        }
    }

    /// Applies an event. `already_ended` tells that its print id is that of a print that has ended.
    pub(super) fn apply(
        &mut self,
        event: &Event,
        turn: ApplyTime,
        already_ended: bool,
        limits: &Limits,
    ) -> ApplyOutcome {
        if *self.name != *event.printer.name {
            self.name = event.printer.name.as_str().into();
        }
        self.state.apply(event, turn, already_ended, limits)
    }
}

impl PrinterState {
    fn new(now: Timestamp) -> Self {
        Self {
            rest: IdleState::Idle,
            print: None,
            totals: Totals::default(),
            ended_paused: Duration::ZERO,
            since: now,
            shown_printed: Duration::ZERO,
            shown_paused: Duration::ZERO,
            last_end: None,
            attention: None,
            last_event: now,
        }
    }

    /// Whether the open print carries this id.
    pub(super) fn is_printing(&self, print_id: Option<&str>) -> bool {
        self.print.as_ref().is_some_and(|print| print.has_id(print_id))
    }

    fn moment(&self, now: Timestamp) -> PrinterTimes {
        PrinterTimes {
            state: self.state(now),
            print: self.print.as_ref().map(|print| print.moment(now)),
            printed: self.printed(now),
            paused: self.paused(now),
        }
    }

    fn state(&self, now: Timestamp) -> State {
        match (&self.print, self.rest) {
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

    /// Whether what it shows changes with time alone.
    pub(super) fn is_running(&self, now: Timestamp) -> bool {
        matches!(self.state(now), State::Printing | State::Paused)
    }

    /// Never shows less than what readers have seen of it until `last_read`.
    pub(super) fn keep_up(&mut self, last_read: Timestamp) {
        if last_read >= self.since {
            self.shown_printed = self.printed(last_read);
            self.shown_paused = self.paused(last_read);
        }
    }

    /// Moves its times, `now` by the clock as it was before. The open print is credited until then first: where its last
    /// report lies before the times that move, the next credit would else include the jump.
    pub(super) fn reset(&mut self, reset: ClockStep, now: Timestamp) {
        reset.apply(&mut self.since);
        reset.apply(&mut self.last_event);
        if let Some(print) = &mut self.print {
            print.advance(now);
            print.reset(reset);
        }
        if let Some(end) = &mut self.last_end {
            reset.apply(&mut end.at);
        }
        if let Some(attention) = &mut self.attention {
            reset.apply(&mut attention.last);
        }
        self.totals.last_end.iter_mut().flatten().for_each(|time| reset.apply(time));
    }

    pub(super) const fn last_event(&self) -> Timestamp {
        self.last_event
    }

    fn apply(
        &mut self,
        event: &Event,
        turn: ApplyTime,
        already_ended: bool,
        limits: &Limits,
    ) -> ApplyOutcome {
        self.keep_up(turn.last_read);
        self.since = turn.now;
        self.last_event = self.last_event.max(event.received);
        if let Some(print) = &mut self.print {
            print.advance(event.received);
        }
        let effect = self.transition(event, already_ended, limits);
        if let Some(print) = &mut self.print {
            print.listen(event.received, limits);
        }
        self.forget_what_was_shown();
        effect
    }

    /// Ended prints are never taken back: what they bear out needs not be remembered, nor kept.
    fn forget_what_was_shown(&mut self) {
        if self.shown_printed <= self.ended_printed() {
            self.shown_printed = Duration::ZERO;
        }
        if self.shown_paused <= self.ended_paused {
            self.shown_paused = Duration::ZERO;
        }
    }
}
