//! Clients that send a few bytes now and then.

use std::thread;
use std::time::Duration;

use printfarm_exporter::clock::Clock;

use super::attacked::{AttackedExporter, Counted};
use crate::client::Connection;

const BODY: &str = "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                    Content-Length: 9999\r\n\r\n{";

fn only(series: &str) -> impl Fn(&Counted) -> Option<u64> {
    move |counted| counted.get(series).copied().filter(|_| counted.len() == 1)
}

/// Holds `of_each` connections of each of three clients, and sends `drop` over each now and then.
fn drip(exporter: &AttackedExporter, beginning: &str, drop: &str, of_each: usize) -> Vec<Connection> {
    let clients = (0..of_each * 3).map(|number| exporter.connect(u8::try_from(number % 3).unwrap() + 1));
    let mut connections: Vec<_> = clients.collect();
    for connection in &mut connections {
        connection.send(beginning);
    }
    let clock = Clock::start();
    while clock.monotonic() < Duration::from_secs(5) {
        for connection in &mut connections {
            // The exporter may have closed it.
            let _ = connection.try_send(drop);
        }
        thread::sleep(Duration::from_millis(100));
    }
    exporter.watch();
    connections
}

#[test]
fn slow_headers_do_not_keep_others_out() {
    let exporter = AttackedExporter::open("slow loris on headers", "limits: {connections: 200}");
    let _held = drip(&exporter, "POST /webhook/octoprint HTTP/1.1\r\nX: ", "x", 200);
    let evicted = only("connections_dropped_total{reason=evicted}")(&exporter.close());
    assert!(evicted.unwrap() >= 400, "{evicted:?}");
}

#[test]
fn slow_bodies_do_not_keep_others_out() {
    let exporter = AttackedExporter::open("slow loris on bodies", "limits: {connections: 200}");
    let _held = drip(&exporter, BODY, " ", 200);
    let evicted = only("connections_dropped_total{reason=evicted}")(&exporter.close());
    assert!(evicted.unwrap() >= 400, "{evicted:?}");
}

#[test]
fn slow_requests_end_at_their_deadline() {
    let exporter = AttackedExporter::open("slow loris until its time is over", "");
    let [mut silent, mut header, mut body] = ["", "GET / HTTP/1.1\r\nX: ", BODY].map(|beginning| {
        let mut connections: Vec<_> = (0..100).map(|_| exporter.connect(1)).collect();
        for connection in &mut connections {
            connection.send(beginning);
        }
        connections
    });
    for connection in silent.iter_mut().chain(&mut header) {
        connection.stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        connection.rest().unwrap();
    }
    // The client may see the end of a connection before it is counted.
    exporter.wait_for("connections_dropped_total{reason=timeout}", 200);
    assert_eq!(only("connections_dropped_total{reason=timeout}")(&exporter.counted()), Some(200));
    for connection in &mut body {
        connection.stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
        assert_eq!(connection.receive("POST").status, 408);
    }
    let counted = exporter.close();
    let rejected = "webhook_rejected_total{reason=timeout,source=octoprint}";
    assert_eq!((counted.len(), counted[rejected]), (2, 100), "{counted:?}");
}
