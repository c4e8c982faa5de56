//! Printers that a person retires.

use std::collections::BTreeSet;

use super::*;

fn printer(id: &str) -> Identity {
    Identity { source: Source::OCTOPRINT, id: id.into(), label: id.into(), name: id.into() }
}

fn labels(story: &Story) -> Vec<String> {
    story.farm.view().read(at(story.now)).map(|printer| printer.label.to_owned()).collect()
}

impl Story {
    /// Begins a new batch.
    fn store(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    fn start(&mut self, id: &str) -> &mut Self {
        self.tell_of(printer(id), EventKind::Started, file("a.gcode")).unwrap();
        self
    }

    fn retire(&mut self, id: &str) -> Disposition {
        self.tell_of(printer(id), EventKind::Retired, PrintReport::default()).unwrap().disposition
    }
}

#[test]
fn a_retired_printer_is_gone_and_its_open_print_ends_with_an_unknown_outcome() {
    let mut story = Story::default();
    story.start("mk3").start("mk4").after(60.0);
    assert_eq!(story.retire("mk3"), Disposition::Accepted);
    assert_eq!(labels(&story), ["mk4"]);
    let [(0, print)] = &story.changes.ended[..] else { panic!("{:?}", story.changes.ended) };
    assert_eq!((print.outcome, print.printed, print.ended), (Outcome::Unknown, secs(60.0), at(60.0)));
    assert_eq!(&*story.farm.view().printer(0).unwrap().label, "mk3", "the print is stored with its label");
    assert_eq!(story.retire("mk3"), Disposition::Duplicate, "it is gone already");
    assert_eq!(story.retire("never"), Disposition::Duplicate);
    assert_eq!(labels(&story), ["mk4"]);
}

#[test]
fn its_name_is_free_and_its_next_webhook_begins_a_new_life() {
    let mut story = Story::default();
    story.start("mk3").after(60.0).retire("mk3");
    let other = Identity { source: Source::OCTOEVERYWHERE, ..printer("mk3") };
    story.tell_of(other, EventKind::Notice, PrintReport::default()).unwrap();
    story.start("mk3");
    assert_eq!(labels(&story), ["mk3", "mk3-2"]);
    assert!(story.farm.view().read(at(story.now)).all(|printer| printer.printed.is_zero()));
}

#[test]
fn its_position_is_free_for_another_printer_once_that_is_stored() {
    let mut story = Story::default();
    story.start("a").start("b").retire("a");
    story.start("c");
    assert_eq!(story.store().printers, BTreeSet::from([0, 1, 2]));
    story.start("d");
    assert_eq!(story.store().printers, BTreeSet::from([0]));
    assert_eq!(labels(&story), ["d", "b", "c"]);
}

#[test]
fn a_retired_printer_does_not_count_for_the_limit() {
    let limits = Limits { printers: 2, ..Limits::default() };
    let mut story = Story::default();
    story.start("a").start("b").retire("a");
    let mut tell = |id| {
        let event = Event {
            printer: printer(id),
            received: at(0.0),
            sent: None,
            kind: EventKind::Notice,
            report: PrintReport::default(),
        };
        story.farm.apply(&event, ApplyTime::at(at(0.0)), &limits, &mut story.changes)
    };
    assert!(tell("c").is_ok());
    assert_eq!(tell("d"), Err(TooManyPrinters { limit: 2 }));
}

#[test]
fn a_retirement_that_cannot_be_stored_is_undone() {
    let mut story = Story::default();
    story.start("a").start("b").after(60.0);
    let mut published = View::default();
    let stored = story.store();
    published.publish(&story.farm, &stored);
    story.retire("a");
    story.start("c");
    let changes = story.store();
    story.farm.roll_back(&published, &changes);
    assert_eq!(labels(&story), ["a", "b"]);
    assert_eq!(story.retire("a"), Disposition::Accepted, "it is known again");
}
