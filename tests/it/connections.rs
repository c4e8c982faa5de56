//! Clients that are silent, slow, unusual, or that never stop sending.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use printfarm_exporter::http::Options;
use printfarm_exporter::server::ConnectionLimits;

use crate::app::{Setup, TestApp};

const SHORT: Duration = Duration::from_millis(300);

fn with(change: impl FnOnce(&mut ConnectionLimits)) -> TestApp {
    let mut setup = Setup::default();
    change(&mut setup.connections);
    TestApp::with(setup)
}

/// Sends the same bytes repeatedly until the exporter closes the connection.
fn send_endlessly(stream: &mut impl Write, bytes: &[u8], pause: Duration) -> io::Error {
    let times = if pause.is_zero() { 100_000 } else { 1000 };
    for _ in 0..times {
        if let Err(error) = stream.write_all(bytes) {
            return error;
        }
        thread::sleep(pause);
    }
    panic!("the exporter reads without end");
}

fn assert_closed_by_peer(error: &io::Error) {
    let kinds = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
    assert!(kinds.contains(&error.kind()), "{error}");
}

#[test]
fn a_silent_connection_is_closed() {
    let app = with(|limits| limits.header_deadline = SHORT);
    app.connect().assert_closed();
}

#[test]
fn a_connection_that_is_idle_after_a_response_is_closed() {
    let app = with(|limits| limits.header_deadline = SHORT);
    let mut connection = app.connect();
    connection.send_request("GET", "/-/healthy", "", b"");
    assert_eq!(connection.receive("GET").status, 200);
    connection.assert_closed();
}

#[test]
fn a_header_that_never_ends_closes_the_connection() {
    let app = with(|limits| limits.header_deadline = SHORT);
    let mut connection = app.connect();
    connection.send("GET / HTTP/1.1\r\nX: ");
    let error = send_endlessly(&mut connection.stream, b"x", Duration::from_millis(20));
    assert_closed_by_peer(&error);
}

#[test]
fn a_body_that_never_ends_gets_a_response_and_closes_the_connection() {
    let app = TestApp::with(Setup {
        options: Options { body_deadline: SHORT, ..Options::default() },
        ..Setup::default()
    });
    let mut connection = app.connect();
    connection.send(
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{",
    );
    let response = connection.receive("POST");
    assert_eq!(response.status, 408);
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(response.json()["reason"], "timeout");
    connection.assert_closed();
    let series = "printfarm_webhook_rejected_total{reason=\"timeout\",source=\"octoprint\"}";
    assert_eq!(app.metric(series), Some(1.0));
}

#[test]
fn hanging_clients_do_not_delay_others() {
    let app = TestApp::start();
    let beginnings = [
        "",
        "GET / HTTP/1.1\r\nX: ",
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ];
    let hanging: Vec<_> = beginnings
        .iter()
        .cycle()
        .take(200)
        .map(|beginning| {
            let mut connection = app.connect();
            connection.send(beginning);
            connection
        })
        .collect();
    for target in ["/-/healthy", "/metrics", "/"] {
        assert_eq!(app.get(target).status, 200, "{target}");
    }
    for mut connection in hanging {
        connection.stream.set_nonblocking(true).unwrap();
        let error = connection.rest().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "it was closed too early");
    }
}

#[test]
fn connections_beyond_the_limit_wait_until_one_closes() {
    let app = TestApp::with(Setup {
        connections: ConnectionLimits {
            header_deadline: Duration::from_secs(1),
            ..ConnectionLimits::default()
        },
        config: "limits: {connections: 2}",
        ..Setup::default()
    });
    let mut first = app.connect();
    let mut second = app.connect();
    let mut third = app.connect();
    third.send_request("GET", "/-/healthy", "", b"");
    third.stream.set_read_timeout(Some(SHORT / 3)).unwrap();
    let error = third.rest().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "it did not wait");
    third.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(third.receive("GET").status, 200);
    first.assert_closed();
    second.assert_closed();
}

#[test]
fn a_connection_whose_client_stops_reading_is_closed() {
    let app = with(|limits| limits.write_deadline = SHORT);
    let mut connection = app.connect();
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let error = send_endlessly(&mut connection.stream, &request, Duration::ZERO);
    assert_closed_by_peer(&error);
}

#[test]
fn a_response_reaches_a_sender_that_is_still_sending() {
    let app = TestApp::start();
    let mut connection = app.connect();
    let length = 64 << 20;
    connection.send(format!(
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ));
    let mut stream = connection.stream.try_clone().unwrap();
    let sender = thread::spawn(move || stream.write_all(&vec![b' '; 4 << 20]));
    let response = connection.receive("POST");
    assert_eq!(response.status, 413);
    assert_eq!(response.json()["reason"], "too_large");
    sender.join().unwrap().unwrap();
}

