//! The program against a stand-in for an exporter: the report, the exit codes, and the one line on stderr.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

/// A server that acknowledges every webhook that carries its secret.
struct Exporter {
    address: SocketAddr,
    webhooks: mpsc::Receiver<()>,
}

impl Exporter {
    fn start(secret: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, webhooks) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                thread::spawn(move || answer_all(stream.unwrap(), secret, &sender));
            }
        });
        Self { address, webhooks }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn answer_all(stream: TcpStream, secret: &str, webhooks: &mpsc::Sender<()>) {
    let mut reader = BufReader::new(stream);
    while let Some(body) = read_request(&mut reader) {
        let _ = webhooks.send(());
        let (status, json) = if body.contains(secret) {
            ("200 OK", r#"{"status": "accepted"}"#)
        } else {
            ("401 Unauthorized", r#"{"message": "the secret is wrong or missing"}"#)
        };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{json}", json.len());
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// The body of the next request, or `None` at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_printfarm_simulator"));
    command.env_clear();
    command
}

fn simulate(target: &str, arguments: &[&str]) -> Output {
    program().args(["--target", target]).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[test]
fn the_report_counts_the_webhooks_that_were_acknowledged() {
    let exporter = Exporter::start("");
    let output = simulate(&exporter.url(), &["--speed=40000", "--duration=2s", "--format=json"]);
    assert_eq!((text(&output.stderr), output.status.code()), ("", Some(0)));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let received = u64::try_from(exporter.webhooks.try_iter().count()).unwrap();
    assert!(received > 0);
    assert_eq!(report["webhooks"]["acknowledged"], received);
    assert_eq!(report["webhooks"]["failed"], 0);
}

#[test]
fn an_interrupt_ends_it_early_and_the_report_is_still_printed() {
    let exporter = Exporter::start("");
    let mut command = program();
    command.args(["--speed=20000", "--duration=1h", "--target", &exporter.url()]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    exporter.webhooks.recv().unwrap();
    let sent = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.starts_with("printer") && table.contains("all printers"), "{table}");
}

#[test]
fn a_failure_is_one_line_on_stderr() {
    let exporter = Exporter::start("hunter2").url();
    let short = ["--speed=40000", "--duration=1s", "--printers=2"];
    let refused =
        "webhooks were not acknowledged, so the exporter may show less than this report; the first: 401";
    let cases = [
        ("nobody listens", "http://127.0.0.1:9", 1, "cannot reach http://127.0.0.1:9 (Connection refused"),
        ("https", "https://127.0.0.1:9", 2, "https is not supported here"),
        ("no secret", &exporter, 1, refused),
    ];
    for (name, target, code, part) in cases {
        let output = simulate(target, &short);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {line}");
        assert!(line.contains(part) && line.lines().count() == 1, "{name}: {line}");
        assert!(!line.contains("hunter2"), "{name}: {line}");
    }
    let mut with_secret = program();
    with_secret
        .env("PRINTFARM_OCTOPRINT_SECRET", "hunter2")
        .env("PRINTFARM_OCTOEVERYWHERE_SECRET", "hunter2");
    let output = with_secret.args(["--target", &exporter]).args(short).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn every_flag_of_the_compose_file_is_known() {
    let compose = include_str!("../../deploy/compose.yaml");
    let line = compose.lines().find(|line| line.contains("command: [\"--target\"")).unwrap();
    let command: Vec<String> = serde_json::from_str(line.trim().trim_start_matches("command: ")).unwrap();
    let output = program().args(command).arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("--target <URL>"));
}
