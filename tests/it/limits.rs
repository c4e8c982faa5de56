//! Limits of connections, rates and headers: the response at each limit, and its metric.

use std::fs;
use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use printfarm_exporter::clock::Clock;
use printfarm_exporter::config::{Environment, SharedSettings};
use printfarm_exporter::metrics::exporter::ExporterMetrics;
use printfarm_exporter::process;
use printfarm_exporter::server::{ConnectionLimiter, ConnectionLimits, Listener, ListenerKind, bind, serve};
use printfarm_exporter::timestamp::Timestamp;

use crate::app::{Setup, TestApp};
use crate::client::Connection;
use crate::common::program::Running;

const STARTED: &str = include_str!("../data/examples/octoprint-started.json");
const SHORT: Duration = Duration::from_millis(300);

fn with(config: &'static str) -> TestApp {
    let connections = ConnectionLimits { idle_grace: SHORT, ..ConnectionLimits::default() };
    TestApp::with(Setup { connections, config, ..Setup::default() })
}

fn dropped(app: &TestApp, reason: &str) -> u32 {
    let series = format!("printfarm_connections_dropped_total{{reason=\"{reason}\"}}");
    let text = app.get("/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(&series)).unwrap();
    line.trim().parse().unwrap()
}

/// Waits until this many connections were dropped for this reason.
#[expect(clippy::disallowed_methods, reason = "a test that waits must end")]
fn wait_until_dropped(app: &TestApp, reason: &str, count: u32) {
    let begun = Instant::now();
    while dropped(app, reason) < count {
        assert!(begun.elapsed() < Duration::from_secs(20), "{reason}: {}", dropped(app, reason));
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_client_at_its_limit_of_connections_gets_503() {
    let app = TestApp::with(Setup {
        connections: ConnectionLimits { idle_grace: SHORT * 4, ..ConnectionLimits::default() },
        config: "limits: {connections_per_address: 3}",
        ..Setup::default()
    });
    let mut held: Vec<_> = (0..3).map(|_| app.connect()).collect();
    let refused = app.connect().receive("GET");
    assert_eq!((refused.status, refused.header("connection")), (503, Some("close")));
    assert_eq!(refused.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(refused.text().contains("limits.connections_per_address"), "{}", refused.text());
    // Connections that are idle for longer than the grace are evicted.
    thread::sleep(SHORT * 5);
    assert_eq!(app.get("/-/healthy").status, 200);
    held[0].assert_closed();
    assert_eq!(dropped(&app, "address_limit"), 1);
    assert!(dropped(&app, "evicted") >= 1, "reading the metric takes a connection, too");
}

#[test]
fn a_client_at_its_limit_does_not_delay_other_clients() {
    // This clock stands still, so the limiter never sees a standstill and further connections wait.
    let clock = Clock::manual(Timestamp::from_micros(0));
    let config = "limits: {connections_per_address: 1}";
    let app = TestApp::at(&clock, Setup { config, ..Setup::default() });
    let held = app.connect();
    let mut waiting = app.connect();
    waiting.send_request("GET", "/-/healthy", "", b"");
    let mut other = Connection::open_from(Ipv4Addr::new(127, 0, 0, 2), app.address);
    other.send_request("GET", "/-/healthy", "", b"");
    assert_eq!(other.receive("GET").status, 200);
    drop(held);
    assert_eq!(waiting.receive("GET").status, 200);
}

#[test]
fn silent_connections_are_evicted_for_new_ones() {
    let app = with("limits: {connections: 100}");
    let mut silent: Vec<_> = (0..100).map(|_| app.connect()).collect();
    for number in 0..20 {
        assert_eq!(app.post_json("/webhook/octoprint", STARTED).status, 200, "{number}");
    }
    silent[0].assert_closed();
    assert!(dropped(&app, "evicted") >= 1);
}

#[test]
fn a_connection_with_a_slow_body_is_evicted() {
    let app = with("limits: {connections: 2}");
    let head = "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n";
    let mut slow: Vec<_> = (0..2).map(|_| app.connect()).collect();
    for connection in &mut slow {
        connection.send(head);
    }
    for _ in 0..5 {
        thread::sleep(SHORT / 4);
        slow[0].send(" ");
    }
    assert_eq!(app.get("/-/healthy").status, 200);
    assert!(dropped(&app, "evicted") >= 1);
}

#[test]
fn a_thousand_connections_of_one_address_are_served() {
    // This process holds both ends of each connection.
    process::raise_nofile_limit();
    let app = TestApp::start();
    let mut printers: Vec<_> = (0..1_000).map(|_| app.connect()).collect();
    for (number, connection) in printers.iter_mut().enumerate() {
        let json = "Content-Type: application/json\r\n";
        let target = format!("/webhook/octoprint/printer-{number}");
        connection.send_request("POST", &target, json, STARTED.as_bytes());
    }
    for connection in &mut printers {
        assert_eq!(connection.receive("POST").status, 200);
    }
    for reason in ["address_limit", "evicted"] {
        assert_eq!(dropped(&app, reason), 0, "{reason}");
    }
    assert!(app.metric("printfarm_connections").unwrap() >= 1_000.0);
}

#[test]
fn connections_beyond_the_limit_of_an_address_are_served_in_turn() {
    let app = with("limits: {connections_per_address: 5}");
    let address = app.address;
    let senders = (0..40).map(|_| {
        thread::spawn(move || {
            for _ in 0..10 {
                let mut connection = Connection::open(address);
                let json = "Content-Type: application/json\r\nConnection: close\r\n";
                connection.send_request("POST", "/webhook/octoprint", json, STARTED.as_bytes());
                assert_eq!(connection.receive("POST").status, 200);
            }
        })
    });
    let senders: Vec<_> = senders.collect();
    assert!(senders.into_iter().all(|sender| sender.join().is_ok()));
    assert_eq!((dropped(&app, "address_limit"), dropped(&app, "evicted")), (0, 0));
}

#[test]
fn early_ends_of_connections_are_counted_by_reason() {
    let mut setup = Setup { config: "limits: {header_bytes: 10000}", ..Setup::default() };
    setup.connections.header_deadline = SHORT;
    let app = TestApp::with(setup);
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(101));
    for (name, bytes, status) in [
        ("a long header", long.as_str(), "431"),
        ("many headers", &many, "431"),
        ("no HTTP", "hello\r\n\r\n", "400"),
    ] {
        let mut connection = app.connect();
        connection.send(bytes);
        let answer = String::from_utf8(connection.rest().unwrap()).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
    }
    wait_until_dropped(&app, "header_limit", 2);
    wait_until_dropped(&app, "malformed", 1);
    let mut idle = app.connect();
    idle.send_request("GET", "/-/healthy", "", b"");
    idle.receive("GET");
    let (mut silent, mut loris) = (app.connect(), app.connect());
    loris.send("GET / HTTP/1.1\r\nX");
    for connection in [&mut silent, &mut loris, &mut idle] {
        connection.rest().unwrap();
    }
    wait_until_dropped(&app, "timeout", 2);
    assert_eq!(dropped(&app, "timeout"), 2, "a connection that is idle after a request does not count");
}

#[test]
fn the_rate_limit_counts_webhooks_but_not_scrapes() {
    let clock = Clock::manual(Timestamp::from_micros(1_795_300_000_000_000));
    let app = TestApp::at(&clock, Setup { config: "limits: {requests_per_second: 2}", ..Setup::default() });
    let post = || app.post_json("/webhook/octoprint", STARTED);
    for number in 0..20 {
        assert_eq!(post().status, 200, "{number}");
    }
    let refused = post();
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert_eq!(refused.json()["reason"], "rate_limit");
    for _ in 0..30 {
        assert_eq!(app.get("/metrics").status, 200);
    }
    let series = "printfarm_webhook_rejected_total{reason=\"rate_limit\",source=\"octoprint\"}";
    assert_eq!(app.metric(series), Some(1.0));
    clock.advance(Duration::from_millis(500));
    assert_eq!((post().status, post().status), (200, 429));
}

#[test]
fn a_panic_gets_a_response_and_ends_nothing_else() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let environment = Environment { variable: Box::new(|_| None), file: Box::new(|_| Ok(Vec::new())) };
    let settings = SharedSettings::load(None, environment, Vec::new()).unwrap();
    let metrics = ExporterMetrics::new(Timestamp::from_micros(0)).unwrap();
    let limiter = ConnectionLimiter::new(settings, Clock::start(), metrics, SHORT);
    let broken = async || -> &'static str { panic!("hunter2, which is meant to happen") };
    let router =
        Router::new().route("/broken", get(broken).post(broken)).route("/fine", get(async || "fine"));
    let address = runtime.block_on(async {
        let sockets = bind(&["127.0.0.1:0".parse().unwrap()], ListenerKind::Web).unwrap();
        let address = sockets[0].local_addr().unwrap();
        let limits = ConnectionLimits::default();
        let listener = Listener { kind: ListenerKind::Web, sockets, router, web_config: None };
        tokio::spawn(serve(vec![listener], limits, limiter, std::future::pending()));
        address
    });
    for method in ["GET", "POST"] {
        let mut connection = Connection::open(address);
        connection.send_request(method, "/broken", "", b"");
        let response = connection.receive(method);
        assert_eq!((response.status, response.header("connection")), (500, Some("close")));
        assert_eq!(response.text(), "Internal error of the exporter; see its log.\n");
    }
    let mut connection = Connection::open(address);
    connection.send_request("GET", "/fine", "", b"");
    assert_eq!(connection.receive("GET").text(), "fine");
    runtime.shutdown_background();
}

#[test]
fn core_dumps_are_disabled_and_the_limit_of_open_files_is_raised() {
    let program = Running::start(&[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", program.child.id())).unwrap();
    let of = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of("Max core file size")[0], "0");
    let files = of("Max open files");
    assert_eq!(files[0], files[1]);
}
