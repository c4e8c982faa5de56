//! What is counted of one printer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::labels::{AttentionReason, Origin, Outcome, WarningAction};
use crate::timestamp::Timestamp;

/// The counters of one printer. Arrays are indexed by a label value's position in its set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Prints started, by origin.
    pub started: [u64; Origin::ALL.len()],
    /// Prints ended, by origin and outcome.
    pub ended: [[u64; Outcome::ALL.len()]; Origin::ALL.len()],
    /// Time spent printing in ended prints, by outcome.
    pub ended_printed: [Duration; Outcome::ALL.len()],
    /// When a print last ended, by outcome.
    pub last_end: [Option<Timestamp>; Outcome::ALL.len()],
    /// Warnings of a failure detector, by its action.
    pub failure_warnings: [u64; WarningAction::ALL.len()],
    /// Requests for user attention, by reason.
    pub attention: [u64; AttentionReason::ALL.len()],
    /// Errors that the printer reported.
    pub errors: u64,
}
