//! More than an hour of a farm in a minute or two: its webhooks go through TLS while secrets and certificates change, a
//! scraper logs in with a password, and attackers do what they can. At the end the exporter shows what the farm reports.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use printfarm_simulator::{Options, Secrets};
use serde_json::Value;

use super::attacked::counted;
use super::attackers;
use super::clients::Endpoint;
use super::tunnel::Tunnel;
use crate::app::users;
use crate::certificates::{Authority, Folder, VERSIONS};
use crate::common::eventually;
use crate::common::program::Running;
use crate::common::simulated::{assert_shown, farm_now, simulate};
use crate::malformed::peak;

/// How long the test takes, in seconds, unless the variable is set.
const SECONDS: u64 = 90;
const VARIABLE: &str = "PRINTFARM_HOUR_SECONDS";

/// How many times faster than a real farm the farm runs.
const SPEED: f64 = 720.0;

const SCRAPE_INTERVAL: Duration = Duration::from_secs(5);

const PROBER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// `alice:fern`
const ALICE: &str = "Authorization: Basic YWxpY2U6ZmVybg==\r\n";

/// The program, and everything that changes while it runs.
struct Hour {
    program: Running,
    endpoint: Endpoint,
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
        let endpoint = Endpoint { address: program.address, user: ALICE, tls };
        Self { program, endpoint, authority, folder }
    }

    /// From now on these secrets are valid.
    fn reload(&self, secrets: &[&str], generation: u64) {
        self.folder.write("printfarm.yml", &config(secrets, generation));
        self.program.signal("HUP");
    }

    /// The status of the answer to a message without an event: 422 when the secret is valid.
    fn status_with(&self, secret: &str) -> u16 {
        let mut connection = self.endpoint.connect(PROBER);
        let headers = format!("Content-Type: application/json\r\nX-Webhook-Secret: {secret}\r\n");
        connection.send_request("POST", "/webhook/octoprint", &headers, b"{}");
        connection.receive("POST").status
    }

    /// Keeps changing certificates and the configuration, in which these secrets stay valid, until `stop`. Returns how often.
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

    /// Lets a farm send with this secret while everything changes. Returns its report and the number of changes.
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

    /// Scrapes with a password until `stop`; every scrape must succeed. Returns their number.
    fn scrape_until(&self, stop: &AtomicBool) -> u32 {
        let mut scrapes = 0;
        let mut last = 0.0;
        while !stop.load(Ordering::Relaxed) {
            let started = prints_started(&self.endpoint.scrape());
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

/// The sums of the reports of two farms with the same printers, by printer.
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
    let tunnel = Tunnel::start(&hour.endpoint);
    let attackers = attackers::start(&hour.endpoint);
    let (first, changes) = hour.farm(&tunnel.target(), "old", 1, seconds / 2);
    hour.reload(&["old", "new"], 0);
    eventually("the new secret is valid", || (hour.status_with("new") == 422).then_some(()));
    assert_eq!(hour.status_with("old"), 422, "both are valid during the change");
    let (second, more) = hour.farm(&tunnel.target(), "new", 2, seconds / 2);
    eventually("the old secret is no longer valid", || (hour.status_with("old") == 401).then_some(()));
    let attacks = attackers.stop();
    let metrics = hour.endpoint.scrape();
    let counted = counted(&metrics);
    let webhooks = [&first, &second].map(|farm| farm["webhooks"]["acknowledged"].as_u64().unwrap());
    let (changes, megabytes) = (changes + more, peak(&hour.program) >> 20);
    println!("{webhooks:?} webhooks, {changes} changes, {attacks:?} attacks, {megabytes} MB: {counted:?}");
    assert!(megabytes <= 192, "{megabytes}");
    let printers = together(&[first, second]);
    assert!(printers.len() >= 24, "{printers:#?}");
    for printer in printers.values() {
        // Under attack a webhook may be late by seconds.
        assert_shown(printer, &metrics, 5.0);
    }
    assert!(metrics.contains("\nprintfarm_panics_total 0\n"));
    for series in attackers::COUNTED {
        assert!(counted.contains_key(series), "{series}: {counted:?}");
    }
}
