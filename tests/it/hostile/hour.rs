//! More than an hour of a farm in a minute or two: its webhooks go through TLS while secrets and certificates change, a
//! scraper logs in with a password, and attackers do what they can. At the end the exporter shows what the farm reports.

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
use crate::app::users;
use crate::certificates::{Authority, Folder, VERSIONS};
use crate::common::eventually;
use crate::common::program::Running;
use crate::common::simulated::{assert_shown, farm_now, simulate};
use crate::malformed::peak;

/// How long it takes, in seconds, without this variable.
const SECONDS: u64 = 90;
const VARIABLE: &str = "PRINTFARM_HOUR_SECONDS";

/// How many seconds of the farm pass in one.
const SPEED: f64 = 720.0;

const SCRAPE_INTERVAL: Duration = Duration::from_secs(5);

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
            let scrapes = scope.spawn(|| self.scrape_until(&stop));
            let secrets = Secrets::same_for_all(secret);
            let duration = Duration::from_secs(seconds);
            let farm = Options { printers: 24, speed: SPEED, duration, secrets, ..farm_now(seed) };
            let report = simulate(target, &farm);
            stop.store(true, Ordering::Relaxed);
            assert!(scrapes.join().unwrap() > 1);
            (report, changes.join().unwrap())
        })
    }

    /// Scrapes with a password, until it is to stop. A scrape that fails fails the test. How many there were.
    fn scrape_until(&self, stop: &AtomicBool) -> u32 {
        let mut scrapes = 0;
        let mut last = 0.0;
        while !stop.load(Ordering::Relaxed) {
            let started = prints_started(&self.place.scrape());
            assert!(started >= last, "{started} prints started, fewer than the {last} of the scrape before");
            (scrapes, last) = (scrapes + 1, started);
            thread::sleep(SCRAPE_INTERVAL);
        }
        scrapes
    }
}

fn prints_started(metrics: &str) -> f64 {
    let series = metrics.lines().filter(|line| line.starts_with("printfarm_prints_started_total{"));
    series.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
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
}
