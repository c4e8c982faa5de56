//! Webhooks: throughput, latency, and whether all of them are counted afterwards.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{Prints, burst, drive};
use crate::host::undisturbed;
use crate::report::Unit::{Milliseconds, PerSecond, Times};
use crate::report::{Rounds, Target, Targets, head, row};
use crate::scrape::sum;
use crate::server::{Kind, Server, has_gateway};
use crate::{BURST, PRINTERS, Plan};

/// The results of several rounds against one server.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) rate: Rounds,
    pub(crate) half: Rounds,
    pub(crate) most: Rounds,
    /// Processor time for each webhook, in microseconds.
    pub(crate) cpu: Rounds,
    /// The fraction of a core that the load itself uses.
    pub(crate) load: Rounds,
}

impl Figures {
    pub(crate) fn take(&mut self, server: &Server, prints: &Arc<Prints>, connections: usize, time: Duration) {
        let (tally, cpu) = undisturbed(|| {
            let before = server.cpu();
            let tally = drive(server.address, prints, connections, time);
            (tally, server.cpu().saturating_sub(before))
        });
        self.cpu.add(cpu.as_secs_f64() * 1e6 / tally.waits.len() as f64);
        self.rate.add(tally.rate());
        self.half.add_time(tally.within(500));
        self.most.add_time(tally.within(990));
        self.load.add(tally.busy.as_secs_f64() / tally.took.as_secs_f64());
    }
}

/// All servers, in alternating rounds.
pub(crate) fn side_by_side(plan: &Plan, folder: &Path, targets: &mut Targets) {
    let mut kinds = vec![Kind::Bare, Kind::Commit, Kind::Memory, Kind::Durable];
    if has_gateway() {
        kinds.push(Kind::Gateway);
    }
    let (webhooks, pushes) = (Arc::new(Prints::on(PRINTERS)), Arc::new(Prints::pushed(PRINTERS)));
    let prints_for = |kind: Kind| if kind == Kind::Gateway { &pushes } else { &webhooks };
    let servers: Vec<Server> =
        kinds.iter().map(|kind| Server::start(*kind, &folder.join(kind.name()))).collect();
    for (kind, server) in kinds.iter().zip(&servers) {
        drive(server.address, prints_for(*kind), 64, plan.time / 4);
    }
    head(&[
        "connections",
        "server",
        "requests/s",
        "noise",
        "p50",
        "p99",
        "core",
        "of bare parse",
        "of parse + commit",
        "core of the load",
    ]);
    for connections in [1, 16, 64] {
        let mut figures: Vec<Figures> = kinds.iter().map(|_| Figures::default()).collect();
        for _ in 0..plan.rounds {
            for ((kind, figures), server) in kinds.iter().zip(&mut figures).zip(&servers) {
                figures.take(server, prints_for(*kind), connections, plan.time);
            }
        }
        let [bare, commit] = [0, 1].map(|index| figures[index].rate.median());
        for (kind, figures) in kinds.iter().zip(&figures) {
            let rate = figures.rate.median();
            row(&[
                &connections.to_string(),
                kind.name(),
                &format!("{rate:.0}"),
                &figures.rate.noise(),
                &figures.half.milliseconds(),
                &figures.most.milliseconds(),
                &format!("{:.0} us", figures.cpu.median()),
                &format!("{:.2}", rate / bare),
                &format!("{:.2}", rate / commit),
                &format!("{:.0} %", figures.load.median() * 100.0),
            ]);
        }
        judge(connections, &figures, targets);
    }
    for server in &servers[2..4] {
        assert_eq!(sum(server.address, "printfarm_webhook_ignored_total"), 0, "the load changes the state");
    }
}

/// Compares the durable exporter with its targets.
fn judge(connections: usize, figures: &[Figures], targets: &mut Targets) {
    let [commit, durable] = [&figures[1], &figures[3]];
    let rate = durable.rate.median();
    if connections == 1 {
        let work = "durable ingest, 1 connection: p50";
        targets.median(work, Target::None, Milliseconds, &durable.half);
    }
    if connections == 64 {
        let work = "durable ingest, 64 connections: beside bare parse + commit";
        targets.add(work, Target::AtLeast(0.7), Times, rate / commit.rate.median(), &durable.rate.noise());
        if let Some(gateway) = figures.get(4) {
            let work = "durable ingest, 64 connections: beside the Pushgateway, which keeps nothing";
            targets.add(
                work,
                Target::AtLeast(2.0),
                Times,
                rate / gateway.rate.median(),
                &gateway.rate.noise(),
            );
        }
        let work = "durable ingest, 64 connections: p99";
        targets.median(work, Target::AtMost(5.0), Milliseconds, &durable.most);
        let work = "the same of bare parse + commit";
        targets.median(work, Target::None, Milliseconds, &commit.most);
    }
}

/// The same print as multipart, which is the plugin's default, and as JSON.
pub(crate) fn transports(plan: &Plan, folder: &Path, targets: &mut Targets) {
    let server = Server::start(Kind::Durable, &folder.join("transports"));
    let prints = [Prints::on(PRINTERS), Prints::as_json(PRINTERS)].map(Arc::new);
    let mut figures = [Figures::default(), Figures::default()];
    for _ in 0..plan.rounds {
        for (prints, figures) in prints.iter().zip(&mut figures) {
            figures.take(&server, prints, 64, plan.time);
        }
    }
    let [multipart, json] = figures.map(|figures| figures.cpu);
    let ratio = multipart.median() / json.median();
    targets.add(
        "a core's time of a multipart webhook, beside JSON",
        Target::AtMost(3.0),
        Times,
        ratio,
        &multipart.noise(),
    );
}

/// A disk on which every commit takes 10 ms more.
pub(crate) fn on_a_slow_disk(plan: &Plan, folder: &Path, targets: &mut Targets) {
    let prints = Arc::new(Prints::on(PRINTERS));
    let server = Server::start(Kind::Slow, &folder.join("slow"));
    let mut figures = Figures::default();
    for _ in 0..plan.rounds {
        figures.take(&server, &prints, 64, plan.time);
    }
    let work = "64 connections, each commit 10 ms longer";
    targets.median(work, Target::None, PerSecond, &figures.rate);
    targets.median(&format!("{work}: p50"), Target::None, Milliseconds, &figures.half);
}

/// Ten thousand printers at once, over persistent connections and over one connection each.
pub(crate) fn at_once(plan: &Plan, folder: &Path, targets: &mut Targets) {
    let prints = Prints::on(BURST);
    for connections in [64, 1_000, BURST] {
        let mut rounds = Rounds::default();
        for round in 0..plan.rounds {
            let folder = folder.join(format!("burst-{connections}-{round}"));
            rounds.add_time(undisturbed(|| into_an_empty_store(&folder, &prints, connections)));
        }
        let work = format!("{BURST} webhooks at once over {connections} connections, none lost");
        targets.median(&work, Target::AtMost(2_000.0), Milliseconds, &rounds);
    }
}

fn into_an_empty_store(folder: &Path, prints: &Prints, connections: usize) -> Duration {
    // A round that was disturbed has left one.
    let _ = std::fs::remove_dir_all(folder);
    let server = Server::start(Kind::Durable, folder);
    let took = burst(server.address, prints.step(0), connections).took;
    let kept = sum(server.address, "printfarm_prints_started_total");
    assert_eq!(kept, BURST, "none is lost");
    took
}
