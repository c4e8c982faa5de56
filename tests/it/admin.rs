//! The admin API: a printer is retired.

use printfarm_exporter::http::Options;
use serde_json::json;

use crate::app::{Setup, TestApp, users};
use crate::certificates::Folder as Files;
use crate::client::Response;
use crate::common::durability::{Folder, OCTOPRINT, ended_prints, octoprint_done, send};
use crate::common::program::Running;

/// A label with what has to be percent-encoded in a path.
const LABEL: &str = "Anna's MK4 / left";
const ENCODED: &str = "Anna's%20MK4%20%2F%20left";
const STARTED: &str = r#"{"topic": "Print Started", "extra": {"name": "vase.gcode"}}"#;

fn start(folder: &Folder) -> Running {
    let storage = format!("--storage.path={}", folder.store().display());
    Running::start(&["--web.enable-admin-api", &storage])
}

fn retire(program: &Running) -> Response {
    program.request("DELETE", &format!("/api/v1/printers/{ENCODED}"), "")
}

fn is_shown(program: &Running) -> bool {
    program.request("GET", "/metrics", "").text().contains("printer=\"Anna's MK4")
}

#[test]
fn a_retired_printer_is_gone_for_good_its_prints_stay_and_its_name_is_free() {
    let folder = Folder::new();
    let mut program = start(&folder);
    let hook = format!("{OCTOPRINT}/{ENCODED}");
    assert_eq!(send(&program, &hook, &octoprint_done("bracket.gcode", 5.5)).0, 200);
    assert_eq!(send(&program, &hook, STARTED).0, 200);
    assert!(is_shown(&program));
    let answer = retire(&program);
    assert_eq!((answer.status, answer.json()), (200, json!({"retired": LABEL})));
    assert!(!is_shown(&program), "at once");
    let again = retire(&program);
    assert_eq!(again.status, 404);
    assert!(again.text().contains(LABEL.trim_end_matches("left")), "{}", again.text());
    program.crash();

    let program = start(&folder);
    assert!(!is_shown(&program), "after a crash");
    let prints = ended_prints(&folder.store());
    assert!(prints["bracket.gcode"] == ["completed"] && prints["vase.gcode"] == ["unknown"], "{prints:?}");
    let (status, text) = send(&program, &hook, STARTED);
    assert_eq!(status, 200);
    assert!(text.contains(&format!("\"printer\":\"{LABEL}\"")), "{text}");
    let metrics = program.request("GET", "/metrics", "").text();
    assert!(
        metrics
            .contains("printfarm_prints_started_total{origin=\"local\",printer=\"Anna's MK4 / left\"} 0\n")
    );
}

#[test]
fn without_the_flag_nothing_is_changed_and_the_answer_names_it() {
    let app = TestApp::start();
    app.post_json("/webhook/octoprint/mk3", STARTED);
    let answer = app.request("DELETE", "/api/v1/printers/mk3", "", b"");
    assert_eq!(answer.status, 403);
    assert!(answer.json()["error"].as_str().unwrap().contains("--web.enable-admin-api"));
    assert!(app.get("/metrics").text().contains("printer=\"mk3\""));
}

#[test]
fn the_users_of_the_web_configuration_may_and_nobody_else() {
    let folder = Files::new();
    let app = TestApp::with(Setup {
        web_config: Some(folder.write("web.yml", &users("alice"))),
        options: Options { admin_api: true, ..Options::default() },
        ..Setup::default()
    });
    app.post_json("/webhook/octoprint/mk3", STARTED);
    let status = |headers| app.request("DELETE", "/api/v1/printers/mk3", headers, b"").status;
    assert_eq!(status(""), 401);
    assert_eq!(status("Authorization: Basic YWxpY2U6ZmVybg==\r\n"), 200);
}
