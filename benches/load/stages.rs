//! The cost of a webhook, stage by stage, in instructions in user mode, which are the same in every run.
//!
//! Valgrind counts them. The cost of a stage is the cost of many webhooks up to that stage, minus that of few webhooks, minus
//! the same difference for the stage before.

use std::path::Path;
use std::process::Command;

use printfarm_exporter::farm::{ApplyTime, Changes, Farm, Limits, View};
use printfarm_exporter::store::{SqliteStore, Store};
use printfarm_exporter::timestamp::Timestamp;
use tokio::runtime::Builder;

use crate::PRINTERS;
use crate::captured::{PRINT, Request, parse};
use crate::client::{Prints, burst};
use crate::growth::SIZES;
use crate::report::{head, row};
use crate::server::{Kind, Server, storage};

/// The first argument of a process that is counted.
pub(crate) const ROLE: &str = "--webhooks";

/// What few and many webhooks are.
const FEW: usize = 200;
const MANY: usize = 1_400;

const NOW: i64 = 1_795_310_000_250_000;

const TOOL: [&str; 3] = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];

/// The stages that run without a server.
const DECODE: &str = "decode";
const APPLY: &str = "parse and apply";
const COMMIT: &str = "commit";

/// Prints the tables.
pub(crate) fn count(folder: &Path) {
    if Command::new(TOOL[0]).arg("--version").output().is_err() {
        eprintln!("left out: instructions; `scripts/install-test-tools valgrind` installs what counts them");
        return;
    }
    let stage = |name: &str, batch| each(|webhooks| in_process(name, batch, webhooks, folder));
    let server = |kind: Kind, connections| {
        each(|webhooks| {
            let folder = folder.join(format!("{}-{connections}-{webhooks}", kind.name()));
            in_server(kind, connections, webhooks, &folder, &Prints::on(PRINTERS))
        })
    };
    head(&["stage", "instructions for each webhook"]);
    let line = |name: &str, count: u64| row(&[name, &count.to_string()]);
    let (http, memory) = (server(Kind::Http, 1), server(Kind::Memory, 1));
    let [nothing, decoded, applied] = ["nothing", DECODE, APPLY].map(|name| stage(name, 0));
    line("HTTP: head, body, route, answer (a server that does just that)", http);
    line(DECODE, decoded - nothing);
    line(APPLY, applied - decoded);
    line(
        "deadlines, limits, queue, answer, own metrics: the rest of the next line",
        memory - http - (applied - nothing),
    );
    line("exporter, memory, 1 connection", memory);
    line("commit, 64 webhooks together", stage(COMMIT, 64) - applied);
    line("commit, each webhook alone", stage(COMMIT, 1) - applied);
    line("exporter, durable, 1 connection", server(Kind::Durable, 1));
    line("exporter, durable, 64 connections", server(Kind::Durable, 64));

    head(&["the farm, 1 connection", "instructions for each webhook"]);
    for size in SIZES {
        let folder = folder.join(size.name);
        let prints = size.prepare(&folder);
        line(size.name, each(|webhooks| in_server(Kind::Durable, 1, webhooks, &folder, &prints)));
    }
}

/// The instructions of one webhook.
fn each(count: impl Fn(usize) -> u64) -> u64 {
    (count(MANY) - count(FEW)) / (MANY - FEW) as u64
}

fn in_process(stage: &str, batch: usize, webhooks: usize, folder: &Path) -> u64 {
    let folder = folder.join(format!("{stage}-{batch}-{webhooks}"));
    std::fs::create_dir_all(&folder).unwrap();
    let output = Command::new(TOOL[0])
        .args(&TOOL[1..])
        .arg(std::env::current_exe().unwrap())
        .args([ROLE, stage, &batch.to_string(), &webhooks.to_string()])
        .arg(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    counted(&String::from_utf8_lossy(&output.stderr))
}

fn in_server(kind: Kind, connections: usize, webhooks: usize, folder: &Path, prints: &Prints) -> u64 {
    let mut server = Server::start_below(&TOOL, kind, folder);
    if kind != Kind::Http {
        server.wait_until_ready();
    }
    burst(server.address, prints.all().take(webhooks), connections);
    counted(&server.end())
}

/// The count of the tool.
fn counted(said: &str) -> u64 {
    let (_, count) = said.split_once("Collected : ").unwrap();
    count.split_whitespace().next().unwrap().parse().unwrap()
}

/// The main function of a process that was started with [`ROLE`]: webhooks up to a stage, without a server.
pub(crate) fn run(stage: &str, batch: usize, webhooks: usize, folder: &Path) {
    let runtime = Builder::new_current_thread().build().unwrap();
    let requests = PRINT.map(Request::captured);
    let mut store = SqliteStore::open(&storage(folder)).unwrap();
    let (mut farm, mut view) = (Farm::default(), View::default());
    let mut changes = Changes::default();
    let reached = [DECODE, APPLY, COMMIT].iter().position(|name| *name == stage);
    for number in 0..webhooks {
        let now = Timestamp::from_micros(NOW + i64::try_from(number).unwrap() * 1_000_000);
        let printer = format!("p{}", number / PRINT.len() % PRINTERS);
        if reached.is_none() {
            continue;
        }
        let fields = runtime.block_on(requests[number % PRINT.len()].decode());
        if reached < Some(1) {
            continue;
        }
        let event = parse(&fields, &printer, now);
        farm.apply(&event, ApplyTime::at(now), &Limits::default(), &mut changes).unwrap();
        if stage != COMMIT {
            changes = Changes::default();
        } else if (number + 1) % batch == 0 {
            store.commit(farm.view(), &changes).unwrap();
            view.publish(&farm, &changes);
            changes = Changes::default();
        }
    }
}
