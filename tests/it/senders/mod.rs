//! Real requests of the senders, byte for byte and with their own timing: what a fresh exporter must show after each folder of
//! `tests/data/captures-senders`. The README.md there says where they come from; each sender's file has its rows.

#![allow(clippy::float_cmp, reason = "counts are whole")]

mod bambuddy;
mod generic;
mod moonraker;
mod obico;
mod simplyprint;
mod stories;

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use printfarm_exporter::timestamp::Timestamp;

use crate::app::{Setup, TestApp};
use crate::client::Connection;
use crate::common::captures::data;

/// What the senders' clocks showed at the first request, and another time, by which they are wrong.
const STARTS: [i64; 2] = [1_795_158_192, 1_800_000_000];

/// The secret that the requests carry.
const SECRET: &str = "gehe1m-Wert_42";

/// What one printer must show after one scenario, in each of its configurations.
struct Row {
    scenario: &'static str,
    configurations: &'static [&'static str],
    printer: &'static str,
    /// Prints started, completed, cancelled, failed, unknown, and running; each a number or a range, as in `1 1 0 0 0..1 0`.
    prints: &'static str,
    /// Seconds.
    printed: RangeInclusive<f64>,
    /// Seconds.
    paused: RangeInclusive<f64>,
    /// The states that it may have.
    states: &'static [&'static str],
    /// What else must be shown. Requests for attention, warnings and errors that are not here must not be.
    also: &'static [Sample],
}

