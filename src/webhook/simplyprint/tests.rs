use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::labels::{EventLabel, IgnoreReason};
use crate::webhook::tests::{event, parsed, with};

const STARTED: u64 = 1_795_158_192;

fn job() -> Value {
    json!({
        "id": 90431, "uid": "pj_2aaf2bd1", "printer_id": 1191, "state": "printing", "file": "drache.3mf", "percentage": 11,
        "time_left": 16020, "current_layer": 66, "analysis": {"estimate": 18000, "totalLayers": 600}, "started": STARTED,
        "ended": null, "printer": {"id": 1191, "name": "P1S 02", "group": null}, "duration": 2100,
    })
}

fn message(name: &str, data: &Value) -> Value {
    json!({"webhook_id": 42, "event": name, "timestamp": STARTED + 2101, "data": data})
}

fn told(name: &str, changes: Value) -> Event {
    event(&SimplyPrint, &message(name, &json!({ "job": with(job(), changes) })))
}

#[test]
fn events_of_jobs() {
    let cases = [
        ("job.started", EventKind::Started),
        ("job.paused", EventKind::Paused),
        ("job.resumed", EventKind::Resumed),
        ("job.done", EventKind::Ended(Outcome::Completed)),
        ("job.failed", EventKind::Ended(Outcome::Failed)),
        ("job.cancelled", EventKind::Ended(Outcome::Cancelled)),
        ("job.bed_cleared", EventKind::Notice),
        ("job.objects_skipped", EventKind::Notice),
        ("printer.ai_failure_detected", EventKind::FailureWarning(WarningAction::Warned)),
    ];
    for (name, kind) in cases {
        let event = told(name, json!({}));
        assert_eq!(event.kind, kind, "{name}");
        assert_eq!(event.sent, bounds::timestamp((STARTED + 2101) as f64), "{name}");
        assert_eq!((event.printer.id.as_str(), event.printer.label.as_str()), ("1191", "P1S 02"), "{name}");
    }
}

#[test]
fn what_is_reported_of_a_job() {
    let expected = PrintReport {
        print_id: Some("pj_2aaf2bd1".to_owned()),
        file: Some(File { name: "drache.3mf".to_owned(), path: None }),
        progress: Some(0.11),
        elapsed: Some(Elapsed::WithPauses(Duration::from_secs(2101))),
        remaining: Some(Duration::from_secs(16020)),
        estimate: Some(Duration::from_secs(18000)),
        layer: Some(66),
        layers: Some(600),
        ..PrintReport::default()
    };
    assert_eq!(told("job.paused", json!({})).report, expected);
    for (name, analysis) in [("null", json!(null)), ("PHP's empty object", json!([]))] {
        let report = told("job.paused", json!({ "analysis": analysis })).report;
        assert_eq!(report, PrintReport { estimate: None, layers: None, ..expected.clone() }, "{name}");
    }
}

#[test]
fn an_end_lasted_from_its_start_to_its_end_or_else_as_long_as_its_duration() {
    let elapsed = |changes| told("job.done", changes).report.elapsed;
    let seconds = Duration::from_secs;
    assert_eq!(elapsed(json!({"ended": STARTED + 6011})), Some(Elapsed::WithPauses(seconds(6011))));
    assert_eq!(elapsed(json!({})), Some(Elapsed::Either(seconds(2100))));
    assert_eq!(elapsed(json!({"started": null, "duration": null})), None);
}

#[test]
fn the_owner_is_the_number_of_a_person() {
    let person = |id: u32| json!({"id": id, "first_name": "Kim", "last_name": "Beispiel"});
    let cases = [
        ("who started it", "job.started", person(7), person(12), Some("12")),
        ("whose job it is", "job.started", person(7), json!(null), Some("7")),
        ("nobody", "job.started", json!(null), json!([]), None),
        ("who cancelled it", "job.cancelled", person(12), json!(null), None),
    ];
    for (case, name, user, started_by, owner) in cases {
        let data = json!({"job": job(), "user": user, "started_by": started_by});
        let report = event(&SimplyPrint, &message(name, &data)).report;
        assert_eq!(report.owner.as_deref(), owner, "{case}");
    }
}

#[test]
fn a_printer_beside_the_job_or_in_numbers() {
    let beside =
        event(&SimplyPrint, &message("job.bed_cleared", &json!({"printer": {"id": "1188", "name": "MK4"}})));
    assert_eq!((beside.printer.id.as_str(), beside.printer.label.as_str()), ("1188", "MK4"));
    assert_eq!(told("job.paused", json!({ "printer": null })).printer.id, "1191");
    let nameless = message("job.paused", &json!([]));
    assert!(matches!(parsed(&SimplyPrint, &nameless), Err(DecodeError::NoPrinter { .. })));
}

#[test]
fn tests_and_events_that_are_about_no_print_are_acknowledged() {
    let test = Ok(Parsed::Ignored { reason: IgnoreReason::Test, kind: EventLabel::Test });
    for data in [json!([]), json!({}), json!(null), json!({"message": "Test"})] {
        assert_eq!(parsed(&SimplyPrint, &message("test", &data)), test);
    }
    let unknown = Ok(Parsed::Ignored { reason: IgnoreReason::UnknownEvent, kind: EventLabel::Unknown });
    for name in [
        "maintenance.job_overdue",
        "printer.ai_failure_false_positive",
        "queue.add_item",
        "filament.assigned",
        "balance.charged",
        "job.something_new",
    ] {
        assert_eq!(parsed(&SimplyPrint, &message(name, &json!({ "job": job() }))), unknown, "{name}");
        assert_eq!(parsed(&SimplyPrint, &message(name, &json!([]))), unknown, "{name}");
    }
    assert!(matches!(parsed(&SimplyPrint, &json!({"data": {}})), Err(DecodeError::NoEvent { .. })));
}
