//! What a printer shows at one moment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::brief::{array, is_default, spans, table};
use crate::labels::{AttentionReason, Origin, Outcome, Source, State, WarningAction};
use crate::timestamp::Timestamp;

/// What of a printer changes with time alone, at one moment: with it, the rest can be read later, or again.
#[derive(Clone, Copy, Debug)]
pub struct PrinterTimes {
    pub(super) state: State,
    pub(super) print: Option<PrintTimes>,
    pub(super) printed: Duration,
    pub(super) paused: Duration,
}

/// What of the open print changes with time alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrintTimes {
    pub(super) elapsed: Duration,
    pub(super) remaining: Option<Duration>,
    pub(super) eta: Option<Timestamp>,
}

/// Everything that is exposed of one printer, as it is at one moment.
#[derive(Clone, Copy, Debug)]
pub struct PrinterSnapshot<'a> {
    /// The `printer` label, pinned when the printer was first seen; no two printers share one.
    pub label: &'a str,
    /// Who sends its webhooks.
    pub source: Source,
    /// What identifies it at its source.
    pub id: &'a str,
    /// What its owner calls it now.
    pub name: &'a str,
    /// What it is doing.
    pub state: State,
    /// When it was last heard of.
    pub last_event: Timestamp,
    /// The open print, if there is one.
    pub print: Option<PrintSnapshot<'a>>,
    /// Time spent printing in all prints, without pauses; never falls.
    pub printed: Duration,
    /// Time spent paused in all prints; never falls.
    pub paused: Duration,
    /// The counters.
    pub totals: &'a Totals,
}

/// The open print at one moment. `None` is "not reported".
#[derive(Clone, Copy, Debug)]
pub struct PrintSnapshot<'a> {
    /// The file's name; empty when it is not known.
    pub file: &'a str,
    /// Where the file lies.
    pub origin: Origin,
    /// 0 to 1.
    pub progress: Option<f64>,
    /// Counts down while printing, stands while paused.
    pub remaining: Option<Duration>,
    /// When the print should end; only while it prints.
    pub eta: Option<Timestamp>,
    /// When the print began.
    pub started: Timestamp,
    /// Time spent printing, without pauses.
    pub elapsed: Duration,
    /// The current layer, from 1.
    pub layer: Option<u32>,
    /// The number of layers.
    pub layers: Option<u32>,
    /// Height of the nozzle above the bed, in metres.
    pub height: Option<f64>,
}

/// What has been counted of one printer. Indexed by the position of the label's value in its set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Prints begun, by origin.
    #[serde(with = "array", skip_serializing_if = "is_default")]
    pub started: [u64; Origin::ALL.len()],
    /// Prints ended, by origin and outcome.
    #[serde(with = "table", skip_serializing_if = "is_default")]
    pub ended: [[u64; Outcome::ALL.len()]; Origin::ALL.len()],
    /// Time spent printing in ended prints, by outcome.
    #[serde(with = "spans", skip_serializing_if = "is_default")]
    pub ended_printed: [Duration; Outcome::ALL.len()],
    /// When a print last ended so, by outcome.
    #[serde(with = "array", skip_serializing_if = "is_default")]
    pub last_end: [Option<Timestamp>; Outcome::ALL.len()],
    /// Warnings of a failure detector, by what it did.
    #[serde(with = "array", skip_serializing_if = "is_default")]
    pub failure_warnings: [u64; WarningAction::ALL.len()],
    /// Calls for a person, by reason.
    #[serde(with = "array", skip_serializing_if = "is_default")]
    pub attention: [u64; AttentionReason::ALL.len()],
    /// Errors that the printer reported.
    #[serde(skip_serializing_if = "is_default")]
    pub errors: u64,
}
