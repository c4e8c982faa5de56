//! The farm: what every printer is doing and what has been counted of it. Pure: no JSON, HTTP, clock or metric.
//!
//! [`Farm::apply`] takes one [`Event`] at a time. A [`Reading`] is what one printer shows at one moment.

mod clock;
mod event;
mod identity;
mod print;
mod printer;
mod reading;
mod time;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::Duration;

use identity::free_label;

pub use event::{Elapsed, Event, EventKind, File, Identity, Job, Reported, What};
pub use printer::Printer;
pub use reading::{PrintReading, Reading, Totals};
pub use time::Time;
pub(crate) use words::words;
pub use words::{AttentionReason, Origin, Outcome, Source, State, WarningAction};

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
    pub started: Time,
    /// When it ended, or was found to have ended.
    pub ended: Time,
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
    limit_reached: [Option<Time>; Source::ALL.len()],
}

impl View {
    /// Every printer as it is at `now`, in the order in which they were first seen.
    pub fn read(&self, now: Time) -> impl Iterator<Item = Reading<'_>> {
        self.printers.iter().map(move |printer| printer.read(now))
    }

    /// When a source last said that its webhooks of the day are used up.
    #[must_use]
    pub fn limit_reached(&self, source: Source) -> Option<Time> {
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
    by_identity: HashMap<Source, HashMap<String, usize>>,
    labels: HashSet<String>,
    /// Fingerprints of the print ids that have ended, so that no late event opens a print anew.
    spent: HashSet<u64>,
}

/// What was done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
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
    pub verdict: Verdict,
}

/// A new printer would go beyond [`Limits::printers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit of {limit} printers is reached")]
pub struct TooManyPrinters {
    /// The limit.
    pub limit: usize,
}

/// What a series of events has changed: what a store has to keep, and what is taken back when it cannot.
#[derive(Debug, Default)]
pub struct Changes {
    /// The positions of the printers that changed or are new.
    pub printers: BTreeSet<usize>,
    /// The prints that ended, with the position of their printer, in order.
    pub ended: Vec<(usize, EndedPrint)>,
}

impl Farm {
    /// The state as it is now, published or not.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Applies an event, `now` that it is its turn, and notes in `changes` what it changed. Readers must have seen
    /// nothing of a later time than `now`: what the counters have shown until then is what they keep up.
    ///
    /// # Errors
    /// [`TooManyPrinters`], when the event is the first of a printer beyond the limit. Then nothing has changed.
    pub fn apply(
        &mut self,
        event: &Event,
        now: Time,
        limits: &Limits,
        changes: &mut Changes,
    ) -> Result<Applied, TooManyPrinters> {
        let source = event.printer.source;
        let known = self.position(&event.printer);
        match event.what {
            What::Test => {
                return Ok(Applied { label: self.label(&event.printer), verdict: Verdict::Test });
            }
            What::LimitReached => {
                self.view.limit_reached[source.index()] = Some(event.received);
                if known.is_none() {
                    return Ok(Applied { label: self.label(&event.printer), verdict: Verdict::Accepted });
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
        let print_id = event.job.print_id.as_deref();
        let already_ended = !printer.is_printing(print_id)
            && print_id.is_some_and(|id| self.spent.contains(&fingerprint(source, printer.id(), id)));
        let effect = printer.apply(event, now, already_ended, limits);
        let label = printer.label().to_owned();
        for ended in effect.ended {
            if let Some(id) = &ended.print_id {
                self.spent.insert(fingerprint(source, &event.printer.id, id));
            }
            changes.ended.push((position, ended));
        }
        let verdict = if effect.duplicate { Verdict::Duplicate } else { Verdict::Accepted };
        Ok(Applied { label, verdict })
    }

    /// Takes `changes` back: everything is as it was when `published` was.
    pub fn roll_back(&mut self, published: &View, changes: &Changes) {
        for (position, ended) in &changes.ended {
            let printer = &self.view.printers[*position];
            if let Some(id) = &ended.print_id {
                self.spent.remove(&fingerprint(printer.source(), printer.id(), id));
            }
        }
        for &position in changes.printers.iter().rev() {
            if let Some(printer) = published.printers.get(position) {
                self.view.printers[position] = Arc::clone(printer);
            } else if let Some(printer) = self.view.printers.pop() {
                self.labels.remove(printer.label());
                self.by_identity.entry(printer.source()).or_default().remove(printer.id());
            }
        }
        self.view.limit_reached = published.limit_reached;
    }

    fn position(&self, identity: &Identity) -> Option<usize> {
        self.by_identity.get(&identity.source)?.get(&identity.id).copied()
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
        let label = self.label(&event.printer);
        self.labels.insert(label.clone());
        self.by_identity.entry(event.printer.source).or_default().insert(event.printer.id.clone(), position);
        self.view.printers.push(Arc::new(Printer::new(&event.printer, label, event.received)));
        Ok(position)
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
    // Keyed with constants, so that a print id has one fingerprint in every process.
    BuildHasherDefault::<DefaultHasher>::default().hash_one((source, printer_id, print_id))
}

#[cfg(test)]
mod tests;
