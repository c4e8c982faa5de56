//! What one printer shows at one moment.

use std::time::Duration;

use super::totals::Totals;
use crate::labels::{AttentionReason, Origin, Source, State};
use crate::timestamp::Timestamp;

/// Everything that is exposed of one printer at one moment.
#[derive(Clone, Copy, Debug)]
pub struct PrinterSnapshot<'a> {
    /// The `printer` label, pinned when the printer was first seen; unique.
    pub label: &'a str,
    pub source: Source,
    /// Its id at its source.
    pub id: &'a str,
    pub name: &'a str,
    pub state: State,
    /// When its last event was received.
    pub last_event: Timestamp,
    /// Why the printer waits for a person, and since when. It ends when the print goes on or ends.
    pub attention: Option<(AttentionReason, Timestamp)>,
    pub print: Option<PrintSnapshot<'a>>,
    /// Time spent printing in all prints, without pauses; never falls.
    pub printed: Duration,
    /// Time spent paused in all prints; never falls.
    pub paused: Duration,
    pub totals: &'a Totals,
}

/// The open print at one moment. `None` means "not reported".
#[derive(Clone, Copy, Debug)]
pub struct PrintSnapshot<'a> {
    /// The name of the file; empty when it is not known.
    pub file: &'a str,
    pub origin: Origin,
    /// 0 to 1.
    pub progress: Option<f64>,
    /// Counts down while printing and stops while paused.
    pub remaining: Option<Duration>,
    /// The estimated end; only while printing.
    pub eta: Option<Timestamp>,
    pub started: Timestamp,
    pub elapsed: Duration,
    /// The current layer, from 1.
    pub layer: Option<u32>,
    pub layers: Option<u32>,
    /// Height of the nozzle above the bed, in metres.
    pub height: Option<f64>,
}
