use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::farm::{AttentionReason, Elapsed, File, Origin, Outcome, Reported, Time};
use crate::webhook::tests::{context, event, fields, parsed, with};

fn octoprint(message: Value) -> Event {
    event(
        Source::OctoPrint,
        &with(json!({"deviceIdentifier": "delta"}), message),
    )
}

fn result(message: Value) -> Result<Parsed, Reject> {
    parsed(
        Source::OctoPrint,
        &with(json!({"deviceIdentifier": "delta"}), message),
    )
}

fn ignored(reason: Ignored, kind: EventKind) -> Result<Parsed, Reject> {
    Ok(Parsed::Ignored { reason, kind })
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn file(name: &str, path: Option<&str>) -> Option<File> {
    Some(File {
        name: name.to_owned(),
        path: path.map(str::to_owned),
    })
}

#[test]
fn topics() {
    let failed = What::Finished(Outcome::Failed);
    let cases = [
        ("Print Started", What::Started),
        ("print started", What::Started),
        (" PRINT STARTED ", What::Started),
        ("Print Done", What::Finished(Outcome::Completed)),
        ("Print Failed", failed),
        ("Print Paused", What::Paused),
        ("Print Progress", What::Progress),
        (
            "User Action Needed",
            What::Attention(AttentionReason::UserInteraction),
        ),
        ("Error", What::Error),
        ("Custom Event", What::Notice),
    ];
    for (topic, what) in cases {
        assert_eq!(octoprint(json!({ "topic": topic })).what, what, "{topic}");
    }
    let unknown = ignored(Ignored::UnknownEvent, EventKind::Unknown);
    for topic in ["Print Startled", "42", "Printing"] {
        assert_eq!(result(json!({ "topic": topic })), unknown, "{topic}");
    }
}

#[test]
fn why_a_print_failed() {
    let (cancelled, failed) = (Outcome::Cancelled, Outcome::Failed);
    let cases = [
        ("cancelled", json!({"extra": {"reason": "cancelled"}}), cancelled),
        (
            "cancelled, in another spelling",
            json!({"extra": {"reason": "Canceled"}}),
            cancelled,
        ),
        ("error", json!({"extra": {"reason": "error"}}), failed),
        (
            "error, while the state still says cancelling",
            json!({"extra": {"reason": "error"}, "state": {"flags": {"cancelling": true}}}),
            failed,
        ),
        ("no reason", json!({"extra": {}}), failed),
        (
            "no reason, cancelling",
            json!({"state": {"flags": {"cancelling": "True"}}}),
            cancelled,
        ),
        (
            "no reason, the state's text",
            json!({"state": {"text": "Cancelling"}}),
            cancelled,
        ),
        (
            "no reason, the state is a text",
            json!({"state": "Cancelling"}),
            cancelled,
        ),
        (
            "no reason, another state",
            json!({"state": {"text": "Error", "flags": {"error": true}}}),
            failed,
        ),
        ("the reason at the top", json!({"reason": "cancelled"}), cancelled),
    ];
    for (case, message, outcome) in cases {
        let message = with(message, json!({"topic": "Print Failed"}));
        assert_eq!(octoprint(message).what, What::Finished(outcome), "{case}");
    }
}

#[test]
fn custom_events() {
    let state = What::StateReport;
    let cases = [
        ("PrintResumed", state(Reported::Printing)),
        (" printresumed\n", state(Reported::Printing)),
        ("PrintPaused", state(Reported::Paused)),
        ("PrintCancelled", What::Finished(Outcome::Cancelled)),
        ("PrintDone", What::Finished(Outcome::Completed)),
        ("PrintFailed", What::Finished(Outcome::Failed)),
        ("Connected", state(Reported::Idle)),
        ("Disconnected", state(Reported::Offline)),
        ("PrintCancelling", What::Notice),
        ("FileSelected", What::Notice),
        ("Something happened", What::Notice),
        ("", What::Notice),
    ];
    for (message, what) in cases {
        assert_eq!(
            octoprint(json!({"topic": "Custom Event", "message": message})).what,
            what,
            "{message}"
        );
    }
    let cancelled =
        json!({"topic": "Custom Event", "message": "PrintFailed", "extra": {"reason": "cancelled"}});
    assert_eq!(octoprint(cancelled).what, What::Finished(Outcome::Cancelled));
    let at_random =
        json!({"topic": "Custom Event", "message": "PrintCancelled", "extra": {"reason": "error"}});
    assert_eq!(octoprint(at_random).what, What::Finished(Outcome::Cancelled));
}

#[test]
fn states_of_the_printer() {
    let cases = [
        ("PRINTING", What::StateReport(Reported::Printing)),
        ("PAUSED", What::StateReport(Reported::Paused)),
        ("OPERATIONAL", What::StateReport(Reported::Idle)),
        ("ERROR", What::StateReport(Reported::Error)),
        ("CLOSED_WITH_ERROR", What::StateReport(Reported::Error)),
        ("OFFLINE", What::StateReport(Reported::Offline)),
        ("CLOSED", What::StateReport(Reported::Offline)),
        ("STARTING", What::Notice),
        ("PAUSING", What::Notice),
        ("RESUMING", What::Notice),
        ("FINISHING", What::Notice),
        ("CANCELLING", What::Notice),
        ("OPEN_SERIAL", What::Notice),
        ("CONNECTING", What::Notice),
        ("", What::Notice),
    ];
    for (id, what) in cases {
        let message =
            json!({"topic": "Custom Event", "message": "PrinterStateChanged", "extra": {"state_id": id}});
        assert_eq!(octoprint(message).what, what, "{id}");
    }
}

#[test]
fn the_test_button() {
    let real =
        json!({"job": {"file": {"name": "real.gcode"}}, "progress": {"completion": 50}, "currentZ": 3});
    for topic in [
        "Print Started",
        "Print Done",
        "Print Progress",
        "User Action Needed",
        "Error",
        "Custom Event",
    ] {
        let pressed = json!({"topic": topic, "extra": {"name": "continuousprint_x.gcode", "popup": true}});
        let event = octoprint(with(pressed, real.clone()));
        assert_eq!((event.what, event.job), (What::Test, Job::default()), "{topic}");
    }
    let not_pressed = json!({"topic": "Print Done", "extra": {"popup": "False"}});
    assert_eq!(octoprint(not_pressed).what, What::Finished(Outcome::Completed));
}

#[test]
fn placeholders_of_a_queue() {
    let name = "continuousprint_managed.gcode";
    let cases = [
        (
            json!({"topic": "Print Started", "extra": {"name": name}}),
            EventKind::Started,
        ),
        (
            json!({"topic": "Print Done", "extra": {"path": format!("tmp/{name}")}}),
            EventKind::Finished,
        ),
        (
            json!({"topic": "Print Progress", "extra": {}, "job": {"file": {"name": name}}}),
            EventKind::Progress,
        ),
        (
            json!({"topic": "Custom Event", "message": "FileSelected", "extra": {"name": name}}),
            EventKind::Notice,
        ),
        (
            json!({"topic": "Print Started", "fileName": name}),
            EventKind::Started,
        ),
    ];
    for (message, kind) in cases {
        assert_eq!(
            result(message.clone()),
            ignored(Ignored::Placeholder, kind),
            "{message}"
        );
    }
    let other = json!({"topic": "Print Started", "extra": {"name": "my_continuousprint_.gcode"}});
    assert_eq!(octoprint(other).what, What::Started);
}

#[test]
fn a_notice_says_nothing_of_a_print() {
    let selected = json!({
        "topic": "Custom Event", "message": "FileSelected", "extra": {"name": "other.gcode"},
        "job": {"file": {"name": "other.gcode"}}, "progress": {"completion": 0},
    });
    assert_eq!(octoprint(selected).job, Job::default());
    let anything =
        json!({"topic": "Custom Event", "message": "x", "extra": {"name": ["a"]}, "progress": [1]});
    assert_eq!(octoprint(anything).what, What::Notice);
}

#[test]
fn all_fields_of_a_job() {
    let event = octoprint(json!({
        "topic": "Print Progress",
        "message": "Your print is 20 % complete.",
        "extra": {},
        "state": {"text": "Printing", "flags": {"paused": false, "pausing": false}},
        "job": {
            "file": {"name": "a.gcode", "path": "x/a.gcode", "display": "A", "origin": "local"},
            "estimatedPrintTime": 89.5, "averagePrintTime": 30.5, "user": "lena",
        },
        "progress": {"completion": 25, "filepos": 691, "printTime": 6, "printTimeLeft": 87},
        "currentZ": 0.5,
        "currentTime": 1_795_308_886,
    }));
    assert_eq!(event.sent, Some(Time::from_micros(1_795_308_886_000_000)));
    assert_eq!(event.received, context(None, &|_, _| None).received);
    let expected = Job {
        file: file("a.gcode", Some("x/a.gcode")),
        origin: Some(Origin::Local),
        owner: Some("lena".to_owned()),
        progress: Some(0.25),
        elapsed: Some(Elapsed::Printing(seconds(6.0))),
        remaining: Some(seconds(87.0)),
        estimate: Some(seconds(93.0)),
        height: Some(0.0005),
        position: Some(691),
        ..Job::default()
    };
    assert_eq!(event.job, expected);
}

#[test]
fn values_as_text() {
    let typed = json!({
        "topic": "Print Done", "extra": {"name": "a", "time": 12.5, "popup": false}, "currentZ": 74.1,
        "state": {"flags": {"paused": true}}, "progress": {"completion": 100.0, "filepos": 7, "printTimeLeft": 0},
        "job": {"averagePrintTime": null}, "currentTime": 1_722_566_717,
    });
    let texts = json!({
        "topic": "Print Done", "extra": {"name": "a", "time": "12.5", "popup": "False"}, "currentZ": " 74.1 ",
        "state": {"flags": {"paused": "True"}}, "job": {"averagePrintTime": "None"}, "currentTime": "1722566717",
        "progress": {"completion": "100.0", "filepos": "7", "printTimeLeft": "0"},
    });
    assert_eq!(octoprint(texts), octoprint(typed));
}

#[test]
fn an_sd_print_says_nothing_beside_extra() {
    let empty = json!({"state": "", "job": "", "progress": "", "currentZ": "", "offsets": "", "meta": ""});
    let started =
        json!({"topic": "Print Started", "extra": {"name": "a.gco", "path": "a.gco", "origin": "sdcard"}});
    let expected = Job {
        file: file("a.gco", Some("a.gco")),
        origin: Some(Origin::SdCard),
        ..Job::default()
    };
    assert_eq!(octoprint(with(started, empty.clone())).job, expected);
    let progress = json!({"topic": "Print Progress", "message": "Your print is 30 % complete.", "extra": {}});
    let expected = Job {
        progress_in_words: Some(0.3),
        ..Job::default()
    };
    assert_eq!(octoprint(with(progress, empty)).job, expected);
}

#[test]
fn origins() {
    let cases = [
        (json!("local"), Some(Origin::Local)),
        (json!("sdcard"), Some(Origin::SdCard)),
        (json!("printer"), Some(Origin::SdCard)),
        (json!("moon"), Some(Origin::Unknown)),
        (json!(""), None),
        (json!(null), None),
    ];
    for (word, origin) in cases {
        let message = json!({"topic": "Print Started", "extra": {"name": "a", "origin": word}});
        assert_eq!(octoprint(message).job.origin, origin, "{word}");
    }
}

#[test]
fn where_the_file_is_named() {
    let job = json!({"file": {"name": "job", "path": "p/job", "origin": "local"}});
    let cases = [
        (
            "extra",
            json!({"extra": {"name": "e", "path": "p/e"}, "job": job}),
            file("e", Some("p/e")),
        ),
        (
            "job",
            json!({"extra": {}, "job": job}),
            file("job", Some("p/job")),
        ),
        (
            "its display name",
            json!({"job": {"file": {"display": "Shown"}}}),
            file("Shown", None),
        ),
        (
            "a path alone",
            json!({"extra": {"path": "a/b.gcode"}}),
            file("b.gcode", Some("a/b.gcode")),
        ),
        ("fileName", json!({"fileName": "f"}), file("f", None)),
        (
            "file_name",
            json!({"file_name": "f", "file_path": "d/f"}),
            file("f", Some("d/f")),
        ),
        (
            "filename, empty extra",
            json!({"extra": "", "filename": "f"}),
            file("f", None),
        ),
        ("file", json!({"file": "f"}), file("f", None)),
        ("file, an object", json!({"file": {"size": 3}}), None),
        (
            "null everywhere",
            json!({"job": {"file": {"name": null, "path": null}}}),
            None,
        ),
        ("nowhere", json!({}), None),
    ];
    for (case, message, expected) in cases {
        let message = with(message, json!({"topic": "Print Started"}));
        assert_eq!(octoprint(message).job.file, expected, "{case}");
    }
}

#[test]
fn the_origin_goes_with_the_file() {
    let message = json!({
        "topic": "Print Progress", "extra": {"name": "e"}, "job": {"file": {"name": "j", "origin": "local"}},
    });
    assert_eq!(octoprint(message).job.origin, None);
    let renamed = json!({"topic": "Print Progress", "fileName": "f", "origin": "sdcard"});
    assert_eq!(octoprint(renamed).job.origin, Some(Origin::SdCard));
}

#[test]
fn owners() {
    let cases = [
        (
            json!({"extra": {"owner": "o", "user": "u"}, "job": {"user": "j"}}),
            Some("o"),
        ),
        (json!({"extra": {"user": "u"}, "job": {"user": "j"}}), Some("u")),
        (json!({"extra": {}, "job": {"user": "j"}}), Some("j")),
        (json!({"owner": "top"}), Some("top")),
        (json!({"job": {"user": "None"}}), None),
    ];
    for (message, owner) in cases {
        let message = with(message, json!({"topic": "Print Started"}));
        assert_eq!(
            octoprint(message.clone()).job.owner.as_deref(),
            owner,
            "{message}"
        );
    }
}

#[test]
fn elapsed_time() {
    let cases = [
        (
            "an end tells it itself",
            "Print Done",
            json!({"extra": {"time": 12.5}, "progress": {"printTime": 12}}),
            12.5,
        ),
        (
            "an end without it",
            "Print Failed",
            json!({"progress": {"printTime": 12}}),
            12.0,
        ),
        (
            "progress",
            "Print Progress",
            json!({"extra": {"time": 99}, "progress": {"printTime": 12}}),
            12.0,
        ),
        ("an end, renamed", "Print Done", json!({"time": "12.5"}), 12.5),
        (
            "progress, renamed",
            "Print Progress",
            json!({"print_time": 12}),
            12.0,
        ),
        (
            "an end, out of range",
            "Print Done",
            json!({"extra": {"time": -1}, "progress": {"printTime": 12}}),
            12.0,
        ),
    ];
    for (case, topic, message, expected) in cases {
        let elapsed = octoprint(with(message, json!({ "topic": topic }))).job.elapsed;
        assert_eq!(elapsed, Some(Elapsed::Printing(seconds(expected))), "{case}");
    }
    for (topic, message) in [
        ("Print Started", json!({"time": 12})),
        ("Print Done", json!({"time": 1_795_308_886})),
        ("Print Progress", json!({"progress": "printTime"})),
    ] {
        assert_eq!(
            octoprint(with(message, json!({ "topic": topic }))).job.elapsed,
            None,
            "{topic}"
        );
    }
}

#[test]
fn remaining_time_and_estimate() {
    let job = json!({"averagePrintTime": 100, "estimatedPrintTime": 200});
    let estimated = json!({"averagePrintTime": null, "estimatedPrintTime": 200});
    let cases = [
        (
            "reported",
            "Print Progress",
            &job,
            json!({"printTime": 10, "printTimeLeft": 30}),
            Some(30),
            Some(40),
        ),
        (
            "from the average",
            "Print Progress",
            &job,
            json!({"printTime": 10}),
            Some(90),
            Some(100),
        ),
        (
            "from the estimate",
            "Print Progress",
            &estimated,
            json!({"printTime": 10}),
            Some(190),
            Some(200),
        ),
        (
            "longer than the average",
            "Print Progress",
            &job,
            json!({"printTime": 110}),
            None,
            Some(100),
        ),
        (
            "elapsed unknown",
            "Print Progress",
            &job,
            json!({}),
            None,
            Some(100),
        ),
        (
            "elapsed unknown, left known",
            "Print Progress",
            &job,
            json!({"printTimeLeft": 30}),
            Some(30),
            Some(100),
        ),
        (
            "at the start",
            "Print Started",
            &job,
            json!({"printTime": null}),
            Some(100),
            Some(100),
        ),
        (
            "at the start, reported",
            "Print Started",
            &job,
            json!({"printTimeLeft": 30}),
            Some(30),
            Some(30),
        ),
    ];
    for (case, topic, job, progress, remaining, estimate) in cases {
        let event = octoprint(json!({"topic": topic, "job": job, "progress": progress}));
        let expected = [remaining, estimate].map(|span| span.map(Duration::from_secs));
        assert_eq!([event.job.remaining, event.job.estimate], expected, "{case}");
    }
}

#[test]
fn progress() {
    let cases = [
        (
            "in its object",
            "Print Progress",
            json!({"progress": {"completion": 40}}),
            Some(0.4),
        ),
        (
            "as a scalar",
            "Print Progress",
            json!({"progress": "40.0"}),
            Some(0.4),
        ),
        (
            "the last of a GET's keys",
            "Print Progress",
            json!({"progress": "printTimeLeftOrigin"}),
            None,
        ),
        (
            "paused",
            "Print Paused",
            json!({"extra": {"progress": 40}}),
            Some(0.4),
        ),
        (
            "paused, exactly",
            "Print Paused",
            json!({"extra": {"progress": 40}, "progress": {"completion": 40.5}}),
            Some(0.405),
        ),
        (
            "cancelled",
            "Print Failed",
            json!({"extra": {"progress": 40, "reason": "cancelled"}}),
            None,
        ),
        (
            "failed",
            "Print Failed",
            json!({"extra": {"progress": 0.4, "reason": "error"}}),
            None,
        ),
        (
            "4000 %",
            "Print Progress",
            json!({"progress": {"completion": 4000}}),
            None,
        ),
        (
            "-1 %",
            "Print Progress",
            json!({"progress": {"completion": -1}}),
            None,
        ),
    ];
    for (case, topic, message, expected) in cases {
        assert_eq!(
            octoprint(with(message, json!({ "topic": topic }))).job.progress,
            expected,
            "{case}"
        );
    }
}

#[test]
fn progress_in_words_stands_in_for_progress_only() {
    let sentence = json!({"message": "Your print is 30 % complete."});
    let words = |message| octoprint(with(sentence.clone(), message)).job.progress_in_words;
    assert_eq!(
        words(json!({"topic": "Print Progress", "progress": {"completion": null}})),
        Some(0.3)
    );
    assert_eq!(
        words(json!({"topic": "Print Progress", "progress": {"completion": 10}})),
        None
    );
    assert_eq!(words(json!({"topic": "Print Paused"})), None);
}

#[test]
fn position() {
    let both = json!({"topic": "Print Paused", "extra": {"fileposition": 12}, "progress": {"filepos": 10}});
    assert_eq!(octoprint(both).job.position, Some(12));
    let negative = json!({"topic": "Print Paused", "extra": {"fileposition": -12}});
    assert_eq!(octoprint(negative).job.position, None);
}

#[test]
fn says_paused() {
    let cases = [
        (json!({"flags": {"paused": true}}), true),
        (json!({"flags": {"pausing": "True"}}), true),
        (json!({"text": "Pausing"}), true),
        (json!("Paused"), true),
        (json!({"text": "Printing", "flags": {"paused": false}}), false),
        (json!(""), false),
    ];
    for (state, expected) in cases {
        let event = octoprint(json!({"topic": "Print Progress", "state": state}));
        assert_eq!(event.job.says_paused, expected, "{state}");
    }
}

#[test]
fn templates_of_users() {
    let extra = json!({"name": "a.gcode", "origin": "local", "time": 12.5});
    let cases = [
        (
            "nested",
            json!({"data": {"topic": "Print Done", "deviceIdentifier": "delta", "extra": extra}}),
        ),
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
        let event = event(Source::OctoPrint, &message);
        assert_eq!(event.what, What::Finished(Outcome::Completed), "{case}");
        assert_eq!(event.printer.id, "delta", "{case}");
        assert_eq!(event.job.file, file("a.gcode", None), "{case}");
        assert_eq!(
            event.job.elapsed,
            Some(Elapsed::Printing(seconds(12.5))),
            "{case}"
        );
    }
}

#[test]
fn messages_without_a_topic() {
    let no_event = Err(Reject::NoEvent {
        sender: Source::OctoPrint,
    });
    let deep = (0..20).fold(json!({"topic": "Print Done"}), |inner, _| json!({ "a": inner }));
    for message in [
        json!({}),
        json!({"topic": null}),
        json!({"text": "Print Done on printer delta"}),
        json!({"extra": {"error": "Error"}, "state": {"text": "Error"}}),
        json!({"topics": ["Print Done"]}),
        deep,
    ] {
        assert_eq!(result(message.clone()), no_event, "{message}");
    }
}

#[test]
fn identities() {
    let names = |source, id: &str| {
        (source == Source::OctoPrint).then_some(match id {
            "delta" => "Delta of the lab".to_owned(),
            _ => return None,
        })
    };
    let cases = [
        ("identifier", None, json!("omega"), ["omega", "omega", "omega"]),
        (
            "configured",
            None,
            json!("delta"),
            ["delta", "Delta of the lab", "delta"],
        ),
        ("path", Some("mk3"), json!(null), ["mk3", "mk3", "mk3"]),
        (
            "path and identifier",
            Some("mk3"),
            json!("delta"),
            ["mk3", "mk3", "delta"],
        ),
        (
            "blank path",
            Some(" "),
            json!(" omega "),
            ["omega", "omega", "omega"],
        ),
        (
            "path, empty identifier",
            Some("mk3"),
            json!(""),
            ["mk3", "mk3", "mk3"],
        ),
    ];
    for (case, segment, identifier, expected) in cases {
        let fields = fields(&json!({"topic": "Error", "deviceIdentifier": identifier}));
        let Ok(Parsed::Event(event)) = parse(&fields, &context(segment, &names)) else {
            panic!("{case}");
        };
        let Identity {
            source,
            id,
            label,
            name,
        } = event.printer;
        assert_eq!(source, Source::OctoPrint);
        assert_eq!([id.as_str(), label.as_str(), name.as_str()], expected, "{case}");
    }
}

#[test]
fn messages_without_a_printer() {
    for extra in [json!({}), json!({"popup": true})] {
        for identifier in [json!(null), json!(""), json!("  "), json!("None")] {
            let message = json!({"topic": "Print Started", "deviceIdentifier": identifier, "extra": extra});
            let no_printer = Err(Reject::NoPrinter {
                sender: Source::OctoPrint,
            });
            assert_eq!(parsed(Source::OctoPrint, &message), no_printer, "{message}");
        }
    }
}

#[test]
fn what_belongs_elsewhere_is_refused_and_named() {
    let cases = [
        (json!({"topic": 7}), "`topic` is a number; text belongs there"),
        (
            json!({"topic": ["Print Done"]}),
            "`topic` is a list; text belongs there",
        ),
        (
            json!({"topic": true}),
            "`topic` is true or false; text belongs there",
        ),
        (
            json!({"topic": "Error", "deviceIdentifier": 7}),
            "`deviceIdentifier` is a number; text belongs there",
        ),
        (
            json!({"topic": "Error", "extra": ["name"]}),
            "`extra` is a list; an object belongs there",
        ),
        (
            json!({"topic": "Error", "extra": {"name": {}}}),
            "`extra.name` is an object; text belongs there",
        ),
        (
            json!({"topic": "Error", "state": {"flags": []}}),
            "`state.flags` is a list; an object belongs there",
        ),
        (
            json!({"topic": "Error", "job": {"file": []}}),
            "`job.file` is a list; an object belongs there",
        ),
        (
            json!({"topic": "Error", "progress": {"completion": {}}}),
            "`progress.completion` is an object; a number belongs there",
        ),
        (
            json!({"topic": "Error", "currentZ": []}),
            "`currentZ` is a list; a number belongs there",
        ),
    ];
    for (message, text) in cases {
        let reject = result(message.clone()).unwrap_err();
        assert_eq!(
            (reject.status().as_u16(), reject.to_string().as_str()),
            (400, text),
            "{message}"
        );
    }
    let unread =
        json!({"topic": "Error", "offsets": [], "extra": {"logs": [], "position": {}}, "other": [{}]});
    assert_eq!(octoprint(unread).what, What::Error);
}

#[test]
fn long_texts_are_cut() {
    let long = "é".repeat(1_000);
    let event = octoprint(
        json!({"topic": "Error", "deviceIdentifier": long, "extra": {"name": long, "owner": long}}),
    );
    let cut = "é".repeat(512);
    assert_eq!(event.printer.id, cut);
    assert_eq!(event.job.file, file(&cut, None));
    assert_eq!(event.job.owner, Some(cut));
}

#[test]
fn clocks_that_nobody_believes() {
    for time in [json!(0), json!("never"), json!(1e18), json!(-5)] {
        let event = octoprint(json!({"topic": "Error", "currentTime": time}));
        assert_eq!(event.sent, None, "{time}");
    }
}
