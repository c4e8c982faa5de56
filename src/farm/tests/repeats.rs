//! What is repeated, and what is another print.

use super::*;

#[test]
fn a_start_that_is_repeated_at_once_is_a_duplicate() {
    let mut story = Story::default();
    assert_eq!(story.tell(EventKind::Started, file("a.gcode")), Disposition::Accepted);
    assert_eq!(story.after(0.3).tell(EventKind::Started, file("a.gcode")), Disposition::Duplicate);
    assert_eq!(story.counts(), [1, 0, 0, 0, 0, 1]);
}

#[test]
fn a_start_of_the_same_file_long_after_is_a_new_print_and_the_end_of_the_one_before_was_lost() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    assert_eq!(story.after(3600.0).tell(EventKind::Started, file("a.gcode")), Disposition::Accepted);
    assert_eq!(story.counts(), [2, 0, 0, 0, 1, 1]);
}

#[test]
fn a_repeated_end_is_recognized_by_its_file_its_time_and_its_arrival() {
    let cases = [
        ("the same time, a moment later", elapsed("a.gcode", 50.5), 0.02, true),
        ("the same time, an hour later", elapsed("a.gcode", 50.5), 3600.0, true),
        ("the same time, two days later", elapsed("a.gcode", 50.5), 172_800.0, false),
        ("a longer time, a moment later", elapsed("a.gcode", 70.25), 0.02, true),
        ("no time, a moment later", file("a.gcode"), 0.02, true),
        ("no file and no time, a moment later", PrintReport::default(), 0.02, true),
        ("no time, an hour later", file("a.gcode"), 3600.0, false),
        ("another file", elapsed("b.gcode", 50.5), 0.02, false),
    ];
    for (name, report, after, repeats) in cases {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        story.after(50.0).tell(CANCELLED, elapsed("a.gcode", 50.5));
        let disposition = story.after(after).tell(FAILED, report);
        assert_eq!(disposition == Disposition::Duplicate, repeats, "{name}");
        assert_eq!(story.counts(), if repeats { [1, 0, 1, 0, 0, 0] } else { [2, 0, 1, 1, 0, 0] }, "{name}");
    }
}

#[test]
fn a_printer_reset_that_is_reported_four_times_is_one_cancelled_print() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    let end = elapsed("a.gcode", 30.25);
    story.after(30.0).tell(CANCELLED, end.clone());
    story.after(0.01).tell(EventKind::Error, PrintReport::default());
    story.after(0.01).tell(CANCELLED, end);
    story.after(0.01).tell(EventKind::StateReport(ReportedState::Offline), PrintReport::default());
    assert_eq!(story.counts(), [1, 0, 1, 0, 0, 0]);
    assert_eq!((story.state(), story.read().totals.errors), (State::Unknown, 1));
}

#[test]
fn a_print_id_distinguishes_prints_permanently() {
    let mut story = Story::default();
    story.tell(EventKind::Started, named("one", 0.0));
    assert_eq!(story.after(90.0).tell(EventKind::Started, named("one", 90.0)), Disposition::Duplicate);
    story.tell(EventKind::Progress, named("two", 5.0));
    assert_eq!(story.counts(), [2, 0, 0, 0, 1, 1], "an event with another id belongs to a new print");
    assert_eq!(story.tell(DONE, named("one", 90.0)), Disposition::Duplicate, "a late end of the old one");
    story.tell(DONE, named("two", 20.0));
    for number in 3..60 {
        story.after(100.0).tell(DONE, named(&number.to_string(), 50.0));
    }
    let before = story.counts();
    for kind in [
        EventKind::Started,
        EventKind::Progress,
        EventKind::Paused,
        EventKind::Resumed,
        DONE,
        CANCELLED,
        ATTENTION,
    ] {
        assert_eq!(story.after(1e6).tell(kind, named("two", 20.0)), Disposition::Duplicate, "{kind:?}");
    }
    assert_eq!(story.counts(), before);
    assert_eq!(story.state(), State::Idle);
}

#[test]
fn a_notice_of_an_ended_print_neither_renames_nor_reopens_a_print() {
    let mut story = Story::default();
    story.tell(DONE, named("one", 50.0));
    story.tell(EventKind::Notice, named("one", 400.0));
    assert_eq!(story.counts(), [1, 1, 0, 0, 0, 0]);
    assert_eq!(story.printed(), 50.0);
}

#[test]
fn an_error_of_an_ended_print_still_counts_as_an_error() {
    let mut story = Story::default();
    story.tell(FAILED, named("one", 50.0));
    story.tell(EventKind::Error, named("one", 50.0));
    assert_eq!((story.state(), story.read().totals.errors), (State::Error, 1));
}

#[test]
fn a_smaller_elapsed_time_is_another_print_only_where_one_of_that_length_fits_in() {
    let cases = [
        ("60 s after 3600 s, ten minutes later", 600.0, 60.0, [2, 0, 0, 0, 1, 1]),
        ("3000 s after 3600 s, a moment later", 0.5, 3000.0, [1, 0, 0, 0, 0, 1]),
        ("3599 s after 3600 s, an hour later", 3600.0, 3599.0, [1, 0, 0, 0, 0, 1]),
    ];
    for (name, after, stated, expected) in cases {
        let mut story = Story::default();
        story.tell(EventKind::Progress, elapsed("a.gcode", 3600.0));
        story.after(after).tell(EventKind::Progress, elapsed("a.gcode", stated));
        assert_eq!(story.counts(), expected, "{name}");
    }
}

#[test]
fn a_print_is_counted_under_the_origin_known_at_its_start() {
    let mut story = Story::default();
    story.tell(EventKind::Started, PrintReport { origin: None, ..file("a.gcode") });
    story.tell(DONE, file("a.gcode"));
    let totals = story.read().totals.clone();
    assert_eq!((totals.started, totals.ended[Origin::Unknown.index()][0]), ([0, 0, 1], 1));
}
