use serde_json::json;

use super::*;
use crate::timestamp::Timestamp;
use crate::webhook::octoprint::tests::{file, octoprint, seconds};
use crate::webhook::tests::{context, with};

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
            "filament": {"tool0": {"length": 212.5, "volume": 0.0}, "tool1": {"length": 1000}, "tool2": {"volume": 1}},
        },
        "progress": {"completion": 25, "filepos": 691, "printTime": 6, "printTimeLeft": 87},
        "currentZ": 0.5,
        "currentTime": 1_795_308_886,
    }));
    assert_eq!(event.sent, Some(Timestamp::from_micros(1_795_308_886_000_000)));
    assert_eq!(event.received, context(None, &|_| None).received);
    let expected = PrintReport {
        file: Some(file("a.gcode", Some("x/a.gcode"))),
        origin: Some(Origin::Local),
        owner: Some("lena".to_owned()),
        progress: Some(0.25),
        elapsed: Some(Elapsed::Printing(seconds(6.0))),
        remaining: Some(seconds(87.0)),
        estimate: Some(seconds(93.0)),
        filament_planned: Filament { metres: Some(1.2125), grams: None },
        height: Some(0.0005),
        position: Some(691),
        ..PrintReport::default()
    };
    assert_eq!(event.report, expected);
}

#[test]
fn a_file_without_an_analysis_has_no_planned_filament() {
    for filament in
        [json!(null), json!({}), json!({"tool0": {"length": 0.0, "volume": 0.0}}), json!({"tool0": 5})]
    {
        let started = json!({"topic": "Print Started", "job": {"file": {"name": "a"}, "filament": filament}});
        assert_eq!(octoprint(started).report.filament_planned, Filament::default(), "{filament}");
    }
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
    let expected = PrintReport {
        file: Some(file("a.gco", Some("a.gco"))),
        origin: Some(Origin::SdCard),
        ..PrintReport::default()
    };
    assert_eq!(octoprint(with(started, empty.clone())).report, expected);
    let progress = json!({"topic": "Print Progress", "message": "Your print is 30 % complete.", "extra": {}});
    let expected = PrintReport { progress_in_words: Some(0.3), ..PrintReport::default() };
    assert_eq!(octoprint(with(progress, empty)).report, expected);
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
        assert_eq!(octoprint(message).report.origin, origin, "{word}");
    }
}

#[test]
fn where_the_file_is_named() {
    let job = json!({"file": {"name": "job", "path": "p/job", "origin": "local"}});
    let cases = [
        ("extra", json!({"extra": {"name": "e", "path": "p/e"}, "job": job}), Some(file("e", Some("p/e")))),
        ("job", json!({"extra": {}, "job": job}), Some(file("job", Some("p/job")))),
        ("its display name", json!({"job": {"file": {"display": "Shown"}}}), Some(file("Shown", None))),
        ("a path alone", json!({"extra": {"path": "a/b.gcode"}}), Some(file("b.gcode", Some("a/b.gcode")))),
        ("a path that ends in a slash", json!({"path": "a/b/"}), Some(file("b", Some("a/b/")))),
        ("a path without a name", json!({"path": "/"}), None),
        ("fileName", json!({"fileName": "f"}), Some(file("f", None))),
        ("file_name", json!({"file_name": "f", "file_path": "d/f"}), Some(file("f", Some("d/f")))),
        ("filename, empty extra", json!({"extra": "", "filename": "f"}), Some(file("f", None))),
        ("file", json!({"file": "f"}), Some(file("f", None))),
        ("file, an object", json!({"file": {"size": 3}}), None),
        ("null everywhere", json!({"job": {"file": {"name": null, "path": null}}}), None),
        ("nowhere", json!({}), None),
    ];
    for (case, message, expected) in cases {
        let message = with(message, json!({"topic": "Print Started"}));
        assert_eq!(octoprint(message).report.file, expected, "{case}");
    }
}

#[test]
fn the_origin_goes_with_the_file() {
    let message = json!({
        "topic": "Print Progress", "extra": {"name": "e"}, "job": {"file": {"name": "j", "origin": "local"}},
    });
    assert_eq!(octoprint(message).report.origin, None);
    let renamed = json!({"topic": "Print Progress", "fileName": "f", "origin": "sdcard"});
    assert_eq!(octoprint(renamed).report.origin, Some(Origin::SdCard));
}

