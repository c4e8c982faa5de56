//! Scrapes over a persistent connection, as Prometheus makes them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use printfarm_exporter::clock::Clock;

use crate::client::find;

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

    /// Scrapes once. Returns the body and how long it took.
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
        answer.truncate(filled);
        answer.drain(..head + 4);
        self.finish(&mut answer);
        let took = self.clock.monotonic().saturating_sub(begun);
        (joined(&answer), took)
    }

    /// Reads until the last chunk has arrived.
    fn finish(&mut self, chunks: &mut Vec<u8>) {
        let mut buffer = vec![0; 1 << 20];
        while !chunks.ends_with(b"\r\n0\r\n\r\n") {
            let read = self.stream.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "the answer broke off");
            chunks.extend_from_slice(&buffer[..read]);
        }
    }
}

/// Requests a scrape and reads a byte of it each second, with a small window, until it is stopped.
pub(crate) fn dawdle(address: SocketAddr, stop: &AtomicBool) {
    const SECOND: Duration = Duration::from_secs(1);
    const STEP: Duration = Duration::from_millis(100);
    let socket =
        socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n").unwrap();
    let mut waited = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(STEP);
        waited += STEP;
        if waited >= SECOND {
            stream.read_exact(&mut [0]).unwrap();
            waited = Duration::ZERO;
        }
    }
}

/// The content of a chunked answer.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(chunks.len());
    while let Some(end) = find(chunks, b"\r\n") {
        let size = usize::from_str_radix(str::from_utf8(&chunks[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&chunks[end + 2..end + 2 + size]);
        chunks = &chunks[end + 2 + size + 2..];
    }
    body
}

/// What a scrape shows.
pub(crate) fn page(address: SocketAddr) -> String {
    let (page, _) = Scraper::connect(address, false).scrape();
    String::from_utf8(page).unwrap()
}

/// The sum of all series of this counter.
pub(crate) fn sum(address: SocketAddr, metric: &str) -> usize {
    let page = page(address);
    let series = page.lines().filter_map(|line| line.strip_prefix(metric)?.strip_prefix('{'));
    series.map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum()
}
