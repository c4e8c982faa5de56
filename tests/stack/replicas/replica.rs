//! An exporter that shares its store, at an address that stays the same when it is started again.

use std::net::SocketAddr;
use std::process::Stdio;

use crate::common::client::Response;
use crate::common::durability::Folder;
use crate::common::free_address;
use crate::common::postgres::PASSWORD;
use crate::common::program::{Log, Running, program};

use super::shown::get;

/// A replica. It ends when it is dropped.
pub(super) struct Replica {
    running: Option<Running>,
    folder: Folder,
    url: String,
    flags: Vec<String>,
    pub(super) address: SocketAddr,
}

impl Replica {
    /// Starts it with this database.
    pub(super) fn start(url: &str) -> Self {
        Self::start_with(url, &[])
    }

    /// Starts it with this database and the file in this folder.
    pub(super) fn start_on(folder: Folder, url: &str) -> Self {
        Self::start_in(folder, url, &[])
    }

    /// Starts it with this database and further flags.
    pub(super) fn start_with(url: &str, flags: &[&str]) -> Self {
        Self::start_in(Folder::new(), url, flags)
    }

    fn start_in(folder: Folder, url: &str, flags: &[&str]) -> Self {
        let address = free_address();
        let flags = flags.iter().map(ToString::to_string).collect();
        let mut replica = Self { running: None, folder, url: url.to_owned(), flags, address };
        replica.restart();
        replica
    }

    pub(super) fn restart(&mut self) {
        let mut command = program();
        command
            .arg(format!("--web.listen-address={}", self.address))
            .arg(format!("--storage.url={}", self.url))
            .arg(format!("--storage.path={}", self.folder.store().display()))
            .args(&self.flags)
            .env("PRINTFARM_STORAGE_PASSWORD", PASSWORD)
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Log::of(child.stderr.take().unwrap());
        log.wait_for("listening=");
        self.running = Some(Running { child, log: Some(log), address: self.address });
    }

    /// Kills it, as `kill -9` does.
    pub(super) fn crash(&mut self) {
        self.running.take().unwrap().crash();
    }

    pub(super) fn post(&self, target: &str, body: &str) -> Response {
        self.running.as_ref().unwrap().request("POST", target, body)
    }

    /// The value of a series; `None` when it is absent.
    pub(super) fn metric(&self, series: &str) -> Option<f64> {
        let text = get(self.address, "/metrics").text();
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }
}
