//! The clients that must be served during an attack: senders and a scraper, each with an address of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use rustls::ClientConfig;

use crate::client::Connection;

/// The secret that honest senders know.
pub(super) const SECRET: &str = "hunter2";

const SENDER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const SCRAPER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// How long senders and the scraper wait between two requests.
const PAUSE: Duration = Duration::from_millis(10);
const SCRAPE_PAUSE: Duration = Duration::from_millis(100);

/// How many senders there are, each with a printer of its own.
const SENDERS: usize = 2;

/// How to reach the exporter.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    /// The header with the scraper's user, or nothing.
    pub(super) user: &'static str,
    /// The client's side of TLS, where the exporter has it.
    pub(super) tls: Option<Arc<ClientConfig>>,
}

impl Endpoint {
    pub(super) fn connect(&self, client: Ipv4Addr) -> Connection {
        let connection = Connection::open_from(client, self.address);
        match &self.tls {
            Some(config) => connection.encrypted(Arc::clone(config)).unwrap(),
            None => connection,
        }
    }

    pub(super) fn scrape(&self) -> String {
        let mut connection = self.connect(SCRAPER);
        connection.send_request("GET", "/metrics", self.user, b"");
        let response = connection.receive("GET");
        assert_eq!(response.status, 200);
        response.text()
    }
}

pub(super) struct HonestClients {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    senders: Vec<JoinHandle<Vec<Duration>>>,
    scraper: JoinHandle<Vec<Duration>>,
}

/// How long each request took, from connecting to the answer, sorted.
pub(super) struct Served {
    pub(super) webhooks: Vec<Duration>,
    pub(super) scrapes: Vec<Duration>,
    /// How many prints were acknowledged.
    pub(super) prints: usize,
}

impl HonestClients {
    pub(super) fn start(endpoint: &Endpoint) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let senders = (0..SENDERS).map(|number| {
            let (endpoint, stop, sent) = (endpoint.clone(), Arc::clone(&stop), Arc::clone(&sent));
            thread::spawn(move || send(&endpoint, number, &stop, &sent))
        });
        let senders = senders.collect();
        // The exporter remembers a password that it has checked. During an attack the first check may be refused as busy.
        endpoint.scrape();
        let scraper = {
            let (endpoint, stop) = (endpoint.clone(), Arc::clone(&stop));
            thread::spawn(move || repeat(SCRAPE_PAUSE, &stop, |_| drop(endpoint.scrape())))
        };
        Self { stop, sent, senders, scraper }
    }

    /// How many webhooks have been acknowledged so far.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn stop(self) -> Served {
        self.stop.store(true, Ordering::Relaxed);
        let by_sender: Vec<Vec<_>> = self.senders.into_iter().map(|sender| sender.join().unwrap()).collect();
        let prints = by_sender.iter().map(|sent| sent.len() / 2).sum();
        let (mut webhooks, mut scrapes) = (by_sender.concat(), self.scraper.join().unwrap());
        webhooks.sort();
        scrapes.sort();
        Served { webhooks, scrapes, prints }
    }
}

/// Sends prints, start and end, each webhook over a new connection as real senders do.
fn send(endpoint: &Endpoint, printer: usize, stop: &AtomicBool, sent: &AtomicUsize) -> Vec<Duration> {
    repeat(PAUSE, stop, |turn| {
        let (print, kind) = (turn / 2, 1 + turn % 2);
        let body = format!(
            r#"{{"PrinterId":"honest-{printer}","PrintId":"{print}","EventType":{kind},"SecretKey":"{SECRET}"}}"#
        );
        let mut connection = endpoint.connect(SENDER);
        let json = "Content-Type: application/json\r\nConnection: close\r\n";
        connection.send_request("POST", "/webhook/octoeverywhere", json, body.as_bytes());
        let response = connection.receive("POST");
        assert_eq!((response.status, &response.json()["status"]), (200, &"accepted".into()), "{response:?}");
        sent.fetch_add(1, Ordering::Relaxed);
    })
}

/// Repeats an even number of turns until `stop`. Returns how long each took.
fn repeat(pause: Duration, stop: &AtomicBool, mut turn: impl FnMut(usize)) -> Vec<Duration> {
    let clock = Clock::start();
    let mut spans = Vec::new();
    while spans.len() % 2 == 1 || !stop.load(Ordering::Relaxed) {
        let begun = clock.monotonic();
        turn(spans.len());
        spans.push(clock.monotonic().saturating_sub(begun));
        thread::sleep(pause);
    }
    spans
}
