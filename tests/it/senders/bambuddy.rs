//! Bambuddy, with its settings.

use printfarm_exporter::labels::State;
use serde_json::{Value, json};

use super::stories::tell;
use super::{ERRORS, GRAMS, IDLE, Row, WARNINGS, check};

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { scenario: "bambuddy-complete", configurations: &["generic", "bearer", "renamed"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 7681.0..=7761.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 61.400..=61.400)] },
    Row { scenario: "bambuddy-complete", configurations: &["defaults"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 7680.0..=7760.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 61.400..=61.400)] },
    Row { scenario: "bambuddy-photo", configurations: &["photo"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 10928.0..=11008.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 143.000..=143.000), (ERRORS, &[], 1.0..=1.0)] },
    Row { scenario: "bambuddy-failed", configurations: &["generic"], printer: "x1c-links",
        prints: "1 0 0 1 0 0", printed: 2651.0..=2731.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 17.800..=17.800), (ERRORS, &[], 1.0..=1.0)] },
    Row { scenario: "bambuddy-stopped", configurations: &["generic"], printer: "x1c-links",
        prints: "1 0 1 0 0 0", printed: 3067.0..=3147.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 0.0..=0.0)] },
    Row { scenario: "bambuddy-offline", configurations: &["generic"], printer: "x1c-links",
        prints: "1 0 0..1 0 0..1 0", printed: 14004.0..=43200.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 0.0..=0.0)] },
    Row { scenario: "bambuddy-offline-and-back", configurations: &["generic"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 14452.0..=14532.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 201.000..=201.000)] },
    Row { scenario: "bambuddy-ai-failure", configurations: &["generic"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 18051.0..=18131.0, paused: 1840.0..=1960.0, states: IDLE,
        also: &[(GRAMS, &[], 88.800..=88.800), (WARNINGS, &["warned"], 1.0..=1.0), (WARNINGS, &["paused"], 1.0..=1.0)] },
    Row { scenario: "bambuddy-plate-not-empty", configurations: &["generic"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 3550.0..=3630.0, paused: 1940.0..=2060.0, states: IDLE,
        also: &[(GRAMS, &[], 33.000..=33.000)] },
    Row { scenario: "bambuddy-test-button", configurations: &["generic"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 3000.0..=3080.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 12.000..=12.000)] },
    Row { scenario: "bambuddy-test-button", configurations: &["renamed"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 3000.0..=3080.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 12.000..=12.000)] },
    Row { scenario: "bambuddy-digest", configurations: &["digest"], printer: "x1c-links",
        prints: "3 1 0 1 0 1", printed: 2700.0..=2770.0, paused: 0.0..=0.0, states: &["printing"],
        also: &[(GRAMS, &[], 9.100..=9.100)] },
    Row { scenario: "bambuddy-unknown", configurations: &["generic"], printer: "x1c-links",
        prints: "2 1 0 1 0 0", printed: 8049.0..=8051.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 0.0..=0.0)] },
    Row { scenario: "bambuddy-umlauts", configurations: &["generic"], printer: "a1-mini",
        prints: "1 1 0 0 0 0", printed: 6040.0..=6120.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 40.000..=40.000)] },
    Row { scenario: "bambuddy-two-printers", configurations: &["any-printer"], printer: "X1C links",
        prints: "1 1 0 0 0 0", printed: 3580.0..=3660.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 22.000..=22.000)] },
    Row { scenario: "bambuddy-two-printers", configurations: &["any-printer"], printer: "P1S 02",
        prints: "2 1 0 1 0 0", printed: 4983.0..=5143.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 22.000..=22.000)] },
    Row { scenario: "bambuddy-renamed-printer", configurations: &["generic"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 7230.0..=7310.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 70.500..=70.500)] },
    Row { scenario: "bambuddy-queue", configurations: &["generic"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 2685.0..=2765.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 18.000..=18.000)] },
    Row { scenario: "bambuddy-notices", configurations: &["generic"], printer: "x1c-links",
        prints: "1 1 0 0 0 0", printed: 5017.0..=5097.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 29.700..=29.700)] },
    Row { scenario: "bambuddy-ends-only", configurations: &["defaults"], printer: "x1c-links",
        prints: "4 3 1 0 0 0", printed: 5880.0..=6003.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 33.300..=33.300)] },
    Row { scenario: "bambuddy-short-and-long", configurations: &["generic"], printer: "x1c-links",
        prints: "2 1 1 0 0 0", printed: 191_340.0..=191_408.0, paused: 0.0..=0.0, states: IDLE,
        also: &[(GRAMS, &[], 1823.000..=1823.000)] },
];

#[test]
fn every_capture_of_bambuddy_leaves_what_it_must() {
    check("bambuddy", ROWS, &["bambuddy-complete/slack"]);
}

