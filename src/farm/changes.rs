//! What a batch of events changed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::event::File;
use super::filament::EndedFilament;
use crate::labels::{Origin, Outcome};
use crate::timestamp::{ClockStep, Timestamp};

/// What a batch of events changed: what a store has to write, and what is rolled back when it cannot.
#[derive(Debug, Default)]
pub struct Changes {
    /// The positions of the printers that changed or are new. One that is retired is stored as it is, so that its position
    /// stays taken until a new printer gets it.
    pub printers: BTreeSet<usize>,
    /// The prints that ended, with the position of their printer, in order.
    pub ended: Vec<(usize, EndedPrint)>,
    /// Fingerprints of the ids of those prints.
    pub ended_print_ids: Vec<u64>,
    /// Whether a source reported that its webhooks of the day are used up.
    pub limits: bool,
    /// The step of the wall clock with which all times of this run move. Prints that ended in this run have to move too.
    pub clock_step: Option<ClockStep>,
    /// The time, to be stored because a stopwatch runs.
    pub heartbeat: Option<Heartbeat>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.printers.is_empty() && !self.limits && self.heartbeat.is_none()
    }
}

/// The time, as a store keeps it, so that the counters never fall across a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it was stored.
    pub at: Timestamp,
    /// Readers do not see the counters grow beyond this time before the next heartbeat is stored.
    pub shown_until: Timestamp,
}

/// A print that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedPrint {
    /// The sender's id of the print, the last one where it changed.
    pub print_id: Option<String>,
    /// The ids that the sender had for it before.
    pub former_ids: Vec<String>,
    pub file: Option<File>,
    pub origin: Origin,
    pub owner: Option<String>,
    pub started: Timestamp,
    /// When its end was reported or inferred.
    pub ended: Timestamp,
    pub outcome: Outcome,
    /// Time spent printing, without pauses.
    pub printed: Duration,
    /// Time spent paused.
    pub paused: Duration,
    /// Why it ended, in the sender's words.
    pub reason: Option<String>,
    /// What is credited of its filament.
    pub filament: EndedFilament,
}
