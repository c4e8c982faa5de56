//! Events that are late, repeated, or overtaken by others.

use super::*;

#[test]
fn what_is_late_opens_no_print() {
    let idle = || PrintReport { says_idle: true, progress: Some(1.0), ..file("a.gcode") };
    for kind in [EventKind::Progress, EventKind::Paused, EventKind::Resumed] {
        for (name, after, report) in [
            ("it states the time of the print that ended", 60.0, elapsed("a.gcode", 3599.0)),
            ("it states no time a moment later", 1.0, file("a.gcode")),
            ("it says that nothing prints", 1000.0, idle()),
        ] {
            let mut story = after_an_hour();
            story.after(after).tell(kind, report);
            assert_eq!(
                (story.state(), story.counts()),
                (State::Idle, [1, 1, 0, 0, 0, 0]),
                "{kind:?}: {name}"
            );
        }
    }
    let mut story = after_an_hour();
    story.after(700.0).tell(EventKind::Progress, elapsed("a.gcode", 690.0));
    assert_eq!((story.counts(), story.printed()), ([2, 1, 0, 0, 0, 1], 4290.0), "this one is a new print");
}

#[test]
fn what_is_late_does_not_touch_the_next_print() {
    for next in ["a.gcode", "b.gcode"] {
        for kind in [EventKind::Progress, EventKind::Paused, DONE, CANCELLED] {
            let mut story = after_an_hour();
            story.after(1.0).tell(EventKind::Started, file(next));
            story.after(1.0).tell(kind, elapsed("a.gcode", 3600.25));
            assert_eq!(
                (story.state(), story.counts()),
                (State::Printing, [2, 1, 0, 0, 0, 1]),
                "{kind:?}, {next}"
            );
            assert_eq!(story.after(10.0).printed(), 3611.0);
        }
    }
}

#[test]
fn an_end_that_arrives_after_the_next_start_does_not_end_that_print() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(3500.0).tell(EventKind::Progress, elapsed("a.gcode", 3500.0));
    story.after(101.0).tell(EventKind::Started, file("a.gcode"));
    story.after(1.0).tell(DONE, elapsed("a.gcode", 3600.5));
    assert_eq!((story.state(), story.counts()), (State::Printing, [2, 0, 0, 0, 1, 1]));
}

#[test]
fn a_pause_that_arrives_after_the_resume_does_not_pause() {
    for (print_id, after) in [(Some("one"), 0.5), (Some("one"), 200.0), (None, 0.5), (None, 200.0)] {
        let report = |seconds| PrintReport { print_id: print_id.map(Into::into), ..named("", seconds) };
        let mut story = Story::default();
        story.tell(EventKind::Started, report(0.0));
        story.after(130.0).tell(EventKind::Resumed, report(130.0));
        assert_eq!(story.after(after).tell(EventKind::Paused, report(100.0)), Disposition::Duplicate);
        assert_eq!(
            (story.state(), story.counts()),
            (State::Printing, [1, 0, 0, 0, 0, 1]),
            "{print_id:?}, {after} s"
        );
    }
}

#[test]
fn a_progress_that_arrives_after_the_pause_does_not_resume() {
    let mut story = Story::default();
    story.tell(EventKind::Started, named("one", 0.0));
    story.after(130.0).tell(EventKind::Paused, named("one", 130.0));
    story.after(20.0).tell(EventKind::Progress, named("one", 100.0));
    assert_eq!(story.state(), State::Paused);
}

#[test]
fn a_pause_after_the_clock_of_the_sender_was_set_back_still_pauses() {
    let mut story = Story::default();
    story.tell(EventKind::Started, reports("one", 0.0, 0.0, 3600.0));
    story.after(1800.0).tell(EventKind::Progress, reports("one", 0.5, 1800.0, 1800.0));
    story.after(60.0).tell(EventKind::Progress, reports("one", 0.52, 60.0, 1740.0));
    story.after(60.0).tell(EventKind::Paused, reports("one", 0.53, 120.0, 1680.0));
    assert_eq!((story.state(), story.printed()), (State::Paused, 1920.0));
}

