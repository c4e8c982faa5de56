//! The rules about prints, against requests that public reports tell of. `expect.txt` beside them says what must hold.

use std::fs;
use std::ops::RangeInclusive;
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use printfarm_exporter::timestamp::Timestamp;

use crate::app::{Setup, TestApp};
use crate::client::Connection;
use crate::common::captures::{aimed, data};

/// After which request, which sum of samples, and what it must be.
type Expected = (&'static str, &'static str, &'static [&'static str], RangeInclusive<f64>);

const STARTED: &str = "printfarm_prints_started_total";
const ENDED: &str = "printfarm_prints_total";
const PRINTED: &str = "printfarm_print_seconds_total";
const ENDED_PRINTED: &str = "printfarm_ended_print_seconds_total";
const OPEN: &str = "printfarm_print_info";
const ERRORS: &str = "printfarm_printer_errors_total";
const IGNORED: &str = "printfarm_webhook_ignored_total";
const PROGRESS: &str = "printfarm_print_progress_ratio";
const STATE: &str = "printfarm_printer_state";

#[rustfmt::skip]
const FOLDERS: &[(&str, &[Expected])] = &[
    ("octoprint-4299-failed-rapidly", &[
        ("14", STARTED, &["local"], 1.0..=1.0),
        ("14", ENDED, &["local", "cancelled"], 1.0..=1.0),
        ("14", PRINTED, &[], 18_000.0..=18_009.0),
    ]),
    ("habambulab-241-finished-again", &[
        ("03", PRINTED, &[], 3600.0..=3600.5),
        ("04", PRINTED, &[], 3600.0..=3600.5),
        ("05", PRINTED, &[], 3600.0..=3600.5),
        ("04", STARTED, &[], 1.0..=1.0),
    ]),
    ("octoslack-18-late-progress-after-done", &[
        ("04", STATE, &["idle"], 1.0..=1.0),
        ("04", STARTED, &["local"], 1.0..=1.0),
        ("04", ENDED, &["local", "completed"], 1.0..=1.0),
        ("04", PRINTED, &[], 3600.4..=3602.4),
        ("05", STARTED, &[], 2.0..=2.0),
        ("05", ENDED, &["outcome=\"unknown\""], 0.0..=0.0),
    ]),
    ("oe-clock-set-during-print", &[
        ("02", PRINTED, &[], 0.0..=300.0),
        ("03", PRINTED, &[], 0.0..=300.0),
        ("03", STARTED, &[], 1.0..=1.0),
        ("03", ENDED, &["completed"], 1.0..=1.0),
    ]),
    ("oe-complete-with-zero-duration", &[
        ("03", ENDED_PRINTED, &["completed"], 32_400.0..=32_401.0),
        ("05", PRINTED, &[], 39_600.0..=39_601.0),
    ]),
    ("oe-id-changes-mid-print", &[
        ("04", PRINTED, &[], 18_000.0..=36_060.0),
        ("04", STARTED, &[], 1.0..=1.0),
        ("04", ENDED, &["completed"], 1.0..=1.0),
    ]),
    ("oe-paused-arrives-after-resumed", &[
        ("03", STATE, &["printing"], 1.0..=1.0),
    ]),
    ("octoeverywhere-docker-2-printer-linked-anew", &[
        ("02", OPEN, &[], 1.0..=1.0),
        ("02", OPEN, &["printer=\"p1s\""], 1.0..=1.0),
    ]),
    ("2blane2-duplicated-hook-error", &[
        ("06", ERRORS, &[], 1.0..=1.0),
        ("06", STARTED, &[], 1.0..=1.0),
        ("06", ENDED, &["failed"], 1.0..=1.0),
    ]),
    ("printjobhistory-211-mcu-error-told-as-cancel", &[
        ("04", STARTED, &[], 1.0..=1.0),
        ("04", ENDED, &["failed"], 1.0..=1.0),
        ("04", ENDED, &["cancelled"], 0.0..=0.0),
    ]),
    ("oe-cancel-words", &[
        ("04", ENDED, &["cancelled"], 2.0..=2.0),
        ("10", ENDED, &["cancelled"], 5.0..=5.0),
        ("12", ENDED, &["failed"], 1.0..=1.0),
        ("16", ENDED, &["cancelled"], 7.0..=7.0),
        ("18", ENDED, &["failed"], 2.0..=2.0),
        ("20", ENDED, &["cancelled"], 8.0..=8.0),
        ("22", ENDED, &["failed"], 3.0..=3.0),
        ("24", ENDED, &["cancelled"], 9.0..=9.0),
        ("26", ENDED, &["failed"], 4.0..=4.0),
        ("26", STARTED, &[], 13.0..=13.0),
    ]),
    ("printjobhistory-210-continuousprint-scripts", &[
        ("08", IGNORED, &["\"placeholder\""], 8.0..=8.0),
        ("08", STARTED, &[], 0.0..=0.0),
        ("08", ENDED, &[], 0.0..=0.0),
    ]),
    ("fork2-custom-event-human-message", &[
        ("02", STATE, &["paused"], 1.0..=1.0),
        ("03", STATE, &["printing"], 1.0..=1.0),
        ("04", STATE, &["printing"], 1.0..=1.0),
        ("06", STATE, &["printing"], 1.0..=1.0),
    ]),
    ("fork14-sd-progress-own-message", &[
        ("02", PROGRESS, &[], 0.12..=0.12),
        ("03", PROGRESS, &[], 0.24..=0.24),
        ("04", PROGRESS, &[], 0.36..=0.36),
    ]),
    ("octoprint2-upload-progress", &[
        ("03", OPEN, &[], 0.0..=0.0),
        ("03", STARTED, &[], 0.0..=0.0),
        ("03", PRINTED, &[], 0.0..=0.0),
        ("05", STARTED, &["sdcard"], 1.0..=1.0),
        ("05", ENDED, &["sdcard", "completed"], 1.0..=1.0),
        ("05", ENDED, &["outcome=\"unknown\""], 0.0..=0.0),
        ("05", PRINTED, &[], 600.5..=600.5),
    ]),
    ("template-flat-state-before-topic", &[
        ("02", ERRORS, &[], 1.0..=1.0),
        ("03", ERRORS, &[], 1.0..=1.0),
        ("03", ENDED, &["failed"], 1.0..=1.0),
        ("03", OPEN, &[], 0.0..=0.0),
    ]),
    ("template-renamed-extra", &[
        ("02", IGNORED, &["\"test\""], 2.0..=2.0),
        ("02", STARTED, &[], 0.0..=0.0),
        ("04", STARTED, &["local"], 1.0..=1.0),
        ("04", ENDED, &["cancelled"], 1.0..=1.0),
        ("04", ENDED, &["failed"], 0.0..=0.0),
        ("04", PRINTED, &[], 3600.1..=3600.1),
    ]),
    ("2blane14-topic-in-a-sentence", &[
        ("01", ENDED, &["completed"], 1.0..=1.0),
        ("02", IGNORED, &["\"test\""], 1.0..=1.0),
        ("04", IGNORED, &["\"duplicate\""], 2.0..=2.0),
        ("04", IGNORED, &["\"unknown_event\""], 0.0..=0.0),
    ]),
];

