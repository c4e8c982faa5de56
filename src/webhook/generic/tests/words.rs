//! The words of `event` and `state`.

use super::*;

#[test]
fn words_of_events() {
    let outcome = EventKind::Ended;
    let state = EventKind::StateReport;
    let cases = [
        ("started", EventKind::Started),
        ("STARTED", EventKind::Started),
        ("Print Started", EventKind::Started),
        ("job.started", EventKind::Started),
        ("event_print_started", EventKind::Started),
        ("progress", EventKind::Progress),
        ("paused", EventKind::Paused),
        ("resumed", EventKind::Resumed),
        ("completed", outcome(Outcome::Completed)),
        ("complete", outcome(Outcome::Completed)),
        ("PrintDone", outcome(Outcome::Completed)),
        ("canceled", outcome(Outcome::Cancelled)),
        ("print-cancelled", outcome(Outcome::Cancelled)),
        ("failed", outcome(Outcome::Failed)),
        ("ended", outcome(Outcome::Unknown)),
        ("error", EventKind::Error),
        ("event_printer_error_cleared", state(ReportedState::ErrorCleared)),
        ("attention", EventKind::Attention(AttentionReason::UserInteraction)),
        ("filament_change", EventKind::Attention(AttentionReason::FilamentChange)),
        ("warning", EventKind::FailureWarning(WarningAction::Warned)),
        ("notice", EventKind::Notice),
        ("PrintCancelling", EventKind::Notice),
        ("Disconnected", state(ReportedState::Offline)),
        ("test", EventKind::Test),
    ];
    for (word, expected) in cases {
        assert_eq!(kind(json!({ "event": word })), expected, "{word}");
    }
    let cases = [
        ("filament_change", AttentionReason::FilamentChange),
        ("Filament Runout", AttentionReason::FilamentChange),
        ("user_interaction", AttentionReason::UserInteraction),
        ("the bed is full", AttentionReason::UserInteraction),
    ];
    for (reason, expected) in cases {
        assert_eq!(
            kind(json!({"event": "attention", "reason": reason})),
            EventKind::Attention(expected),
            "{reason}"
        );
    }
    for (action, expected) in
        [("paused", WarningAction::Paused), ("warned", WarningAction::Warned), ("", WarningAction::Warned)]
    {
        let message = json!({"event": "warning", "action": action});
        assert_eq!(kind(message), EventKind::FailureWarning(expected), "{action}");
    }
}

#[test]
fn words_of_states() {
    let cases = [
        ("printing", Some(ReportedState::Printing)),
        ("RUNNING", Some(ReportedState::Printing)),
        ("Paused", Some(ReportedState::Paused)),
        ("idle", Some(ReportedState::Idle)),
        ("FINISH", Some(ReportedState::Idle)),
        ("error", Some(ReportedState::Error)),
        ("offline", Some(ReportedState::Offline)),
        ("unavailable", Some(ReportedState::Offline)),
        ("unknown", None),
        ("init", None),
    ];
    for (word, reported) in cases {
        let expected = reported.map_or(EventKind::Notice, EventKind::StateReport);
        assert_eq!(kind(json!({ "state": word })), expected, "{word}");
    }
}

#[test]
fn a_word_that_nobody_knows_is_answered_with_those_that_are_known() {
    let error = |message: Value| {
        let error = parsed(&message).unwrap_err();
        assert_eq!(error.reason(), RejectReason::NoEvent);
        error.to_string()
    };
    let (unknown, missing) = (error(json!({"event": "exploded"})), error(json!({"file": "a"})));
    // The words of the schema come first in the table.
    for (word, _) in &EVENTS[..13] {
        assert!(unknown.contains(word) && missing.contains(word), "{word}");
    }
    let unknown = error(json!({"state": "exploded"}));
    for (word, _) in &STATES[..5] {
        assert!(unknown.contains(word), "{word}");
    }
}

#[test]
fn no_word_is_in_two_tables() {
    let events: Vec<_> = EVENTS.iter().chain(&OCTOPRINT).map(|(word, _)| *word).collect();
    let states: Vec<_> = STATES.iter().map(|(word, _)| *word).collect();
    for words in [events, states] {
        for (at, word) in words.iter().enumerate() {
            assert!(!words[..at].iter().any(|other| same_name(other, word)), "{word}");
        }
    }
}
