//! What nobody announced, or what is announced in another way: ends of pauses, of errors, and of prints.

use super::*;

#[test]
fn a_cancel_that_an_error_caused_is_a_failure() {
    let fails = || PrintReport { says_failing: true, ..PrintReport::default() };
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(60.0).tell(EventKind::Notice, fails());
    story.tell(CANCELLED, elapsed("a.gcode", 60.5));
    assert_eq!((story.counts(), story.state()), ([1, 0, 0, 1, 0, 0], State::Idle));
    assert_eq!(story.tell(CANCELLED, elapsed("a.gcode", 60.5)), Disposition::Duplicate);

    story.after(600.0).tell(EventKind::Started, file("a.gcode"));
    story.after(60.0).tell(CANCELLED, elapsed("a.gcode", 60.5));
    assert_eq!(story.counts(), [2, 0, 1, 1, 0, 0], "an error is about one print");

    story.after(600.0).tell(EventKind::Notice, fails());
    story.tell(CANCELLED, elapsed("b.gcode", 60.5));
    assert_eq!(story.counts(), [3, 0, 1, 2, 0, 0], "the start was lost");

    story.after(600.0).tell(EventKind::Notice, fails());
    story.after(600.0).tell(EventKind::Started, file("c.gcode"));
    story.after(60.0).tell(CANCELLED, PrintReport { says_failing: true, ..elapsed("c.gcode", 60.5) });
    assert_eq!(story.counts(), [4, 0, 1, 3, 0, 0], "the end names the error itself");
    story.after(600.0).tell(EventKind::Notice, fails());
    story.tell(DONE, elapsed("d.gcode", 60.5));
    assert_eq!(story.counts(), [5, 1, 1, 3, 0, 0], "a completed print is complete");
}

#[test]
fn a_cleared_error_leaves_what_was_before_it() {
    let cleared = EventKind::StateReport(ReportedState::ErrorCleared);
    for (before, state) in [
        (&[][..], State::Idle),
        (&[EventKind::Started], State::Printing),
        (&[EventKind::Started, EventKind::Paused], State::Paused),
    ] {
        let mut story = Story::default();
        for kind in before {
            story.after(60.0).tell(*kind, file("a.gcode"));
        }
        story.after(60.0).tell(EventKind::Error, PrintReport::default());
        assert_eq!(story.state(), State::Error);
        story.after(60.0).tell(cleared, PrintReport::default());
        assert_eq!(story.state(), state, "{before:?}");
    }
    let mut story = Story::default();
    story.tell(EventKind::StateReport(ReportedState::Offline), PrintReport::default());
    story.tell(cleared, PrintReport::default());
    assert_eq!(story.state(), State::Unknown, "it was not in an error");
}

/// A report of `a.gcode` with the time that remains.
fn remains(seconds: f64) -> PrintReport {
    PrintReport { remaining: Some(secs(seconds)), ..file("a.gcode") }
}

#[test]
fn a_pause_whose_end_nobody_announced_lasted_as_long_as_the_time_left_stood_still() {
    let cases = [
        ("half of it", 2000.0, (1600.0, 1000.0)),
        ("all of it", 3000.0, (600.0, 2000.0)),
        ("more than all of it", 4000.0, (600.0, 2000.0)),
        ("none of it", 1000.0, (2600.0, 0.0)),
        ("less than none of it", 0.0, (2600.0, 0.0)),
    ];
    for (name, left, times) in cases {
        let mut story = Story::default();
        story.tell(EventKind::Started, remains(3600.0));
        story.after(600.0).tell(EventKind::StateReport(ReportedState::Paused), PrintReport::default());
        story.after(2000.0).tell(EventKind::Progress, remains(left));
        assert_eq!((story.printed(), story.paused()), times, "{name}");
        story.after(100.0).tell(EventKind::Resumed, remains(left));
        assert_eq!(story.printed(), times.0 + 100.0, "{name}");
    }
    let mut story = Story::default();
    story.tell(EventKind::Started, remains(3600.0));
    story.after(600.0).tell(EventKind::Paused, file("a.gcode"));
    story.after(2000.0).tell(EventKind::Resumed, remains(0.0));
    assert_eq!((story.printed(), story.paused()), (600.0, 2000.0), "the end of the pause was announced");
}

#[test]
fn a_print_that_is_completed_out_of_a_pause_has_printed_what_was_left() {
    let mut story = Story::default();
    story.tell(EventKind::Started, remains(3600.0));
    story.after(600.0).tell(EventKind::Paused, file("a.gcode"));
    let end = PrintReport { elapsed: Some(Elapsed::WithPauses(secs(5600.0))), ..file("a.gcode") };
    story.after(5000.0).tell(DONE, end);
    assert_eq!((story.printed(), story.paused()), (3600.0, 2000.0));
}

#[test]
fn a_print_that_is_first_heard_of_in_a_pause_has_printed_before_it() {
    for (outcome, after) in [(Outcome::Completed, 0.0), (Outcome::Cancelled, 0.0), (Outcome::Completed, 50.0)]
    {
        let mut story = Story::default();
        story.tell(EventKind::FailureWarning(WarningAction::Paused), file("a.gcode"));
        story.after(900.0);
        if after > 0.0 {
            story.tell(EventKind::Resumed, file("a.gcode"));
        }
        let lasted = Some(Elapsed::WithPauses(secs(4500.0 + after)));
        story
            .after(after)
            .tell(EventKind::Ended(outcome), PrintReport { elapsed: lasted, ..file("a.gcode") });
        assert_eq!((story.printed(), story.paused()), (3600.0 + after, 900.0), "{outcome:?}");
    }
}

#[test]
fn a_print_out_of_reach_is_unknown_and_a_cancel_tells_nothing_of_the_time_since() {
    let lasted =
        |seconds: f64| PrintReport { elapsed: Some(Elapsed::WithPauses(secs(seconds))), ..file("a.gcode") };
    for (outcome, printed) in
        [(Outcome::Cancelled, 600.0), (Outcome::Completed, 5600.0), (Outcome::Failed, 5600.0)]
    {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        story.after(600.0).tell(EventKind::StateReport(ReportedState::Unreachable), PrintReport::default());
        assert_eq!(story.after(5000.0).state(), State::Unknown);
        story.tell(EventKind::Ended(outcome), lasted(5600.0));
        assert_eq!(story.printed(), printed, "{outcome:?}");
    }
    let mut story = Story::default();
    story.tell(EventKind::Started, remains(7200.0));
    story.after(600.0).tell(EventKind::StateReport(ReportedState::Unreachable), PrintReport::default());
    story.after(3000.0).tell(EventKind::Progress, remains(3600.0));
    assert_eq!((story.state(), story.printed()), (State::Printing, 3600.0), "it has printed on");
}

#[test]
fn an_error_does_not_outlast_a_print_whose_printer_is_ready_for_another() {
    for (says_ready, state) in [(true, State::Idle), (false, State::Error)] {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        story.after(60.0).tell(EventKind::Error, PrintReport::default());
        story
            .after(60.0)
            .tell(EventKind::Ended(Outcome::Failed), PrintReport { says_ready, ..file("a.gcode") });
        assert_eq!(story.state(), state);
    }
}
