//! The farm: what every printer is doing and what has been counted of it. Pure: no JSON, HTTP, clock or metric.
//!
//! [`Farm::apply`] takes one [`Event`] at a time. A [`PrinterSnapshot`] is what one printer shows at one moment.

mod brief;
mod event;
mod identity;
mod open_print;
mod printer;
mod snapshot;
mod stopwatch;
mod view;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hasher;
use std::sync::Arc;
use std::time::Duration;

use siphasher::sip::SipHasher24;

use crate::labels::{Origin, Outcome, Source};
use crate::timestamp::{ClockStep, Timestamp};

use identity::free_label;

pub use event::{Elapsed, Event, EventKind, File, Identity, PrintReport, ReportedState};
pub use printer::{Printer, PrinterState};
pub use snapshot::Snapshot;
pub use view::{PrintSnapshot, PrinterSnapshot, PrinterTimes, Totals};

/// While any clock runs, a store is told this long ahead until when the counters may be seen to grow. Where the clock was
/// put back across a crash, they go on from there, so that they never fall.
pub const HEARTBEAT: Duration = Duration::from_secs(60);

/// Limits that the state keeps, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many printers may exist.
    pub printers: usize,
    /// How long a printer may stay silent beyond what its print's own estimate explains.
    pub silence_grace: Duration,
    /// How long it may stay silent when its print has no estimate.
    pub silence_without_estimate: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            printers: 1000,
            silence_grace: Duration::from_secs(60 * 60),
            silence_without_estimate: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// A print that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedPrint {
    /// The sender's own name for this run of the file.
    pub print_id: Option<String>,
    /// The printed file.
    pub file: Option<File>,
    /// Where the file lies.
    pub origin: Origin,
    /// Who owns the file.
    pub owner: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, or was found to have ended.
    pub ended: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Time spent printing, without pauses.
    pub printed: Duration,
    /// Time spent paused.
    pub paused: Duration,
}

/// Every printer as it was last published. Cheap to copy: the printers themselves are shared.
#[derive(Clone, Debug, Default)]
pub struct View {
    printers: Vec<Arc<Printer>>,
    limit_reached: [Option<Timestamp>; Source::ALL.len()],
}

impl View {
    /// Every printer as it is at `now`, in the order in which they were first seen.
    pub fn read(&self, now: Timestamp) -> impl Iterator<Item = PrinterSnapshot<'_>> {
        self.printers.iter().map(move |printer| printer.read(&printer.moment(now)))
    }

    /// When a source last said that its webhooks of the day are used up.
    #[must_use]
    pub fn limit_reached(&self, source: Source) -> Option<Timestamp> {
        self.limit_reached[source.index()]
    }

    /// The number of printers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.printers.len()
    }

    /// Whether no printer has been seen yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.printers.is_empty()
    }

    /// The printer at a position that [`Changes`] names.
    #[must_use]
    pub fn printer(&self, position: usize) -> Option<&Printer> {
        self.printers.get(position).map(Arc::as_ref)
    }
}

/// The state that the one writer keeps: every printer, and how to find it.
#[derive(Debug, Default)]
pub struct Farm {
    view: View,
    by_id: [HashMap<Arc<str>, usize>; Source::ALL.len()],
    labels: HashSet<Arc<str>>,
    /// Fingerprints of the print ids that have ended, so that no late event opens a print anew.
    ended_print_ids: HashSet<u64>,
}

/// When an event, or a clock that was put, gets its turn.
#[derive(Clone, Copy, Debug)]
pub struct ApplyTime {
    /// The present.
    pub now: Timestamp,
    /// The last time as of which readers have seen, or will see, the state as it was before. What the counters show
    /// at that time is what they never fall below.
    pub last_read: Timestamp,
}

impl ApplyTime {
    /// The turn of an event that readers have seen the state right up to.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { now, last_read: now }
    }
}

/// What was done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It is in the state.
    Accepted,
    /// It repeats what is known already.
    Duplicate,
    /// It is a test; nothing was changed.
    Test,
}

/// What applying an event did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The `printer` label that the printer has, or, for one that is not known yet, would get.
    pub label: String,
    /// What was done with the event.
    pub disposition: Disposition,
}

