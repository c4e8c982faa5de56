//! The servers under load, each in a process of its own on a free port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use printfarm_exporter::app::{self, Config, Storage};
use printfarm_exporter::clock::Clock;
use printfarm_exporter::config::{Environment, SharedSettings};
use printfarm_exporter::farm::{Changes, View};
use printfarm_exporter::server::{ListenerKind, bind};
use printfarm_exporter::store::{MemoryStore, SqliteStore, Store, StoreError, StoredState};
use printfarm_exporter::webhook::Senders;
use tokio::runtime::Runtime;

use crate::bare;

/// The first argument of a process that is one of the servers.
pub(crate) const ROLE: &str = "--serve";

/// By how much the slow disk delays each commit.
const SLOW: Duration = Duration::from_millis(10);

/// The program of the Pushgateway, and the Debian package that it is in.
const GATEWAY: &str = "prometheus-pushgateway";

const CONFIG: &str = "limits: {printers: 20000, connections: 16384, connections_per_address: 16384}\n";

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reads and parses.
    Bare,
    /// Reads, parses, and stores in a group commit.
    Commit,
    /// Reads requests and answers.
    Http,
    /// Debian's Pushgateway in its fastest setting: nothing on disk, no consistency check.
    Gateway,
    /// The exporter with a store that keeps nothing.
    Memory,
    /// The program as people run it.
    Durable,
    /// The exporter with a slow store.
    Slow,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare parse",
            Self::Commit => "bare parse + commit",
            Self::Http => "bare HTTP",
            Self::Gateway => GATEWAY,
            Self::Memory => "exporter, memory",
            Self::Durable => "exporter, durable",
            Self::Slow => "exporter, slow disk",
        }
    }

    fn named(name: &str) -> Self {
        let kinds = [Self::Bare, Self::Commit, Self::Http, Self::Memory, Self::Slow];
        kinds.into_iter().find(|kind| kind.name() == name).unwrap()
    }
}

/// Whether the Pushgateway is installed; prints how to install it otherwise.
pub(crate) fn has_gateway() -> bool {
    let found = Command::new(GATEWAY).arg("--version").output().is_ok();
    if !found {
        eprintln!("left out: the Pushgateway; `scripts/install-test-tools {GATEWAY}` installs it");
    }
    found
}

/// A running server. It is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    log: BufReader<ChildStderr>,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a server that keeps its files in `folder`, and waits until it listens.
    pub(crate) fn start(kind: Kind, folder: &Path) -> Self {
        Self::spawn(kind.name(), command(kind, folder))
    }

    /// Starts it under a tool that counts instructions.
    pub(crate) fn start_below(tool: &[&str], kind: Kind, folder: &Path) -> Self {
        let command = command(kind, folder);
        let mut below = Command::new(tool[0]);
        below.args(&tool[1..]).arg(command.get_program()).args(command.get_args());
        Self::spawn(kind.name(), below)
    }

    /// Runs a server, and waits until it listens.
    pub(crate) fn spawn(name: &str, mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "{name} did not start");
            // The Pushgateway's word for it.
            let found =
                line.split_once("listening=").or_else(|| line.split_once("\"Listening on\" address="));
            if let Some((_, rest)) = found {
                break rest.split_whitespace().next().unwrap().parse().unwrap();
            }
        };
        Self { child, log, address }
    }

    /// Waits until it accepts webhooks.
    pub(crate) fn wait_until_ready(&self) {
        let is_ready = || {
            let mut stream = TcpStream::connect(self.address).unwrap();
            let request = b"GET /-/ready HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n";
            stream.write_all(request).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            answer.starts_with(b"HTTP/1.1 200")
        };
        while !is_ready() {}
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Its processor time, which hardly depends on what else the machine does.
    pub(crate) fn cpu(&self) -> Duration {
        busy(&self.child.id().to_string())
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) {
        self.end();
        assert!(self.child.wait().unwrap().success());
    }

    /// Asks it to stop. Returns what it and the tool print at the end.
    pub(crate) fn end(&mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        let mut said = String::new();
        self.log.read_to_string(&mut said).unwrap();
        said
    }
}

/// The processor time of a process, or of `self`.
pub(crate) fn busy(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    // In user mode and in the kernel, in hundredths of a second.
    let ticks = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// The command that runs this kind of server in `folder`.
fn command(kind: Kind, folder: &Path) -> Command {
    std::fs::create_dir_all(folder).unwrap();
    match kind {
        Kind::Durable => program(folder),
        Kind::Gateway => {
            let mut command = Command::new(GATEWAY);
            command.args(["--web.listen-address=127.0.0.1:0", "--persistence.file="]);
            command.arg("--push.disable-consistency-check");
            command
        }
        kind => {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg(ROLE).arg(kind.name()).arg(folder);
            command
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the program keeps its state below `folder`.
pub(crate) fn storage(folder: &Path) -> PathBuf {
    folder.join("printfarm.db")
}

/// The command that runs the program with its files in `folder`.
pub(crate) fn program(folder: &Path) -> Command {
    std::fs::create_dir_all(folder).unwrap();
    let config = folder.join("printfarm.yml");
    std::fs::write(&config, CONFIG).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_printfarm_exporter"));
    command.arg("--web.listen-address=127.0.0.1:0");
    command.arg(format!("--storage.path={}", storage(folder).display()));
    command.arg(format!("--config.file={}", config.display()));
    command
}

/// The main function of a process that was started with [`ROLE`].
pub(crate) fn run(name: &str, folder: &Path) {
    let kind = Kind::named(name);
    Runtime::new().unwrap().block_on(async {
        match kind {
            Kind::Bare => bare(bare::parser()).await,
            Kind::Http => bare(bare::reader()).await,
            Kind::Commit => bare(bare::committer(&folder.join("commit.db"))).await,
            Kind::Memory => exporter(Box::new(MemoryStore)).await,
            Kind::Slow => {
                let store = SqliteStore::open(&storage(folder)).unwrap();
                exporter(Box::new(SlowStore(store))).await;
            }
            Kind::Durable | Kind::Gateway => unreachable!("these are programs of their own"),
        }
    });
}

/// Serves on a free port.
pub(crate) async fn bare(router: axum::Router) {
    let socket = bind(&["127.0.0.1:0".parse().unwrap()], ListenerKind::Web).unwrap().remove(0);
    eprintln!("listening={}", socket.local_addr().unwrap());
    bare::serve(socket, router).await;
}

async fn exporter(store: Box<dyn Store>) {
    let environment =
        Environment { variable: Box::new(|_| None), file: Box::new(|_| Ok(CONFIG.as_bytes().to_vec())) };
    let settings =
        SharedSettings::load(Some("printfarm.yml".into()), environment, Senders::builtin().sources())
            .unwrap();
    let config = Config::new(settings, Storage::Store(store), Clock::start()).unwrap();
    let app = app::build(Config { listen: vec!["127.0.0.1:0".parse().unwrap()], ..config }).unwrap();
    eprintln!("listening={}", app.addresses.web[0]);
    app::run(app, std::future::pending::<()>()).await.unwrap();
}

/// A store that delays each commit by [`SLOW`].
struct SlowStore(SqliteStore);

impl Store for SlowStore {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.0.load()
    }

    fn commit(&mut self, view: &View, changes: &Changes) -> Result<(), StoreError> {
        std::thread::sleep(SLOW);
        self.0.commit(view, changes)
    }
}
