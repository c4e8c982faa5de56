//! The same metrics in a registry of the `prometheus` crate, as a reference.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{CounterVec, GaugeVec, Opts, Registry};

use crate::farm::{PrintSnapshot, PrinterSnapshot, Totals};
use crate::labels::{AttentionReason, Origin, Outcome, Source, State, WarningAction, legible};
use crate::metrics::catalogue::*;
use crate::timestamp::Timestamp;

/// These printers in a registry of the `prometheus` crate.
pub(super) fn registry(printers: &[PrinterSnapshot<'_>], limits: [Option<Timestamp>; 2]) -> Registry {
    let mut reference = Reference::default();
    for printer in printers {
        reference.printer(printer);
        reference.totals(printer.label, printer.totals);
        if let Some(print) = &printer.print {
            reference.print(printer.label, print);
        }
    }
    for (source, limit) in Source::SAMPLES.into_iter().zip(limits) {
        reference.set(&NOTIFICATION_LIMIT, &[source.as_str()], limit.map(Timestamp::seconds));
    }
    reference.registry
}

/// A registry that is filled series by series.
#[derive(Default)]
struct Reference {
    registry: Registry,
    counters: BTreeMap<&'static str, CounterVec>,
    gauges: BTreeMap<&'static str, GaugeVec>,
}

impl Reference {
    fn set(&mut self, metric: &Metric, labels: &[&str], value: Option<f64>) {
        let Some(value) = value else { return };
        let labels: Vec<_> = labels.iter().map(|label| legible(label, 200)).collect();
        let names: Vec<_> = metric.label_names().collect();
        let opts = Opts::new(metric.name, metric.help);
        if metric.kind == Kind::Counter {
            let vec = || register(&self.registry, CounterVec::new(opts, &names).unwrap());
            self.counters.entry(metric.name).or_insert_with(vec).with_label_values(&labels).inc_by(value);
        } else {
            let vec = || register(&self.registry, GaugeVec::new(opts, &names).unwrap());
            self.gauges.entry(metric.name).or_insert_with(vec).with_label_values(&labels).set(value);
        }
    }

    fn printer(&mut self, printer: &PrinterSnapshot<'_>) {
        let label = printer.label;
        self.set(&PRINTER_INFO, &[printer.id, printer.name, label, printer.source.as_str()], Some(1.0));
        if let Some((reason, since)) = printer.attention {
            self.set(&ATTENTION_SINCE, &[label, reason.as_str()], Some(since.seconds()));
        }
        for &state in State::ALL {
            let value = if state == printer.state { 1.0 } else { 0.0 };
            self.set(&PRINTER_STATE, &[label, state.as_str()], Some(value));
        }
        self.set(&PRINTER_LAST_EVENT, &[label], Some(printer.last_event.seconds()));
        self.set(&PRINT_SECONDS, &[label], Some(micros_as_seconds(printer.printed)));
        self.set(&PAUSED_SECONDS, &[label], Some(micros_as_seconds(printer.paused)));
    }

    fn totals(&mut self, label: &str, totals: &Totals) {
        for &outcome in Outcome::ALL {
            let (at, word) = (outcome.index(), outcome.as_str());
            self.set(&ENDED_PRINT_SECONDS, &[word, label], Some(micros_as_seconds(totals.ended_printed[at])));
            let filament = [
                (&ENDED_PRINT_FILAMENT_METERS, totals.ended_filament_length),
                (&ENDED_PRINT_FILAMENT_GRAMS, totals.ended_filament_mass),
            ];
            for (metric, sums) in filament {
                self.set(metric, &[word, label], sums.map(|sums| sums[at] as f64 / 1e6));
            }
            self.set(&LAST_PRINT_END, &[word, label], totals.last_end[at].map(Timestamp::seconds));
            for &origin in Origin::ALL {
                let ended = totals.ended[origin.index()][at];
                self.set(&PRINTS, &[origin.as_str(), word, label], Some(ended as f64));
            }
        }
        for &origin in Origin::ALL {
            let started = totals.started[origin.index()];
            self.set(&PRINTS_STARTED, &[origin.as_str(), label], Some(started as f64));
        }
        for &action in WarningAction::ALL {
            let warnings = totals.failure_warnings[action.index()];
            self.set(&FAILURE_WARNINGS, &[action.as_str(), label], Some(warnings as f64));
        }
        for &reason in AttentionReason::ALL {
            let calls = totals.attention[reason.index()];
            self.set(&ATTENTION, &[label, reason.as_str()], Some(calls as f64));
        }
        self.set(&PRINTER_ERRORS, &[label], Some(totals.errors as f64));
    }

    fn print(&mut self, label: &str, print: &PrintSnapshot<'_>) {
        self.set(&PRINT_INFO, &[print.file, print.origin.as_str(), label], Some(1.0));
        self.set(&PRINT_PROGRESS, &[label], print.progress);
        self.set(&PRINT_REMAINING, &[label], print.remaining.map(micros_as_seconds));
        self.set(&PRINT_ETA, &[label], print.eta.map(Timestamp::seconds));
        self.set(&PRINT_START, &[label], Some(print.started.seconds()));
        self.set(&PRINT_ELAPSED, &[label], Some(micros_as_seconds(print.elapsed)));
        self.set(&PRINT_LAYER, &[label], print.layer.map(f64::from));
        self.set(&PRINT_LAYERS, &[label], print.layers.map(f64::from));
        self.set(&PRINT_HEIGHT, &[label], print.height);
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> C {
    registry.register(Box::new(collector.clone())).unwrap();
    collector
}

fn micros_as_seconds(span: Duration) -> f64 {
    span.as_micros() as f64 / 1e6
}
