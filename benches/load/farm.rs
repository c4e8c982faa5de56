//! What a large farm costs: scrapes, starts, memory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use rusqlite::Connection;

use crate::client::{Prints, burst, drive};
use crate::report::{Rounds, bytes, row};
use crate::scrape::Scraper;
use crate::server::{Kind, Server, storage};
use crate::{BURST, PRINTERS, Plan};

/// A year of prints: one every 63 seconds.
const HISTORY: u32 = 500_000;

/// Every print has an id, as those of OctoEverywhere do: the ids that have ended are read at the start.
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
pub(crate) fn scrapes(plan: &Plan, folder: &Path) {
    for (printers, targets) in [(PRINTERS, [2, 4]), (BURST, [20, 35])] {
        let prints = Prints::on(printers);
        let server = Server::start(Kind::Durable, &folder.join(format!("scrapes-{printers}")));
        burst(server.address, prints.step(0), 64);
        burst(server.address, prints.step(1), 64);
        burst(server.address, prints.step(3).step_by(2), 64);
        let mut scrapers = [false, true].map(|gzip| Scraper::connect(server.address, gzip));
        let mut rounds = [Rounds::default(), Rounds::default()];
        let mut sizes = [0; 2];
        for _ in 0..plan.rounds * 4 {
            for way in 0..2 {
                let (page, took) = scrapers[way].scrape();
                sizes[way] = page.len();
                rounds[way].add_time(took);
            }
        }
        for (way, name) in ["plain", "gzip"].into_iter().enumerate() {
            row(&[
                &format!("a whole scrape of {printers} printers, {name}"),
                &format!("encoding alone: <= {} ms", targets[way]),
                &format!("{}, {}", rounds[way].milliseconds(), bytes(sizes[way] as f64)),
                &rounds[way].noise(),
            ]);
        }
    }
}

/// Starts with what an earlier run has left behind, and the memory that it takes then.
pub(crate) fn starts(plan: &Plan, folder: &Path) {
    let (empty, full) = (folder.join("empty"), folder.join("full"));
    let prints = Arc::new(Prints::on(BURST));
    let server = Server::start(Kind::Durable, &full);
    burst(server.address, prints.step(0), 64);
    burst(server.address, prints.step(3), 64);
    server.stop();

    let without = start(plan, "an empty store", "-", &empty);
    let with = start(plan, "10,000 printers", "<= 50 ms", &full);
    row(&["memory with 10,000 printers idle", "<= 48 MB", &bytes(with), "-"]);
    row(&["memory for each of them", "<= 1 KB", &bytes((with - without) / BURST as f64), "-"]);
    after_a_kill(plan, &full, &prints);

    let connection = Connection::open(storage(&full)).unwrap();
    connection.execute(FILL, [HISTORY]).unwrap();
    connection.execute(FILL_IDS, [HISTORY]).unwrap();
    drop(connection);
    let history = start(plan, "10,000 printers and 500,000 prints of history", "-", &full);
    row(&["memory with that", "-", &bytes(history), "-"]);
}

/// Starts it over and over. Answers the memory that it then takes.
fn start(plan: &Plan, what: &str, target: &str, folder: &Path) -> f64 {
    let (mut rounds, mut memory) = (Rounds::default(), Rounds::default());
    for _ in 0..plan.rounds {
        let (server, took) = timed_start(folder);
        rounds.add_time(took);
        memory.add(server.memory() as f64);
        server.stop();
    }
    let what = format!("start until ready, {what}");
    row(&[&what, target, &rounds.milliseconds(), &rounds.noise()]);
    memory.median()
}

fn after_a_kill(plan: &Plan, folder: &Path, prints: &Arc<Prints>) {
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds {
        let server = Server::start(Kind::Durable, folder);
        drive(server.address, prints, 64, plan.time / 4);
        drop(server);
        let (server, took) = timed_start(folder);
        rounds.add_time(took);
        server.stop();
    }
    row(&[
        "start until ready, after kill -9 under load",
        "<= 100 ms",
        &rounds.milliseconds(),
        &rounds.noise(),
    ]);
}

fn timed_start(folder: &Path) -> (Server, Duration) {
    let clock = Clock::start();
    let server = Server::start(Kind::Durable, folder);
    server.wait_until_ready();
    (server, clock.monotonic())
}
