use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::farm::Filament;
use crate::webhook::tests::{FORM, JSON, context, post, with};

const PRINTING: EventKind = EventKind::Started;
const COMPLETED: EventKind = EventKind::Ended(Outcome::Completed);
const CANCELLED: EventKind = EventKind::Ended(Outcome::Cancelled);
const FAILED: EventKind = EventKind::Ended(Outcome::Failed);

fn stats(state: &str, total: f64) -> Value {
    json!({
        "filename": "parts/cube.gcode", "total_duration": total, "print_duration": -332.9, "filament_used": 5321.5,
        "state": state, "message": "", "info": {"current_layer": 3, "total_layer": 90},
    })
}

/// A request as Apprise sends it, with this title and message.
fn notification(title: &str, message: &str) -> Value {
    json!({"version": "1.0", "title": title, "message": message, "attachments": [], "type": "info"})
}

fn read(body: &Value) -> Result<Parsed, DecodeError> {
    let payload = post(&Moonraker, JSON, body.to_string().as_bytes()).unwrap();
    Moonraker.parse(&payload, &context(Some("voron"), &|_| None))
}

fn told(body: &Value) -> Event {
    match read(body) {
        Ok(Parsed::Event(event)) => event,
        other => panic!("{other:?} from {body}"),
    }
}

fn kind(title: &str, message: &str) -> EventKind {
    told(&notification(title, message)).kind
}

#[test]
fn events_by_their_name_beside_the_numbers_alone_and_in_an_object_of_the_user_s() {
    let cases = [
        ("started", stats("printing", 0.15), PRINTING),
        ("paused", stats("paused", 60.0), EventKind::Paused),
        ("resumed", stats("printing", 90.0), EventKind::Resumed),
        ("complete", stats("complete", 90.0), COMPLETED),
        ("cancelled", stats("cancelled", 90.0), CANCELLED),
        ("error", stats("error", 90.0), FAILED),
    ];
    for (name, stats, expected) in cases {
        let stats_text = stats.to_string();
        assert_eq!(kind(name, &stats_text), expected, "{name} in the title");
        assert_eq!(kind("", name), expected, "{name} alone");
        assert_eq!(kind("", &stats_text), expected, "{name} by the state");
        assert_eq!(
            kind("Voron: my words", &stats_text),
            expected,
            "{name} by the state, under a title of one's own"
        );
        assert_eq!(kind(name, "my words"), expected, "{name} beside a text of one's own");
        let own = json!({"event": name, "secret": "s", "stats": stats});
        assert_eq!(kind("", &own.to_string()), expected, "{name} in an object");
        let flat = with(stats, json!({ "event_name": name }));
        assert_eq!(kind("", &flat.to_string()), expected, "{name} among the numbers");
    }
}

#[test]
fn fields_that_the_url_renames_or_drops() {
    let text = stats("complete", 90.0).to_string();
    for body in [
        json!({"title": "complete", "message": text}),
        json!({"headline": "complete", "message": text}),
        json!({"event": "complete", "body": text}),
        json!({"body": text}),
        json!({"title": "complete"}),
    ] {
        assert_eq!(told(&body).kind, COMPLETED, "{body}");
    }
}

#[test]
fn what_is_reported() {
    let report = told(&notification("paused", &stats("paused", 60.5).to_string())).report;
    let expected = PrintReport {
        file: Some(File { name: "cube.gcode".to_owned(), path: Some("parts/cube.gcode".to_owned()) }),
        origin: Some(Origin::Local),
        elapsed: Some(Elapsed::WithPauses(Duration::from_secs_f64(60.5))),
        filament_used: Filament { metres: Some(5.3215), grams: None },
        layer: Some(3),
        layers: Some(90),
        ..PrintReport::default()
    };
    assert_eq!(report, expected);
    let bare = told(&notification("", "started")).report;
    assert_eq!(bare, PrintReport { origin: Some(Origin::Local), ..PrintReport::default() });
}

#[test]
fn a_failure_has_klipper_s_words_for_a_reason() {
    for (state, reason) in [("error", Some("Timer too close")), ("cancelled", None)] {
        let stats = with(stats(state, 60.5), json!({"message": "Timer too close"}));
        assert_eq!(told(&notification("", &stats.to_string())).report.reason.as_deref(), reason);
    }
}

#[test]
fn a_start_beyond_the_first_moments_is_a_resume() {
    assert_eq!(kind("started", &stats("printing", 1811.0).to_string()), EventKind::Resumed);
    assert_eq!(kind("started", &stats("printing", 0.3).to_string()), PRINTING);
}

#[test]
fn a_start_that_carries_the_state_of_an_end_is_that_end() {
    assert_eq!(kind("started", &stats("error", 0.11).to_string()), FAILED);
    assert_eq!(kind("started", &stats("cancelled", 0.11).to_string()), CANCELLED);
    assert_eq!(kind("started", &stats("paused", 0.11).to_string()), EventKind::Paused);
    assert_eq!(kind("started", &stats("standby", 0.0).to_string()), PRINTING);
}

#[test]
fn a_test_is_known_by_its_file_or_its_star() {
    let live = with(stats("printing", 700.0), json!({"filename": "notifier_test.gcode"}));
    for (title, message) in
        [("*", live.to_string()), ("started", live.to_string()), ("", live.to_string()), ("", "*".to_owned())]
    {
        let event = told(&notification(title, &message));
        assert_eq!(
            (event.kind, event.report),
            (EventKind::Test, PrintReport::default()),
            "{title} {message}"
        );
    }
}

#[test]
fn a_macro_tells_progress_and_layers_and_its_words_are_no_events() {
    let json = json!({"event": "complete", "file": "parts/cube.gcode", "layer": 30, "layers": 120, "progress_percent": 25});
    let event = told(&notification("remote_action", &json.to_string()));
    assert_eq!(event.kind, EventKind::Notice);
    let report = event.report;
    assert_eq!((report.progress, report.layer, report.layers), (Some(0.25), Some(30), Some(120)));
    assert_eq!(report.file.map(|file| file.name).as_deref(), Some("cube.gcode"));
    for text in ["Filament runout on extruder", "", "remote_action"] {
        assert_eq!(kind("remote_action", text), EventKind::Notice, "{text}");
    }
}

#[test]
fn a_text_of_the_user_s_own_is_no_event() {
    for (title, message) in [
        ("Voron: started", "cube.gcode is started"),
        ("", ""),
        ("", "{not json"),
        ("", "{}"),
        ("Printing now", "started: cube.gcode"),
    ] {
        let error = read(&notification(title, message)).unwrap_err();
        assert!(matches!(error, DecodeError::NoEvent { .. }), "{title} {message}: {error}");
        assert!(error.to_string().contains("`title: {event_name}`"), "{error}");
    }
}

#[test]
fn the_url_names_the_printer() {
    let payload = post(&Moonraker, FORM, b"title=started&message=x&type=info").unwrap();
    let error = Moonraker.parse(&payload, &context(None, &|_| None)).unwrap_err();
    assert!(error.to_string().contains("/webhook/moonraker/my-printer"), "{error}");
    assert_eq!(Moonraker.printer_id(&payload, None), None);
    let event = told(&notification("started", "x"));
    assert_eq!((event.printer.id.as_str(), event.printer.label.as_str()), ("voron", "voron"));
}
