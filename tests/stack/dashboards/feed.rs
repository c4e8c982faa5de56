//! A small farm in which everything is going on that a dashboard can show.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::common::program::Running;

/// The printer that lacks nothing. Its name means something else in a regular expression.
pub(super) const COMPLETE: &str = "Anna's \"MK3.9\" #1 (lab)";

/// All its printers but the one that states filament.
pub(super) const PRINTERS: [&str; 5] = [COMPLETE, "waits", "fails", "vanishes", "rests"];

fn post(exporter: &Running, target: &str, message: &Value) {
    let answer = exporter.request("POST", target, &message.to_string());
    assert_eq!(answer.status, 200, "{target} {message}: {}", answer.text());
}

fn octoeverywhere(exporter: &Running, kind: u32, print: &str, more: &Value) {
    let mut message = json!({
        "EventType": kind, "PrinterId": "mk39", "PrinterName": COMPLETE, "PrintId": print, "FileName": "bracket.gcode",
    });
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    post(exporter, "/webhook/octoeverywhere", &message);
}

fn octoprint(exporter: &Running, printer: &str, topic: &str, extra: &Value) {
    let message = json!({"topic": topic, "extra": extra});
    post(exporter, &format!("/webhook/octoprint/{printer}"), &message);
}

/// A print on the printer whose sender states filament.
fn print_with_filament(exporter: &Running, job: &str) {
    for event in ["started", "completed"] {
        let message = json!({"event": event, "job_id": job, "filament_mm": 1_500, "filament_grams": 4.5});
        post(exporter, "/webhook/generic/weighs", &message);
    }
}

/// Every printer says something, so that Prometheus sees its counters before they grow.
pub(super) fn introduce(exporter: &Running) {
    print_with_filament(exporter, "first");
    octoeverywhere(exporter, 1, "first", &json!({}));
    for printer in &PRINTERS[1..] {
        octoprint(exporter, printer, "Print Started", &json!({"name": "box.gcode", "origin": "sdcard"}));
    }
}

/// Prints end in every way; then one printer prints, one is paused, one in an error, one lost, one idle.
pub(super) fn go_on(exporter: &Running) {
    print_with_filament(exporter, "second");
    for kind in [11, 12, 7, 9, 5] {
        octoeverywhere(exporter, kind, "first", &json!({"DurationSec": 60, "Progress": 50}));
    }
    octoeverywhere(exporter, 2, "first", &json!({"DurationSec": 90}));
    octoeverywhere(exporter, 1, "second", &json!({}));
    octoeverywhere(exporter, 3, "second", &json!({"DurationSec": 30, "Error": "Print cancelled"}));
    octoeverywhere(exporter, 1, "third", &json!({}));
    octoeverywhere(exporter, 3, "third", &json!({"DurationSec": 40, "Error": "thermal runaway"}));
    octoeverywhere(exporter, 1, "fourth", &json!({}));
    octoeverywhere(exporter, 13, "fourth", &json!({}));
    let far = json!({
        "DurationSec": 50, "Progress": 40, "TimeRemainingSec": 4_000, "CurrentLayer": 12, "TotalLayers": 200, "ZOffsetMM": 2.4,
    });
    octoeverywhere(exporter, 6, "fourth", &far);

    let file = json!({"name": "case.gcode", "origin": "local"});
    let ended = |more: Value| {
        let mut extra = json!({"name": "box.gcode", "origin": "sdcard", "time": 120.5});
        extra.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        extra
    };
    octoprint(exporter, "waits", "Print Done", &ended(json!({})));
    octoprint(exporter, "waits", "Print Started", &file);
    octoprint(exporter, "waits", "Print Paused", &file);
    octoprint(exporter, "fails", "Error", &json!({"error": "MINTEMP", "reason": "firmware"}));
    octoprint(exporter, "fails", "Print Failed", &ended(json!({"reason": "error", "error": "MINTEMP"})));
    octoprint(exporter, "vanishes", "Print Started", &file);
    post(
        exporter,
        "/webhook/octoprint/vanishes",
        &json!({"topic": "Custom Event", "message": "Disconnected"}),
    );
    octoprint(exporter, "rests", "Print Failed", &ended(json!({"reason": "cancelled", "progress": 34})));

    octoprint(exporter, "rests", "Print Done", &json!({"popup": true}));
    assert_eq!(exporter.request("POST", "/webhook/octoprint/rests", "{").status, 400);
    let mut stranger = TcpStream::connect(exporter.address).unwrap();
    stranger.write_all(b"this is no request\r\n\r\n").unwrap();
    assert_ne!(stranger.read(&mut [0]).unwrap(), 0, "the exporter says that it is none");
}

/// These printers have started a print and asked for a person twice.
pub(super) fn waiting(exporter: &Running, printers: std::ops::Range<usize>) {
    for printer in printers.map(|number| format!("printer-{number}")) {
        let file = json!({"name": "box.gcode", "origin": "local"});
        for topic in ["Print Started", "User Action Needed", "Print Paused", "User Action Needed"] {
            octoprint(exporter, &printer, topic, &file);
        }
    }
}