/// The sum of the samples of a metric whose labels contain all of these.
fn sum(text: &str, metric: &str, labels: &[&str]) -> f64 {
    let samples = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(metric));
    let samples = samples.filter(|line| labels.iter().all(|label| line.contains(label)));
    samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

/// Sends a folder with its own timing. Returns what the exporter shows after each request.
fn replayed(folder: &str) -> Vec<(String, String)> {
    let path = data("field").join(folder);
    let clock = Clock::manual(Timestamp::from_micros(1_800_000_000_000_000));
    let app = TestApp::at(&clock, Setup::default());
    let timing = fs::read_to_string(path.join("timing.tsv")).unwrap();
    let mut before = 0.0;
    let mut send = |line: &str| {
        let [file, seconds, target] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let seconds: f64 = seconds.parse().unwrap();
        clock.advance(Duration::from_secs_f64(seconds - std::mem::replace(&mut before, seconds)));
        let mut connection = Connection::open(app.address);
        connection.send(aimed(&fs::read(path.join(file)).unwrap(), target));
        assert_eq!(connection.receive("POST").status, 200, "{folder}/{file}");
        (file.to_owned(), app.get("/metrics").text())
    };
    timing.lines().skip(1).map(&mut send).collect()
}

#[test]
fn what_public_reports_say_of_prints_holds() {
    for (folder, expected) in FOLDERS {
        let shown = replayed(folder);
        for (after, metric, labels, range) in *expected {
            let (file, text) = shown.iter().find(|(file, _)| file.starts_with(after)).unwrap();
            let value = sum(text, metric, labels);
            assert!(
                range.contains(&value),
                "{folder}: {metric} {labels:?} is {value} after {file}, not in {range:?}"
            );
        }
    }
}
