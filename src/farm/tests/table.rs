//! Every cell of the state table.

use super::*;

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
