//! Where an attack meets the program while honest clients use it.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use printfarm_exporter::process;

use super::honest::{Honest, Place, SECRET, Served};
use crate::certificates::{Authority, Folder, VERSIONS};
use crate::client::Connection;
use crate::common::eventually;
use crate::common::program::{Running, program};
use crate::malformed::peak;

const DOCUMENT: &str = include_str!("../../../docs/HARDENING.md");

/// The senders' patience: OctoEverywhere waits so long for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many honest webhooks there are under each attack, at least.
const ENOUGH: usize = 200;

/// The metrics that count who was refused, or cut off.
const COUNTERS: [&str; 4] = [
    "printfarm_connections_dropped_total{",
    "printfarm_webhook_ignored_total{",
    "printfarm_webhook_rejected_total{",
    "printfarm_web_unauthorized_total{",
];

/// `alice:fern`
const ALICE: &str = "Authorization: Basic YWxpY2U6ZmVybg==\r\n";

/// An attacker; each number is a client.
pub(super) fn attacker(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 66, number)
}

/// A program under attack.
pub(super) struct Arena {
    name: &'static str,
    pub(super) program: Running,
    pub(super) place: Place,
    honest: Honest,
    most_memory: u64,
    /// With the files of the configuration.
    _folder: Option<Folder>,
}

/// How much each counter of refusals has grown, those that have.
pub(super) type Counted = BTreeMap<String, u64>;

impl Arena {
    /// Starts the program with these lines in its configuration. Both sources have the same secret.
    pub(super) fn open(name: &'static str, config: &str) -> Self {
        Self::start(name, config, &[], |program| Place { address: program.address, user: "", tls: None })
    }

    /// The same, encrypted, with this section of users.
    pub(super) fn open_encrypted(name: &'static str, config: &str, users: &str) -> Self {
        let (authority, folder) = (Authority::new("Servers"), Folder::new());
        folder.write_pair("server", &authority.server());
        let tls = "tls_server_config: {cert_file: server.pem, key_file: server.key}";
        let web = folder.write("web.yml", &format!("{tls}\n{users}"));
        let arguments = [format!("--web.config.file={}", web.display())];
        let tls = Some(authority.trusting(None, &VERSIONS));
        let arena = Self::start(name, config, &arguments, |program| Place {
            address: program.address,
            user: ALICE,
            tls,
        });
        Self { _folder: Some(folder), ..arena }
    }

    fn start(
        name: &'static str,
        config: &str,
        arguments: &[String],
        place: impl FnOnce(&Running) -> Place,
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
        let place = place(&program);
        // Both ends of an attack's connections may be many.
        process::raise_nofile_limit();
        let honest = Honest::start(&place);
        Self { name, program, place, honest, most_memory: 128 << 20, _folder: None }
    }

    /// The program may hold so much at most.
    pub(super) fn within(self, megabytes: u64) -> Self {
        Self { most_memory: megabytes << 20, ..self }
    }

    /// A connection of an attacker, without encryption.
    pub(super) fn connect(&self, number: u8) -> Connection {
        Connection::open_from(attacker(number), self.place.address)
    }

    /// Attacks again and again, until enough honest webhooks have been sent meanwhile. How often that was.
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

    /// The counters of refusals, those that are not 0.
    pub(super) fn counted(&self) -> Counted {
        counted(&self.place.scrape())
    }

    /// Waits until something was counted as often.
    pub(super) fn wait_for(&self, series: &str, count: u64) {
        eventually(series, || self.counted().get(series).filter(|counted| **counted >= count).copied());
    }

    /// Ends it: the honest clients were served, nothing of theirs is lost, and the memory was within its bound. Returns what
    /// was counted.
    pub(super) fn close(self) -> Counted {
        let served = self.honest.stop();
        let text = self.place.scrape();
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

/// How many prints of the honest printers are counted.
fn completed(metrics: &str) -> usize {
    let lines = metrics.lines().filter_map(|line| {
        let labels = line.strip_prefix("printfarm_prints_total{")?;
        let honest = labels.contains("outcome=\"completed\"") && labels.contains("printer=\"honest-");
        honest.then(|| line.rsplit_once(' ').unwrap().1.parse::<usize>().unwrap())
    });
    lines.sum()
}
