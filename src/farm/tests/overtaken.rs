//! Events that waited in an outbox while others were applied.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

impl Story {
    /// Applies an event that was received `ago` seconds before now.
    fn tell_late(&mut self, ago: f64, kind: EventKind, report: PrintReport) -> Disposition {
        let event = Event { printer: identity(), received: at(self.now - ago), sent: None, kind, report };
        let time = self.time();
        self.farm.apply(&event, time, &Limits::default(), &mut self.changes).unwrap().disposition
    }
}

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

#[test]
fn a_late_start_is_that_of_a_print_whose_progress_was_heard_before() {
    // The sender rounds its times, so the print seems to have begun just before its start or just after.
    for (stated, waited) in [(6.0, 10.0), (7.0, 10.0), (8.0, 10.0), (0.5, 1.5), (1.0, 1.5), (2.0, 1.5)] {
        let mut story = Story::default();
        let progress = PrintReport { progress: Some(0.1), ..elapsed("a.gcode", stated) };
        story.after(f64::min(waited - 0.5, 7.0)).tell(EventKind::Progress, progress);
        story.after(waited - story.now).tell_late(waited, EventKind::Started, file("a.gcode"));
        assert_eq!(story.counts(), [1, 0, 0, 0, 0, 1], "stated {stated} s");
        assert_eq!(story.after(60.0 - waited).tell(DONE, elapsed("a.gcode", 60.0)), Disposition::Accepted);
        assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 60.0), "stated {stated} s");
    }
}

#[test]
fn a_late_report_of_the_first_seconds_of_a_print_opens_no_other_one() {
    let mut story = Story::default();
    story.after(4.0).tell(EventKind::Progress, elapsed("a.gcode", 4.0));
    story.after(3.0);
    assert_eq!(story.tell_late(5.0, EventKind::Progress, elapsed("a.gcode", 1.0)), Disposition::Duplicate);
    assert_eq!((story.counts(), story.printed()), ([1, 0, 0, 0, 0, 1], 7.0));
}

/// What a sender reports of a print with this length: when, after its start, and what.
fn reports(print: usize, length: f64) -> Vec<(f64, EventKind, PrintReport)> {
    let name = format!("{}.gcode", print / 2);
    let progress = (1..10).map(|tenth| {
        let (done, printed) = (f64::from(tenth) / 10.0, length * f64::from(tenth) / 10.0);
        let report = PrintReport { progress: Some(done), ..elapsed(&name, printed.round()) };
        (printed, EventKind::Progress, report)
    });
    let start = std::iter::once((0.0, EventKind::Started, file(&name)));
    start.chain(progress).chain([(length, DONE, elapsed(&name, length))]).collect()
}

proptest! {
    /// A printer's webhooks go to one replica, to the other one while that is down, and back, while the database is away.
    #[test]
    fn every_print_counts_once_whose_webhooks_wait_in_two_outboxes(
        prints in vec((1.0..60.0, 12.0..100.0), 1..5),
        begin in 0.0..150.0,
        [down, up, end] in [0.1..10.0, 0.5..5.0, 0.1..10.0],
        the_other_is_first in any::<bool>(),
    ) {
        let mut time = 0.0;
        let mut told = Vec::new();
        for (number, (gap, length)) in prints.iter().enumerate() {
            time += gap;
            told.extend(reports(number, *length).into_iter().map(|(at, kind, report)| (time + at, kind, report)));
            time += length;
        }
        let (down, up, end) = (begin + down, begin + down + up, begin + down + up + end);
        let mut story = Story::default();
        let (now, waiting): (Vec<_>, Vec<_>) =
            told.into_iter().partition(|(at, ..)| !(begin..end).contains(at));
        let (other, own): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(at, ..)| (down..up).contains(at));
        let late = if the_other_is_first { [other, own] } else { [own, other] };
        let (before, after): (Vec<_>, Vec<_>) = now.into_iter().partition(|(at, ..)| *at < begin);
        let arrivals = before.into_iter().chain(late.into_iter().flatten()).chain(after);
        for (at, kind, report) in arrivals {
            story.now = if (begin..end).contains(&at) { end } else { at };
            story.tell_late(story.now - at, kind, report);
        }
        let counts = story.counts();
        prop_assert_eq!((counts[0], counts[5]), (prints.len() as u64, 0), "{:?}", counts);
    }
}
