use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::farm::{Elapsed, File, Identity};
use crate::labels::{EventLabel, Outcome, RejectReason};
use crate::webhook::tests::{context, event, fields, parsed, with};

pub(super) fn octoprint(message: Value) -> Event {
    event(&OctoPrint, &with(json!({"deviceIdentifier": "delta"}), message))
}

pub(super) fn result(message: Value) -> Result<Parsed, DecodeError> {
    parsed(&OctoPrint, &with(json!({"deviceIdentifier": "delta"}), message))
}

pub(super) fn ignored(reason: IgnoreReason, kind: EventLabel) -> Parsed {
    Parsed::Ignored { reason, kind }
}

pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub(super) fn file(name: &str, path: Option<&str>) -> File {
    File { name: name.to_owned(), path: path.map(str::to_owned) }
}

#[test]
fn the_test_button() {
    let real =
        json!({"job": {"file": {"name": "real.gcode"}}, "progress": {"completion": 50}, "currentZ": 3});
    for topic in
        ["Print Started", "Print Done", "Print Progress", "User Action Needed", "Error", "Custom Event"]
    {
        let pressed = json!({"topic": topic, "extra": {"name": "continuousprint_x.gcode", "popup": true}});
        let event = octoprint(with(pressed, real.clone()));
        assert_eq!((event.kind, event.report), (EventKind::Test, PrintReport::default()), "{topic}");
    }
    let not_pressed = json!({"topic": "Print Done", "extra": {"popup": "False"}});
    assert_eq!(octoprint(not_pressed).kind, EventKind::Ended(Outcome::Completed));
}

#[test]
fn placeholders_of_a_queue() {
    let name = "continuousprint_managed.gcode";
    let cases = [
        (json!({"topic": "Print Started", "extra": {"name": name}}), EventLabel::Started),
        (json!({"topic": "Print Done", "extra": {"path": format!("tmp/{name}")}}), EventLabel::Ended),
        (
            json!({"topic": "Print Progress", "extra": {}, "job": {"file": {"name": name}}}),
            EventLabel::Progress,
        ),
        (
            json!({"topic": "Custom Event", "message": "FileSelected", "extra": {"name": name}}),
            EventLabel::Notice,
        ),
        (json!({"topic": "Print Started", "fileName": name}), EventLabel::Started),
        (
            json!({"topic": "Print Started", "extra": {"name": "cp_bed_clearing_script.gcode"}}),
            EventLabel::Started,
        ),
        (json!({"topic": "Print Done", "path": "x/CP_queue_finished_script.GCODE"}), EventLabel::Ended),
        (
            json!({"topic": "Print Done", "extra": {"name": "cooldown.gcode", "path": "/ContinuousPrint/tmp/a/cooldown.gcode"}}),
            EventLabel::Ended,
        ),
    ];
    for (message, kind) in cases {
        assert_eq!(result(message.clone()), Ok(ignored(IgnoreReason::Placeholder, kind)), "{message}");
    }
    for (name, path) in [
        ("my_continuousprint_.gcode", ""),
        ("cp_holder.gcode", "cp_holder.gcode"),
        ("script.gcode", "my/ContinuousPrint/script.gcode"),
        ("bracket_script.gcode", "ContinuousPrint/bracket_script.gcode"),
    ] {
        let other = json!({"topic": "Print Started", "extra": {"name": name, "path": path}});
        assert_eq!(octoprint(other).kind, EventKind::Started, "{name}");
    }
}

#[test]
fn a_notice_says_nothing_of_a_print() {
    let selected = json!({
        "topic": "Custom Event", "message": "FileSelected", "extra": {"name": "other.gcode"},
        "job": {"file": {"name": "other.gcode"}}, "progress": {"completion": 0},
    });
    assert_eq!(octoprint(selected).report, PrintReport::default());
    let anything =
        json!({"topic": "Custom Event", "message": "x", "extra": {"name": ["a"]}, "progress": [1]});
    assert_eq!(octoprint(anything).kind, EventKind::Notice);
}

