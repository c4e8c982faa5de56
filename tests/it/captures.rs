//! Real requests, byte for byte: what a fresh exporter shows after each scenario.

#![allow(clippy::float_cmp, reason = "counts are whole")]

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use http_body_util::Full;
use printfarm_exporter::farm::{ApplyTime, Changes, Farm, Limits};
use printfarm_exporter::timestamp::Timestamp;
use printfarm_exporter::webhook::{self, BodyLimits, Context, OctoPrint, Parsed, Sender};

use crate::app::TestApp;
use crate::client::Connection;
use crate::common::captures::{aimed, data, requests};

const PRINTER: &str = "Prusa MK3 #1 (lab)";

/// The samples of /metrics: the series and its value.
fn scrape(app: &TestApp) -> BTreeMap<String, f64> {
    let text = app.get("/metrics").text();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// The sum of the samples of a metric whose labels contain all of these.
fn sum(samples: &BTreeMap<String, f64>, metric: &str, labels: &[String]) -> f64 {
    samples
        .iter()
        .filter(|(series, _)| series.split('{').next() == Some(metric))
        .filter(|(series, _)| labels.iter().all(|label| series.contains(label.as_str())))
        .map(|(_, value)| value)
        .sum()
}

/// What the metrics must show after a scenario.
#[derive(Debug, PartialEq)]
struct Shown {
    started: f64,
    /// Completed, cancelled, failed, unknown.
    ended: [f64; 4],
    running: f64,
}

fn shown(samples: &BTreeMap<String, f64>, printer: &str) -> Shown {
    let printer = format!("printer=\"{printer}\"");
    let ended = |outcome| {
        sum(samples, "printfarm_prints_total", &[printer.clone(), format!("outcome=\"{outcome}\"")])
    };
    Shown {
        started: sum(samples, "printfarm_prints_started_total", std::slice::from_ref(&printer)),
        ended: ["completed", "cancelled", "failed", "unknown"].map(ended),
        running: sum(samples, "printfarm_print_info", std::slice::from_ref(&printer)),
    }
}

const COMPLETED: [f64; 4] = [1.0, 0.0, 0.0, 0.0];
const CANCELLED: [f64; 4] = [0.0, 1.0, 0.0, 0.0];
const FAILED: [f64; 4] = [0.0, 0.0, 1.0, 0.0];
const NONE: [f64; 4] = [0.0; 4];

/// Folder, ends, print seconds where the sender states them, and the origin that the print counts under.
type Scenario = (&'static str, [f64; 4], Option<f64>, &'static str);

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    ("local-complete/json", COMPLETED, Some(30.6), "local"),
    ("local-complete/default", COMPLETED, Some(30.6), "local"),
    ("local-complete/form", COMPLETED, Some(30.6), "local"),
    ("local-complete/put", COMPLETED, Some(30.6), "local"),
    ("local-complete/tpl-fulldata", COMPLETED, Some(30.6), "local"),
    ("local-complete/auth-header", COMPLETED, Some(30.6), "local"),
    ("local-complete/secret-query-last", COMPLETED, Some(30.6), "local"),
    ("local-complete/tpl-simple", COMPLETED, Some(30.6), "local"),
    ("local-complete/tpl-dotnotation", COMPLETED, None, "unknown"),
    ("local-complete/get", COMPLETED, None, "unknown"),
    ("pause-resume-done/json", COMPLETED, Some(66.4), "local"),
    ("pause-resume-done/default-progress", COMPLETED, Some(66.4), "local"),
    ("cancel/json", CANCELLED, Some(10.1), "local"),
    ("cancel/default", CANCELLED, Some(10.1), "local"),
    ("sd-complete/json", COMPLETED, Some(17.0), "sdcard"),
    ("sd-complete/default-progress", COMPLETED, Some(17.0), "sdcard"),
    ("error-fatal/json", FAILED, Some(8.2), "local"),
    ("user-action/json", COMPLETED, Some(27.3), "local"),
    ("fork-pause-resume-done/json", COMPLETED, Some(66.1), "local"),
    ("fork-pause-resume-done/default-progress", COMPLETED, Some(66.1), "local"),
    ("fork-cancel/json", CANCELLED, Some(10.1), "local"),
    ("v2-sd-complete/json", COMPLETED, Some(17.0), "sdcard"),
];

