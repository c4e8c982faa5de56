//! An orderly stop.

use std::net::TcpStream;
use std::time::Duration;

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

#[test]
fn a_request_that_does_not_finish_is_cut_off() {
    let app = TestApp::with(Setup {
        connections: ConnectionLimits {
            stop_deadline: Duration::from_millis(300),
            ..ConnectionLimits::default()
        },
        ..Setup::default()
    });
    let mut in_flight = begin(&app);
    app.stopped().unwrap();
    in_flight.assert_closed();
}
