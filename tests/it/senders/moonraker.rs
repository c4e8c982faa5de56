//! Moonraker, with the templates that people write.

use printfarm_exporter::labels::State;
use serde_json::{Value, json};

use super::stories::{Story, counts, tell};
use super::{IDLE, METERS, Row, check};

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { scenario: "moonraker-complete", configurations: &["json", "form", "put", "attach", "remote", "form-attach", "json-apprise-2.3.0"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 1892.4..=1894.4, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 5.3216..=5.3220)] },
    Row { scenario: "moonraker-complete", configurations: &["no-body"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 1892.4..=1894.4, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-pause-resume", configurations: &["json", "no-title", "form", "one-json", "remote", "attach", "form-attach"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 3459.8..=3461.8, paused: 641.8..=643.8, states: IDLE,
        also: &[(METERS, &[], 12.6974..=12.6978)] },
    Row { scenario: "moonraker-pause-resume", configurations: &["no-body"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 3459.8..=3461.8, paused: 641.8..=643.8, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-cancel", configurations: &["json", "no-title", "put", "one-json", "remote", "form", "attach"], printer: "voron-1",
        prints: "1 0 1 0 0 0", printed: 2104.5..=2106.5, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 10.7545..=10.7549)] },
    Row { scenario: "moonraker-cancel", configurations: &["no-body"], printer: "voron-1",
        prints: "1 0 1 0 0 0", printed: 2104.5..=2106.5, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-error", configurations: &["json", "form", "put", "attach", "remote", "one-json", "form-attach"], printer: "voron-1",
        prints: "1 0 0 1 0 0", printed: 5400.3..=5402.3, paused: 0.0..=0.0, states: &["idle", "error"],
        also: &[(METERS, &[], 29.6882..=29.6886)] },
    Row { scenario: "moonraker-error", configurations: &["no-body"], printer: "voron-1",
        prints: "1 0 0 1 0 0", printed: 5400.3..=5402.3, paused: 0.0..=0.0, states: &["idle", "error"],
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-two-in-a-row", configurations: &["json", "one-json", "put", "form", "remote", "no-title"], printer: "voron-1",
        prints: "2 2 0 0 0 0", printed: 1716.1..=1718.1, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 5.1630..=5.1634)] },
    Row { scenario: "moonraker-two-in-a-row", configurations: &["no-body"], printer: "voron-1",
        prints: "2 2 0 0 0 0", printed: 1716.1..=1718.1, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-cancel-paused", configurations: &["json", "one-json"], printer: "voron-1",
        prints: "1 0 1 0 0 0", printed: 2399.8..=2401.8, paused: 719.4..=721.4, states: IDLE,
        also: &[(METERS, &[], 7.3450..=7.3454)] },
    Row { scenario: "moonraker-cancel-paused", configurations: &["no-body"], printer: "voron-1",
        prints: "1 0 1 0 0 0", printed: 2399.8..=2401.8, paused: 719.4..=721.4, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-pause-twice", configurations: &["json", "remote"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 2483.5..=2487.5, paused: 516.5..=520.5, states: IDLE,
        also: &[(METERS, &[], 6.3977..=6.3981)] },
    Row { scenario: "moonraker-pause-twice", configurations: &["no-body"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 2483.5..=2487.5, paused: 516.5..=520.5, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-error-from-idle", configurations: &["json", "one-json", "remote"], printer: "voron-1",
        prints: "1 0 0 1 0 0", printed: 0.0..=1.1, paused: 0.0..=0.0, states: &["idle", "error"],
        also: &[(METERS, &[], -0.0002..=0.0002)] },
    Row { scenario: "moonraker-error-from-idle", configurations: &["no-body"], printer: "voron-1",
        prints: "1 0 0 1 0 0", printed: 0.0..=1.1, paused: 0.0..=0.0, states: &["idle", "error"],
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-restart-same-file", configurations: &["json", "remote"], printer: "voron-1",
        prints: "2 1 1 0 0 0", printed: 2315.8..=2317.8, paused: 93.6..=95.6, states: IDLE,
        also: &[(METERS, &[], 10.9376..=10.9380)] },
    Row { scenario: "moonraker-restart-same-file", configurations: &["no-body"], printer: "voron-1",
        prints: "2 1 1 0 0 0", printed: 2315.8..=2317.8, paused: 93.6..=95.6, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-klippy-disconnect", configurations: &["json", "remote"], printer: "voron-1",
        prints: "2 1 0 0 1 0", printed: 4713.0..=6197.3, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 7.9237..=7.9241)] },
    Row { scenario: "moonraker-klippy-disconnect", configurations: &["no-body"], printer: "voron-1",
        prints: "2 1 0 0 1 0", printed: 4713.0..=6197.3, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-resume-sent-as-started", configurations: &["json"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 2759.2..=2761.2, paused: 359.5..=361.5, states: IDLE,
        also: &[(METERS, &[], 9.8961..=9.8965)] },
    Row { scenario: "moonraker-test-button", configurations: &["json", "remote"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 1332.3..=1334.3, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 4.7701..=4.7705)] },
    Row { scenario: "moonraker-test-button", configurations: &["no-body"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 1332.3..=1334.3, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-odd-name", configurations: &["json", "one-json"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 950.5..=952.5, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 2.5681..=2.5685)] },
    Row { scenario: "moonraker-odd-name", configurations: &["no-body"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 950.5..=952.5, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-layers", configurations: &["json", "remote", "one-json"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 7259.1..=7261.1, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 25.2329..=25.2333)] },
    Row { scenario: "moonraker-remote-action", configurations: &["json", "one-json"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 7203.4..=7205.4, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 29.4887..=29.4891)] },
    Row { scenario: "moonraker-remote-action", configurations: &["remote"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 7203.4..=7205.4, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 29.4887..=29.4891)] },
    Row { scenario: "moonraker-remote-action", configurations: &["no-body"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 7203.4..=7205.4, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-cancel-warming-up", configurations: &["json", "one-json"], printer: "voron-1",
        prints: "1 0 1 0 0 0", printed: 96.7..=98.7, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], -0.0002..=0.0002)] },
    Row { scenario: "moonraker-cancel-warming-up", configurations: &["no-body"], printer: "voron-1",
        prints: "1 0 1 0 0 0", printed: 96.7..=98.7, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
    Row { scenario: "moonraker-same-file-twice", configurations: &["json", "remote"], printer: "voron-1",
        prints: "3 3 0 0 0 0", printed: 1205.8..=1207.8, paused: 0.0..=0.0, states: IDLE,
        also: &[(METERS, &[], 3.0766..=3.0770)] },
    Row { scenario: "moonraker-shutdown-as-paused", configurations: &["json", "remote", "one-json"], printer: "voron-1",
        prints: "2 1 0..1 0..1 0..1 0", printed: 3193.3..=3195.7, paused: 0.0..=702.6, states: IDLE,
        also: &[(METERS, &[], 10.8226..=10.8230)] },
    Row { scenario: "moonraker-long", configurations: &["json", "remote", "one-json"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 160_199.0..=160_201.0, paused: 32399.0..=32401.0, states: IDLE,
        also: &[(METERS, &[], 781.5466..=781.5470)] },
    Row { scenario: "moonraker-moonraker-restarted", configurations: &["json", "remote"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 3299.2..=3301.2, paused: 298.9..=300.9, states: IDLE,
        also: &[(METERS, &[], 12.3711..=12.3715)] },
    Row { scenario: "moonraker-moonraker-restarted", configurations: &["no-body"], printer: "voron-1",
        prints: "1 1 0 0 0 0", printed: 3299.2..=3301.2, paused: 298.9..=300.9, states: IDLE,
        also: &[(METERS, &[], 0.0..=0.0)] },
];

#[test]
fn every_capture_of_moonraker_leaves_what_it_must() {
    check("moonraker", ROWS, &["moonraker-complete/text-body", "moonraker-pause-resume/text-body"]);
}

pub(super) fn klipper(event: &str, state: &str, total: f64, filament: f64) -> Value {
    let numbers = json!({
        "filename": "part.gcode", "state": state, "total_duration": total, "filament_used": filament, "message": "",
        "print_duration": total - 200.0, "info": {"current_layer": null, "total_layer": null},
    });
    json!({"title": event, "message": numbers.to_string(), "type": "info"})
}

pub(super) fn word(event: &str) -> Value {
    json!({"title": "", "message": event})
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn moonraker_s_orders_repeats_and_templates() {
    let started = || klipper("started", "printing", 0.15, 0.0);
    let failed_at_once = || klipper("error", "error", 0.11, 0.0);
    let start_of_it = || klipper("started", "error", 0.11, 0.0);
    let complete = || klipper("complete", "complete", 900.25, 3000.0);
    let twice = |webhooks: Vec<(f64, Value)>| {
        let both = |(pause, body): (f64, Value)| [(pause, body.clone()), (0.002, body)];
        webhooks.into_iter().flat_map(both).collect::<Vec<_>>()
    };
    let paused_print = || {
        vec![
            (0.0, started()),
            (600.0, klipper("paused", "paused", 600.2, 2000.0)),
            (300.0, klipper("resumed", "printing", 900.2, 2000.0)),
            (600.0, klipper("complete", "complete", 1500.25, 4000.0)),
        ]
    };
    tell(
        "moonraker",
        vec![
            (
                "an error before its start",
                vec![(0.0, failed_at_once()), (0.003, start_of_it())],
                ([1, 0, 0, 1, 0, 0], 0.1, 0.0, State::Idle),
            ),
            (
                "a start before its error",
                vec![(0.0, start_of_it()), (0.003, failed_at_once())],
                ([1, 0, 0, 1, 0, 0], 0.1, 0.0, State::Idle),
            ),
            (
                "words: an error before its start",
                vec![(0.0, word("error")), (0.002, word("started"))],
                ([1, 0, 0, 1, 0, 0], 0.0, 0.0, State::Idle),
            ),
            (
                "words: a start before its error",
                vec![(0.0, word("started")), (0.002, word("error"))],
                ([1, 0, 0, 1, 0, 0], 0.0, 0.0, State::Idle),
            ),
            ("two notifiers", twice(paused_print()), ([1, 1, 0, 0, 0, 0], 1200.0, 300.0, State::Idle)),
            (
                "two notifiers, words",
                twice(vec![
                    (0.0, word("started")),
                    (60.0, word("paused")),
                    (30.0, word("resumed")),
                    (60.0, word("complete")),
                ]),
                ([1, 1, 0, 0, 0, 0], 120.0, 30.0, State::Idle),
            ),
            ("a lost start", paused_print()[1..].to_vec(), ([1, 1, 0, 0, 0, 0], 1200.0, 300.0, State::Idle)),
            (
                "a lost start, and the resume told as a start",
                vec![
                    (0.0, klipper("started", "printing", 1811.0, 10.0)),
                    (100.0, klipper("complete", "complete", 1911.0, 10.0)),
                ],
                ([1, 1, 0, 0, 0, 0], 1911.0, 0.0, State::Idle),
            ),
            (
                "a lost resume",
                vec![
                    (0.0, started()),
                    (600.0, klipper("paused", "paused", 600.2, 2000.0)),
                    (300.0, klipper("paused", "paused", 900.2, 2900.0)),
                    (60.0, klipper("cancelled", "cancelled", 960.2, 2900.0)),
                ],
                ([1, 0, 1, 0, 0, 0], 600.0, 360.0, State::Idle),
            ),
            (
                "a start that arrives after the pause",
                vec![(0.0, klipper("paused", "paused", 3.2, 0.0)), (0.1, started())],
                ([1, 0, 0, 0, 0, 1], 3.2, 0.1, State::Paused),
            ),
            (
                "Klipper restarted within the first minute",
                vec![
                    (0.0, started()),
                    (30.0, klipper("started", "printing", 0.21, 0.0)),
                    (900.0, complete()),
                ],
                ([2, 1, 0, 0, 1, 0], 930.0, 0.0, State::Idle),
            ),
            (
                "an end that is sent again after the next start",
                vec![
                    (0.0, started()),
                    (900.0, complete()),
                    (2.0, klipper("started", "printing", 0.08, 0.0)),
                    (0.5, complete()),
                ],
                ([2, 1, 0, 0, 0, 1], 900.8, 0.0, State::Printing),
            ),
            (
                "a test while nothing prints",
                vec![
                    (0.0, klipper("complete", "complete", 10.5, 0.0)),
                    (9.0, json!({"title": "*", "message": "x"})),
                ],
                ([1, 1, 0, 0, 0, 0], 10.5, 0.0, State::Idle),
            ),
            (
                "a macro while nothing prints",
                vec![
                    (0.0, klipper("complete", "complete", 10.5, 0.0)),
                    (9.0, json!({"title": "remote_action", "message": "{\"progress_percent\": 25}"})),
                ],
                ([1, 1, 0, 0, 0, 0], 10.5, 0.0, State::Idle),
            ),
        ],
    );
}

#[test]
fn the_filament_of_a_file_that_goes_on_after_an_error_counts_once() {
    let mut story = Story::new();
    story.take("moonraker", &klipper("started", "printing", 0.15, 0.0));
    story.after(900.0).take("moonraker", &klipper("error", "error", 900.2, 6020.0));
    story.after(300.0).take("moonraker", &klipper("started", "printing", 0.2, 6020.0));
    story.after(600.0).take("moonraker", &klipper("complete", "complete", 600.2, 9000.0));
    let printer = story.printer();
    assert_eq!(counts(&printer), [2, 1, 0, 1, 0, 0]);
    let length: u64 = printer.totals.ended_filament_length.unwrap().iter().sum();
    assert_eq!(length, 9_000_000);
}
