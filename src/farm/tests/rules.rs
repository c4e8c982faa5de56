//! The rules about prints, against events that are late, repeated, renamed, or state what cannot be.

use super::*;

const DONE: EventKind = EventKind::Ended(Outcome::Completed);
const CANCELLED: EventKind = EventKind::Ended(Outcome::Cancelled);

/// A report with a print id, its progress, what remains, and an elapsed time with pauses.
fn reports(print_id: &str, progress: f64, seconds: f64, remaining: f64) -> PrintReport {
    PrintReport {
        progress: Some(progress),
        remaining: Some(secs(remaining)),
        estimate: Some(secs(seconds + remaining)),
        ..named(print_id, seconds)
    }
}

fn without_names(report: PrintReport) -> PrintReport {
    PrintReport { print_id: None, file: None, origin: None, ..report }
}

/// An hour's print of `a.gcode` that has just ended.
fn after_an_hour() -> Story {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(3600.0).tell(DONE, elapsed("a.gcode", 3600.0));
    story
}

#[test]
fn an_end_that_reaches_back_before_the_last_end_repeats_it() {
    for (after, stated) in
        [(0.02, 3600.5), (0.02, 3599.9), (5.0, 3605.0), (600.0, 4200.0), (86_400.0, 90_000.0)]
    {
        let mut story = after_an_hour();
        let disposition = story.after(after).tell(CANCELLED, elapsed("a.gcode", stated));
        assert_eq!(disposition, Disposition::Duplicate, "{stated} s, {after} s later");
        assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 3600.0));
    }
}

#[test]
fn the_ends_of_a_print_that_failed_at_once_are_one() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(1.5).tell(CANCELLED, elapsed("a.gcode", 1.5));
    for more in 1..12 {
        story.after(0.01).tell(CANCELLED, elapsed("a.gcode", 1.5 + f64::from(more) / 10.0));
    }
    assert_eq!(story.counts(), [1, 0, 1, 0, 0, 0]);
}

#[test]
fn ends_alone_are_prints_where_each_fits_in_after_the_last_end() {
    let mut story = Story::default();
    for _ in 0..4 {
        story.after(1800.0).tell(DONE, elapsed("a.gcode", 1440.0));
    }
    assert_eq!((story.counts(), story.printed()), ([4, 4, 0, 0, 0, 0], 4.0 * 1440.0));
}

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
fn the_time_between_two_ends_is_measured_by_the_sender_s_clock() {
    let tell = |sent: i64, disposition| {
        let mut story = after_an_hour();
        for (sent, stated) in [(0, 20.5), (sent, 1000.75)] {
            let event = Event {
                printer: identity(),
                received: at(story.after(100.0).now),
                sent: Some(Timestamp::from_micros(sent * 1_000_000)),
                kind: DONE,
                report: elapsed("a.gcode", stated),
            };
            let applied = story.farm.apply(&event, story.time(), &Limits::default(), &mut story.changes);
            assert!(stated < 1000.0 || applied.unwrap().disposition == disposition, "sent {sent} s later");
        }
    };
    tell(1200, Disposition::Accepted);
    tell(1, Disposition::Duplicate);
    tell(-500, Disposition::Duplicate);
}

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
fn no_more_is_believed_than_was_measured_since_an_announced_start() {
    let absurd = 20.0 * 86_400.0;
    let mut story = Story::default();
    story.tell(EventKind::Started, reports("one", 0.0, 0.0, 3600.0));
    story.after(60.0).tell(EventKind::Progress, reports("one", 0.1, absurd, 3240.0));
    assert_eq!(story.printed(), 60.0);
    story.after(60.0).tell(EventKind::Paused, reports("one", 0.1, absurd + 60.0, 3240.0));
    story.after(60.0).tell(EventKind::Resumed, reports("one", 0.1, absurd + 120.0, 3240.0));
    story.after(60.0).tell(DONE, reports("one", 1.0, absurd + 180.0, 0.0));
    assert_eq!((story.counts(), story.printed(), story.paused()), ([1, 1, 0, 0, 0, 0], 180.0, 60.0));
}

