//! Every cell of the state table.

use super::*;

const DONE: EventKind = EventKind::Ended(Outcome::Completed);
const CANCELLED: EventKind = EventKind::Ended(Outcome::Cancelled);
const FAILED: EventKind = EventKind::Ended(Outcome::Failed);
const ATTENTION: EventKind = EventKind::Attention(AttentionReason::UserInteraction);

/// The columns of the table.
#[derive(Clone, Copy, Debug)]
enum Column {
    NoPrint,
    Printing,
    Paused,
    ErrorPending,
}

use Column::{ErrorPending, NoPrint, Paused, Printing};

/// A printer that ended one print a day ago, and is now in the column with `a.gcode` at 100 s.
fn in_column(column: Column) -> Story {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(50.0).tell(DONE, elapsed("a.gcode", 50.0));
    story.after(90_000.0);
    let last = match column {
        NoPrint => return story,
        Printing => EventKind::Progress,
        Paused => EventKind::Paused,
        ErrorPending => EventKind::Error,
    };
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(100.0).tell(EventKind::Progress, elapsed("a.gcode", 100.0));
    story.tell(last, elapsed("a.gcode", 100.0));
    story
}

/// The counts beyond the print of the day before.
fn counts(story: &Story) -> [u64; 6] {
    let [started, completed, rest @ ..] = story.counts();
    let [cancelled, failed, unknown, running] = rest;
    [started - 1, completed - 1, cancelled, failed, unknown, running]
}

