//! Filament is credited once, at the end.

use proptest::prelude::*;

use super::*;
use crate::labels::FilamentBasis;

/// A report of `a.gcode` that has used so many metres.
fn used(metres: f64) -> PrintReport {
    PrintReport { filament_used: Filament { metres: Some(metres), grams: None }, ..file("a.gcode") }
}

/// A report of `a.gcode` with its progress, which should use so many grams.
fn planned(grams: f64, progress: f64) -> PrintReport {
    let filament_planned = Filament { metres: None, grams: Some(grams) };
    PrintReport { filament_planned, progress: Some(progress), ..file("a.gcode") }
}

impl Story {
    /// Length in metres and mass in grams, by outcome.
    fn filament(&self) -> [[f64; Outcome::ALL.len()]; 2] {
        let totals = self.read().totals;
        [totals.ended_filament_length, totals.ended_filament_mass]
            .map(|sums| sums.unwrap_or_default().map(millionths))
    }
}

#[test]
fn nothing_is_credited_before_the_end_and_all_of_it_once() {
    let mut story = Story::default();
    story.tell(EventKind::Started, used(0.0));
    story.after(600.0).tell(EventKind::Progress, used(3.5));
    assert_eq!(story.filament(), [[0.0; 4]; 2]);
    story.after(600.0).tell(DONE, used(7.0));
    for _ in 0..3 {
        story.after(1.0).tell(DONE, used(7.0));
        story.tell(FAILED, used(7.0));
    }
    assert_eq!(story.filament(), [[7.0, 0.0, 0.0, 0.0], [0.0; 4]]);
    let [(_, ended)] = &story.changes.ended[..] else { panic!("one end") };
    assert_eq!(ended.filament.length, Some(Credited { millionths: 7_000_000, basis: FilamentBasis::Stated }));
    assert_eq!(ended.filament.mass, None);
}

#[test]
fn a_print_whose_end_nobody_told_is_credited_what_was_last_known() {
    let mut story = Story::default();
    story.tell(EventKind::Started, used(0.0));
    story.after(600.0).tell(EventKind::Progress, used(3.5));
    story
        .after(600.0)
        .tell(EventKind::Started, PrintReport { print_id: Some("2".into()), ..file("b.gcode") });
    assert_eq!(story.filament()[0], [0.0, 0.0, 0.0, 3.5]);
}

#[test]
fn a_planned_amount_counts_for_the_completed_part() {
    let mut story = Story::default();
    story.tell(EventKind::Started, planned(80.0, 0.0));
    story.after(600.0).tell(EventKind::Progress, planned(80.0, 0.25));
    // Some senders show 0 when the print is over.
    story.after(600.0).tell(FAILED, PrintReport { progress: Some(0.0), ..file("a.gcode") });
    story.after(600.0).tell(EventKind::Started, planned(80.0, 0.0));
    story.after(600.0).tell(DONE, file("a.gcode"));
    assert_eq!(story.read().totals.ended_filament_length, None, "no length was reported");
    assert_eq!(story.filament()[1], [80.0, 0.0, 20.0, 0.0]);
    let bases = story.changes.ended.iter().map(|(_, ended)| ended.filament.mass.unwrap().basis);
    assert!(bases.eq([FilamentBasis::Planned; 2]));
}

#[test]
fn what_was_used_before_the_start_is_of_the_print_before() {
    let mut story = Story::default();
    story.tell(EventKind::Started, used(0.0));
    story.after(600.0).tell(FAILED, used(6.02));
    story.after(60.0).tell(EventKind::Started, used(6.02));
    story.after(600.0).tell(DONE, used(9.5));
    assert_eq!(story.filament()[0], [3.48, 0.0, 6.02, 0.0]);
}

proptest! {
    #[test]
    fn what_is_counted_is_what_the_ended_prints_were_credited(
        steps in proptest::collection::vec(random::step(), 1..80),
    ) {
        let mut story = Story::default();
        for (pause, late, mut event) in steps {
            story.after(pause);
            event.received = at(story.now - late);
            if event.kind != EventKind::Retired {
                story.apply(&event).unwrap();
            }
        }
        for (position, printer) in story.farm.view().read(at(story.now)).enumerate() {
            let of_printer = || story.changes.ended.iter().filter(|(of, _)| *of == position).map(|(_, ended)| ended);
            let (mut length, mut mass) = ([0; 4], [0; 4]);
            for ended in of_printer() {
                let amounts = [(&mut length, ended.filament.length), (&mut mass, ended.filament.mass)];
                for (sums, credited) in amounts {
                    let credited = credited.map_or(0, |credited| credited.millionths);
                    prop_assert!(credited <= 10_000_000, "more than was ever stated");
                    sums[ended.outcome.index()] += credited;
                }
            }
            prop_assert_eq!(printer.totals.ended_filament_length.unwrap_or_default(), length);
            prop_assert_eq!(printer.totals.ended_filament_mass.unwrap_or_default(), mass);
        }
    }
}
