//! Printers that are silent, lost, or in an error.

use super::*;

#[test]
fn a_silent_printer_becomes_unknown_and_a_late_end_still_ends_its_print() {
    let mut story = Story::default();
    let report =
        PrintReport { remaining: Some(secs(1000.0)), estimate: Some(secs(1000.0)), ..file("a.gcode") };
    story.tell(EventKind::Started, report);
    let limit = 1000.0 + 500.0 + 3600.0;
    assert_eq!(story.after(limit).state(), State::Printing);
    assert_eq!(story.after(1.0).state(), State::Unknown);
    assert_eq!(story.after(90_000.0).printed(), limit, "no time is credited beyond the limit");
    story.tell(DONE, elapsed("a.gcode", 6000.0));
    assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 6000.0));
}

#[test]
fn a_print_without_an_estimate_may_be_silent_for_a_day() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    assert_eq!(story.after(86_400.0).state(), State::Printing);
    assert_eq!(story.after(1.0).state(), State::Unknown);
    story.tell(EventKind::Started, file("a.gcode"));
    assert_eq!((story.state(), story.counts()), (State::Printing, [2, 0, 0, 0, 1, 1]));
}

#[test]
fn a_pending_error_becomes_unknown_in_silence_and_failed_at_the_next_start() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.tell(EventKind::Error, PrintReport::default());
    assert_eq!(story.after(100_000.0).state(), State::Unknown);
    story.tell(EventKind::Started, file("a.gcode"));
    assert_eq!(story.counts(), [2, 0, 0, 1, 0, 1]);
}

#[test]
fn an_idle_printer_may_be_silent_indefinitely() {
    let mut story = Story::default();
    story.tell(DONE, elapsed("a.gcode", 60.0));
    assert_eq!(story.after(1e7).state(), State::Idle);
}

#[test]
fn a_printer_that_is_offline_when_its_print_fails_is_unknown() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.tell(EventKind::StateReport(ReportedState::Offline), PrintReport::default());
    story.tell(FAILED, file("a.gcode"));
    assert_eq!((story.state(), story.counts()), (State::Unknown, [1, 0, 0, 1, 0, 0]));
}

#[test]
fn an_error_that_was_recovered_from_does_not_remain_after_the_print() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.tell(EventKind::Error, PrintReport::default());
    story.tell(EventKind::Progress, file("a.gcode"));
    story.tell(FAILED, file("a.gcode"));
    assert_eq!(story.state(), State::Idle);
}

#[test]
fn a_printer_that_was_offline_is_idle_when_it_reports_so() {
    let mut story = Story::default();
    story.tell(EventKind::StateReport(ReportedState::Offline), PrintReport::default());
    assert_eq!(story.state(), State::Unknown);
    story.tell(EventKind::StateReport(ReportedState::Idle), PrintReport::default());
    assert_eq!(story.state(), State::Idle);
}
