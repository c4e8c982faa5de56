//! SimplyPrint, as its two integrations read it.

use printfarm_exporter::labels::State;
use serde_json::{Value, json};

use super::stories::tell;
use super::{IDLE, Row, WARNINGS, check};

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { scenario: "simplyprint-pause-resume", configurations: &["x-sp-token", "x-sp-secret"], printer: "MK4 #3 (Fenster)",
        prints: "1 1 0 0 0 0", printed: 5409.0..=5411.0, paused: 600.0..=602.0, states: IDLE,
        also: &[] },
    Row { scenario: "simplyprint-cancelled", configurations: &["x-sp-token"], printer: "MK4 #3 (Fenster)",
        prints: "1 0 1 0 0 0", printed: 1203.0..=1205.0, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "simplyprint-failed", configurations: &["x-sp-secret", "query"], printer: "Voron 2.4 links",
        prints: "1 0 0 1 0 0", printed: 5399.0..=5401.0, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "simplyprint-ai-failure", configurations: &["x-sp-secret", "x-sp-token"], printer: "P1S 02",
        prints: "1 1 0 0 0 0", printed: 18199.0..=18201.0, paused: 899.0..=901.0, states: IDLE,
        also: &[(WARNINGS, &["warned"], 2.0..=2.0), (WARNINGS, &["paused"], 0.0..=0.0)] },
    Row { scenario: "simplyprint-other-events", configurations: &["x-sp-secret", "x-sp-token"], printer: "MK4 #3 (Fenster)",
        prints: "1 1 0 0 0 0", printed: 1221.0..=1223.0, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "simplyprint-test", configurations: &["x-sp-token", "query"], printer: "MK4 #3 (Fenster)",
        prints: "1 1 0 0 0 0", printed: 2439.0..=2441.0, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "simplyprint-two-printers", configurations: &["x-sp-secret", "x-sp-token"], printer: "MK4 #3 (Fenster)",
        prints: "1 1 0 0 0 0", printed: 3701.0..=3703.0, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "simplyprint-two-printers", configurations: &["x-sp-secret", "x-sp-token"], printer: "MK4 #4",
        prints: "2 1 0 1 0 0", printed: 5191.0..=5195.0, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "simplyprint-end-missing", configurations: &["x-sp-secret", "x-sp-token"], printer: "MK4 #3 (Fenster)",
        prints: "2 0 1 0 1 0", printed: 2999.0..=3002.0, paused: 599.0..=601.0, states: IDLE,
        also: &[] },
];

#[test]
fn every_capture_of_simplyprint_leaves_what_it_must() {
    check("simplyprint", ROWS, &[]);
}

/// A job that started at `began`, sent `at` seconds after the beginning.
pub(super) fn simplyprint(event: &str, uid: &str, began: u32, at: u32) -> Value {
    let epoch = 1_795_158_192;
    let has_ended = ["job.done", "job.failed", "job.cancelled"].contains(&event);
    json!({"event": event, "timestamp": epoch + at, "data": {"job": {
        "uid": uid, "file": "gear.gcode", "started": epoch + began, "ended": has_ended.then_some(epoch + at),
        "duration": at - began, "printer": {"id": 1, "name": "MK4"}, "analysis": [],
    }}})
}

#[test]
fn simplyprint_s_late_and_repeated_deliveries() {
    let of_a = |event: &str, at: u32| simplyprint(event, "a", 0, at);
    tell(
        "simplyprint",
        vec![
            (
                "all twice, minutes late",
                vec![
                    (0.0, of_a("job.started", 0)),
                    (600.0, of_a("job.paused", 600)),
                    (1.0, of_a("job.started", 0)),
                    (299.0, of_a("job.resumed", 900)),
                    (1.0, of_a("job.paused", 600)),
                    (599.0, of_a("job.done", 1500)),
                    (60.0, of_a("job.resumed", 900)),
                    (3600.0, of_a("job.done", 1500)),
                ],
                ([1, 1, 0, 0, 0, 0], 1200.0, 300.0, State::Idle),
            ),
            (
                "a resume before its pause",
                vec![
                    (0.0, of_a("job.started", 0)),
                    (660.0, of_a("job.resumed", 660)),
                    (1.0, of_a("job.paused", 600)),
                    (539.0, of_a("job.done", 1200)),
                ],
                ([1, 1, 0, 0, 0, 0], 1200.0, 0.0, State::Idle),
            ),
            (
                "done before its start",
                vec![
                    (0.0, of_a("job.done", 1500)),
                    (5.0, of_a("job.started", 0)),
                    (1.0, of_a("job.paused", 600)),
                ],
                ([1, 1, 0, 0, 0, 0], 1500.0, 0.0, State::Idle),
            ),
            (
                "the next start overtakes done",
                vec![
                    (0.0, of_a("job.started", 0)),
                    (1500.0, simplyprint("job.started", "b", 1500, 1500)),
                    (1.0, of_a("job.done", 1499)),
                    (99.0, simplyprint("job.done", "b", 1500, 1600)),
                ],
                ([2, 1, 0, 0, 1, 0], 1600.0, 0.0, State::Idle),
            ),
            (
                "a lost start",
                vec![
                    (0.0, of_a("job.paused", 600)),
                    (300.0, of_a("job.resumed", 900)),
                    (600.0, of_a("job.failed", 1500)),
                ],
                ([1, 0, 0, 1, 0, 0], 1200.0, 300.0, State::Idle),
            ),
            (
                "a bed that is cleared",
                vec![(0.0, of_a("job.done", 1500)), (900.0, of_a("job.bed_cleared", 2400))],
                ([1, 1, 0, 0, 0, 0], 1500.0, 0.0, State::Idle),
            ),
        ],
    );
}
