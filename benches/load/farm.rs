//! The cost of a large farm: scrapes, starts, memory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use rusqlite::Connection;

use crate::client::{Prints, burst, drive};
use crate::host::undisturbed;
use crate::report::Unit::{Bytes, Milliseconds};
use crate::report::{Rounds, Target, Targets};
use crate::scrape::Scraper;
use crate::server::{Kind, Server, storage};
use crate::{BURST, PRINTERS, Plan};

/// A year of prints: one every 63 seconds.
const HISTORY: u32 = 500_000;

/// Every print has an id, as with OctoEverywhere: the ids of ended prints are read at the start.
const FILL: &str = "
    INSERT INTO prints (printer, source, print_id, file, origin, started, ended, outcome, printed_seconds,
        paused_seconds)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
    SELECT 'p' || (i % 10000), 'octoeverywhere', printf('%032x', i), 'part-' || (i % 100) || '.gcode', 'local',
        1.76e9 + i * 63, 1.76e9 + i * 63 + 7200, 'completed', 7000, 200 FROM n";
const FILL_IDS: &str = "
    INSERT OR IGNORE INTO ended_print_ids
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT random() FROM n";

/// Scrapes of farms of two sizes, half of them printing.
pub(crate) fn scrapes(plan: &Plan, folder: &Path, targets: &mut Targets) {
    for printers in [PRINTERS, BURST] {
        let prints = Prints::on(printers);
        let server = Server::start(Kind::Durable, &folder.join(format!("scrapes-{printers}")));
        burst(server.address, prints.step(0), 64);
        burst(server.address, prints.step(1), 64);
        burst(server.address, prints.step(3).step_by(2), 64);
        let mut scrapers = [false, true].map(|gzip| Scraper::connect(server.address, gzip));
        let mut rounds = [Rounds::default(), Rounds::default()];
        for _ in 0..plan.rounds * 4 {
            for (scraper, rounds) in scrapers.iter_mut().zip(&mut rounds) {
                rounds.add_time(undisturbed(|| scraper.scrape().1));
            }
        }
        for (name, rounds) in ["plain", "gzip"].iter().zip(&rounds) {
            let work = format!("a whole scrape of {printers} printers over a connection, {name}");
            targets.median(&work, Target::None, Milliseconds, rounds);
        }
    }
}

/// Starts with the state of an earlier run, and the memory afterwards.
pub(crate) fn starts(plan: &Plan, folder: &Path, targets: &mut Targets) {
    let (empty, full) = (folder.join("empty"), folder.join("full"));
    let prints = Arc::new(Prints::on(BURST));
    let server = Server::start(Kind::Durable, &full);
    burst(server.address, prints.step(0), 64);
    burst(server.address, prints.step(3), 64);
    server.stop();

    let none = Target::None;
    let without = start(plan, "an empty store", none, &empty, targets);
    let with = start(plan, "10,000 printers", Target::AtMost(100.0), &full, targets);
    targets.add("memory with 10,000 printers idle", Target::AtMost(64e6), Bytes, with, "-");
    let each = (with - without) / BURST as f64;
    targets.add("memory for each of them", Target::AtMost(1536.0), Bytes, each, "-");
    after_a_kill(plan, &full, &prints, targets);
    fill_history(&full);
    let history = start(plan, "10,000 printers and 500,000 prints of history", none, &full, targets);
    targets.add("memory with that", none, Bytes, history, "-");
}

/// Adds a year of prints to the store in `folder`.
pub(crate) fn fill_history(folder: &Path) {
    let connection = Connection::open(storage(folder)).unwrap();
    connection.execute(FILL, [HISTORY]).unwrap();
    connection.execute(FILL_IDS, [HISTORY]).unwrap();
}

/// Starts it repeatedly. Returns the memory that it uses.
fn start(plan: &Plan, what: &str, target: Target, folder: &Path, targets: &mut Targets) -> f64 {
    let (mut rounds, mut memory) = (Rounds::default(), Rounds::default());
    for _ in 0..plan.rounds {
        let (took, resident) = undisturbed(|| timed_start(folder));
        rounds.add_time(took);
        memory.add(resident as f64);
    }
    targets.median(&format!("start until ready, {what}"), target, Milliseconds, &rounds);
    memory.median()
}

fn after_a_kill(plan: &Plan, folder: &Path, prints: &Arc<Prints>, targets: &mut Targets) {
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds {
        let killed_and_started = || {
            let server = Server::start(Kind::Durable, folder);
            drive(server.address, prints, 64, plan.time / 4);
            drop(server);
            timed_start(folder)
        };
        rounds.add_time(undisturbed(killed_and_started).0);
    }
    let work = "start until ready, after kill -9 under load";
    targets.median(work, Target::AtMost(150.0), Milliseconds, &rounds);
}

/// The time until it is ready, and its memory then.
fn timed_start(folder: &Path) -> (Duration, u64) {
    let clock = Clock::start();
    let server = Server::start(Kind::Durable, folder);
    server.wait_until_ready();
    let started = (clock.monotonic(), server.memory());
    server.stop();
    started
}
