//! The endpoint for everything else, as OctoPrint, Klipper, Home Assistant, Node-RED and n8n send to it.

use super::{ATTENTION, ERRORS, GRAMS, IDLE, METERS, Row, WARNINGS, check};

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { scenario: "generic-octoprint-pause-resume", configurations: &["json", "query"], printer: "mk3s",
        prints: "1 1 0 0 0 0", printed: 2740.0..=2742.2, paused: 599.7..=601.7, states: IDLE, also: &[] },
    Row { scenario: "generic-octoprint-cancel", configurations: &["query", "form"], printer: "mk3s",
        prints: "1 0 1 0 0 0", printed: 904.1..=906.2, paused: 0.0..=0.0, states: IDLE, also: &[] },
    Row { scenario: "generic-octoprint-error", configurations: &["json", "query"], printer: "mk3s",
        prints: "1 0 0 1 0 0", printed: 1501.8..=1503.8, paused: 0.0..=0.0, states: &["error", "unknown"],
        also: &[(ERRORS, &[], 1.0..=1.0)] },
    Row { scenario: "generic-klipper-shell", configurations: &["data", "query"], printer: "ender-klipper",
        prints: "1 1 0 0 0 0", printed: 3399.0..=3401.0, paused: 299.0..=301.0, states: IDLE,
        also: &[(ATTENTION, &["filament_change"], 1.0..=1.0), (METERS, &["completed"], 9.72..=9.72)] },
    Row { scenario: "generic-klipper-shell-macros", configurations: &["query"], printer: "ender-klipper",
        prints: "1 0 0 0 0 1", printed: 2399.0..=2401.0, paused: 599.0..=601.0, states: &["error"],
        also: &[(ATTENTION, &["user_interaction"], 1.0..=1.0), (ERRORS, &[], 1.0..=1.0), (METERS, &[], 0.0..=0.0)] },
    Row { scenario: "generic-ha-bambu", configurations: &["to-json"], printer: "x1c",
        prints: "1 1 0 0 0 0", printed: 7345.0..=7347.0, paused: 604.0..=606.0, states: IDLE,
        also: &[(ATTENTION, &["filament_change"], 1.0..=1.0), (GRAMS, &["completed"], 58.3..=58.3)] },
    Row { scenario: "generic-ha-bambu", configurations: &["form"], printer: "x1c",
        prints: "1 1 0 0 0 0", printed: 7345.0..=7347.0, paused: 604.0..=606.0, states: IDLE, also: &[] },
    Row { scenario: "generic-ha-unknown", configurations: &["to-json"], printer: "x1c",
        prints: "1 0 0 1 0 0", printed: 1999.0..=2001.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &["failed"], 15.157..=15.159)] },
    Row { scenario: "generic-ha-states", configurations: &["state"], printer: "x1c",
        prints: "0 0 0 0 0 0", printed: 0.0..=0.0, paused: 0.0..=0.0, states: &["unknown", "idle"], also: &[] },
    Row { scenario: "generic-ha-event-names", configurations: &["ha-events"], printer: "x1c",
        prints: "3 1 1 1 0 0", printed: 2644.0..=2646.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(ERRORS, &[], 1.0..=1.0)] },
    Row { scenario: "generic-ha-prusalink", configurations: &["prusalink"], printer: "mk4",
        prints: "1 0 1 0 0 0", printed: 2499.0..=2501.0, paused: 599.0..=601.0, states: IDLE, also: &[] },
    Row { scenario: "generic-nodered-pause-resume", configurations: &["nodered-json", "nodered-form", "nodered-query"],
        printer: "p1s-bambu", prints: "1 1 0 0 0 0", printed: 5444.0..=5446.0, paused: 659.0..=661.0, states: IDLE,
        also: &[(GRAMS, &["completed"], 48.25..=48.25)] },
    Row { scenario: "generic-nodered-failed", configurations: &["nodered-json", "nodered-text"], printer: "p1s-7",
        prints: "1 0 0 1 0 0", printed: 3049.0..=3051.0, paused: 599.0..=601.0, states: IDLE,
        also: &[(ATTENTION, &["filament_change"], 1.0..=1.0), (METERS, &["failed"], 5.12..=5.12)] },
    Row { scenario: "generic-n8n-farm", configurations: &["n8n-json"], printer: "X1 Carbon #4",
        prints: "1 0 0 0 1 0", printed: 9101.0..=9103.0, paused: 0.0..=0.0, states: IDLE, also: &[] },
    Row { scenario: "generic-n8n-farm", configurations: &["n8n-json"], printer: "X1 Carbon #5",
        prints: "2 0 0 1 0 1", printed: 8896.0..=8900.0, paused: 0.0..=1.0, states: &["printing"],
        also: &[(WARNINGS, &["paused"], 1.0..=1.0), (GRAMS, &["failed"], 21.4..=21.4)] },
];

#[test]
fn every_capture_of_the_generic_endpoint_leaves_what_it_must() {
    check("generic", ROWS, &[]);
}
