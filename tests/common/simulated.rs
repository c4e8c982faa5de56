//! Simulated farms that send to a real exporter.

use std::time::Duration;

use printfarm_exporter::clock::Clock;
use printfarm_simulator::delivery::deliver;
use printfarm_simulator::{Options, Plan, Secrets, report};
use serde_json::Value;

/// Sends a farm's webhooks to an exporter in real time. Returns the report; every webhook must be acknowledged.
pub(crate) fn simulate(target: &str, options: &Options) -> Value {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let target = target.parse().unwrap();
    let sending = deliver(Plan::new(options), &target, std::future::pending(), |_, _| {});
    let delivered = runtime.block_on(sending).unwrap();
    assert_eq!(delivered.tally.first_problem, None);
    let mut json = Vec::new();
    report::json(&delivered, &mut json).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// A farm of a day in ten seconds that starts now, at half past seven on its Monday.
pub(crate) fn farm_now(seed: u64) -> Options {
    Options {
        printers: 20,
        speed: 5_000.0,
        seed,
        duration: Duration::from_secs(10),
        start: Duration::from_micros(Clock::start().now().micros().unsigned_abs()),
        week: Duration::from_secs(7 * 60 * 60 + 30 * 60),
        secrets: Secrets::default(),
    }
}

fn series(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is missing")).parse().unwrap()
}

/// Checks the metrics of a printer against its report. A webhook may be `late` seconds late, so the times of a print may be
/// wrong by as much.
pub(crate) fn assert_shown(printer: &Value, metrics: &str, late: f64) {
    let name = printer["printer"].as_str().unwrap();
    let origins = printer["started"].as_object().unwrap();
    let mut prints = 0.0;
    for (origin, started) in origins {
        let series_name = format!("printfarm_prints_started_total{{origin=\"{origin}\",printer=\"{name}\"}}");
        assert_eq!(Some(series(metrics, &series_name)), started.as_f64(), "{series_name}");
        prints += started.as_f64().unwrap();
        for (outcome, ended) in printer["ended"][origin].as_object().unwrap() {
            let labels = format!("{{origin=\"{origin}\",outcome=\"{outcome}\",printer=\"{name}\"}}");
            let shown = series(metrics, &format!("printfarm_prints_total{labels}"));
            assert_eq!(Some(shown), ended.as_f64(), "{labels}");
        }
    }
    let slack = prints * late + printer["pauses"].as_f64().unwrap() * 2.0;
    let kinds = [("print", "printed", "stopped"), ("paused", "paused", "resumed")];
    for (metric, truth, unseen) in kinds {
        let shown = series(metrics, &format!("printfarm_{metric}_seconds_total{{printer=\"{name}\"}}"));
        let truth = printer[format!("{truth}_seconds")].as_f64().unwrap();
        let unseen = printer[format!("{unseen}_unseen_seconds")].as_f64().unwrap();
        let range = truth - slack..=truth + unseen + slack;
        assert!(range.contains(&shown), "{name}: {metric} {shown}, not within {range:?}");
    }
}
