#![allow(clippy::needless_pass_by_value, reason = "messages are written in place")]

mod octoprint;
mod words;

use std::time::Duration;

use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::words::{EVENTS, OCTOPRINT, STATES};
use super::*;
use crate::farm::{Elapsed, Filament, File, ReportedState};
use crate::labels::{AttentionReason, Origin, RejectReason};
use crate::timestamp::Timestamp;
use crate::webhook::tests::{FORM, JSON, block_on, context, post, with};
use crate::webhook::{BodyLimits, read};

/// Every key of the schema. `secret` is read where secrets are checked, and `material` by nobody.
const KEYS: [&str; 30] = [
    "event",
    "state",
    "printer",
    "printer_name",
    "job_id",
    "event_id",
    "time",
    "file",
    "path",
    "origin",
    "owner",
    "progress",
    "progress_percent",
    "elapsed_seconds",
    "elapsed_with_pauses_seconds",
    "remaining_seconds",
    "remaining_minutes",
    "ends_at",
    "estimate_seconds",
    "layer",
    "layers",
    "height_mm",
    "filament_mm",
    "filament_grams",
    "filament_planned_mm",
    "filament_planned_grams",
    "material",
    "reason",
    "action",
    "secret",
];

fn parsed(message: &Value) -> Result<Event, DecodeError> {
    let payload = post(&Generic, JSON, message.to_string().as_bytes())?;
    match Generic.parse(&payload, &context(Some("x1c"), &|_| None))? {
        Parsed::Event(event) => Ok(event),
        ignored @ Parsed::Ignored { .. } => panic!("{ignored:?} from {message}"),
    }
}

fn event(message: Value) -> Event {
    parsed(&message).unwrap_or_else(|error| panic!("{error} from {message}"))
}

fn kind(message: Value) -> EventKind {
    event(message).kind
}

/// A message with every key of the schema.
fn everything() -> Value {
    json!({
        "event": "paused", "state": "idle", "printer": "p1", "printer_name": "Lab 1", "job_id": 5512, "event_id": "e-1",
        "time": 1_795_158_192, "file": "Gehäuse", "path": "a/b.gcode", "origin": "sdcard", "owner": "lena",
        "progress": 0.25, "progress_percent": 30, "elapsed_seconds": 60, "elapsed_with_pauses_seconds": 70,
        "remaining_seconds": 600, "remaining_minutes": 11, "ends_at": 1_795_159_000, "estimate_seconds": 1000,
        "layer": 3, "layers": 90, "height_mm": 1.5, "filament_mm": 1500, "filament_grams": 4.5,
        "filament_planned_mm": 6000, "filament_planned_grams": 18, "material": "PETG", "reason": "clog",
        "action": "paused", "secret": "s",
    })
}

#[test]
fn every_key_of_the_schema() {
    let keys: Vec<_> = everything().as_object().unwrap().keys().cloned().collect();
    let mut known = KEYS.to_vec();
    known.sort_unstable();
    assert_eq!(keys, known);

    let read = event(everything());
    assert_eq!((read.printer.id.as_str(), read.printer.name.as_str()), ("x1c", "Lab 1"));
    assert_eq!(
        (read.kind, read.sent),
        (EventKind::Paused, Some(Timestamp::from_micros(1_795_158_192_000_000)))
    );
    let expected = PrintReport {
        event_id: Some("e-1".to_owned()),
        print_id: Some("5512".to_owned()),
        file: Some(File { name: "Gehäuse".to_owned(), path: Some("a/b.gcode".to_owned()) }),
        origin: Some(Origin::SdCard),
        owner: Some("lena".to_owned()),
        progress: Some(0.3),
        elapsed: Some(Elapsed::Printing(Duration::from_secs(60))),
        remaining: Some(Duration::from_secs(600)),
        estimate: Some(Duration::from_secs(1000)),
        filament_used: Filament { metres: Some(1.5), grams: Some(4.5) },
        filament_planned: Filament { metres: Some(6.0), grams: Some(18.0) },
        layer: Some(3),
        layers: Some(90),
        height: Some(0.0015),
        ..PrintReport::default()
    };
    assert_eq!(read.report, expected);
}

#[test]
fn a_key_stands_in_for_another_that_says_nothing() {
    let report = |changes: Value| event(with(everything(), changes)).report;
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(report(json!({"progress_percent": "unknown"})).progress, Some(0.25));
    let with_pauses = Some(Elapsed::WithPauses(Duration::from_secs(70)));
    assert_eq!(report(json!({"elapsed_seconds": ""})).elapsed, with_pauses);
    assert_eq!(report(json!({"remaining_seconds": "N/A"})).remaining, seconds(808), "until its end");
    let past = json!({"remaining_seconds": null, "ends_at": "2026-11-20T07:00:00Z"});
    assert_eq!(report(past).remaining, seconds(660), "an end in the past says nothing");
    assert_eq!(report(json!({"estimate_seconds": -1})).estimate, seconds(660), "elapsed and remaining");
    assert_eq!(report(json!({"file": "none"})).file.map(|file| file.name), Some("b.gcode".to_owned()));
    let reason = |event| report(json!({"event": event})).reason;
    assert_eq!((reason("failed").as_deref(), reason("completed")), (Some("clog"), None));
    assert_eq!(
        kind(with(everything(), json!({"event": "unavailable"}))),
        EventKind::StateReport(ReportedState::Idle)
    );
}

