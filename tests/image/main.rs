//! Builds the images of the Dockerfile and runs the exporter's with as few rights as possible.
//!
//! It is a target of its own, because the build would slow down tests that have deadlines. `cargo test` leaves it out;
//! scripts/test runs it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/client.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod client;
mod container;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use client::Connection;
use container::{Container, Image, inspected, podman};

const CAPTURE: &str = "tests/data/captures/cancel/json";

/// The counters of prints that are not 0.
fn counters(address: SocketAddr) -> Vec<String> {
    let mut connection = Connection::open(address);
    connection.send_request("GET", "/metrics", "", b"");
    let response = connection.receive("GET");
    assert_eq!(response.status, 200);
    let text = response.text();
    let lines = text.lines().filter(|line| line.starts_with("printfarm_prints_") && !line.ends_with(" 0"));
    lines.map(str::to_owned).collect()
}

fn send_capture(address: SocketAddr) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(CAPTURE);
    let index = fs::read_to_string(folder.join("requests.tsv")).unwrap();
    let mut connection = Connection::open(address);
    for line in index.lines() {
        let request = fs::read(folder.join(line.split('\t').next().unwrap())).unwrap();
        let rest = request.iter().position(|byte| *byte == b'\r').unwrap();
        connection.send("POST /webhook/octoprint HTTP/1.1");
        connection.send(&request[rest..]);
        assert_eq!(connection.receive("POST").status, 200, "{line}");
    }
}

/// A line of the kernel's status of the process.
fn status(process: &Value, name: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

fn assert_has_no_rights(container: &Container) {
    let process = inspected(&container.name)["State"]["Pid"].take();
    for name in ["Uid", "Gid"] {
        assert_eq!(status(&process, name), ["65534"; 4], "{name}");
    }
    for name in ["CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(status(&process, name), ["0000000000000000"], "{name}");
    }
    assert_eq!(status(&process, "NoNewPrivs"), ["1"]);
    let mounts = fs::read_to_string(format!("/proc/{process}/mountinfo")).unwrap();
    let root = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap();
    assert!(root.split(' ').nth(5).unwrap().split(',').any(|option| option == "ro"), "{root}");
}

fn assert_is_as_the_dockerfile_says(image: &Image) {
    let known = inspected(&image.name);
    let config = &known["Config"];
    assert_eq!(config["User"], "65534:65534");
    assert_eq!(config["Volumes"], json!({"/data": {}}));
    assert_eq!(config["ExposedPorts"], json!({"10064/tcp": {}}));
    assert_eq!(known["Healthcheck"], Value::Null);
    let labels = &config["Labels"];
    assert_eq!(labels["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
    let revision = labels["org.opencontainers.image.revision"].as_str().unwrap();
    let printed = image.version();
    assert!(printed.contains(&format!("(revision: {revision}")), "{printed}");
    let program = "usr/local/bin/printfarm_exporter 0:0";
    assert_eq!(image.files(), ["data 65534:65534", "licenses/LICENSE 0:0", program]);
}

#[test]
fn the_image_runs_without_rights_and_keeps_its_state() {
    let image = Image::build("exporter");
    assert_is_as_the_dockerfile_says(&image);

    let container = Container::run(&image);
    let address = container.address(1);
    assert_has_no_rights(&container);
    let flag = format!("--web.listen-address={address}");
    let program = "/usr/local/bin/printfarm_exporter";
    let healthy = podman(&["exec", &container.name, program, &flag, "healthcheck"]);
    assert!(healthy.contains("ready\n"), "{healthy}");
    send_capture(address);
    let counted = counters(address);
    let cancelled = counted.iter().filter(|line| line.contains("outcome=\"cancelled\"")).collect::<Vec<_>>();
    assert!(matches!(cancelled[..], [line] if line.ends_with(" 1")), "{counted:?}");

    assert_eq!(container.stop(), 0, "{}", container.log());
    container.start();
    assert_eq!(counters(container.address(2)), counted);
    assert_eq!(container.stop(), 0, "{}", container.log());
    assert_eq!(container.log().matches("message=stopped\n").count(), 2, "{}", container.log());
}

#[test]
fn the_image_of_the_simulator_holds_its_program_and_the_licence_alone() {
    let image = Image::build("simulator");
    let program = "usr/local/bin/printfarm_simulator 0:0";
    assert_eq!(image.files(), ["licenses/LICENSE 0:0", program]);
    assert_eq!(inspected(&image.name)["Config"]["User"], "65534:65534");
    let printed = image.version();
    assert!(printed.starts_with("printfarm_simulator "), "{printed}");
}
