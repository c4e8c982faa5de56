//! The number of allocations of a scrape does not depend on the number of printers. Decoding a webhook costs a few for each
//! field, and parsing it only those for the texts that are kept.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use printfarm_exporter::farm::{
    ApplyTime, Changes, Event, EventKind, Farm, Identity, Limits, PrintReport, View,
};
use printfarm_exporter::labels::{Outcome, Source};
use printfarm_exporter::metrics::{self, exporter::ExporterMetrics};
use printfarm_exporter::timestamp::Timestamp;

#[path = "../benches/load/captured.rs"]
mod captured;

const NOW: Timestamp = Timestamp::from_micros(1_795_310_000_250_000);

/// Most are the exporter's own metrics: the `prometheus` crate allocates for every series.
const MOST: u64 = 1_200;

/// Every printer has printed once, and every other prints now.
fn farm(printers: usize) -> View {
    let mut farm = Farm::default();
    for number in 0..printers {
        let label = format!("printer-{number:05}");
        let printer = Identity {
            source: Source::new("octoprint"),
            id: label.clone(),
            label: label.clone(),
            name: label,
        };
        let again = if number % 2 == 0 { Some(EventKind::Started) } else { None };
        for kind in [EventKind::Started, EventKind::Ended(Outcome::Completed)].into_iter().chain(again) {
            let event = Event {
                printer: printer.clone(),
                received: NOW,
                sent: None,
                kind,
                report: PrintReport::default(),
            };
            let limits = Limits { printers, ..Limits::default() };
            farm.apply(&event, ApplyTime::at(NOW), &limits, &mut Changes::default()).unwrap();
        }
    }
    farm.view().clone()
}

/// How often a scrape allocates, and how many bytes it has.
fn scrape(metrics: &ExporterMetrics, view: &View) -> (u64, usize) {
    let mut text = Vec::with_capacity(64 << 20);
    let counted = allocation_counter::measure(|| {
        metrics::write(Some((view, NOW)), 200, Some(metrics), &mut text).unwrap();
    });
    (counted.count_total, text.len())
}

#[test]
fn a_scrape_of_ten_thousand_printers_allocates_as_often_as_one_of_none() {
    let metrics = ExporterMetrics::new(NOW).unwrap();
    metrics.add_sources(&[Source::new("octoprint")]);
    for printers in [0, 1, 100, 1_000, 10_000] {
        let (count, bytes) = scrape(&metrics, &farm(printers));
        println!("{printers} printers: {count} allocations");
        assert!(bytes > printers * 2_000, "{bytes} bytes");
        assert!(count <= MOST, "{count} allocations for {printers} printers");
    }
}

#[test]
fn a_webhook_is_read_with_few_allocations() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for path in captured::PRINT {
        let request = captured::Request::captured(path);
        assert!(request.body.len() > 2_000, "{path} has few fields");
        let mut fields = None;
        let decoded = allocation_counter::measure(|| fields = Some(runtime.block_on(request.decode())));
        let fields = fields.unwrap();
        // The texts that the event keeps, and what the search for the topic takes.
        let parsed = allocation_counter::measure(|| drop(captured::parse(&fields, "p1", NOW)));
        println!("{path}: {} allocations to decode, {} to parse", decoded.count_total, parsed.count_total);
        assert!(decoded.count_total <= 250, "{path}: {} allocations", decoded.count_total);
        assert!(parsed.count_total <= 24, "{path}: {} allocations", parsed.count_total);
    }
}
