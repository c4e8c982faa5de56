//! Webhooks and scrapes at the same time.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::client::{Prints, drive};
use crate::ingest::Figures;
use crate::report::Unit::Times;
use crate::report::{Rounds, Target, Targets, head, row};
use crate::scrape::{Scraper, dawdle};
use crate::server::{Kind, Server};
use crate::{PRINTERS, Plan};

/// The pause between two scrapes of one scraper. Prometheus waits for seconds.
const EVERY: Duration = Duration::from_millis(100);

/// The pause between two scrapes when the number of scrapers grows.
const EVERY_SECOND: Duration = Duration::from_secs(1);

/// The scrapers that run beside the webhooks.
struct Company {
    name: &'static str,
    scrapers: usize,
    every: Duration,
    /// Scrapers that read a byte a second.
    slow: usize,
}

const COMPANIES: [Company; 5] = [
    Company { name: "nobody", scrapers: 0, every: EVERY, slow: 0 },
    Company { name: "one scraper, every 0.1 s", scrapers: 1, every: EVERY, slow: 0 },
    Company { name: "one scraper, every second", scrapers: 1, every: EVERY_SECOND, slow: 0 },
    Company { name: "eight scrapers, each every second", scrapers: 8, every: EVERY_SECOND, slow: 0 },
    Company {
        name: "one every second, and eight that read a byte a second",
        scrapers: 1,
        every: EVERY_SECOND,
        slow: 8,
    },
];

/// The same load beside different scrapers, in alternating rounds.
pub(crate) fn side_by_side(plan: &Plan, folder: &Path, targets: &mut Targets) {
    let prints = Arc::new(Prints::on(PRINTERS));
    let server = Server::start(Kind::Durable, &folder.join("scraped"));
    drive(server.address, &prints, 64, plan.time / 4);
    let mut figures = COMPANIES.map(|_| (Figures::default(), Rounds::default()));
    for _ in 0..plan.rounds {
        for (company, (ingest, scrapes)) in COMPANIES.iter().zip(&mut figures) {
            let took = company.keep(server.address, || ingest.take(&server, &prints, 64, plan.time));
            for took in took {
                scrapes.add_time(took);
            }
        }
    }
    head(&[
        "who scrapes 1,000 printers (gzip)",
        "webhooks/s",
        "p99",
        "beside nobody",
        "noise",
        "a scrape takes",
    ]);
    let quiet = figures[0].0.most.median();
    for (company, (ingest, scrapes)) in COMPANIES.iter().zip(&figures) {
        row(&[
            company.name,
            &format!("{:.0}", ingest.rate.median()),
            &ingest.most.milliseconds(),
            &format!("{:.2}", ingest.most.median() / quiet),
            &ingest.most.noise(),
            &if company.scrapers == 0 { "-".to_owned() } else { scrapes.milliseconds() },
        ]);
    }
    for at in [1, 3, 4] {
        let work = format!("p99 of 64 connections, scraped by {}, beside nobody", COMPANIES[at].name);
        let most = &figures[at].0.most;
        targets.add(&work, Target::None, Times, most.median() / quiet, &most.noise());
    }
}

impl Company {
    /// Scrapes while `work` runs. Returns how long each scrape took.
    fn keep(&self, address: SocketAddr, work: impl FnOnce()) -> Vec<Duration> {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..self.slow {
                scope.spawn(|| dawdle(address, &stop));
            }
            let scraping: Vec<_> =
                (0..self.scrapers).map(|_| scope.spawn(|| self.scrape(address, &stop))).collect();
            work();
            stop.store(true, Ordering::Relaxed);
            scraping.into_iter().flat_map(|scraper| scraper.join().unwrap()).collect()
        })
    }

    fn scrape(&self, address: SocketAddr, stop: &AtomicBool) -> Vec<Duration> {
        let mut prometheus = Scraper::connect(address, true);
        let mut took = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            took.push(prometheus.scrape().1);
            // In small steps, so that the round need not wait for the pause to end.
            let mut left = self.every;
            while !left.is_zero() && !stop.load(Ordering::Relaxed) {
                thread::sleep(EVERY);
                left = left.saturating_sub(EVERY);
            }
        }
        took
    }
}