#[test]
fn every_scenario_gives_the_expected_metrics() {
    for (folder, ended, seconds, origin) in SCENARIOS {
        let app = TestApp::start();
        let mut connection = Connection::open(app.address);
        for (_, request) in requests(folder) {
            connection.send(aimed(&request, "/webhook/octoprint"));
            let method = if request.starts_with(b"GET") { "GET" } else { "POST" };
            assert_eq!(connection.receive(method).status, 200, "{folder}");
        }
        let samples = scrape(&app);
        let expected = Shown { started: 1.0, ended: *ended, running: 0.0 };
        assert_eq!(shown(&samples, PRINTER), expected, "{folder}");
        let of_origin = format!("origin=\"{origin}\"");
        assert_eq!(sum(&samples, "printfarm_prints_started_total", &[of_origin]), 1.0, "{folder}");
        let printed = sum(&samples, "printfarm_print_seconds_total", &[]);
        let expected = seconds.unwrap_or(0.0);
        assert!((printed - expected).abs() < 0.1, "{folder}: {printed} s");
    }
}

#[test]
fn a_fatal_error_counts_once_and_so_does_a_request_for_attention() {
    for (folder, metric) in [
        ("error-fatal/json", "printfarm_printer_errors_total"),
        ("user-action/json", "printfarm_attention_total"),
    ] {
        let app = TestApp::start();
        let mut connection = Connection::open(app.address);
        for (_, request) in requests(folder) {
            connection.send(aimed(&request, "/webhook/octoprint"));
            assert_eq!(connection.receive("POST").status, 200);
        }
        assert_eq!(sum(&scrape(&app), metric, &[]), 1.0, "{folder}");
    }
}

#[test]
fn the_test_button_returns_the_label_and_changes_no_printer() {
    for folder in ["testhook-file-selected/json", "testhook-file-selected/form"] {
        let app = TestApp::start();
        let mut connection = Connection::open(app.address);
        for (_, request) in requests(folder) {
            connection.send(aimed(&request, "/webhook/octoprint"));
            let response = connection.receive("POST");
            assert_eq!(response.status, 200, "{folder}");
            let answer: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
            assert_eq!(
                (&answer["reason"], &answer["printer"]),
                (&"test".into(), &PRINTER.into()),
                "{folder}"
            );
        }
        let samples = scrape(&app);
        let tests = ["source=\"octoprint\"".to_owned(), "reason=\"test\"".to_owned()];
        assert_eq!(sum(&samples, "printfarm_webhook_ignored_total", &tests), 7.0, "{folder}");
        assert!(!samples.keys().any(|series| series.contains("printer=")), "{folder}: a printer was made");
    }
}

#[test]
fn a_picture_in_a_webhook_is_skipped() {
    let app = TestApp::start();
    let mut connection = Connection::open(app.address);
    for (_, request) in requests("snapshot/snapshot") {
        connection.send(aimed(&request, "/webhook/octoprint"));
        assert_eq!(connection.receive("POST").status, 200);
    }
    let samples = scrape(&app);
    assert_eq!(shown(&samples, PRINTER), Shown { started: 1.0, ended: NONE, running: 1.0 });
    let progress = sum(&samples, "printfarm_print_progress_ratio", &[]);
    assert!((progress - 0.104).abs() < 0.001, "{progress}");
}

#[test]
fn the_answer_to_a_template_without_a_topic_says_what_is_missing() {
    let app = TestApp::start();
    let mut connection = Connection::open(app.address);
    for (_, request) in requests("local-complete/tpl-slack") {
        connection.send(aimed(&request, "/webhook/octoprint"));
        let response = connection.receive("POST");
        assert_eq!(response.status, 422);
        assert!(response.text().contains("`topic`"), "{}", response.text());
    }
    assert!(!scrape(&app).keys().any(|series| series.contains("printer=")));
}