#[test]
fn a_start_may_be_announced_some_minutes_late() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(60.0).tell(EventKind::Progress, elapsed("a.gcode", 300.0));
    assert_eq!(story.printed(), 300.0);
    let mut story = after_an_hour();
    story.after(20.0).tell(EventKind::Started, file("b.gcode"));
    story.after(60.0).tell(EventKind::Progress, elapsed("b.gcode", 80.0));
    assert_eq!(story.printed(), 3680.0, "but not before the last end");
    story.after(10.0).tell(EventKind::Progress, elapsed("b.gcode", 300.0));
    assert_eq!(story.printed(), 3690.0);
}

#[test]
fn the_time_of_the_print_before_is_not_credited_to_the_next() {
    let mut story = Story::default();
    story.tell(EventKind::Started, reports("one", 0.0, 0.0, 3600.0));
    story.after(3600.0).tell(DONE, reports("one", 1.0, 3600.0, 0.0));
    story.after(60.0).tell(EventKind::Started, reports("two", 0.0, 3600.0, 7200.0));
    story.after(60.0).tell(EventKind::Progress, reports("two", 0.01, 3660.0, 7140.0));
    assert_eq!((story.counts(), story.printed()), ([2, 1, 0, 0, 0, 1], 3660.0));
}

#[test]
fn webhooks_that_arrive_in_one_burst_are_explained_by_the_estimate() {
    let mut story = Story::default();
    story.tell(EventKind::Started, reports("one", 0.0, 0.0, 36_000.0));
    story.tell(EventKind::Progress, reports("one", 0.9, 32_400.0, 3600.0));
    story.tell(DONE, without_names(reports("", 1.0, 0.0, 0.0)));
    assert_eq!(story.printed(), 32_400.0, "and a stated 0 at the end is no evidence");
    story.tell(EventKind::Started, reports("two", 0.0, 0.0, 7200.0));
    story.tell(DONE, reports("two", 1.0, 7200.0, 0.0));
    assert_eq!((story.counts(), story.printed()), ([2, 2, 0, 0, 0, 0], 39_600.0));
}

#[test]
fn the_final_time_of_a_monotonic_clock_is_believed_as_far_as_it_fits_in_since_the_last_end() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(1.0).tell(EventKind::Progress, elapsed("a.gcode", 3000.0));
    assert_eq!(story.printed(), 1.0, "progress is bounded by what was measured");
    story.after(1.0).tell(DONE, elapsed("a.gcode", 3600.25));
    assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 3600.25));

    story.after(7200.0).tell(EventKind::Started, file("b.gcode"));
    story.after(60.0).tell(DONE, elapsed("b.gcode", 7000.5));
    assert_eq!(story.printed(), 3600.25 + 7000.5, "the exporter was away at the start");

    story.after(600.0).tell(EventKind::Started, file("c.gcode"));
    story.after(60.0).tell(DONE, elapsed("c.gcode", 9000.5));
    assert_eq!((story.counts()[1], story.printed()), (3, 3600.25 + 7000.5 + 60.0), "it reaches back too far");
}

#[test]
fn the_final_time_of_a_clock_that_can_be_set_is_bounded_by_what_was_measured() {
    for elapsed in [Elapsed::WithPauses, Elapsed::Either] {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        story
            .after(60.0)
            .tell(DONE, PrintReport { elapsed: Some(elapsed(secs(1_728_000.0))), ..file("a.gcode") });
        assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 60.0));
    }
}

