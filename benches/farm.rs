//! The work of the exporter without sockets and disk: decoding a webhook and applying it. `load` measures encoding.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use printfarm_exporter::farm::{ApplyTime, Changes, Event, Farm, Limits};
use printfarm_exporter::timestamp::Timestamp;
use tokio::runtime::{Builder, Runtime};

#[path = "load/captured.rs"]
mod captured;

use captured::{PRINT, Request, parse};

const NOW: Timestamp = Timestamp::from_micros(1_795_310_000_250_000);

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

/// The webhooks of one print, from start to end, on the printer with this number.
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
                    black_box(farm.apply(event, ApplyTime::at(NOW), &Limits::default(), changes).unwrap());
                }
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, read, apply);
criterion_main!(benches);
