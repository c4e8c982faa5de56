//! OctoPrint with its virtual printer and its own event hooks, configured as docs/senders/generic.md says.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::common::client::Connection;
use crate::common::program::{Running, program};
use crate::common::{eventually, free_address, installed, repository_file};
use crate::servers::folder_with;

const OCTOPRINT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/octoprint/bin/octoprint");

const KEY: &str = "0123456789ABCDEF0123456789ABCDEF";

const CONFIG: &str = "
server:
  firstRun: false
  onlineCheck: {enabled: false}
  pluginBlacklist: {enabled: false}
api: {key: 0123456789ABCDEF0123456789ABCDEF}
serial: {port: VIRTUAL, baudrate: 0, autoconnect: true}
plugins:
  virtual_printer: {enabled: true}
  _disabled: [announcements, softwareupdate, pluginmanager, tracking, errortracking, discovery, health_check, achievements]
";

/// The section of `config.yaml` in the documentation, for an exporter at this address.
fn event_hooks(exporter: SocketAddr) -> String {
    let page = repository_file("docs/senders/generic.md");
    let (_, section) = page.split_once("## OctoPrint's own event hooks").unwrap();
    let (_, block) = section.split_once("```yaml\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert!(block.contains("EXPORTER:10064"));
    block.replace("EXPORTER:10064", &exporter.to_string())
}

struct OctoPrint {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl OctoPrint {
    fn start(exporter: SocketAddr) -> Self {
        let gcode = "G1 X1 E1 F3000\nG4 P100\nG1 X2 E2\nG4 P100\n".repeat(30);
        let config = format!("{CONFIG}{}", event_hooks(exporter));
        let folder = folder_with(&[("config.yaml", &config), ("uploads/gear.gcode", &gcode)]);
        let address = free_address();
        let child = Command::new(OCTOPRINT)
            .arg("--basedir")
            .arg(&folder)
            .args(["serve", "--iknowwhatimdoing", "--host=127.0.0.1"])
            .arg(format!("--port={}", address.port()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self { child: installed(OCTOPRINT, child), address, folder }
    }

    fn post(&self, path: &str, body: &str) {
        let mut connection = Connection::open(self.address);
        let headers = format!("Content-Type: application/json\r\nX-Api-Key: {KEY}\r\nConnection: close\r\n");
        connection.send_request("POST", path, &headers, body.as_bytes());
        let status = connection.receive("POST").status;
        assert!((200..300).contains(&status), "{path} {body}: {status}");
    }
}

impl Drop for OctoPrint {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn wait_for(exporter: &Running, series: &str) {
    eventually(series, || {
        let mut connection = Connection::open(exporter.address);
        connection.send_request("GET", "/metrics", "", b"");
        connection.receive("GET").text().lines().any(|line| line == series).then_some(())
    });
}

#[test]
fn octoprint_reports_by_its_own_event_hooks_and_tries_again() {
    let address = free_address();
    let folder = folder_with(&[]);
    let arguments = [
        format!("--web.listen-address={address}"),
        format!("--storage.path={}", folder.join("printfarm.db").display()),
    ];
    let start = || Running::start_as(program(), &arguments.each_ref().map(String::as_str));
    let state = |word: &str| format!("printfarm_printer_state{{printer=\"mk3s\",state=\"{word}\"}} 1");
    let prints = |outcome: &str, count: u32| {
        format!("printfarm_prints_total{{origin=\"local\",outcome=\"{outcome}\",printer=\"mk3s\"}} {count}")
    };

    let exporter = start();
    let octoprint = OctoPrint::start(address);
    wait_for(&exporter, &state("idle"));
    octoprint.post("/api/files/local/gear.gcode", r#"{"command": "select", "print": true}"#);
    wait_for(&exporter, &state("printing"));
    octoprint.post("/api/job", r#"{"command": "pause", "action": "pause"}"#);
    wait_for(&exporter, &state("paused"));
    drop(exporter);
    octoprint.post("/api/job", r#"{"command": "pause", "action": "resume"}"#);
    let exporter = start();
    wait_for(&exporter, &prints("completed", 1));

    octoprint.post("/api/job", r#"{"command": "start"}"#);
    wait_for(&exporter, &state("printing"));
    octoprint.post("/api/job", r#"{"command": "cancel"}"#);
    wait_for(&exporter, &prints("cancelled", 1));
    wait_for(&exporter, &prints("failed", 0));
    wait_for(&exporter, "printfarm_prints_started_total{origin=\"local\",printer=\"mk3s\"} 2");
    drop(octoprint);
    fs::remove_dir_all(folder).unwrap();
}
