//! A cluster of three PostgreSQL servers under Patroni, with etcd.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::client::Connection;
use crate::common::postgres::{Folder, PASSWORD, ROLE, programs, signal, signal_family};
use crate::common::{eventually, free_address, installed, within};

const SCOPE: &str = "farm";

/// How long a cluster may take to heal.
const PATIENCE: Duration = Duration::from_secs(120);

/// The running cluster. It ends when it is dropped.
pub(super) struct Cluster {
    members: [Member; 3],
    etcd: Child,
    _folder: Folder,
}

struct Member {
    name: String,
    folder: Folder,
    /// Where Patroni says what it knows.
    api: SocketAddr,
    database: SocketAddr,
    patroni: Option<Child>,
    /// Whether it hangs: it would take connections and never answer.
    frozen: bool,
}

/// A member, by its number.
pub(super) type Index = usize;

impl Cluster {
    pub(super) fn start() -> Self {
        let folder = Folder::new();
        let (clients, peers) = (free_address(), free_address());
        let url = |address| format!("http://{address}");
        let mut etcd = folder.command("etcd");
        // Patroni 3.0.2, which Debian 12 has, takes the lock of its successor with version 3 of the interface when it was
        // frozen: it writes without comparing. With version 2 it compares.
        etcd.args(["--data-dir=data", "--log-level=error", "--logger=zap", "--enable-v2"]);
        for (flag, address) in [
            ("listen-client-urls", clients),
            ("advertise-client-urls", clients),
            ("listen-peer-urls", peers),
            ("initial-advertise-peer-urls", peers),
        ] {
            etcd.arg(format!("--{flag}={}", url(address)));
        }
        etcd.arg(format!("--initial-cluster=default={}", url(peers)));
        let etcd = installed("etcd", etcd.stdout(Stdio::null()).spawn());
        eventually("etcd accepts connections", || TcpStream::connect(clients).ok().map(drop));
        let members = ["pg1", "pg2", "pg3"].map(|name| Member::new(name, clients));
        let mut cluster = Self { members, etcd, _folder: folder };
        for member in &mut cluster.members {
            member.start();
        }
        cluster.wait_until_whole();
        cluster.create_database();
        cluster
    }

    pub(super) fn databases(&self) -> [SocketAddr; 3] {
        [0, 1, 2].map(|index: Index| self.members[index].database)
    }

