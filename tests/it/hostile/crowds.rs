//! Connections by the hundred, and what they hold.

use std::time::Duration;

use super::arena::Arena;
use super::honest::SECRET;
use crate::client::Connection;
use crate::common::eventually;

const EVICTED: &str = "connections_dropped_total{reason=evicted}";
const MALFORMED: &str = "webhook_rejected_total{reason=malformed,source=octoprint}";
const REFUSED: &str = "connections_dropped_total{reason=address_limit}";

/// So many connections from each of so many clients.
fn crowd(arena: &Arena, clients: u8, of_each: usize) -> Vec<Connection> {
    let one = |number| (0..of_each).map(move |_| arena.connect(number));
    (1..=clients).flat_map(one).collect()
}

#[test]
fn silent_connections_of_many_clients() {
    let arena = Arena::open("3,000 silent connections of 20 clients", "");
    let held = crowd(&arena, 20, 150);
    arena.watch();
    drop(held);
    let counted = arena.close();
    assert!(counted.len() == 1 && counted[EVICTED] >= 3_000 - 2_048, "{counted:?}");
}

#[test]
fn silent_connections_of_one_client() {
    let arena = Arena::open("3,000 silent connections of one client", "");
    let held = crowd(&arena, 1, 3_000);
    arena.watch();
    eventually("the others have gone", || {
        (arena.counted().values().sum::<u64>() >= 3_000 - 1_024).then_some(())
    });
    drop(held);
    let counted = arena.close();
    assert!(counted.keys().all(|series| [EVICTED, REFUSED].contains(&series.as_str())), "{counted:?}");
}

#[test]
fn silent_handshakes() {
    let arena = Arena::open_encrypted("3,000 silent handshakes of 20 clients", "", "").within(192);
    let mut held = crowd(&arena, 20, 150);
    for half in held.iter_mut().step_by(2) {
        // The beginning of a first record that is never completed; the connection may be gone.
        let _ = half.try_send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    }
    arena.watch();
    drop(held);
    let counted = arena.close();
    assert!(counted.len() == 1 && counted[EVICTED] >= 3_000 - 2_048, "{counted:?}");
}

#[test]
fn a_client_that_connects_again_and_again() {
    let arena = Arena::open("one client that connects without end", "");
    arena.attack(|| {
        let mut held: Vec<_> = (0..100).map(|_| arena.connect(1)).collect();
        for connection in &mut held {
            let _ = connection.try_send("GET");
        }
    });
    let counted = arena.close();
    assert!(counted.is_empty(), "they leave by themselves: {counted:?}");
}

#[test]
fn bodies_that_stop_before_their_last_byte() {
    let arena = Arena::open("1,000 bodies that lack their last byte", "").within(512);
    let size = (256 << 10) - 1;
    let beginning = format!(
        "POST /webhook/octoprint?secret={SECRET} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        size + 1
    );
    let body = vec![b' '; size];
    let mut held = crowd(&arena, 10, 100);
    for connection in &mut held {
        connection.send(&beginning);
        connection.send(&body);
    }
    arena.watch();
    drop(held);
    arena.wait_for(MALFORMED, 1_000);
    assert_eq!(arena.close().into_iter().collect::<Vec<_>>(), [(MALFORMED.to_owned(), 1_000)]);
}

#[test]
fn large_bodies_that_never_end() {
    let arena = Arena::open("100 bodies of 8 MiB that stop after the first", "").within(96);
    let beginning = format!(
        "POST /webhook/octoprint?secret={SECRET} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        8 << 20
    );
    let body = vec![b' '; 1 << 20];
    let mut held = crowd(&arena, 10, 10);
    for connection in &mut held {
        connection.send(&beginning);
        // The exporter may not read all of it.
        connection.stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        let _ = connection.try_send(&body);
    }
    arena.watch();
    drop(held);
    arena.wait_for(MALFORMED, 100);
    assert_eq!(arena.close().into_iter().collect::<Vec<_>>(), [(MALFORMED.to_owned(), 100)]);
}

#[test]
fn bodies_in_pieces_of_a_byte() {
    let arena = Arena::open("bodies in pieces of a byte", "");
    let beginning = "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let pieces = "1\r\n \r\n".repeat(20_000);
    let mut held = crowd(&arena, 10, 3);
    for connection in &mut held {
        connection.send(beginning);
        connection.send(&pieces);
    }
    arena.watch();
    drop(held);
    arena.wait_for(MALFORMED, 30);
    assert_eq!(arena.close().into_iter().collect::<Vec<_>>(), [(MALFORMED.to_owned(), 30)]);
}
