//! An hour of a farm and more, in a minute or two: its webhooks go through TLS while secrets and certificates change, a real
//! Prometheus scrapes with a password, and others do what they can against it. At the end its truth is what is counted.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use printfarm_simulator::{Options, Secrets};
use serde_json::Value;

use super::arena::counted;
use super::honest::Place;
use super::rabble;
use super::tunnel::Tunnel;
use crate::certificates::{Authority, Folder, VERSIONS};
use crate::malformed::peak;
use crate::program::Running;
use crate::simulated::{assert_shown, farm_now, simulate};
use crate::stack::{Prometheus, eventually};
use crate::web_config::{job, users};

/// How long it takes, in seconds, without this variable.
const SECONDS: u64 = 90;
const VARIABLE: &str = "PRINTFARM_HOUR_SECONDS";

/// How many seconds of the farm pass in one.
const SPEED: f64 = 720.0;

const PROBER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// `alice:fern`
const ALICE: &str = "Authorization: Basic YWxpY2U6ZmVybg==\r\n";

/// The program, and everything that changes under it.
struct Hour {
    program: Running,
    place: Place,
    authority: Authority,
    folder: Folder,
}

impl Hour {
    fn start() -> Self {
        let (authority, folder) = (Authority::new("Servers"), Folder::new());
        folder.write_pair("server", &authority.server());
        let tls = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n";
        let web = folder.write("web.yml", &format!("{tls}{}", users("alice")));
        let config = folder.write("printfarm.yml", &config(&["old"], 0));
        let [web, config] = [("web.", web), ("", config)]
            .map(|(kind, path)| format!("--{kind}config.file={}", path.display()));
        let program = Running::start(&[&web, &config]);
        let tls = Some(authority.trusting(None, &VERSIONS));
        let place = Place { address: program.address, user: ALICE, tls };
        Self { program, place, authority, folder }
    }

    /// From now on these secrets open.
    fn reload(&self, secrets: &[&str], generation: u64) {
        self.folder.write("printfarm.yml", &config(secrets, generation));
        self.program.signal("HUP");
    }

    /// The answer to a message with this secret that reports nothing: 422, when the secret opens.
    fn knock(&self, secret: &str) -> u16 {
        let mut connection = self.place.connect(PROBER);
        let headers = format!("Content-Type: application/json\r\nX-Webhook-Secret: {secret}\r\n");
        connection.send_request("POST", "/webhook/octoprint", &headers, b"{}");
        connection.receive("POST").status
    }

    /// Changes certificates and, without changing which of these secrets open, the configuration, until it is to stop.
    fn change(&self, secrets: &[&str], stop: &AtomicBool) -> u64 {
        let mut generation = 0;
        while !stop.load(Ordering::Relaxed) {
            generation += 1;
            self.folder.write_pair("server", &self.authority.server());
            let spare = format!("spare-{generation}");
            self.reload(&[secrets, &[&spare]].concat(), generation);
            thread::sleep(Duration::from_secs(2));
        }
        generation
    }

    /// Lets a farm send with this secret, while everything changes. What it says of itself, and how often that was.
    fn farm(&self, target: &str, secret: &str, seed: u64, seconds: u64) -> (Value, u64) {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let changes = scope.spawn(|| self.change(&[secret], &stop));
            let secrets = Secrets::same_for_all(secret);
            let duration = Duration::from_secs(seconds);
            let farm = Options { printers: 24, speed: SPEED, duration, secrets, ..farm_now(seed) };
            let report = simulate(target, &farm);
            stop.store(true, Ordering::Relaxed);
            (report, changes.join().unwrap())
        })
    }

    fn prometheus(&self) -> Prometheus {
        let job = job("printfarm", &self.place.address.to_string(), "alice", "fern", "ca.pem", None);
        let config = format!("global: {{scrape_interval: 10s}}\nscrape_configs:\n{job}");
        Prometheus::start(&config, &[("ca.pem", &self.authority.pem())])
    }
}

