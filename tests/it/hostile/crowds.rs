//! Hundreds of connections that hold resources.

use std::time::Duration;

use super::attacked::AttackedExporter;
use super::clients::SECRET;
use crate::client::Connection;
use crate::common::eventually;

const EVICTED: &str = "connections_dropped_total{reason=evicted}";
const MALFORMED: &str = "webhook_rejected_total{reason=malformed,source=octoprint}";
const REFUSED: &str = "connections_dropped_total{reason=address_limit}";

/// Opens `of_each` connections from each of `clients` clients.
fn crowd(exporter: &AttackedExporter, clients: u8, of_each: usize) -> Vec<Connection> {
    let one = |number| (0..of_each).map(move |_| exporter.connect(number));
    (1..=clients).flat_map(one).collect()
}

#[test]
fn silent_connections_of_many_clients_are_evicted() {
    let exporter = AttackedExporter::open("3,000 silent connections of 20 clients", "");
    let held = crowd(&exporter, 20, 150);
    exporter.watch();
    drop(held);
    let counted = exporter.close();
    assert!(counted.len() == 1 && counted[EVICTED] >= 3_000 - 2_048, "{counted:?}");
}

#[test]
fn silent_connections_of_one_client_are_evicted_or_refused() {
    let exporter = AttackedExporter::open("3,000 silent connections of one client", "");
    let held = crowd(&exporter, 1, 3_000);
    exporter.watch();
    eventually("all connections beyond the limit are closed", || {
        (exporter.counted().values().sum::<u64>() >= 3_000 - 1_024).then_some(())
    });
    drop(held);
    let counted = exporter.close();
    assert!(counted.keys().all(|series| [EVICTED, REFUSED].contains(&series.as_str())), "{counted:?}");
}

#[test]
fn silent_tls_handshakes_are_evicted() {
    let exporter =
        AttackedExporter::open_encrypted("3,000 silent handshakes of 20 clients", "", "").within(192);
    let mut held = crowd(&exporter, 20, 150);
    for half in held.iter_mut().step_by(2) {
        // The start of a first record that is never completed. The connection may be closed already.
        let _ = half.try_send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    }
    exporter.watch();
    drop(held);
    let counted = exporter.close();
    assert!(counted.len() == 1 && counted[EVICTED] >= 3_000 - 2_048, "{counted:?}");
}

#[test]
fn a_client_that_reconnects_all_the_time_does_no_harm() {
    let exporter = AttackedExporter::open("one client that connects without end", "");
    exporter.attack(|| {
        let mut held: Vec<_> = (0..100).map(|_| exporter.connect(1)).collect();
        for connection in &mut held {
            let _ = connection.try_send("GET");
        }
    });
    let counted = exporter.close();
    assert!(counted.is_empty(), "the client closes them itself: {counted:?}");
}

#[test]
fn bodies_that_stop_before_their_last_byte_use_bounded_memory() {
    let exporter = AttackedExporter::open("1,000 bodies that lack their last byte", "").within(512);
    let size = (256 << 10) - 1;
    let beginning = format!(
        "POST /webhook/octoprint?secret={SECRET} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        size + 1
    );
    let body = vec![b' '; size];
    let mut held = crowd(&exporter, 10, 100);
    for connection in &mut held {
        connection.send(&beginning);
        connection.send(&body);
    }
    exporter.watch();
    drop(held);
    exporter.wait_for(MALFORMED, 1_000);
    assert_eq!(exporter.close().into_iter().collect::<Vec<_>>(), [(MALFORMED.to_owned(), 1_000)]);
}

#[test]
fn large_bodies_that_never_end_use_bounded_memory() {
    let exporter = AttackedExporter::open("100 bodies of 8 MiB that stop after the first", "").within(96);
    let beginning = format!(
        "POST /webhook/octoprint?secret={SECRET} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        8 << 20
    );
    let body = vec![b' '; 1 << 20];
    let mut held = crowd(&exporter, 10, 10);
    for connection in &mut held {
        connection.send(&beginning);
        // The exporter may not read everything.
        connection.stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        let _ = connection.try_send(&body);
    }
    exporter.watch();
    drop(held);
    exporter.wait_for(MALFORMED, 100);
    assert_eq!(exporter.close().into_iter().collect::<Vec<_>>(), [(MALFORMED.to_owned(), 100)]);
}

#[test]
fn bodies_in_chunks_of_one_byte_do_no_harm() {
    let exporter = AttackedExporter::open("bodies in pieces of a byte", "");
    let beginning = "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let pieces = "1\r\n \r\n".repeat(20_000);
    let mut held = crowd(&exporter, 10, 3);
    for connection in &mut held {
        connection.send(beginning);
        connection.send(&pieces);
    }
    exporter.watch();
    drop(held);
    exporter.wait_for(MALFORMED, 30);
    assert_eq!(exporter.close().into_iter().collect::<Vec<_>>(), [(MALFORMED.to_owned(), 30)]);
}