/// A new printer would go beyond [`Limits::printers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit of {limit} printers is reached")]
pub struct TooManyPrinters {
    /// The limit.
    pub limit: usize,
}

/// Two printers of a store are one, or have one label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the printer {label:?} is there twice")]
pub struct DuplicatePrinter {
    /// The label of the second of them.
    pub label: String,
}

/// What a series of events has changed: what a store has to keep, and what is taken back when it cannot.
#[derive(Debug, Default)]
pub struct Changes {
    /// The positions of the printers that changed or are new.
    pub printers: BTreeSet<usize>,
    /// The prints that ended, with the position of their printer, in order.
    pub ended: Vec<(usize, EndedPrint)>,
    /// Fingerprints of the print ids of those prints.
    pub ended_print_ids: Vec<u64>,
    /// Whether a source has said that its webhooks of the day are used up.
    pub limits: bool,
    /// Whether it is to be kept until when the counters may be seen to grow: clocks run.
    pub heartbeat: bool,
}

impl Changes {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.printers.is_empty() && !self.limits && !self.heartbeat
    }
}

impl Farm {
    /// The state that a store has kept, still without its printers: [`Self::insert_restored`] adds them, so many.
    #[must_use]
    pub fn restore(
        limit_reached: [Option<Timestamp>; Source::ALL.len()],
        ended_print_ids: HashSet<u64>,
        printers: usize,
    ) -> Self {
        let view = View { printers: Vec::with_capacity(printers), limit_reached };
        let by_id = [(); Source::ALL.len()].map(|()| HashMap::with_capacity(printers));
        Self { view, by_id, labels: HashSet::with_capacity(printers), ended_print_ids }
    }

    /// Adds the next of the printers that a store has kept.
    ///
    /// # Errors
    /// When another one has its label or is the same printer. Then the state is of no use.
    pub fn insert_restored(&mut self, printer: Printer) -> Result<(), DuplicatePrinter> {
        if !self.index(&printer) {
            return Err(DuplicatePrinter { label: printer.label().to_owned() });
        }
        self.view.printers.push(Arc::new(printer));
        Ok(())
    }

    /// Whether any clock runs at `now`.
    #[must_use]
    pub fn is_running(&self, now: Timestamp) -> bool {
        self.view.printers.iter().any(|printer| printer.state().is_running(now))
    }

    /// Goes on at `now` with a state that was shown until `shown_until` at the latest, and notes in `changes` what that
    /// changed. Nothing does, unless the clock shows an earlier time than the state knows of, and so was put back in
    /// between: then the state goes on from where it was, and the counters keep up with the most that may have been seen
    /// of them.
    pub fn resume(&mut self, shown_until: Option<Timestamp>, now: Timestamp, changes: &mut Changes) {
        let known = self.view.printers.iter().map(|printer| printer.state().last_event()).max();
        let alive = known.max(shown_until.map(|until| until - HEARTBEAT));
        let Some(alive) = alive.filter(|alive| now < *alive) else { return };
        let last_read = shown_until.map_or(alive, |until| until.max(alive));
        let reset = ClockStep { since: now, by: now.micros().saturating_sub(alive.micros()) };
        self.reset(reset, ApplyTime { now: alive, last_read }, changes);
    }

    /// Moves along with a wall clock that was put forward or back; the turn is by the clock as it was before.
    pub fn reset(&mut self, reset: ClockStep, turn: ApplyTime, changes: &mut Changes) {
        for printer in &mut self.view.printers {
            let state = Arc::make_mut(printer).state_mut();
            state.keep_up(turn.last_read);
            state.reset(reset, turn.now);
        }
        changes.printers.extend(0..self.view.printers.len());
    }

