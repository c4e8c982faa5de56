//! An orderly stop.

use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use printfarm_exporter::server::ConnectionLimits;

use crate::app::{Setup, TestApp};
use crate::client::Connection;

const BODY: &str = include_str!("../data/examples/octoprint-started.json");

/// A request whose body has not arrived yet.
fn begin(app: &TestApp) -> Connection {
    let mut connection = app.connect();
    let length = BODY.len();
    connection.send(format!(
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    ));
    // Now the exporter reads the body.
    assert_eq!(connection.receive("POST").status, 100);
    connection
}

#[test]
fn a_request_in_flight_is_answered_and_new_connections_are_refused() {
    let mut app = TestApp::start();
    let mut idle = app.connect();
    idle.send_request("GET", "/-/ready", "", b"");
    assert_eq!(idle.receive("GET").status, 200);
    let mut in_flight = begin(&app);
    app.begin_to_stop();
    idle.assert_closed();
    assert!(TcpStream::connect(app.address).is_err());
    in_flight.send(BODY);
    let answer = in_flight.receive("POST");
    assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("accepted")));
    in_flight.assert_closed();
    app.stopped().unwrap();
}

fn with_stop_deadline(stop_deadline: Duration) -> TestApp {
    let connections = ConnectionLimits { stop_deadline, ..ConnectionLimits::default() };
    TestApp::with(Setup { connections, ..Setup::default() })
}

#[test]
fn a_request_that_does_not_finish_is_cut_off() {
    let app = with_stop_deadline(Duration::from_millis(300));
    let mut in_flight = begin(&app);
    app.stopped().unwrap();
    in_flight.assert_closed();
}

/// Sends a byte now and then, until the exporter closes.
fn drip(mut connection: Connection) -> JoinHandle<()> {
    thread::spawn(move || {
        while connection.try_send(" ").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    })
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time of the stop is measured")]
fn a_client_that_drips_does_not_delay_the_stop_beyond_its_deadline() {
    let deadline = Duration::from_millis(300);
    let app = with_stop_deadline(deadline);
    let mut header = app.connect();
    header.send("POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nX-Drip: ");
    let clients = [drip(begin(&app)), drip(header)];
    let begun = Instant::now();
    app.stopped().unwrap();
    let took = begun.elapsed();
    assert!(took < deadline + Duration::from_secs(1), "{took:?}");
    for client in clients {
        client.join().unwrap();
    }
}

/// Docker kills a container ten seconds after it asked it to stop.
#[test]
fn the_default_deadline_leaves_docker_no_reason_to_kill() {
    assert!(ConnectionLimits::default().stop_deadline <= Duration::from_secs(8));
}