#[test]
fn values_are_read_however_they_are_written() {
    let plain = event(everything());
    let all = everything();
    let texts = all.as_object().unwrap().iter().map(|(key, value)| {
        let text = match value {
            Value::String(text) => format!(" {text} "),
            number => number.to_string().replace('.', ","),
        };
        (key.to_uppercase().replace('_', "-"), text.into())
    });
    let texts = Value::Object(texts.collect());
    assert_eq!(event(texts.clone()), plain);

    let pairs: Vec<_> =
        texts.as_object().unwrap().iter().map(|(key, text)| (key, text.as_str().unwrap())).collect();
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let in_form = post(&Generic, FORM, form.as_bytes()).unwrap();
    let (headers, limits) = (HeaderMap::new(), BodyLimits::default());
    let body = http_body_util::Empty::new();
    let in_query = block_on(read(&Generic, &Method::GET, &headers, Some(&form), body, &limits)).unwrap();
    for payload in [in_form, in_query] {
        let parsed = Generic.parse(&payload, &context(Some("x1c"), &|_| None));
        assert_eq!(parsed, Ok(Parsed::Event(plain.clone())));
    }
}

#[test]
fn values_that_say_nothing_or_cannot_be_are_not_reported() {
    let nothing =
        ["", " ", "unknown", "Unavailable", "none", "None", "N/A", "n/a", "NaN", "nan", "null", "undefined"];
    let silent = nothing.map(Value::from).into_iter().chain([Value::Null]);
    let impossible = [json!(-5), json!("1e400"), json!(1e300), json!(-1e300)];
    for value in silent.clone().chain(impossible) {
        let mut message = json!({"event": "progress"});
        for key in KEYS.iter().filter(|key| !["event", "state", "material", "action", "secret"].contains(key))
        {
            let is_text = [
                "printer",
                "printer_name",
                "job_id",
                "event_id",
                "file",
                "path",
                "origin",
                "owner",
                "reason",
            ]
            .contains(key);
            if !is_text || value.is_null() || value.is_string() && value != "1e400" {
                message[*key] = value.clone();
            }
        }
        let read = event(message);
        assert_eq!((read.sent, read.report), (None, PrintReport::default()), "{value}");
        assert_eq!((read.printer.id.as_str(), read.printer.name.as_str()), ("x1c", "x1c"), "{value}");
    }
    for value in silent {
        let reason = parsed(&json!({ "event": value })).unwrap_err().reason();
        assert_eq!(reason, RejectReason::NoEvent, "{value}");
    }
    let bounds = json!({"event": "progress", "progress_percent": 4000, "progress": 1.5, "height_mm": -1, "layer": 0, "time": 0});
    assert_eq!(event(bounds).report, PrintReport::default());
}

#[test]
fn printers() {
    let id = |message: Value| {
        let payload = post(&Generic, JSON, message.to_string().as_bytes()).unwrap();
        let parsed = Generic.parse(&payload, &context(None, &|_| None));
        let of_secrets = Generic.printer_id(&payload, None);
        parsed.map(|parsed| {
            let Parsed::Event(event) = parsed else { panic!("{message}") };
            assert_eq!(of_secrets.as_ref(), Some(&event.printer.id));
            [event.printer.id, event.printer.label, event.printer.name]
        })
    };
    let cases = [
        (json!({"event": "notice", "printer": "00M09A"}), ["00M09A", "00M09A", "00M09A"]),
        (json!({"event": "notice", "printer": 1192}), ["1192", "1192", "1192"]),
        (json!({"event": "test", "printer": "00M09A", "printer_name": "X1"}), ["00M09A", "X1", "X1"]),
    ];
    for (message, expected) in cases {
        assert_eq!(id(message).unwrap(), expected);
    }
    for printer in [Value::Null, json!(""), json!("unknown")] {
        let error = id(json!({"event": "started", "printer": printer, "printer_name": "X1"})).unwrap_err();
        assert_eq!(error.reason(), RejectReason::NoPrinter);
    }
}

#[test]
fn a_list_or_an_object_in_the_place_of_a_value_is_named() {
    for key in ["event", "printer", "file", "layer", "time", "filament_mm"] {
        for (value, found) in [(json!([1]), "a list"), (json!({}), "an object")] {
            let error = parsed(&with(everything(), json!({ key: value }))).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with(&format!("`{key}` is {found}; ")), "{text}");
        }
    }
}

#[test]
fn json_that_is_none_is_answered_with_where_it_goes_wrong() {
    for body in ["{\"event\": \"progress\",\n \"progress_percent\": unavailable}", "{\"file\": \"a \"b\"\"}"]
    {
        for content_type in [JSON, FORM, "text/plain", "application/octet-stream"] {
            let error = post(&Generic, content_type, body.as_bytes()).unwrap_err();
            assert_eq!(error.reason(), RejectReason::Malformed);
            assert!(error.to_string().contains("line "), "{error}");
        }
    }
}

#[test]
fn the_json_schema_and_the_page_have_every_key_and_every_word() {
    let schema = include_str!("../../../../docs/senders/generic.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let mut known = KEYS.to_vec();
    known.sort_unstable();
    let keys: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, known);
    let words = |key: &str| schema["properties"][key]["enum"].as_array().unwrap().clone();
    let events: Vec<_> = EVENTS.iter().chain(&OCTOPRINT).map(|(word, _)| Value::from(*word)).collect();
    let states: Vec<_> = STATES.iter().map(|(word, _)| Value::from(*word)).collect();
    assert_eq!((words("event"), words("state")), (events, states));

    let page = include_str!("../../../../docs/senders/generic.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| key |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|')).map(|line| line.split('`').nth(1).unwrap());
    let mut told: Vec<_> = rows.collect();
    told.sort_unstable();
    assert_eq!(told, known);
    for (word, _) in &EVENTS[..13] {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
}
