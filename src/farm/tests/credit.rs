//! What is credited: prints of one printer do not overlap, and what was measured bounds what is stated.

use super::*;

fn without_names(report: PrintReport) -> PrintReport {
    PrintReport { print_id: None, file: None, origin: None, ..report }
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
            let applied = story.apply(&event);
            assert!(stated < 1000.0 || applied.unwrap().disposition == disposition, "sent {sent} s later");
        }
    };
    tell(1200, Disposition::Accepted);
    tell(1, Disposition::Duplicate);
    tell(-500, Disposition::Duplicate);
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
            story.apply(&event).unwrap();
        }
        assert_eq!(story.printed(), printed, "sent {sent} s later");
    }
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
