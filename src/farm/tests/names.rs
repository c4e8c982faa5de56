//! One print under several names, and one name of several prints.

use super::*;

#[test]
fn a_new_print_id_or_file_is_a_print_but_is_credited_from_the_last_end_on() {
    for report in [elapsed("b.gcode", 7200.0), named("two", 7200.0)] {
        let mut story = Story::default();
        story.tell(EventKind::Started, PrintReport { print_id: Some("one".into()), ..file("a.gcode") });
        story.after(3600.0).tell(DONE, named("one", 3600.0));
        story.after(100.0).tell(DONE, report);
        assert_eq!((story.counts(), story.printed()), ([2, 2, 0, 0, 0, 0], 3700.0));
    }
}

#[test]
fn a_print_whose_id_changes_goes_on() {
    for renamed in [
        without_file(reports("two", 0.6, 60.0, 14_400.0)),
        reports("two", 0.6, 21_600.0, 14_400.0),
        without_file(PrintReport { elapsed: None, ..reports("two", 0.6, 60.0, 14_400.0) }),
    ] {
        let mut story = Story::default();
        story.tell(EventKind::Started, reports("one", 0.0, 0.0, 36_000.0));
        story.after(18_000.0).tell(EventKind::Progress, reports("one", 0.5, 18_000.0, 18_000.0));
        story.after(3600.0).tell(EventKind::Progress, renamed);
        assert_eq!((story.counts(), story.printed()), ([1, 0, 0, 0, 0, 1], 21_600.0));
        story.after(100.0).tell(EventKind::Paused, reports("one", 0.5, 18_060.0, 18_000.0));
        assert_eq!(story.state(), State::Printing, "its former id is late");
        story.after(14_300.0).tell(DONE, reports("two", 1.0, 36_000.0, 0.0));
        assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 36_000.0));
        for id in ["one", "two"] {
            assert_eq!(story.tell(DONE, reports(id, 1.0, 36_000.0, 0.0)), Disposition::Duplicate);
        }
    }
}

fn without_file(report: PrintReport) -> PrintReport {
    PrintReport { file: None, ..report }
}

#[test]
fn an_end_under_a_new_id_ends_the_open_print() {
    for end in [reports("two", 1.0, 36_000.0, 0.0), reports("two", 1.0, 0.0, 0.0)] {
        let mut story = Story::default();
        story.tell(EventKind::Started, reports("one", 0.0, 0.0, 36_000.0));
        story.after(36_000.0).tell(DONE, end);
        assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 36_000.0));
    }
}

#[test]
fn a_print_that_begins_after_the_last_report_is_not_the_open_one() {
    let mut story = Story::default();
    story.tell(EventKind::Started, reports("one", 0.0, 0.0, 3600.0));
    story.after(1800.0).tell(EventKind::Progress, reports("one", 0.5, 1800.0, 1800.0));
    story.after(7200.0).tell(EventKind::Progress, reports("two", 0.6, 3600.0, 2400.0));
    assert_eq!((story.counts(), story.printed()), ([2, 0, 0, 0, 1, 1], 9000.0));
    assert_eq!(story.changes.ended[0].1.ended, at(5400.0), "it ended before the next one began");
}

#[test]
fn a_report_before_the_start_is_of_the_same_print() {
    for report in [
        PrintReport { progress: Some(0.0), ..PrintReport::default() },
        PrintReport { remaining: Some(secs(500.0)), ..file("part.gcode") },
        PrintReport { elapsed: Some(Elapsed::WithPauses(secs(20.0))), ..PrintReport::default() },
        named("none", 0.0),
    ] {
        let mut story = Story::default();
        story.tell(EventKind::Progress, report);
        story.after(10.0).tell(EventKind::Started, named("one", 0.0));
        story.after(90.0).tell(DONE, named("one", 90.0));
        assert_eq!(story.counts(), [1, 1, 0, 0, 0, 0]);
        assert_eq!(story.tell(DONE, named("one", 90.0)), Disposition::Duplicate);
    }
}