#[test]
fn owners() {
    let cases = [
        (json!({"extra": {"owner": "o", "user": "u"}, "job": {"user": "j"}}), Some("o")),
        (json!({"extra": {"user": "u"}, "job": {"user": "j"}}), Some("u")),
        (json!({"extra": {}, "job": {"user": "j"}}), Some("j")),
        (json!({"owner": "top"}), Some("top")),
        (json!({"job": {"user": "None"}}), None),
    ];
    for (message, owner) in cases {
        let message = with(message, json!({"topic": "Print Started"}));
        assert_eq!(octoprint(message.clone()).report.owner.as_deref(), owner, "{message}");
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
        ("an end without it", "Print Failed", json!({"progress": {"printTime": 12}}), 12.0),
        ("progress", "Print Progress", json!({"extra": {"time": 99}, "progress": {"printTime": 12}}), 12.0),
        ("an end, renamed", "Print Done", json!({"time": "12.5"}), 12.5),
        ("progress, renamed", "Print Progress", json!({"print_time": 12}), 12.0),
        (
            "an end, out of range",
            "Print Done",
            json!({"extra": {"time": -1}, "progress": {"printTime": 12}}),
            12.0,
        ),
    ];
    for (case, topic, message, expected) in cases {
        let elapsed = octoprint(with(message, json!({ "topic": topic }))).report.elapsed;
        assert_eq!(elapsed, Some(Elapsed::Printing(seconds(expected))), "{case}");
    }
    for (topic, message) in [
        ("Print Started", json!({"time": 12})),
        ("Print Started", json!({"progress": {"printTime": 1150}})),
        ("Print Done", json!({"time": 1_795_308_886})),
        ("Print Progress", json!({"progress": "printTime"})),
    ] {
        assert_eq!(octoprint(with(message, json!({ "topic": topic }))).report.elapsed, None, "{topic}");
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
        ("from the average", "Print Progress", &job, json!({"printTime": 10}), Some(90), Some(100)),
        ("from the estimate", "Print Progress", &estimated, json!({"printTime": 10}), Some(190), Some(200)),
        ("longer than the average", "Print Progress", &job, json!({"printTime": 110}), None, Some(100)),
        ("elapsed unknown", "Print Progress", &job, json!({}), None, Some(100)),
        (
            "elapsed unknown, left known",
            "Print Progress",
            &job,
            json!({"printTimeLeft": 30}),
            Some(30),
            Some(100),
        ),
        ("at the start", "Print Started", &job, json!({"printTime": null}), Some(100), Some(100)),
        ("at the start, reported", "Print Started", &job, json!({"printTimeLeft": 30}), Some(30), Some(30)),
    ];
    for (case, topic, job, progress, remaining, estimate) in cases {
        let event = octoprint(json!({"topic": topic, "job": job, "progress": progress}));
        let expected = [remaining, estimate].map(|span| span.map(Duration::from_secs));
        assert_eq!([event.report.remaining, event.report.estimate], expected, "{case}");
    }
}

#[test]
fn progress() {
    let cases = [
        ("in its object", "Print Progress", json!({"progress": {"completion": 40}}), Some(0.4)),
        ("as a scalar", "Print Progress", json!({"progress": "40.0"}), Some(0.4)),
        ("the last of a GET's keys", "Print Progress", json!({"progress": "printTimeLeftOrigin"}), None),
        ("paused", "Print Paused", json!({"extra": {"progress": 40}}), Some(0.4)),
        (
            "paused, exactly",
            "Print Paused",
            json!({"extra": {"progress": 40}, "progress": {"completion": 40.5}}),
            Some(0.405),
        ),
        ("cancelled", "Print Failed", json!({"extra": {"progress": 40, "reason": "cancelled"}}), None),
        ("failed", "Print Failed", json!({"extra": {"progress": 0.4, "reason": "error"}}), None),
        ("4000 %", "Print Progress", json!({"progress": {"completion": 4000}}), None),
        ("-1 %", "Print Progress", json!({"progress": {"completion": -1}}), None),
    ];
    for (case, topic, message, expected) in cases {
        assert_eq!(octoprint(with(message, json!({ "topic": topic }))).report.progress, expected, "{case}");
    }
}

#[test]
fn progress_in_words_stands_in_for_progress_only() {
    let sentence = json!({"message": "Your print is 30 % complete."});
    let words = |message| octoprint(with(sentence.clone(), message)).report.progress_in_words;
    assert_eq!(words(json!({"topic": "Print Progress", "progress": {"completion": null}})), Some(0.3));
    assert_eq!(words(json!({"topic": "Print Progress", "progress": {"completion": 10}})), None);
    assert_eq!(words(json!({"topic": "Print Paused"})), None);
}

#[test]
fn position() {
    let both = json!({"topic": "Print Paused", "extra": {"fileposition": 12}, "progress": {"filepos": 10}});
    assert_eq!(octoprint(both).report.position, Some(12));
    let negative = json!({"topic": "Print Paused", "extra": {"fileposition": -12}});
    assert_eq!(octoprint(negative).report.position, None);
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
        assert_eq!(event.report.says_paused, expected, "{state}");
    }
}

#[test]
fn an_error_of_the_firmware_is_kept_until_the_end_that_it_causes() {
    let cases = [
        ("extra", json!({"extra": {"firmwareError": "Lost communication with MCU"}}), true),
        ("renamed", json!({"firmware_error": "MCU shutdown"}), true),
        ("none", json!({"extra": {"firmwareError": null}, "firmwareError": ""}), false),
        ("malformed", json!({"extra": {"firmwareError": []}}), false),
        ("nothing", json!({"extra": {}}), false),
    ];
    for (case, message, expected) in cases {
        let told = with(message, json!({"topic": "Custom Event", "message": "PrintCancelling"}));
        let report = PrintReport { says_failing: expected, ..PrintReport::default() };
        assert_eq!(octoprint(told).report, report, "{case}");
    }
    let failed =
        json!({"topic": "Print Failed", "extra": {"reason": "cancelled", "firmwareError": "Halted"}});
    assert!(octoprint(failed).report.says_failing);
}

#[test]
fn the_reason_of_an_error_or_of_a_bad_end() {
    let cases = [
        (
            json!({"topic": "Print Failed", "extra": {"reason": "error", "error": "Heating failed"}}),
            Some("Heating failed"),
        ),
        (json!({"topic": "Print Failed", "extra": {"reason": "cancelled"}}), Some("cancelled")),
        (json!({"topic": "Error", "extra": {"error": "MINTEMP", "reason": "firmware"}}), Some("MINTEMP")),
        (json!({"topic": "Print Failed", "reason": "clog"}), Some("clog")),
        (json!({"topic": "Print Done", "extra": {"reason": "done"}}), None),
    ];
    for (message, reason) in cases {
        assert_eq!(octoprint(message.clone()).report.reason.as_deref(), reason, "{message}");
    }
}
