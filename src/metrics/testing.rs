//! Printers for the tests of this folder.

use std::time::Duration;

use crate::farm::{PrintSnapshot, PrinterSnapshot, Totals};
use crate::labels::{AttentionReason, Origin, Outcome, Source, State};
use crate::timestamp::Timestamp;

/// A printer after its first event, which opened no print.
pub(super) fn fresh(totals: &Totals) -> PrinterSnapshot<'_> {
    PrinterSnapshot {
        label: "delta",
        source: Source::OCTOPRINT,
        id: "delta",
        name: "Delta",
        state: State::Idle,
        last_event: Timestamp::from_micros(1_795_306_700_250_000),
        attention: None,
        print: None,
        printed: Duration::ZERO,
        paused: Duration::ZERO,
        totals,
    }
}

/// A printer with every value known.
pub(super) fn busy(totals: &Totals) -> PrinterSnapshot<'_> {
    PrinterSnapshot {
        label: "voron",
        source: Source::OCTOEVERYWHERE,
        id: "8f1c",
        name: "Voron \"2.4\" \\ new",
        state: State::Printing,
        last_event: Timestamp::from_micros(1_795_306_700_000_000),
        attention: Some((AttentionReason::FilamentChange, Timestamp::from_micros(1_795_306_650_000_000))),
        print: Some(PrintSnapshot {
            file: "benchy.gcode",
            origin: Origin::Local,
            progress: Some(0.34),
            remaining: Some(Duration::from_secs(1200)),
            eta: Some(Timestamp::from_micros(1_795_307_900_000_000)),
            started: Timestamp::from_micros(1_795_306_100_500_000),
            elapsed: Duration::from_millis(30_600),
            layer: Some(12),
            layers: Some(200),
            height: Some(0.0024),
        }),
        printed: Duration::from_millis(1_181_100),
        paused: Duration::from_micros(20_000_001),
        totals,
    }
}

/// Totals with no zero but in pairs of origin and outcome that did not happen.
pub(super) fn seasoned() -> Totals {
    let mut totals =
        Totals { started: [24, 13, 2], failure_warnings: [3, 1], attention: [5, 6], ..Totals::default() };
    totals.ended = [[12, 4, 5, 2], [10, 1, 0, 2], [1, 0, 0, 1]];
    totals.errors = 7;
    totals.ended_filament_length = Some([45_812_500, 1_000, 0, 12]);
    totals.ended_filament_mass = Some([137_250_000, 0, 3_400_000, 0]);
    for &outcome in Outcome::ALL {
        let at = outcome.index();
        totals.ended_printed[at] = Duration::from_millis([1_150_522, 100, 2_000, 30][at]);
        totals.last_end[at] =
            Some(Timestamp::from_micros([1_795_300_000_000_000, 4_000_000, 5_500_000, 6_000_001][at]));
    }
    totals
}
