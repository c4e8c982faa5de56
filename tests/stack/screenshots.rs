//! `scripts/screenshots` against a page that looks to it like Grafana.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use crate::common::program::text;
use crate::servers::{folder_with, installed};

/// `admin:secret`
const LOGIN: &str = "authorization: basic ywrtaw46c2vjcmv0";

/// How long the panels of the page wait for their data.
const DATA_TAKES: Duration = Duration::from_secs(2);

/// A dashboard that is 2,000 pixels high and scrolls in an element of the page. Its panel turns green once it has data.
const PAGE: &str = r#"<!doctype html><body style="margin: 0">
<div class="scrollbar-view" style="height: 100vh; overflow: auto">
<section data-testid="data-testid Panel header Printers" id="panel" style="height: 2000px; background: red">
<div aria-label="Panel loading bar" id="bar"></div></section></div>
<script>
fetch("/api/ds/query").then((answer) => {
    if (!answer.ok) return;
    document.getElementById("panel").style.background = "rgb(0, 128, 0)";
    document.getElementById("bar").remove();
});
</script>"#;

/// Serves the page and the data of its panel to those who log in.
fn grafana() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || answer(stream.unwrap()));
        }
    });
    address
}

fn answer(stream: TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        // Chromium opens connections that it does not use.
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_ascii_lowercase());
    }
    let path = head[0].split(' ').nth(1).unwrap().to_owned();
    let (status, body) = match path.as_str() {
        _ if !head.iter().any(|line| line == LOGIN) => ("401 Unauthorized", ""),
        "/api/ds/query" => {
            thread::sleep(DATA_TAKES);
            ("200 OK", "{}")
        }
        path if path.starts_with("/d/printfarm-") => ("200 OK", PAGE),
        path if path.starts_with("/api/dashboards/uid/printfarm-") => ("200 OK", "{}"),
        _ => ("404 Not Found", ""),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n", body.len());
    let _ = reader.get_mut().write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes());
}

fn screenshots(url: &str, folder: &Path, auth: &str) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/screenshots");
    let mut node = Command::new("node");
    node.arg(script).arg(url).arg(folder).env("GRAFANA_AUTH", auth);
    installed("node", node.output())
}

/// Width and height of a PNG file.
fn size(path: &Path) -> (u32, u32) {
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[1..4], b"PNG");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn every_dashboard_is_taken_whole_once_its_panels_have_their_data() {
    let folder = folder_with(&[]);
    let began = printfarm_exporter::clock::Clock::start();
    let output = screenshots(&format!("http://{}", grafana()), &folder, "admin:secret");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(began.monotonic() > DATA_TAKES * 2, "it did not wait for the data of both dashboards");
    for image in ["fleet.png", "printer.png"] {
        assert_eq!(size(&folder.join(image)), (1600, 2000), "{image}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_grafana_that_cannot_be_used_is_reported_in_one_line() {
    let folder = folder_with(&[]);
    let (listening, unused) = (grafana(), TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let cases = [
        (unused, "admin:secret", "cannot reach Grafana at http://"),
        (listening, "admin:wrong", "refuses access; set GRAFANA_AUTH"),
    ];
    for (address, auth, expected) in cases {
        let output = screenshots(&format!("http://{address}"), &folder, auth);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(line.contains(expected) && line.lines().count() == 1, "{line}");
        assert!(!line.contains("admin"), "{line}");
    }
    fs::remove_dir_all(folder).unwrap();
}
