//! Everybody who attacks at once, each from an address of its own, until they are told to stop.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::arena::attacker;
use super::honest::Place;
use crate::client::Connection;

const JSON: &str = "Content-Type: application/json\r\n";

/// What their attacks are counted as.
pub(super) const COUNTED: [&str; 7] = [
    "connections_dropped_total{reason=evicted}",
    "connections_dropped_total{reason=header_limit}",
    "connections_dropped_total{reason=malformed}",
    "webhook_rejected_total{reason=too_large,source=octoprint}",
    "webhook_rejected_total{reason=too_many_attempts,source=octoeverywhere}",
    "webhook_rejected_total{reason=wrong_secret,source=octoprint}",
    "web_unauthorized_total{reason=wrong}",
];

type Attack = fn(&Place, Ipv4Addr) -> io::Result<()>;

const ATTACKS: [Attack; 6] = [hold, guess, throw, babble, spy, invent];

/// The attackers at work.
pub(super) struct Rabble {
    stop: Arc<AtomicBool>,
    attackers: Vec<JoinHandle<usize>>,
}

pub(super) fn start(place: &Place) -> Rabble {
    let stop = Arc::new(AtomicBool::new(false));
    let attackers = ATTACKS.iter().zip(1..).map(|(attack, number)| {
        let (place, stop) = (place.clone(), Arc::clone(&stop));
        thread::spawn(move || {
            let mut times = 0;
            while !stop.load(Ordering::Relaxed) {
                // An attacker that is put out comes again.
                let _ = attack(&place, attacker(number));
                times += 1;
                thread::sleep(Duration::from_millis(50));
            }
            times
        })
    });
    Rabble { attackers: attackers.collect(), stop }
}

impl Rabble {
    /// How often each attack was made.
    pub(super) fn stop(self) -> Vec<usize> {
        self.stop.store(true, Ordering::Relaxed);
        self.attackers.into_iter().map(|attacker| attacker.join().unwrap()).collect()
    }
}

fn encrypted(place: &Place, client: Ipv4Addr) -> io::Result<Connection> {
    Connection::open_from(client, place.address).encrypted(Arc::clone(place.tls.as_ref().unwrap()))
}

/// One request; the answer is of no interest.
fn ask(connection: &mut Connection, head: &str, body: &[u8]) -> io::Result<()> {
    connection.try_send(format!("{head}Host: x\r\nContent-Length: {}\r\n\r\n", body.len()))?;
    connection.try_send(body)
}

/// Half-open handshakes, more than there may be connections.
fn hold(place: &Place, client: Ipv4Addr) -> io::Result<()> {
    let mut held: Vec<_> = (0..400).map(|_| Connection::open_from(client, place.address)).collect();
    for half in &mut held {
        half.try_send("\x16\x03\x01")?;
    }
    thread::sleep(Duration::from_secs(3));
    Ok(())
}

/// Wrong secrets, of both sources.
fn guess(place: &Place, client: Ipv4Addr) -> io::Result<()> {
    for source in ["octoprint", "octoeverywhere"] {
        let head = format!(
            "POST /webhook/{source} HTTP/1.1\r\n{JSON}X-Webhook-Secret: guess\r\nConnection: close\r\n"
        );
        let mut connection = encrypted(place, client)?;
        ask(
            &mut connection,
            &head,
            b"{\"topic\": \"Print Done\", \"PrinterId\": \"honest\", \"EventType\": 2}",
        )?;
        connection.rest()?;
    }
    Ok(())
}

/// Bodies that are too large, and nested too deep.
fn throw(place: &Place, client: Ipv4Addr) -> io::Result<()> {
    for body in [vec![b' '; 9 << 20], vec![b'['; 100_000]] {
        let head = format!("POST /webhook/octoprint HTTP/1.1\r\n{JSON}Connection: close\r\n");
        let mut connection = encrypted(place, client)?;
        let _ = ask(&mut connection, &head, &body);
        let _ = connection.rest();
    }
    Ok(())
}

/// What is not HTTP, and headers without end.
fn babble(place: &Place, client: Ipv4Addr) -> io::Result<()> {
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(100_000));
    for bytes in ["hello\r\n\r\n", &endless] {
        let mut connection = encrypted(place, client)?;
        let _ = connection.try_send(bytes);
        let _ = connection.rest();
    }
    Ok(())
}

/// Wrong passwords.
fn spy(place: &Place, client: Ipv4Addr) -> io::Result<()> {
    let mut connection = encrypted(place, client)?;
    ask(
        &mut connection,
        "GET /metrics HTTP/1.1\r\nAuthorization: Basic YWxpY2U6bW9zcw==\r\nConnection: close\r\n",
        b"",
    )?;
    connection.rest().map(drop)
}

/// Printers of nobody, without a secret.
fn invent(place: &Place, client: Ipv4Addr) -> io::Result<()> {
    let mut connection = encrypted(place, client)?;
    for number in 0..50 {
        let head = format!("POST /webhook/octoprint/invented-{number} HTTP/1.1\r\n{JSON}");
        ask(&mut connection, &head, b"{\"topic\": \"Print Started\"}")?;
    }
    ask(&mut connection, "GET /nothing HTTP/1.1\r\nConnection: close\r\n", b"")?;
    connection.rest().map(drop)
}
