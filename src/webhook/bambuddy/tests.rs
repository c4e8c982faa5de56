use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::labels::{EventLabel, IgnoreReason};
use crate::webhook::tests::{context, event, fields, parsed, with};

fn message(name: &str, changes: Value) -> Value {
    let message = json!({
        "title": "Print", "message": "X1C: Gear M2", "timestamp": "2026-11-20T08:03:12.482846", "source": "Bambuddy",
        "event": name, "printer": "X1C", "filename": "Gear M2", "app_name": "Bambuddy",
    });
    with(message, changes)
}

fn told(name: &str, changes: Value) -> Event {
    event(&Bambuddy, &message(name, changes))
}

fn a_file() -> PrintReport {
    PrintReport { file: Some(File { name: "Gear M2".to_owned(), path: None }), ..PrintReport::default() }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

#[test]
fn events() {
    let warning = EventKind::FailureWarning;
    let state = EventKind::StateReport;
    let cases = [
        ("print_start", json!({}), EventKind::Started),
        ("print_progress", json!({}), EventKind::Progress),
        ("print_complete", json!({}), EventKind::Ended(Outcome::Completed)),
        ("print_failed", json!({}), EventKind::Ended(Outcome::Failed)),
        ("print_stopped", json!({}), EventKind::Ended(Outcome::Cancelled)),
        ("ai_failure_detection", json!({"action": "notify"}), warning(WarningAction::Warned)),
        ("ai_failure_detection", json!({"action": "pause"}), warning(WarningAction::Paused)),
        ("ai_failure_detection", json!({"action": "pause_and_off"}), warning(WarningAction::Paused)),
        ("plate_not_empty", json!({}), state(ReportedState::Paused)),
        ("printer_offline", json!({}), state(ReportedState::Unreachable)),
        ("printer_error", json!({}), EventKind::Error),
        ("bed_cooled", json!({}), EventKind::Notice),
        ("ams_humidity_high", json!({}), EventKind::Notice),
    ];
    for (name, changes, kind) in cases {
        assert_eq!(told(name, changes).kind, kind, "{name}");
    }
}

#[test]
fn what_is_reported() {
    let start = told("print_start", json!({"estimated_time": "2h 5m", "eta": "10:08 AM"})).report;
    assert_eq!(start, PrintReport { remaining: Some(minutes(125)), ..a_file() });
    let progress = told("print_progress", json!({"progress": "25", "remaining_time": "31m"})).report;
    assert_eq!(progress, PrintReport { progress: Some(0.25), remaining: Some(minutes(31)), ..a_file() });
    let end =
        json!({"duration": "53h 9m", "filament_grams": "17.8", "reason": "Filament runout", "progress": "0"});
    let expected = PrintReport {
        elapsed: Some(Elapsed::InMinutes(minutes(53 * 60 + 9))),
        filament_used: Filament { metres: None, grams: Some(17.8) },
        reason: Some("Filament runout".to_owned()),
        says_ready: true,
        ..a_file()
    };
    assert_eq!(told("print_failed", end.clone()).report, expected);
    assert_eq!(told("print_stopped", end).report.reason, None);
    assert_eq!(told("print_failed", json!({"reason": "Unknown"})).report.reason, None);
    assert_eq!(told("bed_cooled", json!({})).report, PrintReport::default(), "it may be cool hours later");
}

#[test]
fn unknown_is_not_reported() {
    for word in ["Unknown", "N/A", "unknown"] {
        let nothing =
            json!({"filename": word, "duration": word, "filament_grams": word, "remaining_time": word});
        for name in ["print_start", "print_progress", "print_complete"] {
            let report = told(name, nothing.clone()).report;
            let says_ready = name == "print_complete";
            assert_eq!(report, PrintReport { says_ready, ..PrintReport::default() }, "{name} {word}");
        }
    }
}

#[test]
fn a_file_may_begin_like_the_name_of_any_printer() {
    let report = told("print_start", json!({"filename": "Any Size Box"})).report;
    assert_eq!(report.file.map(|file| file.name).as_deref(), Some("Any Size Box"));
}

#[test]
fn spans() {
    let cases = [
        ("2h 5m", Some(125)),
        ("0m", Some(0)),
        ("45m", Some(45)),
        ("1h", Some(60)),
        ("1d 2h", Some(26 * 60)),
        ("", None),
        ("2:05", None),
        ("m", None),
        ("-5m", None),
        ("1h ?", None),
        ("5\u{20ac}", None),
        ("99999999h", None),
    ];
    for (text, expected) in cases {
        assert_eq!(span(text), expected.map(minutes), "{text}");
    }
}

#[test]
fn the_test_and_the_digest_have_no_event_and_slack_s_format_tells_nothing() {
    let ignored = Ok(Parsed::Ignored { reason: IgnoreReason::Test, kind: EventLabel::Test });
    let source = json!({"timestamp": "2026-11-20T18:00:00.987293", "source": "Bambuddy"});
    let digest = json!({"title": "Daily Digest - 4 Events", "message": "== Print Start (2) =="});
    for changes in [json!({"title": "Bambuddy Test"}), json!({"betreff": "Bambuddy Test"}), digest] {
        assert_eq!(parsed(&Bambuddy, &with(source.clone(), changes.clone())), ignored, "{changes}");
    }
    let slack = parsed(&Bambuddy, &json!({"text": "*Print Started*"})).unwrap_err();
    assert!(slack.to_string().contains("generic format"), "{slack}");
}

#[test]
fn a_title_or_text_that_took_the_place_of_the_file_or_the_printer_is_neither() {
    let renamed = |changes| with(message("print_start", changes), json!({"title": null}));
    let cases = [
        ("renamed aside", renamed(json!({"betreff": "Print Started"})), Some("Gear M2")),
        ("onto the file", renamed(json!({"filename": "Print Started"})), None),
        ("onto a number", renamed(json!({"progress": "Print Started"})), None),
        ("both aside", with(renamed(json!({"a": "", "b": ""})), json!({"message": null})), Some("Gear M2")),
    ];
    for (case, body, file) in cases {
        let payload = fields(&body);
        let Ok(Parsed::Event(event)) = Bambuddy.parse(&payload, &context(Some("x1c"), &|_| None)) else {
            panic!("{case}");
        };
        assert_eq!(event.report.file.map(|file| file.name).as_deref(), file, "{case}");
    }
    let onto_the_printer = renamed(json!({"printer": "Print Started"}));
    assert!(matches!(parsed(&Bambuddy, &onto_the_printer), Err(DecodeError::NoPrinter { .. })));
}

#[test]
fn only_a_printer_of_bambuddy_s_is_a_printer() {
    let unknown = Ok(Parsed::Ignored { reason: IgnoreReason::UnknownEvent, kind: EventLabel::Unknown });
    for printer in ["Any X1C", "Unknown", "N/A", ""] {
        for name in
            ["queue_job_added", "queue_job_failed", "stock_reorder_alert", "bed_cooled", "something_new"]
        {
            assert_eq!(
                parsed(&Bambuddy, &message(name, json!({ "printer": printer }))),
                unknown,
                "{name} {printer}"
            );
        }
        let started = parsed(&Bambuddy, &message("print_start", json!({ "printer": printer })));
        assert!(matches!(started, Err(DecodeError::NoPrinter { .. })), "{printer}");
    }
    assert_eq!(
        parsed(&Bambuddy, &message("queue_job_started", json!({}))),
        unknown,
        "its print starts later"
    );
    let any = told("print_start", json!({}));
    assert_eq!((any.printer.id.as_str(), any.printer.label.as_str()), ("X1C", "X1C"));
}
