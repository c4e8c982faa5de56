//! Clients that send a byte now and then, or never.

use std::thread;
use std::time::Duration;

use printfarm_exporter::clock::Clock;

use super::arena::{Arena, Counted};
use crate::client::Connection;

const BODY: &str = "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                    Content-Length: 9999\r\n\r\n{";

fn only(series: &str) -> impl Fn(&Counted) -> Option<u64> {
    move |counted| counted.get(series).copied().filter(|_| counted.len() == 1)
}

/// Holds so many connections of each of three clients, and lets each of them send `drop` every now and then.
fn drip(arena: &Arena, beginning: &str, drop: &str, of_each: usize) -> Vec<Connection> {
    let clients = (0..of_each * 3).map(|number| arena.connect(u8::try_from(number % 3).unwrap() + 1));
    let mut connections: Vec<_> = clients.collect();
    for connection in &mut connections {
        connection.send(beginning);
    }
    let clock = Clock::start();
    while clock.monotonic() < Duration::from_secs(5) {
        for connection in &mut connections {
            // It may have been closed.
            let _ = connection.try_send(drop);
        }
        thread::sleep(Duration::from_millis(100));
    }
    arena.watch();
    connections
}

#[test]
fn a_slow_loris_on_headers() {
    let arena = Arena::open("slow loris on headers", "limits: {connections: 200}");
    let _held = drip(&arena, "POST /webhook/octoprint HTTP/1.1\r\nX: ", "x", 200);
    let evicted = only("connections_dropped_total{reason=evicted}")(&arena.close());
    assert!(evicted.unwrap() >= 400, "{evicted:?}");
}

#[test]
fn a_slow_loris_on_bodies() {
    let arena = Arena::open("slow loris on bodies", "limits: {connections: 200}");
    let _held = drip(&arena, BODY, " ", 200);
    let evicted = only("connections_dropped_total{reason=evicted}")(&arena.close());
    assert!(evicted.unwrap() >= 400, "{evicted:?}");
}

#[test]
fn a_slow_loris_until_its_time_is_over() {
    let arena = Arena::open("slow loris until its time is over", "");
    let [mut silent, mut header, mut body] = ["", "GET / HTTP/1.1\r\nX: ", BODY].map(|beginning| {
        let mut connections: Vec<_> = (0..100).map(|_| arena.connect(1)).collect();
        for connection in &mut connections {
            connection.send(beginning);
        }
        connections
    });
    for connection in silent.iter_mut().chain(&mut header) {
        connection.stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        connection.rest().unwrap();
    }
    // A connection is counted after its end, which its client may see first.
    arena.wait_for("connections_dropped_total{reason=timeout}", 200);
    assert_eq!(only("connections_dropped_total{reason=timeout}")(&arena.counted()), Some(200));
    for connection in &mut body {
        connection.stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
        assert_eq!(connection.receive("POST").status, 408);
    }
    let counted = arena.close();
    let rejected = "webhook_rejected_total{reason=timeout,source=octoprint}";
    assert_eq!((counted.len(), counted[rejected]), (2, 100), "{counted:?}");
}
