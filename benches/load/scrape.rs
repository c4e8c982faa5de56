//! Scrapes, as Prometheus makes them: over a connection that is kept.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use printfarm_exporter::clock::Clock;

use crate::client::{content_length, find};

/// A connection of a scraper.
pub(crate) struct Scraper {
    stream: TcpStream,
    request: &'static [u8],
    clock: Clock,
}

impl Scraper {
    /// Connects. With `gzip`, it asks for compressed answers.
    pub(crate) fn connect(address: SocketAddr, gzip: bool) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let request: &[u8] = if gzip {
            b"GET /metrics HTTP/1.1\r\nHost: exporter\r\nAccept-Encoding: gzip\r\n\r\n"
        } else {
            b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n"
        };
        Self { stream, request, clock: Clock::start() }
    }

    /// Scrapes once. Answers the body and how long it took.
    pub(crate) fn scrape(&mut self) -> (Vec<u8>, Duration) {
        let begun = self.clock.monotonic();
        self.stream.write_all(self.request).unwrap();
        let mut answer = vec![0; 64 * 1024];
        let mut filled = 0;
        let head = loop {
            filled += self.stream.read(&mut answer[filled..]).unwrap();
            if let Some(head) = find(&answer[..filled], b"\r\n\r\n") {
                break head;
            }
        };
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..head]));
        answer.resize(head + 4 + content_length(&answer[..head]), 0);
        self.stream.read_exact(&mut answer[filled..]).unwrap();
        let took = self.clock.monotonic().saturating_sub(begun);
        answer.drain(..head + 4);
        (answer, took)
    }
}

/// The sum of all series of this counter.
pub(crate) fn sum(address: SocketAddr, metric: &str) -> usize {
    let (page, _) = Scraper::connect(address, false).scrape();
    let page = String::from_utf8(page).unwrap();
    let series = page.lines().filter_map(|line| line.strip_prefix(metric)?.strip_prefix('{'));
    series.map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum()
}
