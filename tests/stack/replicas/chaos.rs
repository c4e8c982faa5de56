//! Machines die and hang while a farm prints: no webhook is lost, nothing is counted twice, and no counter falls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use printfarm_exporter::timestamp::Timestamp;
use printfarm_simulator::{Fact, Options, Plan, Secrets};
use proptest::prelude::RngExt;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::Value;

use crate::common::eventually;
use crate::common::simulated::simulate;

use super::haproxy::HaProxy;
use super::patroni::Cluster;
use super::relay::Network;
use super::replica::Replica;
use super::shown::{Counters, assert_true, get, printers};

/// How long the farm prints.
const DURATION: Duration = Duration::from_secs(200);

/// How much faster than a real farm it prints.
const SPEED: f64 = 120.0;

/// The least number of disturbances, and of scrapes with counters, that make a test.
const DISTURBANCES: usize = 10;
const SCRAPES: u32 = 50;

/// Set it to the number that a run has printed, to have the same choices made again.
const SEED: &str = "PRINTFARM_TEST_SEED";

/// What happens to machines and cables.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    ReplicaKilled,
    LeaderKilled,
    LeaderFrozen,
    NetworkCut,
    ReplicaAndLeaderKilled,
}

use Disturbance::{LeaderFrozen, LeaderKilled, NetworkCut, ReplicaAndLeaderKilled, ReplicaKilled};

/// Each kind comes once in every round.
const ROUND: [Disturbance; 5] =
    [ReplicaKilled, LeaderKilled, LeaderFrozen, NetworkCut, ReplicaAndLeaderKilled];

struct Stack {
    cluster: Cluster,
    replicas: [Replica; 2],
    /// Between each replica and the databases.
    networks: [Network; 2],
    rng: TestRng,
    clock: Clock,
    /// How long webhooks waited somewhere, in total.
    outage: Duration,
    /// When a replica was dead whose outbox was not empty: its printers' webhooks went through two outboxes.
    divided: Vec<(Timestamp, Timestamp)>,
}

impl Stack {
    fn start(rng: TestRng, clock: Clock) -> Self {
        let cluster = Cluster::start();
        let networks = [(); 2].map(|()| Network::default());
        let replicas = networks.each_ref().map(|network| {
            let hosts = cluster.databases().map(|database| network.to(database).to_string());
            Replica::start(&format!(
                "postgresql://printfarm@{}/printfarm?target_session_attrs=read-write",
                hosts.join(",")
            ))
        });
        Self { cluster, replicas, networks, rng, clock, outage: Duration::ZERO, divided: Vec::new() }
    }

    fn wait(&mut self, from: f64, to: f64) {
        thread::sleep(Duration::from_secs_f64(self.rng.random_range(from..to)));
    }

    fn disturb(&mut self, disturbance: Disturbance) {
        let index = self.rng.random_range(0..self.replicas.len());
        let leader = eventually("there is a leader", || self.cluster.leader());
        let begin = self.clock.now();
        match disturbance {
            ReplicaKilled => self.kill_replica(index),
            NetworkCut => {
                self.networks[index].cut();
                self.wait(1.0, 8.0);
                self.networks[index].mend();
            }
            LeaderKilled => {
                self.cluster.kill(leader);
                self.cluster.wait_for_another_leader(leader);
                self.cluster.restart(leader);
            }
            LeaderFrozen => {
                self.cluster.freeze(leader);
                self.cluster.wait_for_another_leader(leader);
                self.cluster.thaw(leader);
            }
            ReplicaAndLeaderKilled => {
                self.cluster.kill(leader);
                self.wait(0.0, 2.0);
                let killed = self.clock.now();
                self.kill_replica(index);
                self.divided.push((killed, self.clock.now()));
                self.cluster.wait_for_another_leader(leader);
                self.cluster.restart(leader);
            }
        }
        self.cluster.wait_until_whole();
        self.wait_for_empty_outboxes();
        self.outage += self.clock.now().since(begin);
        self.wait(0.5, 3.0);
    }

    fn kill_replica(&mut self, index: usize) {
        self.replicas[index].crash();
        self.wait(0.5, 2.0);
        self.replicas[index].restart();
    }