#[test]
fn templates_of_users() {
    let extra = json!({"name": "a.gcode", "origin": "local", "time": 12.5});
    let cases = [
        ("nested", json!({"data": {"topic": "Print Done", "deviceIdentifier": "delta", "extra": extra}})),
        (
            "half nested",
            json!({"data": {"topic": "Print Done"}, "deviceIdentifier": "delta", "extra": extra}),
        ),
        (
            "nested twice, and in two places",
            json!({"a": {"b": {"Topic": "Print Done"}}, "c": {"extra": extra}, "device_identifier": "delta"}),
        ),
        (
            "nested in text",
            json!({"data": json!({"topic": "Print Done", "device-identifier": "delta", "extra": extra}).to_string()}),
        ),
        (
            "another name for the topic",
            json!({"event": "Print Done", "DeviceIdentifier": "delta", "Extra": extra}),
        ),
        (
            "an empty topic above",
            json!({"topic": "", "x": {"event": "print done"}, "device identifier": "delta", "extra": extra}),
        ),
    ];
    for (case, message) in cases {
        let event = event(&OctoPrint, &message);
        assert_eq!(event.kind, EventKind::Ended(Outcome::Completed), "{case}");
        assert_eq!(event.printer.id, "delta", "{case}");
        assert_eq!(event.report.file, Some(file("a.gcode", None)), "{case}");
        assert_eq!(event.report.elapsed, Some(Elapsed::Printing(seconds(12.5))), "{case}");
    }
}

#[test]
fn a_text_that_reads_like_a_topic_does_not_win_over_the_topic() {
    let failed = EventKind::Ended(Outcome::Failed);
    let cases = [
        (json!({"state": "Error", "title": "Print Failed"}), failed),
        (json!({"printer_state": "Error", "what": "Print Failed"}), failed),
        (json!({"status": "Error", "title": "Error"}), EventKind::Error),
        (json!({"a": "Error", "b": "Print Failed"}), failed),
        (json!({"a": {"error": "Error"}, "b": {"c": "Print Failed"}}), failed),
        (json!({"file": "print done", "title": "Print Failed"}), failed),
        (json!({"message": "Print Started", "title": "Custom Event"}), EventKind::Notice),
        (json!({"message": "Print Failed"}), failed),
    ];
    for (message, kind) in cases {
        assert_eq!(octoprint(message.clone()).kind, kind, "{message}");
    }
}

#[test]
fn extra_under_another_name() {
    let pressed = json!({"name": "example.gcode", "time": 50.2, "popup": true});
    let tests = [
        json!({"details": pressed}),
        json!({"a": {"b": pressed}}),
        json!({"test": {"popup": "True"}}),
        json!({"popup": true, "extra": {"name": "example.gcode"}}),
    ];
    for message in tests {
        let message = with(message, json!({"event": "Print Started"}));
        assert_eq!(octoprint(message.clone()).kind, EventKind::Test, "{message}");
    }
    let extra = json!({"name": "a.gcode", "path": "a.gcode", "time": 60.5, "reason": "cancelled"});
    let file_of_job = json!({"name": "job.gcode", "origin": "local"});
    let cases = [
        json!({"event": "Print Failed", "details": extra}),
        json!({"event": "Print Failed", "a_file": file_of_job, "details": extra}),
        json!({"data": {"topic": "Print Failed", "name": "mk3", "reason": "error", "payload": extra}}),
        json!({"topic": "Print Failed", "details": extra, "job": {"file": file_of_job}, "meta": {"reason": "x"}}),
    ];
    for message in cases {
        let event = octoprint(message.clone());
        assert_eq!(event.kind, EventKind::Ended(Outcome::Cancelled), "{message}");
        assert_eq!(event.report.file, Some(file("a.gcode", Some("a.gcode"))), "{message}");
        assert_eq!(event.report.elapsed, Some(Elapsed::Printing(seconds(60.5))), "{message}");
    }
    let started = json!({"event": "Print Started", "details": {"name": "b.gcode", "origin": "sdcard"}});
    assert_eq!(octoprint(started).report.file, Some(file("b.gcode", None)));
    let kept = json!({"topic": "Print Failed", "extra": "", "other": {"reason": "cancelled"}});
    assert_eq!(octoprint(kept).kind, EventKind::Ended(Outcome::Failed));
}

#[test]
fn messages_without_a_topic() {
    let no_event = Err(DecodeError::NoEvent { hint: PROFILE.hints.event });
    let deep = (0..20).fold(json!({"topic": "Print Done"}), |inner, _| json!({ "a": inner }));
    for message in [
        json!({}),
        json!({"topic": null}),
        json!({"text": "Print Done on printer delta"}),
        json!({"state": "Error"}),
        json!({"status": "Error", "reason": "error"}),
        json!({"extra": {"error": "Error"}, "state": {"text": "Error"}}),
        json!({"topics": ["Print Done"]}),
        deep,
    ] {
        assert_eq!(result(message.clone()), no_event, "{message}");
    }
}

