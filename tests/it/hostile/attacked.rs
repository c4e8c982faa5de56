//! A program that is attacked while honest clients use it.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use printfarm_exporter::process;

use super::clients::{Endpoint, HonestClients, SECRET, Served};
use crate::certificates::{Authority, Folder, VERSIONS};
use crate::client::Connection;
use crate::common::eventually;
use crate::common::program::{Running, program};
use crate::malformed::peak;

const DOCUMENT: &str = include_str!("../../../docs/HARDENING.md");

/// How long OctoEverywhere waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many honest webhooks are sent during each attack, at least.
const ENOUGH: usize = 200;

/// The metrics that count refused webhooks, requests and connections.
const COUNTERS: [&str; 4] = [
    "printfarm_connections_dropped_total{",
    "printfarm_webhook_ignored_total{",
    "printfarm_webhook_rejected_total{",
    "printfarm_web_unauthorized_total{",
];

/// `alice:fern`
const ALICE: &str = "Authorization: Basic YWxpY2U6ZmVybg==\r\n";

/// The address of an attacker.
pub(super) fn attacker(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 66, number)
}

/// A program under attack.
pub(super) struct AttackedExporter {
    name: &'static str,
    pub(super) program: Running,
    pub(super) endpoint: Endpoint,
    honest: HonestClients,
    most_memory: u64,
    /// Holds the files of the configuration.
    _folder: Option<Folder>,
}

/// The counters of refusals that are not 0.
pub(super) type Counted = BTreeMap<String, u64>;

impl AttackedExporter {
    /// Starts the program with these lines in its configuration. Both sources have the same secret.
    pub(super) fn open(name: &'static str, config: &str) -> Self {
        Self::start(name, config, &[], |program| Endpoint { address: program.address, user: "", tls: None })
    }

    /// Starts the program with TLS and these users.
    pub(super) fn open_encrypted(name: &'static str, config: &str, users: &str) -> Self {
        let (authority, folder) = (Authority::new("Servers"), Folder::new());
        folder.write_pair("server", &authority.server());
        let tls = "tls_server_config: {cert_file: server.pem, key_file: server.key}";
        let web = folder.write("web.yml", &format!("{tls}\n{users}"));
        let arguments = [format!("--web.config.file={}", web.display())];
        let tls = Some(authority.trusting(None, &VERSIONS));
        let exporter = Self::start(name, config, &arguments, |program| Endpoint {
            address: program.address,
            user: ALICE,
            tls,
        });
        Self { _folder: Some(folder), ..exporter }
    }

    fn start(
        name: &'static str,
        config: &str,
        arguments: &[String],
        endpoint: impl FnOnce(&Running) -> Endpoint,
    ) -> Self {
        let mut command = program();
        let yaml = PathBuf::from(command.get_current_dir().unwrap()).join("printfarm.yml");
        let secrets = format!(
            "webhook_secrets: {{octoprint: {{value: {SECRET}}}, octoeverywhere: {{value: {SECRET}}}}}\n"
        );
        fs::write(&yaml, format!("{secrets}{config}")).unwrap();
        command.arg("--config.file=printfarm.yml");
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let program = Running::start_as(command, &arguments);
        let endpoint = endpoint(&program);
        // Both ends of every connection of an attack are in this process or its child.
        process::raise_nofile_limit();
        let honest = HonestClients::start(&endpoint);
        Self { name, program, endpoint, honest, most_memory: 128 << 20, _folder: None }
    }

    /// Sets how much memory the program may use.
    pub(super) fn within(self, megabytes: u64) -> Self {
        Self { most_memory: megabytes << 20, ..self }
    }

    /// A connection of an attacker, without encryption.
    pub(super) fn connect(&self, number: u8) -> Connection {
        Connection::open_from(attacker(number), self.endpoint.address)
    }

    /// Repeats an attack until enough honest webhooks have been sent meanwhile. Returns the number of rounds.
    pub(super) fn attack(&self, mut round: impl FnMut()) -> u64 {
        let before = self.honest.sent();
        let mut rounds = 0;
        while self.honest.sent() < before + ENOUGH {
            round();
            rounds += 1;
        }
        rounds
    }

    /// Waits until enough honest webhooks have been sent.
    pub(super) fn watch(&self) {
        self.attack(|| std::thread::sleep(Duration::from_millis(10)));
    }

    pub(super) fn counted(&self) -> Counted {
        counted(&self.endpoint.scrape())
    }

    /// Waits until a counter has reached `count`.
    pub(super) fn wait_for(&self, series: &str, count: u64) {
        eventually(series, || self.counted().get(series).filter(|counted| **counted >= count).copied());
    }

    /// Ends the test: checks that the honest clients were served, that nothing acknowledged is lost, and that memory stayed
    /// within its bound. Returns the counters of refusals.
    pub(super) fn close(self) -> Counted {
        let served = self.honest.stop();
        let text = self.endpoint.scrape();
        assert_eq!(completed(&text), served.prints, "an acknowledged webhook is lost");
        assert!(text.contains("\nprintfarm_panics_total 0\n"));
        let (peak, counted) = (peak(&self.program), counted(&text));
        println!("{}", row(self.name, &served, peak, &counted));
        assert!(peak <= self.most_memory, "{peak} bytes");
        for spans in [&served.webhooks, &served.scrapes] {
            assert!(spans.last().unwrap() < &PATIENCE, "{spans:?}");
        }
        assert!(DOCUMENT.contains(&format!("\n| {} |", self.name)), "docs/HARDENING.md lacks a row");
        counted
    }
}

/// A row of the document's table.
fn row(name: &str, Served { webhooks, scrapes, .. }: &Served, peak: u64, counted: &Counted) -> String {
    let p99 = |spans: &[Duration]| spans[(spans.len() * 99).div_ceil(100) - 1].as_secs_f64() * 1e3;
    let worst = webhooks.last().unwrap().as_secs_f64() * 1e3;
    let megabytes = peak >> 20;
    let (sent, webhooks, scrapes) = (webhooks.len(), p99(webhooks), p99(scrapes));
    format!("| {name} | {sent} | {webhooks:.0} | {worst:.0} | {scrapes:.0} | {megabytes} | {counted:?}")
}

pub(super) fn counted(metrics: &str) -> Counted {
    let lines = metrics.lines().filter(|line| COUNTERS.iter().any(|name| line.starts_with(name)));
    let all = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.strip_prefix("printfarm_").unwrap().replace('"', ""), value.parse().unwrap())
    });
    all.filter(|(_, count)| *count > 0).collect()
}

/// How many completed prints of honest printers the metrics show.
fn completed(metrics: &str) -> usize {
    let lines = metrics.lines().filter_map(|line| {
        let labels = line.strip_prefix("printfarm_prints_total{")?;
        let honest = labels.contains("outcome=\"completed\"") && labels.contains("printer=\"honest-");
        honest.then(|| line.rsplit_once(' ').unwrap().1.parse::<usize>().unwrap())
    });
    lines.sum()
}
