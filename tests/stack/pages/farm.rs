//! A farm with printers in every state, some hours into its day.

use std::path::PathBuf;
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use printfarm_exporter::timestamp::Timestamp;
use serde_json::json;

use crate::common::app::{Setup, TestApp};

const HOUR: u64 = 3600;

/// Sends what OctoPrint says of a print that has taken some hours.
pub(super) fn post(app: &TestApp, printer: &str, topic: &str, file: &str, [elapsed, estimate]: [f64; 2]) {
    let [elapsed, estimate] = [elapsed, estimate].map(|hours| hours * 3600.0);
    let body = json!({
        "topic": topic,
        "extra": {"name": file, "owner": if file.len().is_multiple_of(2) { "kim" } else { "alex" }, "time": elapsed},
        "job": {"file": {"name": file, "origin": "local"}, "estimatedPrintTime": estimate},
        "progress": {
            "completion": elapsed / estimate * 100.0,
            "printTime": elapsed,
            "printTimeLeft": estimate - elapsed,
        },
    });
    let answer = app.post_json(&format!("/webhook/octoprint/{printer}"), &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The farm. Its clock shows the time of this machine.
pub(super) fn busy_farm(store: PathBuf) -> TestApp {
    let now = Clock::start().now();
    let clock = Clock::manual(now - Duration::from_secs(30 * HOUR));
    let app = TestApp::at(&clock, Setup { store: Some(store), ..Setup::default() });
    let advance_to = |before: f64| {
        let target: Timestamp = now - Duration::from_secs_f64(before * 3600.0);
        clock.advance(target.since(clock.now()));
    };
    let first = ["mk4-1", "mk4-2", "mk4-3", "voron", "mini-1", "mini-2", "bambu-1", "bambu-2", "prusa-xl"];
    for (number, printer) in first.into_iter().enumerate() {
        let hours = 1.5 + number as f64 / 4.0;
        advance_to(29.0 - number as f64 / 10.0);
        post(&app, printer, "Print Started", "phone_stand_PLA.gcode", [0.0, hours]);
    }
    for (number, printer) in first.into_iter().enumerate() {
        let hours = 1.5 + number as f64 / 4.0;
        advance_to(29.0 - number as f64 / 10.0 - hours);
        post(&app, printer, "Print Done", "phone_stand_PLA.gcode", [hours, hours]);
    }
    advance_to(9.0);
    post(&app, "prusa-xl", "Print Started", "enclosure_left_panel_PETG.gcode", [0.0, 14.5]);
    advance_to(6.0);
    post(&app, "voron", "Print Started", "gear_24T_ABS.gcode", [0.0, 7.5]);
    post(&app, "mini-2", "Print Started", "bracket_v3_0.2mm_PETG.gcode", [0.0, 4.0]);
    advance_to(4.5);
    post(&app, "mk4-1", "Print Started", "spool_holder_left.gcode", [0.0, 5.0]);
    post(&app, "mini-1", "Print Started", "cable_clip_x40.gcode", [0.0, 3.0]);
    advance_to(2.0);
    post(&app, "mini-1", "Print Done", "cable_clip_x40.gcode", [2.5, 2.5]);
    post(&app, "mini-2", "Print Failed", "bracket_v3_0.2mm_PETG.gcode", [4.0, 4.0]);
    post(&app, "mk4-2", "Print Started", "lamp_shade_vase.gcode", [0.0, 2.5]);
    post(&app, "bambu-1", "Print Started", "two_color_sign_PLA.gcode", [0.0, 3.0]);
    advance_to(0.4);
    post(&app, "mk4-3", "Print Started", "drawer_80x40_PLA.gcode", [0.0, 1.2]);
    post(&app, "bambu-1", "User Action Needed", "two_color_sign_PLA.gcode", [1.6, 3.0]);
    advance_to(0.1);
    for (printer, file, elapsed, estimate) in [
        ("prusa-xl", "enclosure_left_panel_PETG.gcode", 8.9, 14.5),
        ("voron", "gear_24T_ABS.gcode", 5.9, 7.5),
        ("mk4-1", "spool_holder_left.gcode", 4.4, 5.0),
        ("mk4-2", "lamp_shade_vase.gcode", 1.9, 2.5),
        ("mk4-3", "drawer_80x40_PLA.gcode", 0.3, 1.2),
    ] {
        post(&app, printer, "Print Progress", file, [elapsed, estimate]);
    }
    post(&app, "voron", "Print Paused", "gear_24T_ABS.gcode", [5.9, 7.5]);
    post(&app, "bambu-2", "Error", "phone_stand_PLA.gcode", [0.0, 2.0]);
    app.post_json("/webhook/octoprint/mk4-1", "{}");
    advance_to(0.0);
    app
}