/// A metric, parts of its labels, and what the sum of its samples must be.
type Sample = (&'static str, &'static [&'static str], RangeInclusive<f64>);

const IDLE: &[&str] = &["idle"];

const STARTED: &str = "printfarm_prints_started_total";
const ENDED: &str = "printfarm_prints_total";
const OPEN: &str = "printfarm_print_info";
const PRINTED: &str = "printfarm_print_seconds_total";
const PAUSED: &str = "printfarm_paused_seconds_total";
const STATE: &str = "printfarm_printer_state";
const ATTENTION: &str = "printfarm_attention_total";
const WARNINGS: &str = "printfarm_failure_warnings_total";
const ERRORS: &str = "printfarm_printer_errors_total";
const METERS: &str = "printfarm_ended_print_filament_meters_total";
const GRAMS: &str = "printfarm_ended_print_filament_grams_total";

/// Replays every folder of the sender, and checks what is shown. The requests of a folder in `refused` are answered with 422
/// and leave nothing; each other folder must have a row.
fn check(source: &str, rows: &[Row], refused: &[&str]) {
    let mut problems = Vec::new();
    for folder in folders(source) {
        let (scenario, configuration) = folder.split_once('/').unwrap();
        let of_folder: Vec<_> = rows
            .iter()
            .filter(|row| row.scenario == scenario && row.configurations.contains(&configuration))
            .collect();
        let is_refused = refused.contains(&&*folder);
        assert!(of_folder.is_empty() == is_refused, "{folder} has no row");
        for start in STARTS {
            let replay = Replay::run(source, &folder, start);
            problems.extend(replay.check_answers(if is_refused { 422 } else { 200 }));
            problems.extend(of_folder.iter().flat_map(|row| replay.check(row)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Every `SCENARIO/CONFIGURATION` of the sender.
fn folders(source: &str) -> Vec<String> {
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    };
    let all = data("captures-senders");
    let scenarios = names(&all).into_iter().filter(|name| name.starts_with(&format!("{source}-")));
    scenarios
        .flat_map(|scenario| {
            let configurations = names(&all.join(&scenario));
            configurations.into_iter().map(move |configuration| format!("{scenario}/{configuration}"))
        })
        .collect()
}

/// A folder that was sent to a fresh exporter, with its own timing.
struct Replay {
    folder: String,
    /// The status and the text of each answer.
    answers: Vec<(u16, String)>,
    metrics: String,
}

impl Replay {
    /// The clock starts at `start`, in seconds since 1970. Where every request carries the secret, it is required.
    fn run(source: &str, folder: &str, start: i64) -> Self {
        let path = data("captures-senders").join(folder);
        let index = fs::read_to_string(path.join("requests.tsv")).unwrap();
        let requests: Vec<(f64, Vec<u8>)> = index
            .lines()
            .map(|line| {
                let mut columns = line.split('\t');
                let bytes = fs::read(path.join(columns.next().unwrap())).unwrap();
                (columns.next().unwrap().parse().unwrap(), bytes)
            })
            .collect();
        let is_secured = requests.iter().all(|(_, request)| holds(request, SECRET.as_bytes()));
        let config = if is_secured {
            format!("webhook_secrets: {{{source}: {{value: {SECRET}}}}}\n")
        } else {
            String::new()
        };
        let clock = Clock::manual(Timestamp::from_micros(start * 1_000_000));
        let app = TestApp::at(&clock, Setup { config: config.leak(), ..Setup::default() });
        let (mut answers, mut before) = (Vec::new(), 0.0);
        for (seconds, request) in requests {
            clock.advance(Duration::from_secs_f64(seconds - before));
            before = seconds;
            let mut connection = Connection::open(app.address);
            connection.send(&request);
            let answer = connection.receive("POST");
            answers.push((answer.status, answer.text()));
        }
        Self { folder: folder.to_owned(), answers, metrics: app.get("/metrics").text() }
    }

    /// What is wrong with the answers.
    fn check_answers(&self, expected: u16) -> Vec<String> {
        let wrong = self.answers.iter().enumerate().filter(|(_, (status, _))| *status != expected);
        let mut wrong: Vec<_> = wrong
            .map(|(number, (status, text))| {
                format!("{}: request {} {status} {text}", self.folder, number + 1)
            })
            .collect();
        if expected != 200 && self.metrics.contains("printer=") {
            wrong.push(format!("{}: a printer was made", self.folder));
        }
        wrong
    }

    /// What is wrong with what is shown.
    fn check(&self, row: &Row) -> Vec<String> {
        let mut wrong = Vec::new();
        let of_printer = format!("printer=\"{}\"", row.printer);
        let show =
            |metric: &str, labels: &[&str]| sum(&self.metrics, metric, &[&[&*of_printer], labels].concat());
        let ended = ["completed", "cancelled", "failed", "unknown"]
            .map(|outcome| show(ENDED, &[&format!("outcome=\"{outcome}\"")]));
        let prints = [&[show(STARTED, &[])], &ended[..], &[show(OPEN, &[])]].concat();
        let wanted: Vec<_> = row.prints.split(' ').map(range).collect();
        assert_eq!(wanted.len(), prints.len(), "six numbers of prints");
        let ends_once = prints[0] == prints[1..].iter().sum::<f64>();
        if !ends_once || prints.iter().zip(&wanted).any(|(shown, wanted)| !wanted.contains(shown)) {
            wrong.push(format!("prints {prints:?}, not {}", row.prints));
        }
        let is_state =
            |line: &&str| line.starts_with(STATE) && line.contains(&of_printer) && line.ends_with(" 1");
        let state = self.metrics.lines().find(is_state).unwrap_or_default();
        if !row.states.iter().any(|word| state.contains(&format!("state=\"{word}\""))) {
            wrong.push(format!("{state}, not {:?}", row.states));
        }
        let unless_told: [Sample; 3] =
            [(ATTENTION, &[], 0.0..=0.0), (WARNINGS, &[], 0.0..=0.0), (ERRORS, &[], 0.0..=0.0)];
        let unless_told =
            unless_told.iter().filter(|(metric, ..)| row.also.iter().all(|(told, ..)| told != metric));
        let times = [(PRINTED, &[][..], row.printed.clone()), (PAUSED, &[][..], row.paused.clone())];
        for (metric, labels, range) in row.also.iter().chain(unless_told).chain(&times) {
            let shown = show(metric, labels);
            if !range.contains(&shown) {
                wrong.push(format!("{metric} {labels:?} {shown}, not {range:?}"));
            }
        }
        wrong.iter().map(|wrong| format!("{}, {}: {wrong}", self.folder, row.printer)).collect()
    }
}

/// `2` or `0..2`.
fn range(text: &str) -> RangeInclusive<f64> {
    let number = |text: &str| text.parse::<f64>().unwrap();
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    number(least)..=number(most)
}

/// The sum of the samples of a metric whose labels contain all of these.
fn sum(text: &str, metric: &str, labels: &[&str]) -> f64 {
    let samples = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(metric));
    let samples = samples.filter(|line| labels.iter().all(|label| line.contains(label)));
    samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

fn holds(request: &[u8], text: &[u8]) -> bool {
    request.windows(text.len()).any(|window| window == text)
}
