//! Broken requests, made from real ones: each is refused with a reason and changes nothing.

mod chosen;
pub(crate) mod requests;

use std::fs;

use crate::client::Connection;
use crate::common::captures;
use crate::common::program::Running;
use requests::Case;

/// By how much all requests together may raise the peak of the program's memory.
const MOST_MEMORY: u64 = 64 << 20;

const GOOD: &[u8] = include_bytes!("../data/examples/octoprint-started.json");

fn request(program: &Running, method: &str, target: &str, headers: &str, body: &[u8]) -> (u16, String) {
    let mut connection = Connection::open(program.address);
    connection.send_request(method, target, headers, body);
    let response = connection.receive(method);
    (response.status, response.text())
}

/// The samples of the printers.
fn printers(metrics: &str) -> Vec<&str> {
    metrics.lines().filter(|line| line.contains("printer=\"")).collect()
}

fn rejected(metrics: &str) -> usize {
    let samples = metrics.lines().filter(|line| line.starts_with("printfarm_webhook_rejected_total{"));
    samples.map(|line| line.rsplit_once(' ').unwrap().1.parse::<usize>().unwrap()).sum()
}

/// The peak of the program's memory, in bytes.
pub(crate) fn peak(program: &Running) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

/// Sends prints that end, so that no metric changes by itself.
fn print_something(program: &Running) {
    for folder in ["local-complete/json", "cancel/default", "sd-complete/json"] {
        let mut connection = Connection::open(program.address);
        for (_, request) in captures::requests(folder) {
            let printer = folder.replace('/', "%2F");
            connection.send(captures::aimed(&request, &format!("/webhook/octoprint/{printer}")));
            assert_eq!(connection.receive("POST").status, 200, "{folder}");
        }
    }
}

fn send(program: &Running, case: &Case) {
    let Case { name, target, headers, body, missing, status } = case;
    let mut connection = Connection::open(program.address);
    let length = body.len() + missing;
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n");
    connection.send([head.as_bytes(), body].concat());
    if *missing > 0 {
        connection.finish_sending();
    }
    let response = connection.receive("POST");
    assert_eq!(response.status, *status, "{name}: {}\n{}", response.text(), String::from_utf8_lossy(body));
    let answer = response.json();
    assert_eq!(answer["status"], "rejected", "{name}");
    for part in ["reason", "message"] {
        assert!(answer[part].as_str().is_some_and(|text| !text.is_empty()), "{name}: {answer}");
    }
}

#[test]
fn broken_requests_are_refused_and_change_nothing() {
    let program = Running::start(&[]);
    print_something(&program);
    let metrics = || request(&program, "GET", "/metrics", "", b"").1;
    let (before, memory) = (metrics(), peak(&program));
    assert_eq!(rejected(&before), 0);
    assert!(printers(&before).len() > 100);

    let cases = requests::all();
    assert!(cases.len() >= 1_000, "{}", cases.len());
    for case in &cases {
        send(&program, case);
    }

    let after = metrics();
    assert_eq!(printers(&after), printers(&before));
    assert_eq!(rejected(&after), cases.len());
    let grown = peak(&program) - memory;
    assert!(grown < MOST_MEMORY, "{grown} bytes more");
    for target in ["/-/healthy", "/-/ready"] {
        assert_eq!(request(&program, "GET", target, "", b"").0, 200, "{target}");
    }
    let json = "Content-Type: application/json\r\n";
    let (status, answer) = request(&program, "POST", "/webhook/octoprint", json, GOOD);
    assert_eq!((status, answer.contains("\"accepted\"")), (200, true), "{answer}");
}

#[test]
fn unusual_but_valid_requests_are_accepted() {
    let program = Running::start(&[]);
    for Case { name, target, headers, body, .. } in chosen::odd() {
        let (status, answer) = request(&program, "POST", target, &headers, &body);
        assert_eq!(status, 200, "{name}: {answer}");
    }
}