#[test]
fn a_print_that_is_cancelled_twice_ends_once_in_either_order() {
    let with_reason = || elapsed("a.gcode", 61.5);
    for ends in [[with_reason(), file("a.gcode")], [file("a.gcode"), with_reason()]] {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        story.after(50.0).tell(EventKind::Paused, elapsed("a.gcode", 50.0));
        story.after(11.5);
        for end in ends {
            story.after(0.04).tell(CANCELLED, end);
        }
        story.after(0.04).tell(EventKind::Paused, elapsed("a.gcode", 50.0));
        assert_eq!((story.state(), story.counts()), (State::Idle, [1, 0, 1, 0, 0, 0]));
    }
}

#[test]
fn an_error_that_is_repeated_within_moments_counts_once() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    let mut tell = |after| story.after(after).tell(EventKind::Error, PrintReport::default());
    let dispositions = [10.0, 0.01, 5.0].map(&mut tell);
    assert_eq!(dispositions, [Disposition::Accepted, Disposition::Duplicate, Disposition::Duplicate]);
    assert_eq!(tell(60.0), Disposition::Accepted, "this one is another");
    assert_eq!(story.read().totals.errors, 2);
}

#[test]
fn a_progress_that_says_that_nothing_prints_leaves_the_state_of_an_open_print_unknown() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story
        .after(100.0)
        .tell(EventKind::Progress, PrintReport { says_idle: true, ..elapsed("a.gcode", 100.0) });
    assert_eq!((story.state(), story.after(50.0).printed()), (State::Unknown, 100.0));
    story.tell(DONE, elapsed("a.gcode", 101.5));
    assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 101.5));
}

#[test]
fn a_start_that_states_the_progress_of_the_open_print_is_none() {
    let mut story = Story::default();
    story.tell(EventKind::Started, reports("one", 0.0, 0.0, 3600.0));
    story.after(1800.0).tell(EventKind::Progress, reports("one", 0.5, 1800.0, 1800.0));
    story.after(60.0).tell(EventKind::Started, reports("two", 0.52, 0.0, 1740.0));
    story.after(1740.0).tell(DONE, reports("two", 1.0, 1740.0, 0.0));
    assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 3600.0));
}

#[test]
fn a_print_that_began_while_the_end_before_it_was_on_its_way_is_one() {
    let mut story = after_an_hour();
    for _ in 0..2 {
        story.after(3600.0).tell(DONE, elapsed("a.gcode", 3610.0));
    }
    assert_eq!((story.counts(), story.printed()), ([3, 3, 0, 0, 0, 0], 3.0 * 3600.0));
}

#[test]
fn a_report_that_was_sent_before_one_that_has_arrived_is_late() {
    let mut story = Story::default();
    for (sent, kind) in [(0, EventKind::Started), (130, EventKind::Resumed), (100, EventKind::Paused)] {
        let event = Event {
            printer: identity(),
            received: at(story.after(60.0).now),
            sent: Some(Timestamp::from_micros(sent * 1_000_000)),
            kind,
            report: file("a.gcode"),
        };
        story.apply(&event).unwrap();
    }
    assert_eq!(story.state(), State::Printing);
}

#[test]
fn an_event_whose_id_came_before_changes_nothing() {
    let mut story = Story::default();
    let report = |id: &str| PrintReport { event_id: Some(id.into()), ..file("a.gcode") };
    let told = [
        (EventKind::Started, "1", Disposition::Accepted),
        (EventKind::Paused, "2", Disposition::Accepted),
        (EventKind::Resumed, "3", Disposition::Accepted),
        (EventKind::Paused, "2", Disposition::Duplicate),
        (EventKind::Error, "4", Disposition::Accepted),
        (EventKind::Resumed, "5", Disposition::Accepted),
        (EventKind::Error, "4", Disposition::Duplicate),
    ];
    for (kind, id, disposition) in told {
        assert_eq!(story.after(600.0).tell(kind, report(id)), disposition, "{kind:?} {id}");
    }
    assert_eq!((story.state(), story.read().totals.errors), (State::Printing, 1));
    assert_eq!(story.after(86_400.0).tell(EventKind::Paused, report("2")), Disposition::Accepted);
}

