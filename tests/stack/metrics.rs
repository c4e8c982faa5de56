//! What promtool says of the metrics and of the queries in the documents.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use printfarm_exporter::metrics::catalogue::{self, Metric};

use crate::common::app::{Setup, TestApp, users};
use crate::common::captures;
use crate::common::certificates::{Authority, Folder, VERSIONS};
use crate::common::client::Connection;
use crate::servers::{folder_with, installed, tool};

const DOCUMENT: &str = include_str!("../../docs/METRICS.md");

/// `alice:fern`
const ALICE: &str = "Authorization: Basic YWxpY2U6ZmVybg==\r\n";

/// The page of an exporter with TLS, users and printers: every family is in it but those of replicas.
fn every_metric() -> String {
    let (authority, folder) = (Authority::new("Servers"), Folder::new());
    folder.write_pair("server", &authority.server());
    let tls = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n";
    let web_config = Some(folder.write("web.yml", &format!("{tls}{}", users("alice"))));
    let store = Some(folder.write("printfarm.db", ""));
    let app = TestApp::with(Setup { web_config, store, ..Setup::default() });
    let client = authority.trusting(None, &VERSIONS);
    let mut connection = Connection::open_tls(app.address, client).unwrap();
    for (_, request) in captures::requests("pause-resume-done/default-progress") {
        connection.send(captures::aimed(&request, "/webhook/octoprint/mk3"));
        assert_eq!(connection.receive("POST").status, 200);
    }
    let more = [
        r#"{"EventType": 1, "PrinterId": "z", "PrintId": "2", "FileName": "b.gcode"}"#,
        r#"{"EventType": 11, "PrinterId": "z", "PrintId": "2", "FileName": "b.gcode"}"#,
        r#"{"EventType": 13, "PrinterId": "y"}"#,
        r#"{"EventType": 1, "PrinterId": "x", "PrintId": "1", "FileName": "a.gcode"}"#,
        r#"{"EventType": 7, "PrinterId": "x", "PrintId": "1", "FileName": "a.gcode"}"#,
        r#"{"EventType": 6, "PrinterId": "x", "PrintId": "1", "FileName": "a.gcode", "Progress": 40, "DurationSec": 9,
            "TimeRemainingSec": 60, "CurrentLayer": 2, "TotalLayers": 9, "ZOffsetMM": 0.4}"#,
    ];
    for message in more {
        let json = "Content-Type: application/json\r\n";
        connection.send_request("POST", "/webhook/octoeverywhere", json, message.as_bytes());
        assert_eq!(connection.receive("POST").status, 200, "{message}");
    }
    for event in ["started", "completed"] {
        let message = format!(r#"{{"event": "{event}", "filament_mm": 1500, "filament_grams": 4.5}}"#);
        let json = "Content-Type: application/json\r\n";
        connection.send_request("POST", "/webhook/generic/weighs", json, message.as_bytes());
        assert_eq!(connection.receive("POST").status, 200, "{message}");
    }
    connection.send_request("GET", "/metrics", ALICE, b"");
    let text = connection.receive("GET").text();
    let is_of_replicas = |metric: &&Metric| metric.name.starts_with("printfarm_outbox_");
    for metric in catalogue::ALL.iter().filter(|metric| !is_of_replicas(metric)) {
        assert!(text.contains(&format!("# TYPE {} ", metric.name)), "{} is missing", metric.name);
    }
    text
}

#[test]
fn promtool_has_nothing_to_say_against_any_metric() {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]);
    promtool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = installed("promtool", promtool.spawn());
    child.stdin.take().unwrap().write_all(every_metric().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
}

#[test]
fn the_queries_of_the_document_are_valid() {
    let queries: Vec<_> =
        DOCUMENT.split("```promql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(queries.len() >= 5, "{queries:?}");
    let mut rules = String::from("groups:\n- name: document\n  rules:\n");
    for (number, query) in queries.iter().enumerate() {
        let indented = query.trim_end().replace('\n', "\n      ");
        write!(rules, "  - record: query_{number}\n    expr: |\n      {indented}\n").unwrap();
    }
    let folder = folder_with(&[("queries.yml", &rules)]);
    tool("promtool", &["check", "rules", folder.join("queries.yml").to_str().unwrap()]);
    fs::remove_dir_all(folder).unwrap();
}