#[test]
fn an_id_that_is_used_again_for_another_file_is_another_print() {
    let again = || PrintReport { print_id: Some("one".into()), ..file("b.gcode") };
    let other = |seconds| PrintReport { elapsed: Some(Elapsed::WithPauses(secs(seconds))), ..again() };
    let mut story = Story::default();
    story.tell(EventKind::Started, named("one", 0.0));
    story.after(100.0).tell(DONE, named("one", 100.0));
    story.after(10.0).tell(EventKind::Started, again());
    story.after(100.0).tell(DONE, other(100.0));
    assert_eq!((story.counts(), story.printed()), ([2, 2, 0, 0, 0, 0], 200.0));
    assert_eq!(story.tell(DONE, other(100.0)), Disposition::Duplicate);
}

#[test]
fn an_end_after_a_restart_of_the_sender_takes_no_time_away() {
    for (name, end) in [
        (
            "a moment, without a name",
            PrintReport { elapsed: Some(Elapsed::Either(secs(3.0))), ..PrintReport::default() },
        ),
        ("a moment", PrintReport { elapsed: Some(Elapsed::Either(secs(3.0))), ..named("one", 0.0) }),
        (
            "less than before",
            PrintReport { elapsed: Some(Elapsed::WithPauses(secs(900.0))), ..named("one", 0.0) },
        ),
    ] {
        let mut story = Story::default();
        story.tell(EventKind::Started, reports("one", 0.0, 0.0, 3600.0));
        story.after(1800.0).tell(EventKind::Progress, reports("one", 0.5, 1800.0, 1800.0));
        story.after(1800.0).tell(DONE, end);
        assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 3600.0), "{name}");
    }
}

#[test]
fn an_open_print_whose_id_is_used_for_another_file_has_ended() {
    let again = |seconds| PrintReport { print_id: Some("one".into()), ..elapsed("b.gcode", seconds) };
    for kind in [EventKind::Started, EventKind::Progress] {
        let mut story = Story::default();
        story.tell(
            EventKind::Started,
            PrintReport { print_id: Some("one".into()), ..elapsed("a.gcode", 0.0) },
        );
        story.after(3000.0).tell(
            EventKind::Progress,
            PrintReport { print_id: Some("one".into()), ..elapsed("a.gcode", 3000.0) },
        );
        story.after(600.0).tell(kind, again(1.0));
        assert_eq!(story.counts(), [2, 0, 0, 0, 1, 1], "{kind:?}");
    }
}

#[test]
fn a_print_that_goes_on_under_another_name_is_one_print() {
    let named = |name: &str, progress: f64, remaining: f64| PrintReport {
        file: Some(File { name: name.into(), path: None }),
        progress: Some(progress),
        remaining: Some(secs(remaining)),
        ..PrintReport::default()
    };
    let mut story = Story::default();
    story.tell(EventKind::Started, PrintReport::default());
    story.after(900.0).tell(EventKind::Progress, named("a", 0.12, 6000.0));
    story.after(600.0).tell(EventKind::Progress, named("b", 0.2, 5400.0));
    story.after(600.0).tell(EventKind::Progress, named("a", 0.3, 4800.0));
    story.after(600.0).tell(EventKind::Progress, named("b", 0.4, 4200.0));
    assert_eq!(story.counts(), [1, 0, 0, 0, 0, 1]);
    assert_eq!(story.read().print.unwrap().file, "a");
    story.after(600.0).tell(EventKind::Ended(Outcome::Failed), named("b", 0.5, 0.0));
    assert_eq!((story.counts(), story.printed()), ([1, 0, 0, 1, 0, 0], 3300.0));

    let mut story = Story::default();
    story.tell(EventKind::Started, named("a", 0.0, 6000.0));
    story.after(5400.0).tell(EventKind::Progress, named("b", 0.12, 6000.0));
    assert_eq!(story.counts(), [2, 0, 0, 0, 1, 1], "so much fits in since the last report");
}
