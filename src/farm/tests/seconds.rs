//! How time is credited.

use super::*;

/// A print of `a.gcode` that is paused at 10.25 s, after 10.25 s.
fn paused() -> Story {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story
        .after(10.25)
        .tell(EventKind::Paused, PrintReport { position: Some(700), ..elapsed("a.gcode", 10.0) });
    story
}

#[test]
fn seconds_are_credited_while_they_are_printed() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    assert_eq!(story.after(3600.0).printed(), 3600.0);
    assert_eq!(story.read().totals.ended_printed, [Duration::ZERO; 4]);
}

#[test]
fn a_pause_is_not_credited_whether_or_not_the_resume_is_reported() {
    for resumed in [true, false] {
        let mut story = paused();
        story.after(20.0);
        if resumed {
            story.tell(EventKind::Resumed, PrintReport::default());
        }
        story.after(46.0).tell(DONE, elapsed("a.gcode", 56.25));
        assert_eq!(story.printed(), 56.25, "the resume is reported: {resumed}");
    }
}

#[test]
fn a_cancel_during_a_pause_does_not_credit_the_pause() {
    let end = |seconds: f64, position| PrintReport { position, ..elapsed("a.gcode", seconds) };
    let cases = [
        ("OctoPrint includes the pause", 12.0, end(22.25, None), 10.25),
        ("the file position has not changed", 12.0, end(22.25, Some(700)), 10.25),
        ("it had resumed unreported, as the elapsed time shows", 100.0, end(50.5, None), 50.5),
        ("it had resumed unreported, as the file position shows", 100.0, end(110.0, Some(900)), 110.0),
        ("no time is stated", 12.0, file("a.gcode"), 10.25),
    ];
    for (name, after, report, printed) in cases {
        let mut story = paused();
        story.after(after).tell(CANCELLED, report);
        assert_eq!(story.printed(), printed, "{name}");
        assert_eq!(story.read().totals.ended_printed[Outcome::Cancelled.index()], secs(printed), "{name}");
    }
}

#[test]
fn a_failure_during_a_pause_does_not_credit_the_pause() {
    for kind in [EventKind::Error, EventKind::StateReport(ReportedState::Offline)] {
        let mut story = paused();
        story.after(12.0).tell(kind, PrintReport::default());
        story.after(0.05).tell(EventKind::Ended(Outcome::Failed), elapsed("a.gcode", 22.3));
        assert_eq!(story.printed(), 10.25, "{kind:?}");
    }
}

#[test]
fn an_sd_position_that_lags_behind_the_pause_does_not_credit_it() {
    let report = |seconds, position| PrintReport {
        position: Some(position),
        origin: Some(Origin::SdCard),
        ..elapsed("a.gco", seconds)
    };
    for (elapsed_at_end, printed) in [(22.25, 10.25), (15.5, 15.5)] {
        let mut story = Story::default();
        story.tell(EventKind::Started, report(0.0, 0));
        story.after(10.25).tell(EventKind::Paused, report(10.0, 700));
        story.after(12.0).tell(CANCELLED, report(elapsed_at_end, 760));
        assert_eq!(story.printed(), printed);
    }
}

#[test]
fn the_length_of_a_pause_is_measured_by_the_sender_s_clock_where_it_reports_one() {
    let event = |kind, received, sent: i64, report| Event {
        printer: identity(),
        received: at(received),
        sent: Some(Timestamp::from_micros(sent * 1_000_000)),
        kind,
        report,
    };
    let mut farm = Farm::default();
    for event in [
        event(EventKind::Started, 0.0, 1000, file("a.gcode")),
        event(EventKind::Paused, 0.1, 1010, elapsed("a.gcode", 10.0)),
        event(CANCELLED, 0.2, 1022, elapsed("a.gcode", 21.97)),
    ] {
        farm.apply(&event, ApplyTime::at(event.received), &Limits::default(), &mut Changes::default())
            .unwrap();
    }
    let printed = farm.view().read(at(1.0)).next().unwrap().printed;
    assert!((10.0..10.5).contains(&printed.as_secs_f64()), "{printed:?}");
}

