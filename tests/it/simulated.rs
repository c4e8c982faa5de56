//! The exporter shows what the simulated farm reports.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use http_body_util::Full;
use printfarm_exporter::auth::PresentedSecrets;
use printfarm_exporter::farm::{ApplyTime, Changes, Farm, Limits};
use printfarm_exporter::secret::Secret;
use printfarm_exporter::timestamp::Timestamp;
use printfarm_exporter::webhook::{BodyLimits, Context, Parsed, Senders, read};
use printfarm_simulator::labels::Outcome;
use printfarm_simulator::{Ledger, Options, Plan, PrinterLedger, Request, Secrets};

use crate::common::program::Running;
use crate::common::simulated::{assert_shown, farm_now, simulate};

const SECRET: &str = "hunter2";

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it waits"),
    }
}

/// The request as the exporter reads it when it arrives at `received`.
fn understood(request: &Request, received: Timestamp, secret: &Secret) -> Parsed {
    let (path, query) = request
        .path
        .split_once('?')
        .map_or((request.path.as_str(), None), |(path, query)| (path, Some(query)));
    let path = path.strip_prefix("/webhook/").unwrap();
    let (source, segment) = path.split_once('/').map_or((path, None), |(source, name)| (source, Some(name)));
    let sender = Senders::builtin().get(source).unwrap();
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()));
    let headers: HeaderMap = headers.collect();
    let body = Full::new(Bytes::copy_from_slice(&request.body));
    let fields = now(read(sender, &Method::POST, &headers, query, body, &BodyLimits::default())).unwrap();
    assert!(
        PresentedSecrets::find(&sender.profile().secrets, &headers, query, &fields)
            .match_any(std::slice::from_ref(secret))
    );
    sender.parse(&fields, &Context { segment, configured_name: &|_| None, received }).unwrap()
}

/// Runs a farm in virtual time through the decoder and the farm's state.
fn run(options: &Options) -> (Ledger, Farm, Timestamp) {
    let secret = Secret::new(SECRET.to_owned());
    let mut plan = Plan::new(options);
    let (mut ledger, mut farm) = (Ledger::default(), Farm::default());
    while let Some(step) = plan.next() {
        plan.record(&step, &mut ledger);
        let received = START + step.at;
        let Some(request) = &step.request else { continue };
        if let Parsed::Event(event) = understood(request, received, &secret) {
            farm.apply(&event, ApplyTime::at(received), &Limits::default(), &mut Changes::default()).unwrap();
        }
    }
    let end = options.duration + Duration::from_secs(3600);
    (ledger.at(end), farm, START + end)
}

fn options(seed: u64, times_faster: u32, days: u32) -> Options {
    Options {
        printers: 20,
        speed: f64::from(times_faster),
        seed,
        duration: Duration::from_secs(24 * 60 * 60) * days / times_faster,
        start: Duration::from_micros(START.micros().unsigned_abs()),
        week: Duration::from_secs(7 * 60 * 60),
        secrets: Secrets::same_for_all(SECRET),
    }
}

fn ended(truth: &PrinterLedger, outcome: Outcome) -> u64 {
    truth.ended.iter().map(|by_outcome| by_outcome[outcome.index()]).sum()
}

#[test]
fn every_print_and_second_of_a_virtual_farm_is_counted_right() {
    for (seed, speed, days) in [(1, 1, 14), (2, 60, 14), (3, 720, 14), (4, 5_000, 14)] {
        let (truth, farm, end) = run(&options(seed, speed, days));
        let readings: BTreeMap<_, _> =
            farm.view().read(end).map(|reading| (reading.label, reading)).collect();
        assert_eq!(truth.printers().count(), readings.len());
        for (name, truth) in truth.printers() {
            let reading = &readings[name];
            let case = format!("{name}, seed {seed}, speed {speed}");
            assert_eq!(reading.totals.started, truth.started, "{case}: started");
            assert_eq!(reading.totals.ended, truth.ended, "{case}: ended");
            assert_eq!(u64::from(reading.print.is_some()), truth.open(), "{case}: open");
            assert_seconds(&case, truth, reading.printed, reading.paused);
        }
    }
}

/// Senders report whole seconds, and some report no resume, so a pause may be wrong by two seconds. A print without a pause is
/// exact to the microsecond. Time that no webhook shows may be credited or not.
fn assert_seconds(case: &str, truth: &PrinterLedger, printed: Duration, paused: Duration) {
    let unclear = Duration::from_secs(2) * u32::try_from(truth.pauses).unwrap();
    let rounded = Duration::from_micros(1) * u32::try_from(truth.started.iter().sum::<u64>()).unwrap();
    let slack = unclear + rounded;
    assert!(
        printed + slack >= truth.printed && printed <= truth.printed + truth.stopped_unseen + slack,
        "{case}: printed {printed:?} instead of {truth:?}"
    );
    assert!(
        paused + slack >= truth.paused && paused <= truth.paused + truth.resumed_unseen + slack,
        "{case}: paused {paused:?} instead of {truth:?}"
    );
}

#[test]
fn a_virtual_farm_has_every_sender() {
    let sources: BTreeSet<_> = Plan::new(&options(1, 60, 14))
        .filter_map(|step| Some(step.request?.path.split(['/', '?']).nth(2)?.to_owned()))
        .collect();
    let known = Senders::builtin().sources().into_iter().map(|source| source.as_str().to_owned());
    assert_eq!(sources, known.collect());
}

#[test]
fn a_virtual_farm_has_every_outcome() {
    let (truth, _, _) = run(&options(1, 60, 14));
    for outcome in Outcome::ALL {
        assert!(truth.printers().any(|(_, truth)| ended(truth, *outcome) > 0), "{outcome:?}");
    }
}

#[test]
fn the_metrics_show_what_a_simulated_farm_reports() {
    let exporter = Running::start(&[]);
    let target = format!("http://{}", exporter.address);
    let report = simulate(&target, &farm_now(4));
    let metrics = exporter.request("GET", "/metrics", "").text();
    let printers = report["printers"].as_array().unwrap();
    assert!(printers.len() >= 18, "{report:#}");
    for printer in printers {
        assert_eq!(printer["open"], 0, "the farm closes at the end");
        assert_shown(printer, &metrics, 0.5);
    }
}