#[test]
fn a_stated_zero_at_an_end_neither_takes_time_away_nor_makes_it_a_duplicate() {
    for zero in [Elapsed::Printing, Elapsed::WithPauses, Elapsed::Either] {
        let mut story = Story::default();
        for day in 1..4 {
            story.after(40_000.0).tell(EventKind::Started, file("a.gcode"));
            story
                .after(32_400.0)
                .tell(DONE, PrintReport { elapsed: Some(zero(Duration::ZERO)), ..file("a.gcode") });
            assert_eq!((story.counts()[1], story.printed()), (day, 32_400.0 * day as f64));
        }
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
fn two_prints_share_no_second() {
    let mut story = Story::default();
    story.tell(EventKind::Progress, elapsed("a.gcode", 1000.0));
    story.after(600.0).tell(EventKind::Progress, elapsed("b.gcode", 500.0));
    assert_eq!((story.counts(), story.printed()), ([2, 0, 0, 0, 1, 1], 1600.0));
    story.after(600.0).tell(DONE, PrintReport { print_id: Some("c".into()), ..elapsed("c.gcode", 5000.0) });
    assert_eq!((story.counts(), story.printed()), ([3, 1, 0, 0, 2, 0], 2200.0));
}

#[test]
fn a_print_that_reaches_back_before_a_state_report_shares_no_second_with_the_one_before() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(1000.0).tell(EventKind::StateReport(ReportedState::Idle), PrintReport::default());
    story.tell(EventKind::Progress, elapsed("b.gcode", 300.0));
    assert_eq!((story.counts(), story.printed()), ([2, 0, 0, 0, 1, 1], 1000.0));
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(1000.0).tell(EventKind::StateReport(ReportedState::Idle), PrintReport::default());
    story.after(1000.0).tell(EventKind::Progress, elapsed("b.gcode", 300.0));
    assert_eq!((story.counts(), story.printed()), ([2, 0, 0, 0, 1, 1], 1300.0));
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
fn a_start_that_states_the_progress_of_the_open_print_is_none() {
    let mut story = Story::default();
    story.tell(EventKind::Started, reports("one", 0.0, 0.0, 3600.0));
    story.after(1800.0).tell(EventKind::Progress, reports("one", 0.5, 1800.0, 1800.0));
    story.after(60.0).tell(EventKind::Started, reports("two", 0.52, 0.0, 1740.0));
    story.after(1740.0).tell(DONE, reports("two", 1.0, 1740.0, 0.0));
    assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 3600.0));
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
        let time = story.time();
        story.farm.apply(&event, time, &Limits::default(), &mut story.changes).unwrap();
    }
    assert_eq!(story.state(), State::Printing);
}

#[test]
fn a_burst_that_begins_in_the_middle_of_a_first_print_is_explained_too() {
    let mut story = Story::default();
    story.tell(EventKind::Progress, reports("one", 0.5, 3600.0, 3600.0));
    story.tell(
        DONE,
        PrintReport { progress: None, remaining: None, estimate: None, ..reports("one", 1.0, 7200.0, 0.0) },
    );
    assert_eq!((story.counts(), story.printed()), ([1, 1, 0, 0, 0, 0], 7200.0));
}

#[test]
fn a_burst_without_an_estimate_is_explained_by_the_sender_s_clock_unless_that_was_set() {
    for (sent, printed) in [(5001, 5000.5), (20 * 86_400, 0.0), (-5001, 0.0)] {
        let mut story = Story::default();
        let stated = Some(Elapsed::WithPauses(secs(5000.5)));
        let end = PrintReport { elapsed: stated, ..file("a.gcode") };
        for (sent, kind, report) in [(0, EventKind::Started, file("a.gcode")), (sent, DONE, end)] {
            let sent = Some(Timestamp::from_micros(1_800_000_000_000_000 + sent * 1_000_000));
            let event = Event { printer: identity(), received: at(story.now), sent, kind, report };
            let time = story.time();
            story.farm.apply(&event, time, &Limits::default(), &mut story.changes).unwrap();
        }
        assert_eq!(story.printed(), printed, "sent {sent} s later");
    }
}

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
fn a_time_in_minutes_is_the_measured_one_as_far_as_they_agree() {
    for (measured, stated, printed) in [
        (100.0, 60.0, 100.0),
        (130.0, 60.0, 120.0),
        (50.0, 60.0, 60.0),
        (100.0, 0.0, 100.0),
        (100.0, 7200.0, 100.0),
    ] {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        let elapsed = Some(Elapsed::InMinutes(secs(stated)));
        story.after(measured).tell(DONE, PrintReport { elapsed, ..file("a.gcode") });
        assert_eq!(story.printed(), printed, "measured {measured} s, stated {stated} s");
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
