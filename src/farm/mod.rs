//! The farm: the state of every printer and what is counted of it. Pure: no JSON, no HTTP, no clock, no metrics.
//!
//! [`Farm::apply`] takes one [`Event`] at a time. A [`PrinterSnapshot`] is what one printer shows at one moment.
//!
//! # Rules about prints
//!
//! Events get lost, repeated, delayed and reordered, and some state what cannot be. Whatever arrives:
//!
//! 1. **Every print ends once.** At most one print of a printer is open; what is counted as started has ended or is open.
//! 2. **Prints of one printer do not overlap.** What states a time that reaches back before the last end is about the print
//!    that ended: an end repeats it, a progress or pause is late. Where the id or the file is another, it is a print that was
//!    never heard of, and is credited from the last end on. A print that gives way to another ended where that one began.
//! 3. **What was measured bounds what is stated.** A print cannot have lasted longer than since its announced start, plus
//!    some minutes for an announcement that was late. A print without an announced start has lasted as long as it first
//!    states. A longer time counts in two cases. Where webhooks arrive in one burst: what the sender's own estimate explains,
//!    or where it has none, its clock. At an end: what a monotonic clock states and what fits in since the last end, because
//!    the exporter may have been away.
//! 4. **The elapsed time of a print never falls.** A report that states less than one before it is late and changes nothing,
//!    unless it is of another print that fits in since, or the sender's clock started again. A stated 0 at an end is no
//!    evidence.
//! 5. **A report that says that nothing prints opens no print.** Neither does one that names nothing of a print.
//! 6. **One print may have several names.** An id that changes in the middle of a print, a report before the start is
//!    announced, and an end without any name belong to the open print; the id of the last print with another file does not.
//!    A start that arrives just after an end of which nothing was heard before is the start of that print.
//! 7. **What is repeated within moments counts once**: starts, pauses, ends, errors, requests for attention. A pause begins
//!    with the second report.
//! 8. **Filament is credited once, at the end**: what the sender stated as used, else what was planned for the part that was
//!    completed, else nothing. What a sender's count stood at when the print started is not of this print.
//! 9. **A cancel that an error caused is a failure**, where the sender named that error before the end or beside it.
//! 10. **What nobody announced is known by the work done.** A pause, an error or a loss of contact that progress shows to be
//!     over lasted as long as the time left stood still. A print that is cancelled while it is out of reach has printed until
//!     it was lost, whatever time is stated.
//! 11. **An event that waited, because the store could not be reached, does not touch a print that has begun since.** Neither
//!     does it open one before a print that has ended, or was first heard of, since. An end that was not heard of otherwise
//!     still counts.
//!
//! So the seconds credited to a printer between two moments never exceed the time between them, except for what a print
//! states once, when it is first heard of or at its end, and that never reaches back before the last end. Times between two
//! reports are measured by the sender's clock where both carry one.

mod changes;
mod credit;
mod event;
mod filament;
mod identity;
mod open_print;
mod printer;
mod printers;
mod report_time;
mod snapshot;
mod stopwatch;
mod take_over;
mod totals;
mod view;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::labels::Source;
use crate::timestamp::{ClockStep, Timestamp};

use identity::fingerprint;

pub use changes::{Changes, EndedPrint, Heartbeat};
pub use event::{Elapsed, Event, EventKind, Filament, File, PrintReport, ReportedState};
pub use filament::{Credited, EndedFilament, millionths};
pub use identity::Identity;
pub use printer::{Printer, PrinterState};
pub use snapshot::{PrintSnapshot, PrinterSnapshot};
pub use take_over::{News, NewsError};
pub use totals::Totals;
pub use view::View;

/// How far ahead [`Heartbeat::shown_until`] is while a stopwatch runs.
pub const HEARTBEAT: Duration = Duration::from_secs(60);

/// Limits from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub printers: usize,
    /// The maximum size of a label value that is a free text.
    pub label_bytes: usize,
    /// How long a printer may be silent beyond what the estimate of its print explains.
    pub silence_grace: Duration,
    /// How long it may be silent when its print has no estimate.
    pub silence_without_estimate: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            printers: 1000,
            label_bytes: 200,
            silence_grace: Duration::from_secs(60 * 60),
            silence_without_estimate: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// The state that the one writer keeps: every printer, and the indexes over them.
#[derive(Debug, Default)]
pub struct Farm {
    view: View,
    by_id: HashMap<Source, HashMap<Arc<str>, usize>>,
    labels: HashSet<Arc<str>>,
    /// Fingerprints of the print ids that have ended, so that no late event opens such a print again.
    ended_print_ids: HashSet<u64>,
}

/// When an event or a clock step is applied.
#[derive(Clone, Copy, Debug)]
pub struct ApplyTime {
    pub now: Timestamp,
    /// The last time as of which readers have seen, or will see, the state before it. What the counters show at that time
    /// is what they never fall below.
    pub last_read: Timestamp,
}

impl ApplyTime {
    /// The time of an event before which readers have seen the state up to `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self { now, last_read: now }
    }
}

/// What was done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It is part of the state.
    Accepted,
    /// It repeats what is known already.
    Duplicate,
    /// It is a test; nothing has changed.
    Test,
    /// It is durable, but not part of the state yet: the store cannot be reached.
    SetAside,
}

