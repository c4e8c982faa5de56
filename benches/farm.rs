//! The work of the exporter without its sockets and its disk: reading a webhook, applying it, writing a scrape.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::BytesMut;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use printfarm_exporter::farm::{Changes, Event, Farm, Limits, Time, Turn, View};
use printfarm_exporter::metrics::{Metrics, Scrape};
use tokio::runtime::{Builder, Runtime};

#[path = "load/captured.rs"]
mod captured;

use captured::{PRINT, Request, parse};

const NOW: Time = Time::from_micros(1_795_310_000_250_000);
/// How much text is written at a time.
const PIECE: usize = 64 * 1024;

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn read(c: &mut Criterion) {
    let runtime = runtime();
    let mut group = c.benchmark_group("read a webhook");
    for (name, path) in [
        ("multipart", "local-complete/default/01-print-started.http"),
        ("json", "local-complete/json/02-print-progress.http"),
        ("form", "local-complete/form/02-print-progress.http"),
    ] {
        let request = Request::captured(path);
        group.bench_function(BenchmarkId::new(name, request.body.len()), |b| {
            b.iter(|| parse(&runtime.block_on(request.decode()), black_box("p1"), NOW));
        });
    }
}

/// The webhooks of one print, from its start to its end, of the printer of this number.
fn print(runtime: &Runtime, number: usize) -> Vec<Event> {
    let read = |path| parse(&runtime.block_on(Request::captured(path).decode()), &format!("p{number}"), NOW);
    PRINT.map(read).to_vec()
}

fn apply(c: &mut Criterion) {
    let events = print(&runtime(), 1);
    c.bench_function("apply the 4 webhooks of a print", |b| {
        let mut farm = Farm::default();
        b.iter_batched_ref(
            Changes::default,
            |changes| {
                for event in &events {
                    black_box(farm.apply(event, Turn::at(NOW), &Limits::default(), changes).unwrap());
                }
            },
            BatchSize::SmallInput,
        );
    });
}

/// A farm of which every printer has printed once, and every other prints now.
fn farm(printers: usize) -> Arc<View> {
    let runtime = runtime();
    let events = print(&runtime, 1);
    let mut farm = Farm::default();
    for number in 0..printers {
        let again = if number % 2 == 0 { &events[..2] } else { &[] };
        for event in events.iter().chain(again) {
            let mut event = event.clone();
            event.printer.id = format!("p{number}");
            event.printer.label.clone_from(&event.printer.id);
            let limits = Limits { printers, ..Limits::default() };
            farm.apply(&event, Turn::at(NOW), &limits, &mut Changes::default()).unwrap();
        }
    }
    Arc::new(farm.view().clone())
}

fn scrape(c: &mut Criterion) {
    let metrics = Metrics::new(NOW).unwrap();
    for (printers, samples) in [(1_000, 100), (10_000, 20)] {
        let view = farm(printers);
        let mut group = c.benchmark_group("scrape");
        group.sample_size(samples);
        let begin = || metrics.scrape(Arc::clone(black_box(&view)), NOW).unwrap();
        group.bench_function(BenchmarkId::new("plain", printers), |b| {
            b.iter(|| pieces(begin(), |text| assert!(!black_box(text).is_empty())));
        });
        group.bench_function(BenchmarkId::new("gzip", printers), |b| {
            b.iter(|| {
                let mut gzip = GzEncoder::new(io::sink(), Compression::fast());
                pieces(begin(), |text| gzip.write_all(text).unwrap());
                gzip.try_finish().unwrap();
            });
        });
    }
}

/// Writes a scrape as it is sent: piece by piece, through memory that serves again.
fn pieces(mut scrape: Scrape, mut take: impl FnMut(&[u8])) {
    let mut text = BytesMut::with_capacity(2 * PIECE);
    while scrape.step(&mut text) {
        if text.len() >= PIECE {
            take(&text);
            text.clear();
        }
    }
    take(&text);
}

criterion_group!(benches, read, apply, scrape);
criterion_main!(benches);