fn config(secrets: &[&str], generation: u64) -> String {
    let secrets = secrets.iter().map(|secret| format!("{{value: {secret}}}")).collect::<Vec<_>>().join(", ");
    let fields = 1_000 + generation;
    format!(
        "webhook_secrets: {{octoprint: [{secrets}], octoeverywhere: [{secrets}]}}\n\
         limits: {{connections: 300, fields: {fields}}}\n"
    )
}

/// The truths of two farms with the same printers, by printer.
fn together(farms: &[Value]) -> BTreeMap<String, Value> {
    let mut printers: BTreeMap<String, Value> = BTreeMap::new();
    for printer in farms.iter().flat_map(|farm| farm["printers"].as_array().unwrap()) {
        assert_eq!(printer["open"], 0, "the farm closes at the end");
        let name = printer["printer"].as_str().unwrap().to_owned();
        match printers.get_mut(&name) {
            Some(sum) => add(sum, printer),
            None => drop(printers.insert(name, printer.clone())),
        }
    }
    printers
}

fn add(sum: &mut Value, other: &Value) {
    match (sum, other) {
        (Value::Object(sum), Value::Object(other)) => {
            sum.iter_mut().for_each(|(key, value)| add(value, &other[key]));
        }
        (sum @ Value::Number(_), Value::Number(other)) => {
            *sum = (sum.as_f64().unwrap() + other.as_f64().unwrap()).into();
        }
        _ => {}
    }
}

#[test]
fn an_hour_of_everything_at_once() {
    let seconds = std::env::var(VARIABLE).map_or(SECONDS, |text| text.parse().unwrap());
    let hour = Hour::start();
    let prometheus = hour.prometheus();
    let tunnel = Tunnel::start(&hour.place);
    let rabble = rabble::start(&hour.place);
    let (first, changes) = hour.farm(&tunnel.target(), "old", 1, seconds / 2);
    hour.reload(&["old", "new"], 0);
    eventually("the new secret opens", || (hour.knock("new") == 422).then_some(()));
    assert_eq!(hour.knock("old"), 422, "both open while they change");
    let (second, more) = hour.farm(&tunnel.target(), "new", 2, seconds / 2);
    eventually("the old secret no longer opens", || (hour.knock("old") == 401).then_some(()));
    let attacks = rabble.stop();
    let metrics = hour.place.scrape();
    let counted = counted(&metrics);
    let webhooks = [&first, &second].map(|farm| farm["webhooks"]["acknowledged"].as_u64().unwrap());
    let (changes, megabytes) = (changes + more, peak(&hour.program) >> 20);
    println!("{webhooks:?} webhooks, {changes} changes, {attacks:?} attacks, {megabytes} MB: {counted:?}");
    assert!(megabytes <= 192, "{megabytes}");
    let printers = together(&[first, second]);
    assert!(printers.len() >= 24, "{printers:#?}");
    for printer in printers.values() {
        // Under attack a webhook may be as late as its sender's patience lets it.
        assert_shown(printer, &metrics, 5.0);
    }
    assert!(metrics.contains("\nprintfarm_panics_total 0\n"));
    for series in rabble::COUNTED {
        assert!(counted.contains_key(series), "{series}: {counted:?}");
    }
    assert_scraped(&prometheus, &metrics);
}

/// Prometheus never failed to scrape, and its last scrape is what the exporter shows.
fn assert_scraped(prometheus: &Prometheus, metrics: &str) {
    let one = |query: &str| {
        prometheus.query(query)[0]["value"][1].as_str().map(|text| text.parse::<f64>().unwrap())
    };
    assert_eq!(one("min_over_time(up{job=\"printfarm\"}[1d])"), Some(1.0));
    let started = metrics.lines().filter_map(|line| {
        let line = line.strip_prefix("printfarm_prints_started_total{")?;
        line.rsplit_once(' ').unwrap().1.parse::<f64>().ok()
    });
    let started = Some(started.sum::<f64>());
    eventually("all prints are scraped", || {
        (one("sum(printfarm_prints_started_total)") == started).then_some(())
    });
}