    /// The state as it is now, published or not.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Applies an event and notes in `changes` what it changed.
    ///
    /// # Errors
    /// [`TooManyPrinters`], when the event is the first of a printer beyond the limit. Then nothing has changed.
    pub fn apply(
        &mut self,
        event: &Event,
        turn: ApplyTime,
        limits: &Limits,
        changes: &mut Changes,
    ) -> Result<Applied, TooManyPrinters> {
        let source = event.printer.source;
        let known = self.position(&event.printer);
        match event.kind {
            EventKind::Test => {
                return Ok(Applied { label: self.label(&event.printer), disposition: Disposition::Test });
            }
            EventKind::LimitReached => {
                self.view.limit_reached[source.index()] = Some(event.received);
                changes.limits = true;
                if known.is_none() {
                    return Ok(Applied {
                        label: self.label(&event.printer),
                        disposition: Disposition::Accepted,
                    });
                }
            }
            _ => {}
        }
        let position = match known {
            Some(position) => position,
            None => self.add(event, limits)?,
        };
        changes.printers.insert(position);
        let printer = Arc::make_mut(&mut self.view.printers[position]);
        let print_id = event.report.print_id.as_deref();
        let already_ended = !printer.state().is_printing(print_id)
            && print_id
                .is_some_and(|id| self.ended_print_ids.contains(&fingerprint(source, printer.id(), id)));
        let effect = printer.apply(event, turn, already_ended, limits);
        let label = printer.label().to_owned();
        for ended in effect.ended {
            if let Some(id) = &ended.print_id {
                let fingerprint = fingerprint(source, &event.printer.id, id);
                if self.ended_print_ids.insert(fingerprint) {
                    changes.ended_print_ids.push(fingerprint);
                }
            }
            changes.ended.push((position, ended));
        }
        let disposition = if effect.duplicate { Disposition::Duplicate } else { Disposition::Accepted };
        Ok(Applied { label, disposition })
    }

    /// Takes `changes` back: everything is as it was when `published` was.
    pub fn roll_back(&mut self, published: &View, changes: &Changes) {
        for fingerprint in &changes.ended_print_ids {
            self.ended_print_ids.remove(fingerprint);
        }
        for &position in changes.printers.iter().rev() {
            if let Some(printer) = published.printers.get(position) {
                self.view.printers[position] = Arc::clone(printer);
            } else if let Some(printer) = self.view.printers.pop() {
                self.labels.remove(printer.label());
                self.by_id[printer.source().index()].remove(printer.id());
            }
        }
        self.view.limit_reached = published.limit_reached;
    }

    fn position(&self, identity: &Identity) -> Option<usize> {
        self.by_id[identity.source.index()].get(identity.id.as_str()).copied()
    }

    fn label(&self, identity: &Identity) -> String {
        match self.position(identity) {
            Some(position) => self.view.printers[position].label().to_owned(),
            None => free_label(&identity.label, |label| self.labels.contains(label)),
        }
    }

    fn add(&mut self, event: &Event, limits: &Limits) -> Result<usize, TooManyPrinters> {
        let position = self.view.printers.len();
        if position >= limits.printers {
            return Err(TooManyPrinters { limit: limits.printers });
        }
        let printer = Printer::new(&event.printer, &self.label(&event.printer), event.received);
        self.index(&printer);
        self.view.printers.push(Arc::new(printer));
        Ok(position)
    }

    /// Makes it possible to find the printer that is about to be the last. Answers whether no other is found by the same.
    fn index(&mut self, printer: &Printer) -> bool {
        let [id, label] = printer.keys();
        let position = self.view.printers.len();
        let is_new = self.by_id[printer.source().index()].insert(id, position).is_none();
        self.labels.insert(label) && is_new
    }
}

impl View {
    /// Takes over what `changes` names from the writer's state.
    pub fn publish(&mut self, farm: &Farm, changes: &Changes) {
        for &position in &changes.printers {
            let printer = Arc::clone(&farm.view.printers[position]);
            match self.printers.get_mut(position) {
                Some(published) => *published = printer,
                None => self.printers.push(printer),
            }
        }
        self.limit_reached = farm.view.limit_reached;
    }
}

fn fingerprint(source: Source, printer_id: &str, print_id: &str) -> u64 {
    // A fixed function: fingerprints are kept, and have to be the same in every version of this program.
    let mut hasher = SipHasher24::new();
    for part in [source.as_str(), printer_id, print_id] {
        hasher.write_u64(part.len() as u64);
        hasher.write(part.as_bytes());
    }
    hasher.finish()
}

#[cfg(test)]
pub(crate) mod tests;