#[test]
fn a_sender_that_has_closed_its_side_gets_the_response() {
    let app = TestApp::start();
    // The order of the two events is random.
    for _ in 0..50 {
        let mut connection = app.connect();
        connection.send_request("GET", "/metrics", "", b"");
        connection.finish_sending();
        assert_eq!(connection.receive("GET").status, 200);
        connection.assert_closed();
    }
}

#[test]
fn a_truncated_request_is_malformed() {
    let app = TestApp::start();
    let mut connection = app.connect();
    connection.send(
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    );
    connection.finish_sending();
    let response = connection.receive("POST");
    assert_eq!((response.status, response.json()["reason"].as_str()), (400, Some("malformed")));
}

#[test]
fn a_header_above_the_limit_is_rejected() {
    let app = TestApp::start();
    let value = "x".repeat(70_000);
    assert_eq!(app.request("GET", "/", &format!("X: {value}\r\n"), b"").status, 431);
    let value = "x".repeat(60_000);
    assert_eq!(app.request("GET", "/", &format!("X: {value}\r\n"), b"").status, 200);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let app = TestApp::start();
    let mut connection = app.connect();
    connection.send(
        "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    let answers = [(); 3].map(|()| connection.receive("GET"));
    assert_eq!(answers[0].text(), "healthy\n");
    assert_eq!(answers[1].status, 404);
    assert_eq!(answers[2].text(), "ready\n");
}

#[test]
fn http_1_0_gets_a_response_and_is_closed() {
    let app = TestApp::start();
    let mut connection = app.connect();
    connection.send("GET /-/healthy HTTP/1.0\r\n\r\n");
    let text = String::from_utf8(connection.rest().unwrap()).unwrap();
    assert!(text.starts_with("HTTP/1.0 200 OK\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nhealthy\n"), "{text}");
}

#[test]
fn expect_100_continue_is_answered_with_continue() {
    let app = TestApp::start();
    let mut connection = app.connect();
    let body = "{}";
    connection.send(
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    );
    assert_eq!(connection.receive("POST").status, 100);
    connection.send(body);
    assert_eq!(connection.receive("POST").status, 422);
}

#[test]
fn expect_100_continue_is_rejected_for_a_body_above_the_limit() {
    let app = TestApp::start();
    let mut connection = app.connect();
    connection.send(
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
    );
    assert_eq!(connection.receive("POST").status, 413);
}

#[test]
fn bytes_that_are_not_http_are_rejected() {
    let app = TestApp::start();
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"hello\r\n\r\n", b"\r\n\r\n\0"] {
        let mut connection = app.connect();
        connection.send(bytes);
        connection.finish_sending();
        let answer = connection.rest().unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{bytes:?}: {:?}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(app.get("/-/healthy").status, 200);
}

#[test]
fn slow_scrapers_do_not_delay_others() {
    let app = TestApp::with(Setup { config: "limits: {printers: 3000}", ..Setup::default() });
    let mut sender = app.connect();
    for number in 0..3000 {
        let body = format!(r#"{{"topic":"Print Started","deviceIdentifier":"p{number}"}}"#);
        sender.send_request(
            "POST",
            "/webhook/octoprint",
            "Content-Type: application/json\r\n",
            body.as_bytes(),
        );
        assert_eq!(sender.receive("POST").status, 200);
    }
    let mut slow: Vec<_> = (0..40).map(|_| app.connect()).collect();
    for scraper in &mut slow {
        scraper.send_request("GET", "/metrics", "", b"");
    }
    for scraper in &mut slow {
        scraper.read_a_byte();
    }
    for _ in 0..3 {
        assert_eq!(app.get("/metrics").text().matches("printfarm_printer_errors_total{").count(), 3000);
        let body = r#"{"topic":"Print Done","deviceIdentifier":"p1"}"#;
        assert_eq!(app.post_json("/webhook/octoprint", body).status, 200);
        for scraper in &mut slow {
            scraper.read_a_byte();
        }
    }
    // A scrape that has begun stays complete, as of its beginning.
    let text = slow[0].receive("GET").text();
    assert_eq!(text.matches("printfarm_printer_errors_total{").count(), 3000);
    assert!(text.contains("printfarm_printer_state{printer=\"p1\",state=\"printing\"} 1\n"));
}
