//! Webhooks: how many, how fast, and whether all of them are there afterwards.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::client::{Prints, burst, drive};
use crate::report::{Rounds, head, row};
use crate::scrape::{Scraper, sum};
use crate::server::{Kind, Server};
use crate::{BURST, PRINTERS, Plan};

/// Between two scrapes while the load goes on. Prometheus takes seconds.
const SCRAPE_EVERY: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Figures {
    rate: Rounds,
    half: Rounds,
    most: Rounds,
    /// Microseconds of a core for each webhook.
    cpu: Rounds,
}

impl Figures {
    fn take(&mut self, server: &Server, prints: &Arc<Prints>, connections: usize, time: Duration) {
        let before = server.cpu();
        let tally = drive(server.address, prints, connections, time);
        self.cpu.add(server.cpu().saturating_sub(before).as_secs_f64() * 1e6 / tally.waits.len() as f64);
        self.rate.add(tally.rate());
        self.half.add_time(tally.within(500));
        self.most.add_time(tally.within(990));
    }
}

/// All servers side by side, a round of each in turn.
pub(crate) fn side_by_side(plan: &Plan, folder: &Path) {
    let kinds = [Kind::Bare, Kind::Commit, Kind::Memory, Kind::Durable];
    let prints = Arc::new(Prints::on(PRINTERS));
    let servers = kinds.map(|kind| Server::start(kind, &folder.join(kind.name())));
    for server in &servers {
        drive(server.address, &prints, 64, plan.time / 4);
    }
    head(&[
        "connections",
        "server",
        "webhooks/s",
        "noise",
        "p50",
        "p99",
        "core",
        "of bare parse",
        "of parse + commit",
    ]);
    for connections in [1, 16, 64] {
        let mut figures = kinds.map(|_| Figures::default());
        for _ in 0..plan.rounds {
            for (figures, server) in figures.iter_mut().zip(&servers) {
                figures.take(server, &prints, connections, plan.time);
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
            ]);
        }
    }
    for server in &servers[2..] {
        assert_eq!(sum(server.address, "printfarm_webhook_ignored_total"), 0, "the load changes the state");
    }
}

/// A disk on which every commit takes 10 ms more.
pub(crate) fn on_a_slow_disk(plan: &Plan, folder: &Path) {
    let prints = Arc::new(Prints::on(PRINTERS));
    let server = Server::start(Kind::Slow, &folder.join("slow"));
    let mut figures = Figures::default();
    for _ in 0..plan.rounds {
        figures.take(&server, &prints, 64, plan.time);
    }
    row(&[
        "64 connections, each commit 10 ms longer",
        ">= 4,000/s, p50 <= 15 ms",
        &format!("{:.0}/s, p50 {}", figures.rate.median(), figures.half.milliseconds()),
        &figures.rate.noise(),
    ]);
}

/// The same load with and without scrapes beside it.
pub(crate) fn while_scraped(plan: &Plan, folder: &Path) {
    let prints = Arc::new(Prints::on(PRINTERS));
    let server = Server::start(Kind::Durable, &folder.join("scraped"));
    drive(server.address, &prints, 64, plan.time / 4);
    let (mut quiet, mut scraped) = (Figures::default(), Figures::default());
    for _ in 0..plan.rounds {
        quiet.take(&server, &prints, 64, plan.time);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut prometheus = Scraper::connect(server.address, true);
                while !stop.load(Ordering::Relaxed) {
                    prometheus.scrape();
                    std::thread::sleep(SCRAPE_EVERY);
                }
            });
            scraped.take(&server, &prints, 64, plan.time);
            stop.store(true, Ordering::Relaxed);
        });
    }
    row(&[
        "p99 of 64 connections, a scrape of 1,000 printers every 0.1 s, beside none",
        "<= 1.5 times",
        &format!(
            "{:.2} times ({} beside {})",
            scraped.most.median() / quiet.most.median(),
            scraped.most.milliseconds(),
            quiet.most.milliseconds()
        ),
        &scraped.most.noise(),
    ]);
}

/// Ten thousand printers at once, over kept connections and over one connection each.
pub(crate) fn at_once(plan: &Plan, folder: &Path) {
    let prints = Prints::on(BURST);
    for connections in [64, 1_000, BURST] {
        let mut rounds = Rounds::default();
        for round in 0..plan.rounds {
            let folder = folder.join(format!("burst-{connections}-{round}"));
            let server = Server::start(Kind::Durable, &folder);
            rounds.add_time(burst(server.address, prints.step(0), connections).took);
            let kept = sum(server.address, "printfarm_prints_started_total");
            assert_eq!(kept, BURST, "none is lost");
        }
        row(&[
            &format!("{BURST} webhooks of as many printers at once, {connections} connections"),
            "<= 1000 ms, none lost",
            &format!("{:.0} ms, none lost", rounds.median()),
            &rounds.noise(),
        ]);
    }
}