#[test]
fn the_examples_of_a_user_are_accepted_unchanged() {
    let cases = [
        ("octoprint-started.json", Shown { started: 1.0, ended: NONE, running: 1.0 }, "local"),
        ("octoprint-done.json", Shown { started: 1.0, ended: COMPLETED, running: 0.0 }, "local"),
        ("sdcard-started.json", Shown { started: 1.0, ended: NONE, running: 1.0 }, "sdcard"),
        ("sdcard-done.json", Shown { started: 1.0, ended: COMPLETED, running: 0.0 }, "sdcard"),
        ("sdcard-failed-at-printer.json", Shown { started: 1.0, ended: CANCELLED, running: 0.0 }, "sdcard"),
        ("sdcard-failed-in-octoprint.json", Shown { started: 1.0, ended: CANCELLED, running: 0.0 }, "sdcard"),
    ];
    for (file, expected, origin) in cases {
        let app = TestApp::start();
        let body = fs::read_to_string(data("examples").join(file)).unwrap();
        let response = app.post_json("/webhook/octoprint", &body);
        assert_eq!(response.status, 200, "{file}");
        let samples = scrape(&app);
        assert_eq!(shown(&samples, "delta"), expected, "{file}");
        let of_origin = format!("origin=\"{origin}\"");
        assert_eq!(sum(&samples, "printfarm_prints_started_total", &[of_origin]), 1.0, "{file}");
    }
}

#[test]
fn the_documented_example_is_refused_because_of_its_trailing_comma() {
    let app = TestApp::start();
    let documented = fs::read_to_string(data("examples/octoeverywhere-documented.txt")).unwrap();
    let response = app.post_json("/webhook/octoeverywhere", &documented);
    assert_eq!(response.status, 400);
    let text = response.text();
    assert!(text.contains("trailing comma") && text.contains("line 13"), "{text}");
    let mended = documented.replace("300,", "300");
    assert_eq!(app.post_json("/webhook/octoeverywhere", &mended).status, 200);
    let samples = scrape(&app);
    assert_eq!(shown(&samples, "Ender3"), Shown { started: 1.0, ended: NONE, running: 1.0 });
    assert_eq!(sum(&samples, "printfarm_print_height_meters", &[]), 0.3);
}

/// Replays a folder with its original timing. Returns the printed and paused seconds at the end.
fn timed(folder: &str) -> (f64, f64) {
    let start = Timestamp::from_micros(1_800_000_000_000_000);
    let (mut farm, mut now) = (Farm::default(), start);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (seconds, request) in requests(folder) {
        now = start + Duration::from_secs_f64(seconds);
        let end = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&request[..end]).unwrap();
        let headers: HeaderMap = head
            .lines()
            .skip(1)
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
            })
            .collect();
        let method = head.split(' ').next().unwrap().parse().unwrap();
        let query = head.split(' ').nth(1).unwrap().split_once('?').map(|(_, query)| query);
        let body = Full::new(Bytes::copy_from_slice(&request[end + 4..]));
        let limits = BodyLimits::default();
        let reading = webhook::read(&OctoPrint, &method, &headers, query, body, &limits);
        let fields = runtime.block_on(reading).unwrap();
        let context = Context { segment: None, configured_name: &|_| None, received: now };
        if let Parsed::Event(event) = OctoPrint.parse(&fields, &context).unwrap() {
            farm.apply(
                &event,
                ApplyTime { now, last_read: start },
                &Limits::default(),
                &mut Changes::default(),
            )
            .unwrap();
        }
    }
    let reading = farm.view().read(now).next().unwrap();
    (reading.printed.as_secs_f64(), reading.paused.as_secs_f64())
}

#[test]
fn printing_and_pauses_are_told_apart_with_the_original_timing() {
    let cases = [
        ("pause-resume-done/json", 66.4, 20.0),
        ("pause-resume-done/default-progress", 66.4, 20.0),
        ("fork-pause-resume-done/json", 66.1, 20.0),
        ("local-complete/get", 30.6, 0.0),
        ("local-complete/tpl-dotnotation", 30.6, 0.0),
    ];
    for (folder, printed, paused) in cases {
        let shown = timed(folder);
        assert!((shown.0 - printed).abs() < 0.1, "{folder}: {} s printed", shown.0);
        assert!((shown.1 - paused).abs() < 1.5, "{folder}: {} s paused", shown.1);
    }
}
