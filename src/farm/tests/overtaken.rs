//! Events that waited in an outbox while others were applied.

use super::*;

impl Story {
    /// Applies an event that was received `ago` seconds before now.
    fn tell_late(&mut self, ago: f64, kind: EventKind, report: PrintReport) -> Disposition {
        let event = Event { printer: identity(), received: at(self.now - ago), sent: None, kind, report };
        let time = self.time();
        self.farm.apply(&event, time, &Limits::default(), &mut self.changes).unwrap().disposition
    }
}

const DONE: EventKind = EventKind::Ended(Outcome::Completed);

#[test]
fn a_late_event_does_not_touch_a_print_that_began_since() {
    let late = [
        (EventKind::Started, file("a.gcode")),
        (EventKind::Progress, elapsed("a.gcode", 500.0)),
        (EventKind::Paused, elapsed("b.gcode", 500.0)),
        (EventKind::StateReport(ReportedState::Offline), PrintReport::default()),
        (EventKind::Error, PrintReport::default()),
        (EventKind::Attention(AttentionReason::FilamentChange), PrintReport::default()),
    ];
    for (kind, report) in late {
        let mut story = Story::default();
        story.after(1000.0).tell(EventKind::Started, file("b.gcode"));
        let print = format!("{:?}", story.after(60.0).read().print);
        assert_eq!(story.tell_late(70.0, kind, report), Disposition::Duplicate, "{kind:?}");
        assert_eq!(format!("{:?}", story.read().print), print, "{kind:?}");
        assert_eq!((story.counts(), story.state()), ([1, 0, 0, 0, 0, 1], State::Printing), "{kind:?}");
    }
}

#[test]
fn a_late_end_of_a_print_that_nobody_has_heard_of_counts_beside_the_open_one() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(100.0).tell(DONE, elapsed("a.gcode", 100.0));
    story.after(400.0).tell(EventKind::Started, file("c.gcode"));
    story.after(50.0);
    assert_eq!(story.tell_late(350.0, EventKind::Started, file("b.gcode")), Disposition::Duplicate);
    assert_eq!(story.tell_late(150.0, DONE, elapsed("b.gcode", 200.0)), Disposition::Accepted);
    assert_eq!(story.counts(), [3, 2, 0, 0, 0, 1]);
    assert_eq!(story.printed(), 100.0 + 200.0 + 50.0);
    assert_eq!(story.read().print.unwrap().file, "c.gcode");
    assert_eq!(story.tell_late(150.0, DONE, elapsed("b.gcode", 200.0)), Disposition::Duplicate, "a repeat");
}

#[test]
fn a_late_end_of_a_print_that_gave_way_to_the_open_one_is_a_repeat() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(600.0).tell(EventKind::Started, file("a.gcode"));
    story.after(30.0);
    assert_eq!(story.tell_late(60.0, DONE, elapsed("a.gcode", 570.0)), Disposition::Duplicate);
    assert_eq!(story.counts(), [2, 0, 0, 0, 1, 1]);
}

#[test]
fn a_late_start_opens_no_print_that_has_ended_since() {
    let mut story = Story::default();
    story.after(100.0).tell(EventKind::Progress, elapsed("a.gcode", 50.0));
    story.after(100.0).tell(DONE, elapsed("a.gcode", 150.0));
    story.after(20.0);
    assert_eq!(story.tell_late(170.0, EventKind::Started, file("a.gcode")), Disposition::Duplicate);
    assert_eq!(story.tell_late(70.0, EventKind::Progress, elapsed("a.gcode", 100.0)), Disposition::Duplicate);
    assert_eq!((story.counts(), story.state()), ([1, 1, 0, 0, 0, 0], State::Idle));
}

#[test]
fn a_late_event_of_the_open_print_counts() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(600.0).tell(EventKind::Notice, PrintReport::default());
    assert_eq!(story.tell_late(60.0, DONE, elapsed("a.gcode", 540.0)), Disposition::Accepted);
    assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 540.0));
}

#[test]
fn a_late_warning_counts() {
    let mut story = Story::default();
    story.after(100.0).tell(EventKind::Started, file("a.gcode"));
    story.after(10.0).tell_late(
        60.0,
        EventKind::FailureWarning(WarningAction::Paused),
        PrintReport::default(),
    );
    assert_eq!(story.read().totals.failure_warnings.iter().sum::<u64>(), 1);
    assert_eq!(story.state(), State::Printing);
}
