//! The exporter under load, and baselines in the same run. Prints Markdown tables.
//!
//! `cargo bench --bench load` takes some minutes, `cargo bench --bench load -- --quick` a few. Nothing else should run
//! on the machine. Names of parts, such as `ingest`, measure these alone. With `-- --instructions` it counts instead of
//! taking times, which needs Valgrind, and no quiet machine.
//! docs/PERFORMANCE.md says how to read the tables.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

mod bare;
mod captured;
mod client;
#[path = "../../tests/common/mod.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod common;
mod encode;
mod farm;
mod growth;
mod host;
mod ingest;
mod report;
mod scrape;
mod server;
mod shared;
mod stages;
mod together;

use std::path::Path;
use std::time::Duration;

use host::Watch;
use mimalloc::MiMalloc;
use report::Targets;

/// The allocator of the program, for the baselines too.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The printers that send under load.
const PRINTERS: usize = 1_000;

/// The printers of a large farm, and the number of webhooks in a burst.
const BURST: usize = 10_000;

/// How thoroughly to measure.
struct Plan {
    rounds: usize,
    time: Duration,
}

type Part = (&'static str, fn(&Plan, &Path, &mut Targets));

/// The parts of the benchmark, by the name that selects them.
const PARTS: [Part; 10] = [
    ("ingest", ingest::side_by_side),
    ("transports", ingest::transports),
    ("growth", |plan, folder, _| growth::side_by_side(plan, folder)),
    ("together", together::side_by_side),
    ("encode", |plan, _, targets| encode::encode(plan, targets)),
    ("slow", ingest::on_a_slow_disk),
    ("burst", ingest::at_once),
    ("scrapes", farm::scrapes),
    ("starts", farm::starts),
    ("shared", shared::all),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, kind, folder] = &arguments[..]
        && role == server::ROLE
    {
        return server::run(kind, Path::new(folder));
    }
    if let [role, url] = &arguments[..]
        && role == shared::ROLE
    {
        return shared::run(url);
    }
    if let [role, stage, batch, webhooks, folder] = &arguments[..]
        && role == stages::ROLE
    {
        return stages::run(stage, batch.parse().unwrap(), webhooks.parse().unwrap(), Path::new(folder));
    }
    let has = |flag| arguments.iter().any(|argument| argument == flag);
    if !has("--bench") {
        // `cargo test --all-targets` runs this as well, and is no place for measurements.
        return;
    }
    let plan = if has("--quick") {
        Plan { rounds: 3, time: Duration::from_millis(200) }
    } else {
        Plan { rounds: 9, time: Duration::from_millis(500) }
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("load");
    // What a run that was broken off has left.
    let _ = std::fs::remove_dir_all(&folder);

    if has("--instructions") {
        stages::count(&folder);
    } else {
        let names: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
        let unknown = names.iter().find(|name| PARTS.iter().all(|(part, _)| name.as_str() != *part));
        assert!(
            unknown.is_none(),
            "there is no part {unknown:?}; the parts are {:?}",
            PARTS.map(|(part, _)| part)
        );
        take_times(&plan, &folder, |part| names.is_empty() || names.iter().any(|name| *name == part));
    }

    std::fs::remove_dir_all(&folder).unwrap();
}

fn take_times(plan: &Plan, folder: &Path, wanted: impl Fn(&str) -> bool) {
    let (mut targets, watch) = (Targets::default(), Watch::start());
    for (name, measure) in PARTS {
        if wanted(name) {
            measure(plan, folder, &mut targets);
        }
    }
    targets.print();
    watch.print();
}