#[test]
fn a_start_that_its_own_end_overtook_opens_nothing() {
    let cases = [
        ("at once", 0.001, file("a.gcode"), [1, 0, 0, 1, 0, 0]),
        ("without a name", 0.001, PrintReport::default(), [1, 0, 0, 1, 0, 0]),
        ("after a retry", 1.5, file("a.gcode"), [1, 0, 0, 1, 0, 0]),
        ("of another file", 0.001, file("b.gcode"), [2, 0, 0, 1, 0, 1]),
        ("of the next print", 5.0, file("a.gcode"), [2, 0, 0, 1, 0, 1]),
    ];
    for (name, after, report, counts) in cases {
        let mut story = Story::default();
        story.tell(EventKind::Ended(Outcome::Failed), file("a.gcode"));
        story.after(after).tell(EventKind::Started, report);
        assert_eq!(story.counts(), counts, "{name}");
    }
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(60.0).tell(DONE, file("a.gcode"));
    story.after(1.0).tell(EventKind::Started, file("a.gcode"));
    assert_eq!(story.counts(), [2, 1, 0, 0, 0, 1], "the print that ended was announced");
}

#[test]
fn a_start_that_a_pause_overtook_resumes_nothing() {
    let mut story = Story::default();
    story.tell(EventKind::Paused, elapsed("a.gcode", 3.0));
    story.tell(EventKind::Started, elapsed("a.gcode", 0.0));
    assert_eq!((story.state(), story.counts()), (State::Paused, [1, 0, 0, 0, 0, 1]));
}

#[test]
fn a_start_that_states_another_time_is_not_the_last_one_repeated() {
    let stated =
        |seconds: f64| PrintReport { elapsed: Some(Elapsed::WithPauses(secs(seconds))), ..file("a.gcode") };
    for (second, starts) in [(0.15, 1), (0.0, 1), (0.22, 2)] {
        let mut story = Story::default();
        story.tell(EventKind::Started, stated(0.15));
        story.after(30.0).tell(EventKind::Started, stated(second));
        assert_eq!(story.counts()[0], starts, "{second} s");
    }
}

#[test]
fn a_pause_that_is_reported_twice_within_moments_begins_with_the_second_report() {
    for (again, times) in [(2.0, (62.0, 10.0)), (6.0, (60.0, 16.0))] {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        story.after(60.0).tell(EventKind::FailureWarning(WarningAction::Paused), file("a.gcode"));
        story.after(again).tell(EventKind::Paused, file("a.gcode"));
        story.after(10.0).tell(EventKind::Resumed, file("a.gcode"));
        assert_eq!((story.printed(), story.paused()), times, "{again} s later");
    }
}

#[test]
fn an_end_that_the_next_start_of_its_file_overtook_does_not_end_that_print() {
    let minutes = |minutes: f64| PrintReport {
        elapsed: Some(Elapsed::InMinutes(secs(minutes * 60.0))),
        ..file("a.gcode")
    };
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(7200.0).tell(EventKind::Started, file("a.gcode"));
    assert_eq!(story.after(10.0).tell(DONE, minutes(119.0)), Disposition::Duplicate);
    assert_eq!(story.counts(), [2, 0, 0, 0, 1, 1]);
    story.after(3600.0).tell(DONE, minutes(60.0));
    assert_eq!((story.counts(), story.printed()), ([2, 1, 0, 0, 1, 0], 10_810.0));
}