type Case = (&'static str, Column, EventKind, PrintReport, State, [u64; 6]);

/// What happens in which column; then the state and the counts started, completed, cancelled, failed, unknown, running.
#[rustfmt::skip]
fn cells() -> Vec<Case> {
    use State::{Error, Idle, Printing as Prints, Paused as Pauses, Unknown};
    let a = || elapsed("a.gcode", 110.0);
    let b = || file("b.gcode");
    let says_paused = || PrintReport { says_paused: true, ..a() };
    let in_words = || PrintReport { progress_in_words: Some(0.3), ..PrintReport::default() };
    vec![
        ("a start opens", NoPrint, EventKind::Started, b(), Prints, [1, 0, 0, 0, 0, 1]),
        ("a start while printing closes as unknown", Printing, EventKind::Started, b(), Prints, [2, 0, 0, 0, 1, 1]),
        ("a start of the same file after progress is a new print", Printing, EventKind::Started, file("a.gcode"), Prints, [2, 0, 0, 0, 1, 1]),
        ("a start of the same file while paused is a restart", Paused, EventKind::Started, file("a.gcode"), Prints, [2, 0, 1, 0, 0, 1]),
        ("a start of another file while paused closes as unknown", Paused, EventKind::Started, b(), Prints, [2, 0, 0, 0, 1, 1]),
        ("a start after an error closes as failed", ErrorPending, EventKind::Started, file("a.gcode"), Prints, [2, 0, 0, 1, 0, 1]),
        ("progress of a print implies its start", NoPrint, EventKind::Progress, a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("an empty progress opens nothing", NoPrint, EventKind::Progress, PrintReport::default(), Idle, [0; 6]),
        ("a percentage in words opens nothing", NoPrint, EventKind::Progress, in_words(), Idle, [0; 6]),
        ("progress updates", Printing, EventKind::Progress, a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("progress while paused is a resume", Paused, EventKind::Progress, a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("an empty progress while paused is a resume", Paused, EventKind::Progress, PrintReport::default(), Prints, [1, 0, 0, 0, 0, 1]),
        ("progress that says paused stays paused", Paused, EventKind::Progress, says_paused(), Pauses, [1, 0, 0, 0, 0, 1]),
        ("progress after an error is a recovery", ErrorPending, EventKind::Progress, a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("a pause implies a start", NoPrint, EventKind::Paused, b(), Pauses, [1, 0, 0, 0, 0, 1]),
        ("a pause stops the clock", Printing, EventKind::Paused, a(), Pauses, [1, 0, 0, 0, 0, 1]),
        ("a second pause updates", Paused, EventKind::Paused, a(), Pauses, [1, 0, 0, 0, 0, 1]),
        ("a pause after an error is paused", ErrorPending, EventKind::Paused, a(), Pauses, [1, 0, 0, 0, 0, 1]),
        ("a resume implies a start", NoPrint, EventKind::Resumed, b(), Prints, [1, 0, 0, 0, 0, 1]),
        ("a resume while printing updates", Printing, EventKind::Resumed, a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("a resume runs the clock", Paused, EventKind::Resumed, a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("a resume after an error runs the clock", ErrorPending, EventKind::Resumed, a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("an end that nobody announced is a whole print", NoPrint, DONE, b(), Idle, [1, 1, 0, 0, 0, 0]),
        ("done closes", Printing, DONE, a(), Idle, [1, 1, 0, 0, 0, 0]),
        ("cancelled closes", Printing, CANCELLED, a(), Idle, [1, 0, 1, 0, 0, 0]),
        ("failed closes", Printing, FAILED, a(), Idle, [1, 0, 0, 1, 0, 0]),
        ("an end of another file closes as unknown and counts whole", Printing, DONE, b(), Idle, [2, 1, 0, 0, 1, 0]),
        ("done while paused closes", Paused, DONE, a(), Idle, [1, 1, 0, 0, 0, 0]),
        ("cancelled while paused closes", Paused, CANCELLED, a(), Idle, [1, 0, 1, 0, 0, 0]),
        ("done after an error closes", ErrorPending, DONE, a(), Idle, [1, 1, 0, 0, 0, 0]),
        ("failed after an error closes and the error stands", ErrorPending, FAILED, a(), Error, [1, 0, 0, 1, 0, 0]),
        ("an error without a print counts none", NoPrint, EventKind::Error, PrintReport::default(), Error, [0; 6]),
        ("an error while printing is pending", Printing, EventKind::Error, PrintReport::default(), Error, [1, 0, 0, 0, 0, 1]),
        ("an error while paused is pending", Paused, EventKind::Error, PrintReport::default(), Error, [1, 0, 0, 0, 0, 1]),
        ("a second error stays pending", ErrorPending, EventKind::Error, PrintReport::default(), Error, [1, 0, 0, 0, 0, 1]),
        ("a warning changes nothing", Printing, EventKind::FailureWarning(WarningAction::Warned), a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("a warning that paused is a pause", Printing, EventKind::FailureWarning(WarningAction::Paused), a(), Pauses, [1, 0, 0, 0, 0, 1]),
        ("a warning that paused implies a start", NoPrint, EventKind::FailureWarning(WarningAction::Paused), b(), Pauses, [1, 0, 0, 0, 0, 1]),
        ("a call for a person opens nothing", NoPrint, ATTENTION, b(), Idle, [0; 6]),
        ("a call for a person changes no phase", Paused, ATTENTION, a(), Pauses, [1, 0, 0, 0, 0, 1]),
        ("a notice opens nothing", NoPrint, EventKind::Notice, named("n", 5.0), Idle, [0; 6]),
        ("a notice changes no phase", Printing, EventKind::Notice, a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("a notice of another print touches nothing", Printing, EventKind::Notice, b(), Prints, [1, 0, 0, 0, 0, 1]),
        ("a test changes nothing", Printing, EventKind::Test, b(), Prints, [1, 0, 0, 0, 0, 1]),
        ("the daily limit changes no state", Printing, EventKind::LimitReached, b(), Prints, [1, 0, 0, 0, 0, 1]),
        ("the printer says it prints, without a print", NoPrint, EventKind::StateReport(ReportedState::Printing), b(), Unknown, [0; 6]),
        ("the printer says it prints again", Paused, EventKind::StateReport(ReportedState::Printing), a(), Prints, [1, 0, 0, 0, 0, 1]),
        ("the printer says it waits", Printing, EventKind::StateReport(ReportedState::Paused), a(), Pauses, [1, 0, 0, 0, 0, 1]),
        ("the printer says it waits, without a print", NoPrint, EventKind::StateReport(ReportedState::Paused), b(), Unknown, [0; 6]),
        ("the printer is off while printing", Printing, EventKind::StateReport(ReportedState::Offline), PrintReport::default(), Error, [1, 0, 0, 0, 0, 1]),
        ("the printer is off while paused", Paused, EventKind::StateReport(ReportedState::Offline), PrintReport::default(), Error, [1, 0, 0, 0, 0, 1]),
        ("an idle printer that is off is unknown", NoPrint, EventKind::StateReport(ReportedState::Offline), PrintReport::default(), Unknown, [0; 6]),
        ("the printer is out of reach while printing", Printing, EventKind::StateReport(ReportedState::Unreachable), PrintReport::default(), Unknown, [1, 0, 0, 0, 0, 1]),
        ("the printer is out of reach while paused", Paused, EventKind::StateReport(ReportedState::Unreachable), PrintReport::default(), Unknown, [1, 0, 0, 0, 0, 1]),
        ("an idle printer out of reach is unknown", NoPrint, EventKind::StateReport(ReportedState::Unreachable), PrintReport::default(), Unknown, [0; 6]),
        ("the printer is in an error", Printing, EventKind::StateReport(ReportedState::Error), PrintReport::default(), Error, [1, 0, 0, 0, 0, 1]),
        ("an idle printer in an error", NoPrint, EventKind::StateReport(ReportedState::Error), PrintReport::default(), Error, [0; 6]),
        ("the printer is idle within a print: its end was lost", Printing, EventKind::StateReport(ReportedState::Idle), a(), Unknown, [1, 0, 0, 0, 0, 1]),
        ("an error stays pending when the printer is back", ErrorPending, EventKind::StateReport(ReportedState::Idle), a(), Error, [1, 0, 0, 0, 0, 1]),
    ]
}

#[test]
fn every_cell_of_the_table() {
    for (name, column, kind, report, state, expected) in cells() {
        let mut story = in_column(column);
        story.after(10.0).tell(kind, report);
        assert_eq!((story.state(), counts(&story)), (state, expected), "{name} ({column:?})");
    }
}

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

#[test]
fn attention_counts_once_until_the_printer_continues() {
    use AttentionReason::{FilamentChange, UserInteraction};
    let call = EventKind::Attention(UserInteraction);
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(100.0).tell(EventKind::Paused, elapsed("a.gcode", 100.0));
    assert_eq!(story.tell(call, PrintReport::default()), Disposition::Accepted);
    for _ in 0..1000 {
        assert_eq!(story.after(2.0).tell(call, PrintReport::default()), Disposition::Duplicate);
    }
    assert_eq!(
        story.tell(EventKind::Attention(FilamentChange), PrintReport::default()),
        Disposition::Duplicate,
        "one cause"
    );
    story.tell(EventKind::Paused, elapsed("a.gcode", 100.0));
    assert_eq!(story.tell(call, PrintReport::default()), Disposition::Duplicate, "the same pause");
    story.after(500.0).tell(EventKind::Paused, elapsed("a.gcode", 300.0));
    assert_eq!(story.tell(call, PrintReport::default()), Disposition::Accepted, "a later pause");
    story.tell(EventKind::Resumed, PrintReport::default());
    assert_eq!(
        story.after(5.0).tell(EventKind::Attention(FilamentChange), PrintReport::default()),
        Disposition::Accepted
    );
    assert_eq!(story.read().totals.attention, [1, 2]);
}

#[test]
fn a_printer_waits_for_a_person_from_its_first_request_until_its_print_goes_on_or_ends() {
    let waits = |story: &Story| story.read().attention;
    for goes_on in [EventKind::Resumed, EventKind::Progress, DONE, EventKind::Started, EventKind::Error] {
        let mut story = Story::default();
        story.tell(EventKind::Started, file("a.gcode"));
        assert_eq!(waits(&story), None);
        story.after(60.0).tell(ATTENTION, PrintReport::default());
        story.after(5.0).tell(EventKind::Paused, elapsed("a.gcode", 60.0));
        story.after(900.0).tell(ATTENTION, PrintReport::default());
        assert_eq!(waits(&story), Some((AttentionReason::UserInteraction, at(60.0))));
        story.tell(EventKind::Attention(AttentionReason::FilamentChange), PrintReport::default());
        assert_eq!(waits(&story).map(|(_, since)| since), Some(at(60.0)), "it has waited since then");
        let step = ClockStep { since: at(0.0), by: 3_600_000_000 };
        let time = story.time();
        story.farm.step_clock(step, time, &mut story.changes);
        story.now += 3_600.0;
        assert_eq!(waits(&story).map(|(_, since)| since), Some(at(3_660.0)), "it moves with the clock");
        story.after(60.0).tell(goes_on, elapsed("b.gcode", 61.0));
        assert_eq!(waits(&story), None, "{goes_on:?}");
    }
}

#[test]
fn a_different_reason_long_after_is_another_request() {
    let mut story = Story::default();
    story.tell(ATTENTION, PrintReport::default());
    assert_eq!(
        story
            .after(600.0)
            .tell(EventKind::Attention(AttentionReason::FilamentChange), PrintReport::default()),
        Disposition::Accepted
    );
}

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
