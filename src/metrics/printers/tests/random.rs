//! Random farms; their values need not make sense.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::{array, collection, num, option};

use crate::farm::{PrintSnapshot, PrinterSnapshot, Totals};
use crate::labels::{AttentionReason, Origin, Source, State};
use crate::timestamp::Timestamp;

/// A [`PrinterSnapshot`] that owns its texts, without its label.
#[derive(Debug)]
pub(super) struct Printer {
    id: String,
    name: String,
    source: Source,
    state: State,
    last_event: Timestamp,
    attention: Option<(AttentionReason, Timestamp)>,
    print: Option<Print>,
    printed: Duration,
    paused: Duration,
    totals: Totals,
}

#[derive(Debug)]
struct Print {
    file: String,
    origin: Origin,
    ratios: [Option<f64>; 2],
    remaining: Option<Duration>,
    eta: Option<Timestamp>,
    started: Timestamp,
    elapsed: Duration,
    layers: [Option<u32>; 2],
}

impl Printer {
    pub(super) fn snapshot<'a>(&'a self, label: &'a str) -> PrinterSnapshot<'a> {
        PrinterSnapshot {
            label,
            source: self.source,
            id: &self.id,
            name: &self.name,
            state: self.state,
            last_event: self.last_event,
            attention: self.attention,
            print: self.print.as_ref().map(Print::snapshot),
            printed: self.printed,
            paused: self.paused,
            totals: &self.totals,
        }
    }
}

impl Print {
    fn snapshot(&self) -> PrintSnapshot<'_> {
        PrintSnapshot {
            file: &self.file,
            origin: self.origin,
            progress: self.ratios[0],
            remaining: self.remaining,
            eta: self.eta,
            started: self.started,
            elapsed: self.elapsed,
            layer: self.layers[0],
            layers: self.layers[1],
            height: self.ratios[1],
        }
    }
}

/// Up to four printers by their labels.
pub(super) fn farm() -> impl Strategy<Value = BTreeMap<String, Printer>> {
    collection::btree_map(text(), printer(), 0..5)
}

fn printer() -> impl Strategy<Value = Printer> {
    let texts = (text(), text());
    let words = (one_of(&Source::SAMPLES), one_of(State::ALL));
    let attention = option::of((one_of(AttentionReason::ALL), time()));
    (texts, words, time(), attention, option::of(print()), span(), span(), totals().boxed()).prop_map(
        |((id, name), (source, state), last_event, attention, print, printed, paused, totals)| Printer {
            id,
            name,
            source,
            state,
            last_event,
            attention,
            print,
            printed,
            paused,
            totals,
        },
    )
}

fn print() -> impl Strategy<Value = Print> {
    let ratios = array::uniform2(option::of(prop_oneof![
        0.0..=1.0,
        num::f64::ANY.prop_filter("a number", |value| !value.is_nan())
    ]));
    let layers = array::uniform2(option::of(any::<u32>()));
    (text(), one_of(Origin::ALL), ratios, option::of(span()), option::of(time()), time(), span(), layers)
        .prop_map(|(file, origin, ratios, remaining, eta, started, elapsed, layers)| Print {
            file,
            origin,
            ratios,
            remaining,
            eta,
            started,
            elapsed,
            layers,
        })
}

fn totals() -> impl Strategy<Value = Totals> {
    (
        array::uniform3(count()),
        array::uniform3(array::uniform4(count())),
        array::uniform4(span()),
        array::uniform2(option::of(array::uniform4(count()))),
        array::uniform4(option::of(time())),
        array::uniform2(count()),
        array::uniform2(count()),
        count(),
    )
        .prop_map(
            |(started, ended, ended_printed, filament, last_end, failure_warnings, attention, errors)| {
                let [ended_filament_length, ended_filament_mass] = filament;
                Totals {
                    started,
                    ended,
                    ended_printed,
                    ended_filament_length,
                    ended_filament_mass,
                    last_end,
                    failure_warnings,
                    attention,
                    errors,
                }
            },
        )
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9-]{1,12}",
        "[\"\\\\\n]{1,8}",
        collection::vec(any::<char>(), 0..30).prop_map(String::from_iter),
        "[a-zé🦀\"]{300}",
    ]
}

/// A count that an `f64` holds exactly; Prometheus stores no other number.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..20_u64, 0..=1_u64 << 53]
}

pub(super) fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        0..4_000_000_000_000_000_i64,
        (0..4_000_000_000_i64).prop_map(|seconds| seconds * 1_000_000),
        ((1_i64 << 33) - 2..(1_i64 << 33) + 2, 0..1_000_000_i64)
            .prop_map(|(seconds, micros)| seconds * 1_000_000 + micros),
        any::<i64>(),
    ]
    .prop_map(Timestamp::from_micros)
}

/// A span within the 292,000 years of a [`Timestamp`].
fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..40_u64).prop_map(Duration::from_secs),
        (0..1_000_000_u64).prop_map(Duration::from_millis),
        (0..9_000_000_000_000_000_000_u64).prop_map(Duration::from_nanos),
        (0..i64::MAX.unsigned_abs()).prop_map(Duration::from_micros),
    ]
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}
