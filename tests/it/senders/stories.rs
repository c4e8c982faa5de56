//! What senders may send beside what was captured: other orders, repeats, late arrivals, settings.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, header};
use bytes::Bytes;
use http_body_util::Full;
use printfarm_exporter::farm::{ApplyTime, Changes, Farm, Limits, PrinterSnapshot};
use printfarm_exporter::labels::{Outcome, State};
use printfarm_exporter::timestamp::Timestamp;
use printfarm_exporter::webhook::{BodyLimits, Context, Parsed, Senders, read};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::bambuddy::bambuddy;
use super::moonraker::{klipper, word};
use super::obico::obico;
use super::simplyprint::simplyprint;

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// A fresh farm that webhooks arrive at.
pub(super) struct Story {
    farm: Farm,
    now: Timestamp,
    /// It is read all the time; else at the end alone.
    is_read: bool,
    runtime: tokio::runtime::Runtime,
}

impl Story {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { farm: Farm::default(), now: START, is_read: false, runtime }
    }

    pub(super) fn after(&mut self, seconds: f64) -> &mut Self {
        self.now = self.now + Duration::from_secs_f64(seconds);
        self
    }

    /// Takes a webhook as JSON; whether it was understood.
    pub(super) fn take(&mut self, source: &str, body: &Value) -> bool {
        let sender = Senders::builtin().get(source).unwrap();
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
        let request = Full::new(Bytes::from(body.to_string()));
        let limits = BodyLimits::default();
        let reading = read(sender, &Method::POST, &headers, None, request, &limits);
        let payload = self.runtime.block_on(reading).unwrap();
        let context = Context { segment: Some("printer"), configured_name: &|_| None, received: self.now };
        let parsed = sender.parse(&payload, &context);
        if let Ok(Parsed::Event(event)) = &parsed {
            let time = ApplyTime { now: self.now, last_read: if self.is_read { self.now } else { START } };
            self.farm.apply(event, time, &Limits::default(), &mut Changes::default()).unwrap();
        }
        parsed.is_ok()
    }

    pub(super) fn printer(&self) -> PrinterSnapshot<'_> {
        self.farm.view().read(self.now).next().unwrap()
    }
}

/// Started, completed, cancelled, failed, unknown, running.
pub(super) fn counts(printer: &PrinterSnapshot<'_>) -> [u64; 6] {
    let ended = |outcome: Outcome| printer.totals.ended.iter().map(|by| by[outcome.index()]).sum();
    [
        printer.totals.started.iter().sum(),
        ended(Outcome::Completed),
        ended(Outcome::Cancelled),
        ended(Outcome::Failed),
        ended(Outcome::Unknown),
        u64::from(printer.print.is_some()),
    ]
}

/// A name, webhooks with the seconds before each, and what must be shown then: counts, seconds printed and paused, the state.
type Case = (&'static str, Vec<(f64, Value)>, ([u64; 6], f64, f64, State));

pub(super) fn tell(source: &str, cases: Vec<Case>) {
    for (name, webhooks, (expected, printed, paused, state)) in cases {
        let mut story = Story::new();
        for (pause, body) in webhooks {
            assert!(story.after(pause).take(source, &body), "{name}: {body}");
        }
        let printer = story.printer();
        assert_eq!(counts(&printer), expected, "{name}");
        let times = [printer.printed, printer.paused].map(|time| time.as_secs_f64());
        assert!((times[0] - printed).abs() < 1.0 && (times[1] - paused).abs() < 1.0, "{name}: {times:?}");
        assert_eq!(printer.state, state, "{name}");
    }
}

/// Any webhook of the four, with likely and unlikely values.
fn webhook() -> impl Strategy<Value = (&'static str, Value)> {
    let total = prop_oneof![0.0..3.0, 0.0..100_000.0, -500.0..0.0];
    let klippers = (
        select(vec!["started", "paused", "resumed", "complete", "cancelled", "error", "*", "remote_action"]),
        select(vec!["printing", "paused", "complete", "cancelled", "error", "standby"]),
        total,
        0.0..9_000.0,
    )
        .prop_map(|(event, state, total, filament)| ("moonraker", klipper(event, state, total, filament)));
    let words = select(vec!["started", "paused", "resumed", "complete", "cancelled", "error"])
        .prop_map(|event| ("moonraker", word(event)));
    let types = vec![
        "PrintStarted",
        "PrintDone",
        "PrintCancelled",
        "PrintPaused",
        "PrintResumed",
        "FilamentChange",
        "PrintFailure",
        "HeaterCooledDown",
    ];
    let obicos = (select(types), 0_u32..4, prop::option::of((-10.0..1e5, -10.0..1e5)))
        .prop_map(|(event, print, times)| ("obico", obico(event, print, times)));
    let jobs = vec![
        "job.started",
        "job.paused",
        "job.resumed",
        "job.done",
        "job.failed",
        "job.cancelled",
        "job.bed_cleared",
        "printer.ai_failure_detected",
    ];
    let simplyprints = (select(jobs), select(vec!["a", "b", "c"]), 0_u32..5_000, 0_u32..100_000).prop_map(
        |(event, uid, began, after)| ("simplyprint", simplyprint(event, uid, began, began + after)),
    );
    let events = vec![
        "print_start",
        "print_progress",
        "print_complete",
        "print_failed",
        "print_stopped",
        "plate_not_empty",
        "ai_failure_detection",
        "printer_error",
        "printer_offline",
        "bed_cooled",
    ];
    let spans = || select(vec!["0m", "5m", "2h 5m", "22h 59m", "Unknown"]);
    let bambuddies = (select(events), select(vec!["Gear M2", "Gear_M2", "Lid", "Unknown"]), spans(), spans(), select(vec!["notify", "pause"]))
        .prop_map(|(event, file, duration, left, action)| {
            let left = json!({"filename": file, "task_name": file, "duration": duration, "remaining_time": left,
                "estimated_time": left, "progress": "25", "filament_grams": "9.5", "action": action});
            ("bambuddy", bambuddy(event, left))
        });
    prop_oneof![klippers, words, obicos, simplyprints, bambuddies]
}

fn counters(printer: &PrinterSnapshot<'_>) -> Vec<f64> {
    let totals = printer.totals;
    let counts = totals.started.iter().chain(totals.ended.iter().flatten()).chain([&totals.errors]);
    let counts = counts.chain(&totals.failure_warnings).chain(&totals.attention);
    let times = [printer.printed, printer.paused].map(|time| time.as_secs_f64());
    counts.map(|count| *count as f64).chain(times).collect()
}

proptest! {
    #[test]
    fn random_webhooks_of_any_sender_keep_every_print_ended_once_and_every_counter_up(
        webhooks in prop::collection::vec((webhook(), prop_oneof![0.0..3.0, 0.0..9_000.0]), 1..60),
    ) {
        let mut story = Story { is_read: true, ..Story::new() };
        let mut before: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for ((source, body), pause) in webhooks {
            story.after(pause).take(source, &body);
            for printer in story.farm.view().read(story.now) {
                let [started, ended @ .., running] = counts(&printer);
                prop_assert_eq!(started, ended.iter().sum::<u64>() + running, "{}", printer.label);
                let after = counters(&printer);
                let fell = before.get(printer.label).is_some_and(|before| before.iter().zip(&after).any(|(b, a)| a < b));
                prop_assert!(!fell, "a counter of {} fell: {:?}", printer.label, after);
                before.insert(printer.label.to_owned(), after);
            }
        }
    }
}