    fn create_database(&self) {
        let leader = &self.members[self.leader().unwrap()];
        leader.sql("postgres", &format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"));
        leader.sql("postgres", &format!("CREATE DATABASE {ROLE} OWNER {ROLE}"));
    }

    /// What the leader answers to a query in the database of the exporter.
    pub(super) fn sql(&self, query: &str) -> String {
        self.members[self.leader().unwrap()].sql(ROLE, query)
    }

    /// Who leads, as the members that run agree.
    pub(super) fn leader(&self) -> Option<Index> {
        let views: Vec<_> = self.members.iter().filter_map(Member::view).collect();
        let leaders: Vec<_> = views.iter().map(|view| named(view, "leader")).collect();
        let first = leaders.first()?.clone()?;
        let all_agree = leaders.iter().all(|leader| leader.as_ref() == Some(&first));
        let index = self.members.iter().position(|member| member.name == first)?;
        (all_agree && self.members[index].view().is_some()).then_some(index)
    }

    /// Waits until another member leads than this one, which is frozen or dead.
    pub(super) fn wait_for_another_leader(&self, than: Index) {
        within(PATIENCE, "another member leads", || {
            let mut others = (0..).zip(&self.members).filter(|(index, _)| *index != than);
            let agrees = |(_, member): (Index, &Member)| {
                let leader = member.view().and_then(|view| named(&view, "leader"));
                leader.is_some_and(|leader| leader != self.members[than].name)
            };
            others.all(agrees).then_some(())
        });
    }

    /// Waits until all members run and one of them is the synchronous standby.
    pub(super) fn wait_until_whole(&self) {
        within(PATIENCE, "the cluster is whole", || {
            let view = self.members[self.leader()?].view()?;
            let members = view["members"].as_array()?;
            let run = |member: &Value| member["state"] == "running" || member["state"] == "streaming";
            let whole = members.len() == self.members.len() && members.iter().all(run);
            (whole && named(&view, "sync_standby").is_some()).then_some(())
        });
    }

    /// Kills a member, its Patroni and its PostgreSQL, as when its machine dies.
    pub(super) fn kill(&mut self, index: Index) {
        let member = &mut self.members[index];
        member.signal("KILL");
        member.patroni.take().unwrap().wait().unwrap();
    }

    pub(super) fn restart(&mut self, index: Index) {
        self.members[index].start();
    }

    /// Stops a member in the middle of what it does, as when its machine hangs.
    pub(super) fn freeze(&mut self, index: Index) {
        self.members[index].frozen = true;
        self.members[index].signal("STOP");
    }

    pub(super) fn thaw(&mut self, index: Index) {
        self.members[index].frozen = false;
        self.members[index].signal("CONT");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for member in &mut self.members {
            member.signal("CONT");
            if let Some(mut patroni) = member.patroni.take() {
                let _ = patroni.kill();
                let _ = patroni.wait();
            }
            if let Some(postmaster) = member.postmaster() {
                // An immediate shutdown, which gives back the shared memory of the system.
                signal(&[postmaster], "QUIT");
            }
        }
        let _ = self.etcd.kill();
        let _ = self.etcd.wait();
    }
}

impl Member {
    fn new(name: &str, etcd: SocketAddr) -> Self {
        let (folder, api, database) = (Folder::new(), free_address(), free_address());
        let settings = json!({
            "scope": SCOPE,
            "name": name,
            "etcd": {"hosts": [etcd.to_string()]},
            "restapi": {"listen": api.to_string(), "connect_address": api.to_string()},
            "bootstrap": {
                // A dead leader is replaced within seconds. Newer versions raise these times to what they allow.
                "dcs": {
                    "ttl": 8, "loop_wait": 1, "retry_timeout": 3, "synchronous_mode": true,
                    "postgresql": {"use_pg_rewind": true, "parameters": {"wal_log_hints": "on"}},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}],
                "pg_hba": ["local all all trust", "host replication all 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"],
            },
            "postgresql": {
                "listen": database.to_string(),
                "connect_address": database.to_string(),
                "bin_dir": programs(),
                "data_dir": folder.path("data"),
                "pgpass": folder.path("pgpass"),
                "authentication": {
                    "superuser": {"username": "postgres", "password": PASSWORD},
                    "replication": {"username": "replicator", "password": PASSWORD},
                },
                // A killed server loses nothing without a sync; only a power cut would.
                "parameters": {
                    "unix_socket_directories": folder.0, "fsync": "off", "dynamic_shared_memory_type": "mmap",
                },
            },
        });
        folder.write("patroni.yml", &settings.to_string());
        Self { name: name.to_owned(), folder, api, database, patroni: None, frozen: false }
    }

    fn start(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.folder.path("log")).unwrap();
        let mut patroni = self.folder.command("patroni");
        patroni.arg("patroni.yml").stdout(log.try_clone().unwrap()).stderr(log);
        self.patroni = Some(installed("patroni", patroni.spawn()));
    }

    /// What its Patroni says of the cluster, when it runs.
    fn view(&self) -> Option<Value> {
        if self.patroni.is_none() || self.frozen || TcpStream::connect(self.api).is_err() {
            return None;
        }
        let mut connection = Connection::open(self.api);
        connection.send_request("GET", "/cluster", "", b"");
        serde_json::from_slice(&connection.receive("GET").body).ok()
    }

    fn postmaster(&self) -> Option<u32> {
        let file = fs::read_to_string(self.folder.path("data/postmaster.pid")).ok()?;
        let process = file.lines().next()?.parse().ok()?;
        // The file of a killed server remains, and its number may have become that of another process.
        let command = fs::read_to_string(format!("/proc/{process}/cmdline")).ok()?;
        command.contains(self.folder.0.to_str()?).then_some(process)
    }

    /// Sends a signal to its Patroni and then to its server, so that the one does not mend the other.
    fn signal(&self, name: &str) {
        let patroni = self.patroni.as_ref().map(Child::id);
        for process in patroni.into_iter().chain(self.postmaster()) {
            signal_family(process, name);
        }
    }

    fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = self.folder.command("psql");
        psql.args(["-XAtq", "-U", "postgres", "-d", database, "-c", statement]);
        psql.arg("-p").arg(self.database.port().to_string()).arg("-h").arg(&self.folder.0);
        let output = installed("psql", psql.output());
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

/// The name of the member with this role.
fn named(view: &Value, role: &str) -> Option<String> {
    let members = view["members"].as_array()?;
    members.iter().find(|member| member["role"] == role)?["name"].as_str().map(str::to_owned)
}
