//! The filament of a print: what its sender says of it, and what is credited at the end.

use serde::{Deserialize, Serialize};

use super::event::{Filament, PrintReport};
use crate::labels::{FilamentBasis, Outcome};

/// What is known of the filament of an open print.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FilamentUse {
    /// What the sender's count stood at when the print started. Klipper's goes on where a file goes on after an error.
    before: Filament,
    used: Filament,
    planned: Filament,
}

/// What is credited of the filament of a print that has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndedFilament {
    /// In millionths of a metre.
    pub length: Option<Credited>,
    /// In millionths of a gram.
    pub mass: Option<Credited>,
}

/// An amount, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credited {
    /// In millionths of the unit: sums of them are exact.
    pub millionths: u64,
    pub basis: FilamentBasis,
}

impl Credited {
    pub fn amount(self) -> f64 {
        millionths(self.millionths)
    }
}

/// A sum of [`Credited::millionths`] in the unit.
pub fn millionths(sum: u64) -> f64 {
    sum as f64 / 1e6
}

impl FilamentUse {
    /// Takes over what the announced start of the print reports.
    pub(super) fn start(&mut self, report: &PrintReport) {
        self.before = report.filament_used;
    }

    /// Takes over what a report of the print states. Before the end, 0 says nothing: it may mean "not measured".
    pub(super) fn note(&mut self, report: &PrintReport, is_end: bool) {
        let stated = report.filament_used;
        for (used, before, stated) in [
            (&mut self.used.metres, &mut self.before.metres, stated.metres),
            (&mut self.used.grams, &mut self.before.grams, stated.grams),
        ] {
            // A count that has fallen began again.
            *before = before.filter(|before| stated.is_none_or(|stated| stated >= *before));
            *used = stated.filter(|stated| is_end || *stated > 0.0).or(*used);
        }
        self.planned.metres = report.filament_planned.metres.or(self.planned.metres);
        self.planned.grams = report.filament_planned.grams.or(self.planned.grams);
    }

    /// What is credited at the end: what was stated, else what was planned for the completed part.
    pub(super) fn credit(&self, outcome: Outcome, progress: Option<f64>) -> EndedFilament {
        let part = if outcome == Outcome::Completed { Some(1.0) } else { progress };
        let credit = |before: Option<f64>, used: Option<f64>, planned: Option<f64>| {
            let stated = used.map(|used| (used - before.unwrap_or_default(), FilamentBasis::Stated));
            let planned = planned.zip(part).map(|(planned, part)| (planned * part, FilamentBasis::Planned));
            stated.or(planned).map(|(amount, basis)| credited(amount, basis))
        };
        EndedFilament {
            length: credit(self.before.metres, self.used.metres, self.planned.metres),
            mass: credit(self.before.grams, self.used.grams, self.planned.grams),
        }
    }
}

fn credited(amount: f64, basis: FilamentBasis) -> Credited {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates at 0")]
    let millionths = (amount * 1e6).round() as u64;
    Credited { millionths, basis }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn metres(metres: f64) -> Filament {
        Filament { metres: Some(metres), grams: None }
    }

    const NOTHING: Filament = Filament { metres: None, grams: None };

    /// The credited length of a print, in metres: stated at its start, in a report, and at its end, and planned.
    fn credit(used: [Filament; 3], planned: Filament, outcome: Outcome) -> Option<(f64, FilamentBasis)> {
        let mut filament = FilamentUse::default();
        let report =
            |used| PrintReport { filament_used: used, filament_planned: planned, ..PrintReport::default() };
        filament.start(&report(used[0]));
        for (used, is_end) in [(used[0], false), (used[1], false), (used[2], true)] {
            filament.note(&report(used), is_end);
        }
        let EndedFilament { length, mass } = filament.credit(outcome, Some(0.25));
        assert_eq!(mass, None, "a length is no mass");
        length.map(|credited| (credited.amount(), credited.basis))
    }

    #[test]
    fn what_was_stated_counts_else_what_was_planned_for_the_completed_part() {
        use FilamentBasis::{Planned, Stated};
        use Outcome::{Cancelled, Completed, Failed};
        let (none, some) = (NOTHING, metres);
        let cases = [
            ("nothing is told", [none, none, none], none, Completed, None),
            ("stated at the end", [none, none, some(5.5)], some(8.0), Completed, Some((5.5, Stated))),
            ("stated before the end", [some(0.0), some(4.0), none], none, Failed, Some((4.0, Stated))),
            ("0 at the start says nothing", [some(0.0), none, none], none, Failed, None),
            ("0 at the start, and a plan", [some(0.0), none, none], some(8.0), Failed, Some((2.0, Planned))),
            ("0 at the end", [some(0.0), none, some(0.0)], some(8.0), Failed, Some((0.0, Stated))),
            ("planned, completed", [none, none, none], some(8.0), Completed, Some((8.0, Planned))),
            ("planned, a quarter done", [none, none, none], some(8.0), Cancelled, Some((2.0, Planned))),
            ("a count that went on", [some(6.0), some(6.5), some(9.0)], none, Completed, Some((3.0, Stated))),
            (
                "a count of before that began again",
                [some(6.0), some(0.5), some(9.0)],
                none,
                Completed,
                Some((9.0, Stated)),
            ),
            (
                "a count that fell at the end",
                [some(6.0), none, some(2.0)],
                none,
                Completed,
                Some((2.0, Stated)),
            ),
        ];
        for (case, used, planned, outcome, expected) in cases {
            assert_eq!(credit(used, planned, outcome), expected, "{case}");
        }
    }

    #[test]
    fn without_any_progress_a_plan_says_nothing_of_a_print_that_was_not_completed() {
        let mut filament = FilamentUse::default();
        let filament_planned = Filament { metres: Some(8.0), grams: Some(20.0) };
        filament.note(&PrintReport { filament_planned, ..PrintReport::default() }, true);
        assert_eq!(filament.credit(Outcome::Unknown, None), EndedFilament::default());
        let whole = filament.credit(Outcome::Completed, None);
        assert_eq!(
            (whole.length.map(Credited::amount), whole.mass.map(Credited::amount)),
            (Some(8.0), Some(20.0))
        );
    }
}