/// The result of applying an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The `printer` label of the printer; where the printer is not known yet, the label that it would get.
    pub label: String,
    pub disposition: Disposition,
}

/// A new printer would exceed [`Limits::printers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit of {limit} printers is reached")]
pub struct TooManyPrinters {
    pub limit: usize,
}

impl Farm {
    /// Whether any stopwatch runs at `now`.
    pub fn is_running(&self, now: Timestamp) -> bool {
        self.view.printers.iter().any(|printer| printer.state.is_running(now))
    }

    pub fn last_event(&self) -> Option<Timestamp> {
        self.view.printers.iter().map(|printer| printer.state.last_event).max()
    }

    /// Keeps the counters of a restored state at what they show at `shown_until`, so that they never fall below it.
    pub fn keep_shown(&mut self, shown_until: Timestamp, changes: &mut Changes) {
        for (position, printer) in self.view.printers.iter_mut().enumerate() {
            if printer.state.print.is_some() {
                Arc::make_mut(printer).state.keep_shown(shown_until);
                changes.printers.insert(position);
            }
        }
    }

    /// Moves all times with a step of the wall clock. `time` is by the clock before the step.
    pub fn step_clock(&mut self, step: ClockStep, time: ApplyTime, changes: &mut Changes) {
        for printer in &mut self.view.printers {
            let state = &mut Arc::make_mut(printer).state;
            state.keep_shown(time.last_read);
            state.step_clock(step, time.now);
        }
        self.view.limits_reached.values_mut().for_each(|reached| step.apply(reached));
        changes.limits = true;
        changes.clock_step = Some(step);
        changes.printers.extend(0..self.view.printers.len());
    }

    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Applies an event and notes in `changes` what it changed. After an error, nothing has changed.
    pub fn apply(
        &mut self,
        event: &Event,
        time: ApplyTime,
        limits: &Limits,
        changes: &mut Changes,
    ) -> Result<Applied, TooManyPrinters> {
        let known = self.position(&event.printer);
        let unchanged = |disposition| Applied { label: self.label(&event.printer, limits), disposition };
        match event.kind {
            EventKind::Test => return Ok(unchanged(Disposition::Test)),
            EventKind::LimitReached => {
                let applied = unchanged(Disposition::Accepted);
                self.view.limits_reached.insert(event.printer.source, event.received);
                changes.limits = true;
                if known.is_none() {
                    return Ok(applied);
                }
            }
            EventKind::Retired => match known {
                Some(position) => self.forget(position),
                None => return Ok(unchanged(Disposition::Duplicate)),
            },
            _ => {}
        }
        let position = match known {
            Some(position) => position,
            None => self.add(event, limits, changes)?,
        };
        changes.printers.insert(position);
        Ok(self.apply_to(position, event, time, limits, changes))
    }

    fn apply_to(
        &mut self,
        position: usize,
        event: &Event,
        time: ApplyTime,
        limits: &Limits,
        changes: &mut Changes,
    ) -> Applied {
        let printer = Arc::make_mut(&mut self.view.printers[position]);
        let identity = &event.printer;
        let fingerprint = |id: &str| fingerprint(&[identity.source.as_str(), &identity.id, id]);
        if *printer.name != *identity.name {
            printer.name = identity.name.as_str().into();
        }
        let print_id = event.report.print_id.as_deref();
        let has_ended = print_id.is_some_and(|id| self.ended_print_ids.contains(&fingerprint(id)));
        let outcome = printer.state.apply(event, time, has_ended, limits);
        for ended in outcome.ended {
            for id in ended.print_id.iter().chain(&ended.former_ids) {
                if self.ended_print_ids.insert(fingerprint(id)) {
                    changes.ended_print_ids.push(fingerprint(id));
                }
            }
            changes.ended.push((position, ended));
        }
        let disposition = if outcome.duplicate { Disposition::Duplicate } else { Disposition::Accepted };
        Applied { label: printer.label.to_string(), disposition }
    }

    /// Undoes `changes`: everything is as it was when `published` was published.
    pub fn roll_back(&mut self, published: &View, changes: &Changes) {
        for fingerprint in &changes.ended_print_ids {
            self.ended_print_ids.remove(fingerprint);
        }
        for &position in &changes.printers {
            self.forget(position);
        }
        self.view.printers.truncate(published.printers.len());
        for &position in &changes.printers {
            if let Some(printer) = published.printers.get(position) {
                self.put(position, Arc::clone(printer));
            }
        }
        self.view.limits_reached.clone_from(&published.limits_reached);
    }

    /// What is known of an event that is not applied now: the label of its printer.
    pub fn set_aside(&self, event: &Event, limits: &Limits) -> Result<Applied, TooManyPrinters> {
        let label = self.label(&event.printer, limits);
        let adds_a_printer = self.position(&event.printer).is_none()
            && !matches!(event.kind, EventKind::Test | EventKind::LimitReached | EventKind::Retired);
        if adds_a_printer && self.labels.len() >= limits.printers {
            return Err(TooManyPrinters { limit: limits.printers });
        }
        let disposition =
            if event.kind == EventKind::Test { Disposition::Test } else { Disposition::SetAside };
        Ok(Applied { label, disposition })
    }
}

#[cfg(test)]
pub(crate) mod tests;
