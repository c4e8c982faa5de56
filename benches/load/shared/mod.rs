//! A store that replicas share: PostgreSQL with a synchronous standby, beside a bare writer on the same servers.

mod failover;
mod writer;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::client::{Prints, burst, drive};
use crate::common::postgres::{Folder, PASSWORD, Postgres, Setup};
use crate::host::undisturbed;
use crate::ingest::Figures;
use crate::report::Unit::{Milliseconds, Times};
use crate::report::{Rounds, Target, Targets, head, row};
use crate::scrape::{Scraper, sum};
use crate::server::{Kind, Server, program};
use crate::{PRINTERS, Plan};

pub(crate) use writer::{ROLE, run};

/// What the servers of the benchmarks have otherwise than those of the tests: they sync to the disk.
const SETTINGS: [&str; 1] = ["fsync = on"];

/// Everything about a shared store, unless PostgreSQL is missing.
pub(crate) fn all(plan: &Plan, folder: &Path, targets: &mut Targets) {
    if Folder::new().command("initdb").arg("--version").output().is_err() {
        eprintln!("left out: the shared store; `scripts/install-test-tools` installs PostgreSQL");
        return;
    }
    let (leader, standby) = cluster();
    side_by_side(plan, &leader, folder, targets);
    scrapes(plan, &leader, folder, targets);
    drop((leader, standby));
    failover::waits(plan, folder, targets);
}

/// A leader and its synchronous standby.
fn cluster() -> (Postgres, Postgres) {
    let leader = Postgres::with(&Setup { settings: &SETTINGS, ..Setup::default() });
    let standby = leader.synchronous_standby();
    (leader, standby)
}

/// The exporter with a store at this URL and its outbox in `folder`.
fn replica(url: &str, folder: &Path) -> Server {
    let mut command = program(folder);
    command.arg(format!("--storage.url={url}")).env("PRINTFARM_STORAGE_PASSWORD", PASSWORD);
    Server::spawn("the exporter", command)
}

/// The bare writer and the exporter, in alternating rounds.
fn side_by_side(plan: &Plan, leader: &Postgres, folder: &Path, targets: &mut Targets) {
    let mut bare = Command::new(std::env::current_exe().unwrap());
    bare.arg(ROLE).arg(leader.url());
    let servers = [
        ("bare writer", Server::spawn("the bare writer", bare)),
        ("exporter, shared store", replica(&leader.url(), &folder.join("shared"))),
    ];
    let prints = Arc::new(Prints::on(PRINTERS));
    for (_, server) in &servers {
        drive(server.address, &prints, 64, plan.time / 4);
    }
    head(&[
        "connections, shared store",
        "server",
        "webhooks/s",
        "noise",
        "p50",
        "p99",
        "core",
        "of the bare writer",
        "p50 beside the bare writer",
    ]);
    for connections in [1, 64] {
        let mut figures = [Figures::default(), Figures::default()];
        for _ in 0..plan.rounds {
            for ((_, server), figures) in servers.iter().zip(&mut figures) {
                figures.take(server, &prints, connections, plan.time);
            }
        }
        let [rate, half] = [figures[0].rate.median(), figures[0].half.median()];
        for ((name, _), figures) in servers.iter().zip(&figures) {
            row(&[
                &connections.to_string(),
                name,
                &format!("{:.0}", figures.rate.median()),
                &figures.rate.noise(),
                &figures.half.milliseconds(),
                &figures.most.milliseconds(),
                &format!("{:.0} us", figures.cpu.median()),
                &format!("{:.2}", figures.rate.median() / rate),
                &format!("{:.2}", figures.half.median() / half),
            ]);
        }
        judge(connections, &figures, targets);
    }
    assert_eq!(sum(servers[1].1.address, "printfarm_webhook_ignored_total"), 0, "the load changes the state");
}

/// Compares the exporter with the bare writer.
fn judge(connections: usize, [bare, exporter]: &[Figures; 2], targets: &mut Targets) {
    if connections == 1 {
        let ratio = exporter.half.median() / bare.half.median();
        let work = "shared store, 1 connection: p50, beside the bare writer";
        targets.add(work, Target::AtMost(1.5), Times, ratio, &exporter.half.noise());
    } else {
        let ratio = exporter.rate.median() / bare.rate.median();
        let work = format!("shared store, {connections} connections: beside the bare writer");
        targets.add(&work, Target::AtLeast(0.7), Times, ratio, &exporter.rate.noise());
    }
}

/// Scrapes of the same farm with both stores, in alternating rounds. Half of the printers print.
fn scrapes(plan: &Plan, leader: &Postgres, folder: &Path, targets: &mut Targets) {
    let prints = Prints::on(PRINTERS);
    let servers = [
        Server::start(Kind::Durable, &folder.join("alone")),
        replica(&leader.url(), &folder.join("scraped-replica")),
    ];
    for server in &servers {
        burst(server.address, prints.step(0), 64);
        burst(server.address, prints.step(3).step_by(2), 64);
    }
    let mut scrapers = servers.each_ref().map(|server| Scraper::connect(server.address, true));
    let mut rounds = [Rounds::default(), Rounds::default()];
    for _ in 0..plan.rounds * 4 {
        for (scraper, rounds) in scrapers.iter_mut().zip(&mut rounds) {
            rounds.add_time(undisturbed(|| scraper.scrape().1));
        }
    }
    let [alone, shared] = &rounds;
    let work = format!("a whole scrape of {PRINTERS} printers, gzip, shared store");
    targets.median(&work, Target::None, Milliseconds, shared);
    let more = shared.median() - alone.median();
    targets.add(
        &format!("{work}: more than with SQLite"),
        Target::AtMost(3.0),
        Milliseconds,
        more,
        &shared.noise(),
    );
}
