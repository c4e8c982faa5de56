//! What is counted of one printer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::PrintReport;
use super::filament::EndedFilament;
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
    /// Filament of ended prints, by outcome: its length in millionths of a metre. `None` until a length is first reported.
    pub ended_filament_length: Option<[u64; Outcome::ALL.len()]>,
    /// Filament of ended prints, by outcome: its mass in millionths of a gram. `None` until a mass is first reported.
    pub ended_filament_mass: Option<[u64; Outcome::ALL.len()]>,
    /// When a print last ended, by outcome.
    pub last_end: [Option<Timestamp>; Outcome::ALL.len()],
    /// Warnings of a failure detector, by its action.
    pub failure_warnings: [u64; WarningAction::ALL.len()],
    /// Requests for user attention, by reason.
    pub attention: [u64; AttentionReason::ALL.len()],
    pub errors: u64,
}

impl Totals {
    /// Notes which units of filament the printer reports: what it never reports has no total, rather than 0.
    pub(super) fn note_filament(&mut self, report: &PrintReport) {
        let reported = [report.filament_used, report.filament_planned];
        if reported.iter().any(|filament| filament.metres.is_some()) {
            self.ended_filament_length.get_or_insert_default();
        }
        if reported.iter().any(|filament| filament.grams.is_some()) {
            self.ended_filament_mass.get_or_insert_default();
        }
    }

    /// Credits the filament of a print that has ended.
    pub(super) fn credit_filament(&mut self, outcome: Outcome, filament: EndedFilament) {
        let EndedFilament { length, mass } = filament;
        for (sums, credited) in
            [(&mut self.ended_filament_length, length), (&mut self.ended_filament_mass, mass)]
        {
            if let Some(credited) = credited {
                sums.get_or_insert_default()[outcome.index()] += credited.millionths;
            }
        }
    }
}