#[expect(clippy::needless_pass_by_value, reason = "the changes are written where it is called")]
pub(super) fn bambuddy(event: &str, changes: Value) -> Value {
    let mut body = json!({
        "title": "t", "message": "m", "source": "Bambuddy", "event": event, "printer": "X1C", "filename": "Gear M2",
        "app_name": "Bambuddy",
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// The same with its title in the field of the file.
fn renamed_onto_the_file(event: &str, changes: Value, title: &str) -> Value {
    let mut body = bambuddy(event, changes);
    body.as_object_mut().unwrap().remove("title");
    body["filename"] = title.into();
    body
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn bambuddy_s_traps() {
    let start = || bambuddy("print_start", json!({"estimated_time": "1h 0m"}));
    let end = |event: &str, duration: &str| {
        bambuddy(event, json!({"duration": duration, "filament_grams": "Unknown"}))
    };
    let other = json!({"filename": "Lid"});
    tell(
        "bambuddy",
        vec![
            (
                "the estimate as the duration",
                vec![(0.0, start()), (1920.0, end("print_stopped", "7h 0m"))],
                ([1, 0, 1, 0, 0, 0], 1920.0, 0.0, State::Idle),
            ),
            (
                "an end that the next start of another file overtook",
                vec![
                    (0.0, start()),
                    (3610.0, bambuddy("print_start", other.clone())),
                    (12.0, end("print_complete", "1h 0m")),
                    (600.0, bambuddy("print_complete", json!({"filename": "Lid", "duration": "10m"}))),
                ],
                ([2, 1, 0, 0, 1, 0], 4222.0, 0.0, State::Idle),
            ),
            (
                "an end that the next start of its file overtook",
                vec![
                    (0.0, start()),
                    (3610.0, start()),
                    (12.0, end("print_complete", "1h 0m")),
                    (3600.0, end("print_complete", "1h 0m")),
                ],
                ([2, 1, 0, 0, 1, 0], 7222.0, 0.0, State::Idle),
            ),
            (
                "a title in the place of the file",
                vec![
                    (
                        0.0,
                        renamed_onto_the_file(
                            "print_start",
                            json!({"estimated_time": "1h 0m"}),
                            "Print Started",
                        ),
                    ),
                    (
                        1800.0,
                        renamed_onto_the_file(
                            "print_progress",
                            json!({"progress": "50", "remaining_time": "30m"}),
                            "Print 50% Complete",
                        ),
                    ),
                    (
                        1800.0,
                        renamed_onto_the_file(
                            "print_complete",
                            json!({"duration": "1h 0m"}),
                            "Print Completed",
                        ),
                    ),
                ],
                ([1, 1, 0, 0, 0, 0], 3600.0, 0.0, State::Idle),
            ),
            (
                "ends alone, and a plate that was not empty",
                vec![
                    (0.0, bambuddy("plate_not_empty", json!({"filename": null}))),
                    (5550.0, end("print_complete", "1h 33m")),
                ],
                ([1, 1, 0, 0, 0, 0], 5580.0, 0.0, State::Idle),
            ),
            (
                "a plate that was not empty, without progress",
                vec![
                    (0.0, start()),
                    (60.0, bambuddy("plate_not_empty", json!({}))),
                    (5540.0, end("print_complete", "1h 33m")),
                ],
                ([1, 1, 0, 0, 0, 0], 3600.0, 2000.0, State::Idle),
            ),
            (
                "an error while nothing prints, and the next print",
                vec![
                    (0.0, bambuddy("printer_error", json!({}))),
                    (60.0, start()),
                    (3600.0, end("print_complete", "1h 0m")),
                ],
                ([1, 1, 0, 0, 0, 0], 3600.0, 0.0, State::Idle),
            ),
            (
                "offline while nothing prints",
                vec![(0.0, end("print_complete", "1h 0m")), (60.0, bambuddy("printer_offline", json!({})))],
                ([1, 1, 0, 0, 0, 0], 3600.0, 0.0, State::Unknown),
            ),
            (
                "two providers",
                vec![
                    (0.0, start()),
                    (0.01, start()),
                    (3600.0, end("print_complete", "1h 0m")),
                    (0.01, end("print_complete", "1h 0m")),
                ],
                ([1, 1, 0, 0, 0, 0], 3600.0, 0.0, State::Idle),
            ),
            (
                "quiet hours dropped an end",
                vec![(0.0, start()), (36_000.0, bambuddy("print_start", other))],
                ([2, 0, 0, 0, 1, 1], 9000.0, 0.0, State::Printing),
            ),
            (
                "heard of in the middle",
                vec![
                    (0.0, bambuddy("print_progress", json!({"progress": "50", "remaining_time": "30m"}))),
                    (1800.0, end("print_failed", "1h 0m")),
                ],
                ([1, 0, 0, 1, 0, 0], 3600.0, 0.0, State::Idle),
            ),
        ],
    );
}
