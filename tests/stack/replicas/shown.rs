//! What replicas show: counters that must not fall, and in the end the truth.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::common::client::{Connection, Response};

pub(super) fn get(address: SocketAddr, target: &str) -> Response {
    let mut connection = Connection::open(address);
    connection.send_request("GET", target, "", b"");
    connection.receive("GET")
}

/// The series of the printers that an address shows; none when it cannot.
pub(super) fn printers(address: SocketAddr) -> BTreeMap<String, f64> {
    let response = get(address, "/metrics?collect[]=printers");
    let text = if response.status == 200 { response.text() } else { String::new() };
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    lines.map(|(series, value)| (series.to_owned(), value.parse().unwrap())).collect()
}

/// The counters that scrapes have shown so far.
#[derive(Default)]
pub(super) struct Counters {
    highest: BTreeMap<String, f64>,
    /// How many scrapes showed any.
    pub(super) scrapes: u32,
}

impl Counters {
    /// Scrapes once more. No counter may have fallen.
    pub(super) fn scrape(&mut self, address: SocketAddr) {
        let shown = printers(address);
        self.scrapes += u32::from(!shown.is_empty());
        for (series, value) in shown.into_iter().filter(|(series, _)| series.contains("_total{")) {
            let before = self.highest.insert(series.clone(), value).unwrap_or(0.0);
            assert!(value >= before, "{series} fell from {before} to {value}");
        }
    }
}

/// Compares what is shown with what really happened at a printer. `outage` is how long a webhook may have waited, in total.
/// Returns how many prints have the outcome `unknown` instead of the true one.
pub(super) fn assert_true(shown: &BTreeMap<String, f64>, printer: &Value, outage: Duration) -> f64 {
    let name = &printer["printer"];
    let value = |series: String| *shown.get(&series).unwrap_or_else(|| panic!("{series} is missing"));
    let (mut prints, mut unknown) = (0.0, 0.0);
    for (origin, started) in printer["started"].as_object().unwrap() {
        let series = format!("printfarm_prints_started_total{{origin=\"{origin}\",printer={name}}}");
        assert_eq!(Some(value(series)), started.as_f64(), "prints started of {name} from {origin}");
        prints += started.as_f64().unwrap();
        let (mut ended, mut truly_ended) = (0.0, 0.0);
        for (outcome, truth) in printer["ended"][origin].as_object().unwrap() {
            let labels = format!("{{origin=\"{origin}\",outcome=\"{outcome}\",printer={name}}}");
            let (shown, truth) = (value(format!("printfarm_prints_total{labels}")), truth.as_f64().unwrap());
            if outcome == "unknown" {
                unknown += shown - truth;
            } else {
                assert!(shown <= truth, "{labels}: {shown} are shown of {truth}");
            }
            ended += shown;
            truly_ended += truth;
        }
        assert_eq!(Some(ended), Some(truly_ended), "prints ended of {name} from {origin}");
    }
    assert!(unknown >= 0.0, "{name}: {unknown}");
    for (metric, truth, unseen) in [("print", "printed", "stopped"), ("paused", "paused", "resumed")] {
        let seconds = |key: String| printer[key].as_f64().unwrap();
        let (truth, unseen) =
            (seconds(format!("{truth}_seconds")), seconds(format!("{unseen}_unseen_seconds")));
        let slack = prints * 2.0 + seconds("pauses".into()) * 2.0;
        let range = truth - slack - outage.as_secs_f64()..=truth + unseen + slack + outage.as_secs_f64();
        let shown = value(format!("printfarm_{metric}_seconds_total{{printer={name}}}"));
        assert!(range.contains(&shown), "{name}: {metric} {shown}, not within {range:?}");
    }
    unknown
}