#[test]
fn identities() {
    let names = |id: &str| (id == "delta").then(|| "Delta of the lab".to_owned());
    let cases = [
        ("identifier", None, json!("omega"), ["omega", "omega", "omega"]),
        ("configured", None, json!("delta"), ["delta", "Delta of the lab", "delta"]),
        ("path", Some("mk3"), json!(null), ["mk3", "mk3", "mk3"]),
        ("path and identifier", Some("mk3"), json!("delta"), ["mk3", "mk3", "delta"]),
        ("blank path", Some(" "), json!(" omega "), ["omega", "omega", "omega"]),
        ("a number for an identifier", None, json!(12), ["12", "12", "12"]),
        ("path, empty identifier", Some("mk3"), json!(""), ["mk3", "mk3", "mk3"]),
    ];
    for (case, segment, identifier, expected) in cases {
        let fields = fields(&json!({"topic": "Error", "deviceIdentifier": identifier}));
        let Ok(Parsed::Event(event)) = OctoPrint.parse(&fields, &context(segment, &names)) else {
            panic!("{case}");
        };
        let Identity { source, id, label, name } = event.printer;
        assert_eq!(source, PROFILE.source);
        assert_eq!(
            OctoPrint.printer_id(&fields, context(segment, &names).segment).as_ref(),
            Some(&id),
            "{case}"
        );
        assert_eq!([id.as_str(), label.as_str(), name.as_str()], expected, "{case}");
    }
}

#[test]
fn messages_without_a_printer() {
    for extra in [json!({}), json!({"popup": true})] {
        for identifier in [json!(null), json!(""), json!("  "), json!("None")] {
            let message = json!({"topic": "Print Started", "deviceIdentifier": identifier, "extra": extra});
            let no_printer = Err(DecodeError::NoPrinter { hint: PROFILE.hints.printer });
            assert_eq!(parsed(&OctoPrint, &message), no_printer, "{message}");
        }
    }
}

#[test]
fn what_belongs_elsewhere_is_refused_and_named() {
    let cases = [
        (json!({"topic": 7}), "`topic` is a number; text belongs there"),
        (json!({"topic": ["Print Done"]}), "`topic` is a list; text belongs there"),
        (json!({"topic": true}), "`topic` is true or false; text belongs there"),
        (
            json!({"topic": "Error", "deviceIdentifier": true}),
            "`deviceIdentifier` is true or false; text belongs there",
        ),
        (json!({"topic": "Error", "extra": ["name"]}), "`extra` is a list; an object belongs there"),
        (json!({"topic": "Error", "extra": {"name": {}}}), "`extra.name` is an object; text belongs there"),
        (
            json!({"topic": "Error", "state": {"flags": []}}),
            "`state.flags` is a list; an object belongs there",
        ),
        (json!({"topic": "Error", "job": {"file": []}}), "`job.file` is a list; an object belongs there"),
        (
            json!({"topic": "Error", "progress": {"completion": {}}}),
            "`progress.completion` is an object; a number belongs there",
        ),
        (json!({"topic": "Error", "currentZ": []}), "`currentZ` is a list; a number belongs there"),
    ];
    for (message, text) in cases {
        let reject = result(message.clone()).unwrap_err();
        assert_eq!(
            (reject.reason(), reject.to_string().as_str()),
            (RejectReason::Malformed, text),
            "{message}"
        );
    }
    let unread =
        json!({"topic": "Error", "offsets": [], "extra": {"logs": [], "position": {}}, "other": [{}]});
    assert_eq!(octoprint(unread).kind, EventKind::Error);
}

#[test]
fn long_texts_are_cut() {
    let long = "é".repeat(1_000);
    let event = octoprint(
        json!({"topic": "Error", "deviceIdentifier": long, "extra": {"name": long, "owner": long}}),
    );
    let cut = "é".repeat(512);
    assert_eq!(event.printer.id, cut);
    assert_eq!(event.report.file, Some(file(&cut, None)));
    assert_eq!(event.report.owner, Some(cut));
}

#[test]
fn clocks_that_nobody_believes() {
    for time in [json!(0), json!("never"), json!(1e18), json!(-5)] {
        let event = octoprint(json!({"topic": "Error", "currentTime": time}));
        assert_eq!(event.sent, None, "{time}");
    }
}