    fn wait_for_empty_outboxes(&self) {
        for replica in &self.replicas {
            eventually("the outbox is empty", || {
                (replica.metric("printfarm_outbox_events") == Some(0.0)).then_some(())
            });
        }
    }

    /// Compares both replicas with what really happened. `unknown` is how many outcomes may be so.
    fn assert_true(&self, truth: &Value, unknown: f64) {
        let shown = self.replicas.each_ref().map(|replica| printers(replica.address));
        let is_counter = |(series, _): &(&String, &f64)| series.contains("_total{");
        let [a, b] =
            shown.each_ref().map(|shown| shown.iter().filter(is_counter).collect::<BTreeMap<_, _>>());
        let differ: Vec<_> = a.iter().filter(|(series, value)| b.get(*series) != Some(*value)).collect();
        assert!(differ.is_empty() && a.len() == b.len(), "only one replica shows {differ:?}");
        let printers = truth["printers"].as_array().unwrap();
        let found: f64 = printers.iter().map(|printer| assert_true(&shown[0], printer, self.outage)).sum();
        println!("the outcomes of {found} prints are unknown, of {unknown} that may be");
        assert!(found <= unknown, "the outcomes of {found} prints are unknown");
        let ended: f64 = a
            .iter()
            .filter(|(series, _)| series.starts_with("printfarm_prints_total{"))
            .map(|(_, value)| **value)
            .sum();
        assert_eq!(
            self.cluster.sql("SELECT count(*) FROM prints"),
            ended.to_string(),
            "a row for each print"
        );
    }
}

/// How many prints ended at these times.
fn ended(farm: &Options, times: &[(Timestamp, Timestamp)]) -> f64 {
    let start = Timestamp::from_micros(i64::try_from(farm.start.as_micros()).unwrap());
    let is_within = |at: Duration| {
        times.iter().any(|(from, to)| {
            let (from, to) = (from.since(start), to.since(start));
            // Clients start a moment later, and a webhook is under way for another.
            at + Duration::from_secs(1) >= from && at <= to + Duration::from_secs(1)
        })
    };
    let ends = Plan::new(farm).filter(|step| matches!(step.fact, Some(Fact::Ended(_))) && is_within(step.at));
    f64::from(u32::try_from(ends.count()).unwrap())
}

#[test]
fn no_webhook_is_lost_and_no_counter_falls_while_machines_die() {
    let clock = Clock::start();
    let seed = std::env::var(SEED).ok().map(|seed| seed.parse().unwrap());
    let seed = seed.unwrap_or_else(|| clock.now().micros().unsigned_abs());
    println!("{SEED}={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut stack = Stack::start(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes), clock.clone());
    let haproxy = HaProxy::before(stack.replicas.each_ref().map(|replica| replica.address));
    let address = haproxy.address;
    eventually("HAProxy finds a replica", || (get(address, "/-/ready").status == 200).then_some(()));

    let farm = Options {
        printers: 200,
        speed: SPEED,
        seed,
        duration: DURATION,
        start: Duration::from_micros(clock.now().micros().unsigned_abs()),
        week: Duration::from_secs(7 * 60 * 60 + 30 * 60),
        secrets: Secrets::default(),
    };
    let over = AtomicBool::new(false);
    let (truth, disturbances, counters) = thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            let mut counters = Counters::default();
            while !over.load(Ordering::Relaxed) {
                counters.scrape(address);
                thread::sleep(Duration::from_secs(1));
            }
            counters
        });
        let sender = scope.spawn(|| simulate(&format!("http://{address}"), &farm));
        let mut disturbances = 0;
        while !sender.is_finished() {
            println!("{disturbances}: {:?}", ROUND[disturbances % ROUND.len()]);
            stack.disturb(ROUND[disturbances % ROUND.len()]);
            disturbances += 1;
        }
        over.store(true, Ordering::Relaxed);
        (sender.join().unwrap(), disturbances, scraper.join().unwrap())
    });
    println!("{disturbances} disturbances, {} scrapes with counters", counters.scrapes);
    assert!(disturbances >= DISTURBANCES && counters.scrapes >= SCRAPES);
    stack.assert_true(&truth, ended(&farm, &stack.divided));
}
