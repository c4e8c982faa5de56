//! Obico, with everything switched on and as it is at first.

use printfarm_exporter::labels::State;
use serde_json::{Value, json};

use super::stories::tell;
use super::{ATTENTION, IDLE, Row, WARNINGS, check};

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { scenario: "obico-done", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "1 1 0 0 0 0", printed: 4207.6..=4209.6, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "obico-done", configurations: &["defaults"], printer: "Ender 3 V2 (Keller)",
        prints: "1 1 0 0 0 0", printed: 4207.6..=4209.6, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "obico-cancelled", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "1 0 1 0 0 0", printed: 2401.0..=2403.0, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "obico-pause-resume", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "1 1 0 0 0 0", printed: 4522.6..=4524.6, paused: 902.5..=904.5, states: IDLE,
        also: &[] },
    Row { scenario: "obico-filament-change", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "1 1 0 0 0 0", printed: 3546.3..=3548.3, paused: 449.2..=451.2, states: IDLE,
        also: &[(ATTENTION, &["filament_change"], 1.0..=1.0)] },
    Row { scenario: "obico-heaters", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "0 0 0 0 0 0", printed: 0.0..=1.0, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "obico-failure-warning", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "1 1 0 0 0 0", printed: 5329.4..=5331.4, paused: 866.5..=868.5, states: IDLE,
        also: &[(WARNINGS, &["warned"], 1.0..=1.0), (WARNINGS, &["paused"], 1.0..=1.0)] },
    Row { scenario: "obico-failure-not-paused", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "1 0 1 0 0 0", printed: 3096.8..=3098.8, paused: 0.0..=0.0, states: IDLE,
        also: &[(WARNINGS, &["warned"], 2.0..=2.0), (WARNINGS, &["paused"], 0.0..=0.0)] },
    Row { scenario: "obico-failed-as-cancelled", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "2 0 1 0 0 1", printed: 3001.7..=3003.7, paused: 0.0..=0.0, states: &["printing"],
        also: &[] },
    Row { scenario: "obico-no-camera", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "3 0 0 0 2 1", printed: 7295.0..=7298.0, paused: 99.2..=101.2, states: &["printing"],
        also: &[] },
    Row { scenario: "obico-umlauts", configurations: &["all-on"], printer: "Drucker „Küche“ №3 🚀",
        prints: "1 1 0 0 0 0", printed: 2699.3..=2701.3, paused: 299.0..=301.0, states: IDLE,
        also: &[] },
    Row { scenario: "obico-two-printers", configurations: &["all-on"], printer: "Ender links",
        prints: "1 1 0 0 0 0", printed: 2496.4..=2498.4, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
    Row { scenario: "obico-two-printers", configurations: &["all-on"], printer: "Ender rechts",
        prints: "1 0 1 0 0 0", printed: 2587.0..=2589.0, paused: 799.0..=801.0, states: IDLE,
        also: &[] },
    Row { scenario: "obico-test", configurations: &["all-on"], printer: "Ender 3 V2 (Keller)",
        prints: "1 1 0 0 0 0", printed: 1196.0..=1198.0, paused: 0.0..=0.0, states: IDLE,
        also: &[] },
];

#[test]
fn every_capture_of_obico_leaves_what_it_must() {
    check("obico", ROWS, &[]);
}

pub(super) fn obico(event: &str, print: u32, times: Option<(f64, f64)>) -> Value {
    let (started, ended) = times.map_or((json!(""), json!("")), |(from, to)| {
        (json!(1_795_158_195.5 + from), json!(1_795_158_195.5 + to))
    });
    json!({
        "event": {"type": event, "print_paused": true}, "printer": {"id": 68, "name": "Ender"}, "img_url": null,
        "print": {"id": print, "filename": "vase.gcode", "started_at": started, "ended_at": ended},
    })
}

#[test]
fn obico_s_orders_repeats_and_defaults() {
    let done = || obico("PrintDone", 1, Some((0.0, 3600.5)));
    tell(
        "obico",
        vec![
            (
                "done, then the next start",
                vec![
                    (0.0, obico("PrintStarted", 1, None)),
                    (3600.5, done()),
                    (0.013, obico("PrintStarted", 2, None)),
                ],
                ([2, 1, 0, 0, 0, 1], 3600.5, 0.0, State::Printing),
            ),
            (
                "the next start overtakes done",
                vec![
                    (0.0, obico("PrintStarted", 1, None)),
                    (3600.5, obico("PrintStarted", 2, None)),
                    (0.013, done()),
                ],
                ([2, 0, 0, 0, 1, 1], 3600.5, 0.0, State::Printing),
            ),
            (
                "done twice, the second an hour later",
                vec![(0.0, obico("PrintStarted", 1, None)), (3600.5, done()), (3600.0, done())],
                ([1, 1, 0, 0, 0, 0], 3600.5, 0.0, State::Idle),
            ),
            (
                "done, then its own start",
                vec![(0.0, done()), (9.0, obico("PrintStarted", 1, None))],
                ([1, 1, 0, 0, 0, 0], 3600.5, 0.0, State::Idle),
            ),
            (
                "an end alone, with a change of filament",
                vec![(0.0, obico("FilamentChange", 1, None)), (900.0, done())],
                ([1, 1, 0, 0, 0, 0], 3600.5, 0.0, State::Idle),
            ),
            (
                "an end alone, after an alarm that paused",
                vec![(0.0, obico("PrintFailure", 1, None)), (900.0, done())],
                ([1, 1, 0, 0, 0, 0], 2700.5, 900.0, State::Idle),
            ),
            (
                "a heater of the last print",
                vec![(0.0, done()), (900.0, obico("HeaterCooledDown", 1, None))],
                ([1, 1, 0, 0, 0, 0], 3600.5, 0.0, State::Idle),
            ),
        ],
    );
}