#[test]
fn a_counter_keeps_the_value_it_has_shown_until_the_true_value_exceeds_it() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    assert_eq!(story.after(100.0).printed(), 100.0);
    story.tell(DONE, elapsed("a.gcode", 60.0));
    assert_eq!(story.printed(), 100.0, "an unreported pause had been credited");
    story.after(1000.0).tell(DONE, elapsed("b.gcode", 30.0));
    assert_eq!(story.printed(), 100.0, "the true value is 90 s");
    story.after(1000.0).tell(DONE, elapsed("c.gcode", 30.0));
    assert_eq!(story.printed(), 120.0, "the true value exceeds it");
    assert_eq!(story.read().totals.ended_printed[0], secs(120.0));
}

#[test]
fn a_counter_may_fall_back_to_a_value_that_no_reader_has_seen_exceeded() {
    let mut story = paused();
    story.after(26.0).tell(EventKind::Progress, elapsed("a.gcode", 16.0));
    assert_eq!((story.printed(), story.paused()), (16.0, 20.25), "it had resumed 5.75 s before, unreported");
    let mut story = paused();
    assert_eq!(story.after(26.0).paused(), 26.0);
    story.tell(EventKind::Progress, elapsed("a.gcode", 16.0));
    assert_eq!((story.printed(), story.paused()), (16.0, 26.0), "read in between");
}

#[test]
fn a_print_without_an_announced_start_is_credited_in_full_and_started_that_long_ago() {
    let mut story = Story::default();
    story.after(5000.0).tell(DONE, elapsed("a.gcode", 1200.0));
    assert_eq!(story.printed(), 1200.0);
    assert_eq!(story.changes.ended[0].1.started, at(3800.0));
}

#[test]
fn a_pause_is_subtracted_from_octoeverywhere_s_wall_time() {
    let mut story = Story::default();
    story.tell(EventKind::Started, named("one", 0.0));
    story.after(100.0).tell(EventKind::Paused, named("one", 100.0));
    story.after(300.0).tell(EventKind::Resumed, named("one", 400.0));
    assert_eq!((story.printed(), story.paused()), (100.0, 300.0));
    story
        .after(50.0)
        .tell(DONE, PrintReport { elapsed: Some(Elapsed::Either(secs(450.0))), ..named("one", 0.0) });
    assert_eq!((story.printed(), story.paused()), (150.0, 300.0));
}

#[test]
fn a_print_that_is_restarted_keeps_the_time_it_had_at_its_pause() {
    let mut story = paused();
    story.after(30.0).tell(EventKind::Started, file("a.gcode"));
    assert_eq!(story.changes.ended[0].1.printed, secs(10.25));
    assert_eq!(story.changes.ended[0].1.paused, secs(30.0));
    assert_eq!(story.after(5.0).printed(), 15.25);
}

#[test]
fn the_remaining_time_counts_down_while_printing_and_stops_while_paused() {
    let mut story = Story::default();
    story.tell(EventKind::Started, PrintReport { remaining: Some(secs(1000.0)), ..file("a.gcode") });
    let shown = |story: &Story| {
        let print = story.read().print.unwrap();
        (print.remaining.map(|it| it.as_secs()), print.eta.map(|it| it.since(at(0.0)).as_secs()))
    };
    story.after(100.0);
    assert_eq!(shown(&story), (Some(900), Some(1000)));
    story.tell(EventKind::Paused, PrintReport::default());
    story.after(500.0);
    assert_eq!(shown(&story), (Some(900), None));
    story.tell(EventKind::Resumed, PrintReport::default());
    assert_eq!(shown(&story), (Some(900), Some(1500)));
    story.after(950.0);
    assert_eq!(shown(&story), (Some(0), Some(1500)), "overdue: the estimated end stays");
    story.tell(EventKind::Error, PrintReport::default());
    assert_eq!(shown(&story), (None, None));
}

#[test]
fn no_time_is_credited_while_an_error_is_pending() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(10.0).tell(EventKind::Error, PrintReport::default());
    assert_eq!(story.after(60.0).printed(), 10.0);
    story.tell(EventKind::Progress, PrintReport::default());
    assert_eq!(story.after(5.0).printed(), 15.0);
}

#[test]
fn a_counter_never_falls_below_what_may_have_been_seen_before_a_restart() {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(10.0);
    story.farm.keep_shown(at(65.0), &mut story.changes);
    assert_eq!(
        (story.printed(), story.after(50.0).printed(), story.after(10.0).printed()),
        (65.0, 65.0, 70.0)
    );
    assert_eq!(story.changes.printers.len(), 1);
    story.after(1000.0).tell(DONE, elapsed("a.gcode", 1130.0));
    assert_eq!(story.printed(), 1130.0);
}
