//! Attackers that all attack at once, each from an address of its own, until they are stopped.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::attacked::attacker;
use super::clients::Endpoint;
use crate::client::Connection;

const JSON: &str = "Content-Type: application/json\r\n";

/// The counters that grow under these attacks.
pub(super) const COUNTED: [&str; 7] = [
    "connections_dropped_total{reason=evicted}",
    "connections_dropped_total{reason=header_limit}",
    "connections_dropped_total{reason=malformed}",
    "webhook_rejected_total{reason=too_large,source=octoprint}",
    "webhook_rejected_total{reason=too_many_attempts,source=octoeverywhere}",
    "webhook_rejected_total{reason=wrong_secret,source=octoprint}",
    "web_unauthorized_total{reason=wrong}",
];

type Attack = fn(&Endpoint, Ipv4Addr) -> io::Result<()>;

const ATTACKS: [Attack; 6] =
    [hold_handshakes, guess_secrets, send_large_bodies, send_garbage, guess_passwords, invent_printers];

pub(super) struct Attackers {
    stop: Arc<AtomicBool>,
    attackers: Vec<JoinHandle<usize>>,
}

pub(super) fn start(endpoint: &Endpoint) -> Attackers {
    let stop = Arc::new(AtomicBool::new(false));
    let attackers = ATTACKS.iter().zip(1..).map(|(attack, number)| {
        let (endpoint, stop) = (endpoint.clone(), Arc::clone(&stop));
        thread::spawn(move || {
            let mut times = 0;
            while !stop.load(Ordering::Relaxed) {
                // An attacker whose connection is closed tries again.
                let _ = attack(&endpoint, attacker(number));
                times += 1;
                thread::sleep(Duration::from_millis(50));
            }
            times
        })
    });
    Attackers { attackers: attackers.collect(), stop }
}

impl Attackers {
    /// Stops the attackers. Returns how often each attacked.
    pub(super) fn stop(self) -> Vec<usize> {
        self.stop.store(true, Ordering::Relaxed);
        self.attackers.into_iter().map(|attacker| attacker.join().unwrap()).collect()
    }
}

fn encrypted(endpoint: &Endpoint, client: Ipv4Addr) -> io::Result<Connection> {
    Connection::open_from(client, endpoint.address).encrypted(Arc::clone(endpoint.tls.as_ref().unwrap()))
}

/// Sends one request and does not read the answer.
fn ask(connection: &mut Connection, head: &str, body: &[u8]) -> io::Result<()> {
    connection.try_send(format!("{head}Host: x\r\nContent-Length: {}\r\n\r\n", body.len()))?;
    connection.try_send(body)
}

/// Opens more half-open TLS handshakes than the limit of connections.
fn hold_handshakes(endpoint: &Endpoint, client: Ipv4Addr) -> io::Result<()> {
    let mut held: Vec<_> = (0..400).map(|_| Connection::open_from(client, endpoint.address)).collect();
    for half in &mut held {
        half.try_send("\x16\x03\x01")?;
    }
    thread::sleep(Duration::from_secs(3));
    Ok(())
}

/// Sends wrong secrets for both sources.
fn guess_secrets(endpoint: &Endpoint, client: Ipv4Addr) -> io::Result<()> {
    for source in ["octoprint", "octoeverywhere"] {
        let head = format!(
            "POST /webhook/{source} HTTP/1.1\r\n{JSON}X-Webhook-Secret: guess\r\nConnection: close\r\n"
        );
        let mut connection = encrypted(endpoint, client)?;
        ask(
            &mut connection,
            &head,
            b"{\"topic\": \"Print Done\", \"PrinterId\": \"honest\", \"EventType\": 2}",
        )?;
        connection.rest()?;
    }
    Ok(())
}

/// Sends bodies that are too large or nested too deep.
fn send_large_bodies(endpoint: &Endpoint, client: Ipv4Addr) -> io::Result<()> {
    for body in [vec![b' '; 9 << 20], vec![b'['; 100_000]] {
        let head = format!("POST /webhook/octoprint HTTP/1.1\r\n{JSON}Connection: close\r\n");
        let mut connection = encrypted(endpoint, client)?;
        let _ = ask(&mut connection, &head, &body);
        let _ = connection.rest();
    }
    Ok(())
}

/// Sends bytes that are not HTTP, and headers that never end.
fn send_garbage(endpoint: &Endpoint, client: Ipv4Addr) -> io::Result<()> {
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(100_000));
    for bytes in ["hello\r\n\r\n", &endless] {
        let mut connection = encrypted(endpoint, client)?;
        let _ = connection.try_send(bytes);
        let _ = connection.rest();
    }
    Ok(())
}

fn guess_passwords(endpoint: &Endpoint, client: Ipv4Addr) -> io::Result<()> {
    let mut connection = encrypted(endpoint, client)?;
    ask(
        &mut connection,
        "GET /metrics HTTP/1.1\r\nAuthorization: Basic YWxpY2U6bW9zcw==\r\nConnection: close\r\n",
        b"",
    )?;
    connection.rest().map(drop)
}

/// Sends webhooks of unknown printers without a secret.
fn invent_printers(endpoint: &Endpoint, client: Ipv4Addr) -> io::Result<()> {
    let mut connection = encrypted(endpoint, client)?;
    for number in 0..50 {
        let head = format!("POST /webhook/octoprint/invented-{number} HTTP/1.1\r\n{JSON}");
        ask(&mut connection, &head, b"{\"topic\": \"Print Started\"}")?;
    }
    ask(&mut connection, "GET /nothing HTTP/1.1\r\nConnection: close\r\n", b"")?;
    connection.rest().map(drop)
}
