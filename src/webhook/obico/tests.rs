use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::labels::{EventLabel, IgnoreReason};
use crate::webhook::tests::{context, event, fields, parsed, with};

fn message(kind: &Value) -> Value {
    json!({
        "event": kind, "printer": {"id": 68, "name": "Ender"}, "img_url": null,
        "print": {"id": 4, "filename": "vase.gcode", "started_at": 1_795_158_195.5, "ended_at": ""},
    })
}

fn of_type(name: &str) -> Value {
    message(&json!({ "type": name }))
}

#[test]
fn types_of_events() {
    let failure = |warning: bool, paused: bool| json!({"type": "PrintFailure", "is_warning": warning, "print_paused": paused});
    let cases = [
        (json!({"type": "PrintStarted"}), EventKind::Started),
        (json!({"type": "PrintDone"}), EventKind::Ended(Outcome::Completed)),
        (json!({"type": "PrintCancelled"}), EventKind::Ended(Outcome::Cancelled)),
        (json!({"type": "PrintPaused"}), EventKind::Paused),
        (json!({"type": "PrintResumed"}), EventKind::Resumed),
        (json!({"type": "FilamentChange"}), EventKind::Attention(AttentionReason::FilamentChange)),
        (json!({"type": "HeaterTargetReached"}), EventKind::Notice),
        (json!({"type": "HeaterCooledDown"}), EventKind::Notice),
        (failure(true, false), EventKind::FailureWarning(WarningAction::Warned)),
        (failure(false, true), EventKind::FailureWarning(WarningAction::Paused)),
        (failure(false, false), EventKind::FailureWarning(WarningAction::Warned)),
    ];
    for (event_object, kind) in cases {
        let event = event(&Obico, &message(&event_object));
        assert_eq!(event.kind, kind, "{event_object}");
        let expected = PrintReport {
            print_id: Some("4".to_owned()),
            file: Some(File { name: "vase.gcode".to_owned(), path: None }),
            ..PrintReport::default()
        };
        assert_eq!(event.report, expected, "{event_object}");
    }
}

#[test]
fn an_end_states_how_long_the_print_lasted() {
    let cases = [
        ("its times", json!(1_795_158_195.5), json!(1_795_160_597.75), Some(2402.25)),
        ("no start", json!(""), json!(1_795_160_597.75), None),
        ("no end", json!(1_795_158_195.5), json!(""), None),
        ("in the wrong order", json!(1_795_160_597.75), json!(1_795_158_195.5), Some(0.0)),
        ("a start that cannot be", json!(0), json!(1_795_160_597.75), None),
        ("years", json!(1_000_000_000), json!(1_795_160_597.75), None),
    ];
    for (name, started, ended, lasted) in cases {
        let print = json!({"id": 4, "started_at": started, "ended_at": ended});
        let event = event(&Obico, &with(of_type("PrintDone"), json!({ "print": print })));
        let expected = lasted.map(|lasted| Elapsed::WithPauses(Duration::from_secs_f64(lasted)));
        assert_eq!(event.report.elapsed, expected, "{name}");
    }
}

#[test]
fn a_heater_without_a_print_tells_of_none() {
    let print = json!({"id": 0, "filename": "", "started_at": "", "ended_at": ""});
    let event = event(&Obico, &with(of_type("HeaterCooledDown"), json!({ "print": print })));
    assert_eq!((event.kind, event.report), (EventKind::Notice, PrintReport::default()));
}

#[test]
fn a_test_names_no_printer_and_later_types_are_ignored() {
    let test = Ok(Parsed::Ignored { reason: IgnoreReason::Test, kind: EventLabel::Test });
    let unknown = Ok(Parsed::Ignored { reason: IgnoreReason::UnknownEvent, kind: EventLabel::Unknown });
    assert_eq!(parsed(&Obico, &json!({"event": "TestEvent"})), test);
    assert_eq!(parsed(&Obico, &of_type("BedLeveled")), unknown);
    for body in [json!({}), json!({"event": {}}), json!({"event": ""}), json!({"event": null})] {
        assert!(matches!(parsed(&Obico, &body), Err(DecodeError::NoEvent { .. })), "{body}");
    }
}

#[test]
fn a_printer_is_known_by_its_id_and_called_by_its_name_or_named_by_the_url() {
    let told = event(&Obico, &of_type("PrintStarted"));
    assert_eq!((told.printer.id.as_str(), told.printer.label.as_str()), ("68", "Ender"));
    let payload = fields(&of_type("PrintStarted"));
    let Ok(Parsed::Event(named)) = Obico.parse(&payload, &context(Some("left"), &|_| None)) else { panic!() };
    assert_eq!((named.printer.id.as_str(), named.printer.label.as_str()), ("left", "left"));
    assert_eq!(Obico.printer_id(&payload, None).as_deref(), Some("68"));
    let nameless = with(of_type("PrintStarted"), json!({ "printer": null }));
    assert!(matches!(parsed(&Obico, &nameless), Err(DecodeError::NoPrinter { .. })));
}

#[test]
fn a_list_where_an_object_belongs_is_malformed() {
    for name in ["event", "printer", "print"] {
        let mut body = of_type("PrintStarted");
        body[name] = json!([]);
        assert!(matches!(parsed(&Obico, &body), Err(DecodeError::Malformed(_))), "{name}");
    }
}
