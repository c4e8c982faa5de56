//! The load: prepared requests, sent one after the other over persistent connections.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use memchr::memmem;
use printfarm_exporter::clock::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::task::LocalSet;

use crate::captured::{self, PRINT};
use crate::server::busy;

/// A push to the Pushgateway for one printer: 14 series, as many as a small printer exporter has.
const PUSH: &str = "\
# TYPE printer_state gauge
printer_state{state=\"printing\"} S
printer_state{state=\"paused\"} 0
printer_state{state=\"idle\"} 0
printer_state{state=\"error\"} 0
# TYPE printer_prints_total counter
printer_prints_total{outcome=\"completed\"} S
printer_prints_total{outcome=\"cancelled\"} 0
printer_prints_total{outcome=\"failed\"} 0
# TYPE printer_print_seconds_total counter
printer_print_seconds_total 242.S
# TYPE printer_paused_seconds_total counter
printer_paused_seconds_total S.5
# TYPE printer_progress_ratio gauge
printer_progress_ratio 0.3S
# TYPE printer_print_remaining_seconds gauge
printer_print_remaining_seconds 120S
# TYPE printer_print_elapsed_seconds gauge
printer_print_elapsed_seconds 3S
# TYPE printer_last_event_timestamp_seconds gauge
printer_last_event_timestamp_seconds 1795306700.S
# TYPE printer_print_info gauge
printer_print_info{file=\"long.gcode\",origin=\"local\"} 1
";

/// The requests of one print, for each printer.
pub(crate) struct Prints {
    requests: Vec<[Vec<u8>; PRINT.len()]>,
    /// The text that the answer to an accepted request contains.
    taken: &'static str,
}

/// The same print with the plugin set to JSON.
const PRINT_AS_JSON: [&str; PRINT.len()] = [
    "pause-resume-done/json/01-print-started.http",
    "pause-resume-done/json/02-print-progress.http",
    "pause-resume-done/json/07-print-progress.http",
    "pause-resume-done/json/12-print-done.http",
];

impl Prints {
    /// The same print on this many printers.
    pub(crate) fn on(printers: usize) -> Self {
        Self::captured(PRINT, printers)
    }

    /// The same print with the plugin set to JSON.
    pub(crate) fn as_json(printers: usize) -> Self {
        Self::captured(PRINT_AS_JSON, printers)
    }

    fn captured(print: [&str; PRINT.len()], printers: usize) -> Self {
        let captured = print.map(|path| {
            let request = String::from_utf8(captured::bytes(path)).unwrap();
            TIMES.iter().fold(request, |text, (long, short)| text.replace(long, short)).into_bytes()
        });
        let on = |printer| captured.each_ref().map(|request| aim(request, printer));
        Self { requests: (0..printers).map(on).collect(), taken: "accepted" }
    }

    /// The same number of pushes to a Pushgateway, one group for each printer.
    pub(crate) fn pushed(printers: usize) -> Self {
        let on = |printer: usize| {
            std::array::from_fn(|step| {
                let body = PUSH.replace('S', &step.to_string());
                let path = format!("/metrics/job/printfarm/printer/p{printer}");
                let length = body.len();
                format!("PUT {path} HTTP/1.1\r\nHost: gateway\r\nContent-Length: {length}\r\n\r\n{body}")
                    .into_bytes()
            })
        };
        Self { requests: (0..printers).map(on).collect(), taken: "202 Accepted" }
    }

    /// One webhook of the print on each printer: 0 is the start, 3 the end.
    pub(crate) fn step(&self, step: usize) -> impl Iterator<Item = &[u8]> {
        self.requests.iter().map(move |print| print[step].as_slice())
    }

    /// All requests, one print after the other, repeated.
    pub(crate) fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.requests.iter().flatten().map(Vec::as_slice).cycle()
    }
}

/// The request with the name of this printer.
fn aim(request: &[u8], printer: usize) -> Vec<u8> {
    let path = request.iter().position(|&byte| byte == b'\r').unwrap();
    let mut aimed = format!("POST /webhook/octoprint/p{printer} HTTP/1.1").into_bytes();
    aimed.extend_from_slice(&request[path..]);
    aimed
}

/// The result of a load.
pub(crate) struct Tally {
    /// How long each answer took, sorted.
    pub(crate) waits: Vec<Duration>,
    /// How long the load took.
    pub(crate) took: Duration,
    /// The processor time of this process.
    pub(crate) busy: Duration,
}

impl Tally {
    /// Answers for each second.
    pub(crate) fn rate(&self) -> f64 {
        self.waits.len() as f64 / self.took.as_secs_f64()
    }

    /// The time within which so many of a thousand were answered.
    pub(crate) fn within(&self, thousandth: usize) -> Duration {
        self.waits[(self.waits.len() * thousandth / 1000).min(self.waits.len() - 1)]
    }
}

/// Sends prints for at least this time. Every print that starts also ends.
pub(crate) fn drive(address: SocketAddr, prints: &Arc<Prints>, connections: usize, time: Duration) -> Tally {
    let clock = Clock::start();
    let work = |number| {
        let (prints, clock) = (Arc::clone(prints), clock.clone());
        async move {
            let mut connection = Connection::open(address).await;
            let mut waits = Vec::new();
            let mut share: Vec<_> =
                prints.requests.iter().skip(number).step_by(connections).cloned().collect();
            for print in (0..share.len()).cycle() {
                if clock.monotonic() >= time {
                    break;
                }
                let print = &mut share[print];
                take_another_time(&mut print[PRINT.len() - 1]);
                for request in print.iter() {
                    let begun = clock.monotonic();
                    connection.ask(request, prints.taken).await;
                    waits.push(clock.monotonic().saturating_sub(begun));
                }
            }
            waits
        }
    };
    run((0..connections).map(work), &clock)
}

/// The times that the print states, and such that fit into the milliseconds that it takes under load.
const TIMES: [(&str, &str); 4] = [
    ("\"printTime\": 6,", "\"printTime\": 0,"),
    ("\"printTime\": 33,", "\"printTime\":  0,"),
    ("\"printTime\": 66,", "\"printTime\":  0,"),
    ("66.40553174700017", " 0.00000074700017"),
];

/// The last digits of the time that the end states.
const END_TIME: &[u8] = b"74700017";

/// Makes the end state another time: one that states the same time again repeats the end before it.
fn take_another_time(end: &mut [u8]) {
    static PRINTS: AtomicUsize = AtomicUsize::new(0);
    let digits = format!("{:05}", PRINTS.fetch_add(1, Ordering::Relaxed) % 100_000);
    let found: Vec<usize> = memmem::find_iter(end, END_TIME).collect();
    for at in found {
        end[at - digits.len()..at].copy_from_slice(digits.as_bytes());
    }
}

/// Sends all requests at once over this many connections. Latencies are measured from the common start.
pub(crate) fn burst<'r>(
    address: SocketAddr,
    requests: impl Iterator<Item = &'r [u8]>,
    connections: usize,
) -> Tally {
    let requests: Vec<Vec<u8>> = requests.map(<[u8]>::to_vec).collect();
    let shares: Vec<Vec<Vec<u8>>> =
        requests.chunks(requests.len().div_ceil(connections)).map(<[_]>::to_vec).collect();
    let clock = Clock::start();
    let work = |share: Vec<Vec<u8>>| {
        let clock = clock.clone();
        async move {
            let mut connection = Connection::open(address).await;
            let mut waits = Vec::new();
            for request in share {
                connection.ask(&request, "accepted").await;
                waits.push(clock.monotonic());
            }
            waits
        }
    };
    run(shares.into_iter().map(work), &clock)
}

/// Runs everything on this thread, so that the servers get the other core.
fn run<W: Future<Output = Vec<Duration>> + 'static>(work: impl Iterator<Item = W>, clock: &Clock) -> Tally {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let (begun, before) = (clock.monotonic(), busy("self"));
        let tasks: Vec<_> = work.map(tokio::task::spawn_local).collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await.unwrap());
        }
        let (took, busy) = (clock.monotonic().saturating_sub(begun), busy("self").saturating_sub(before));
        waits.sort_unstable();
        Tally { waits, took, busy }
    })
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: vec![0; 4096] }
    }

    /// Sends a request and waits for the answer that accepts it.
    async fn ask(&mut self, request: &[u8], taken: &str) {
        let mut unsent = request;
        while !unsent.is_empty() {
            let written = poll_fn(|cx| Pin::new(&mut self.stream).poll_write(cx, unsent)).await.unwrap();
            unsent = &unsent[written..];
        }
        let mut filled = 0;
        loop {
            filled += self.read(filled).await.unwrap();
            if is_whole(&self.buffer[..filled]) {
                break;
            }
        }
        let answer = &self.buffer[..filled];
        let is_taken = answer.starts_with(b"HTTP/1.1 20") && find(answer, taken.as_bytes()).is_some();
        assert!(is_taken, "{}", String::from_utf8_lossy(answer));
    }

    async fn read(&mut self, filled: usize) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(&mut self.buffer[filled..]);
        poll_fn(|cx| Pin::new(&mut self.stream).poll_read(cx, &mut buffer)).await?;
        match buffer.filled().len() {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

/// Whether this is a complete answer.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = find(answer, b"\r\n\r\n") else { return false };
    answer.len() >= head + 4 + content_length(&answer[..head])
}

/// The length that the head of an answer states.
fn content_length(head: &[u8]) -> usize {
    let names: [&[u8]; 2] = [b"\r\ncontent-length: ", b"\r\nContent-Length: "];
    let from = names.iter().find_map(|name| Some(find(head, name)? + name.len())).unwrap();
    let digits = head[from..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
}

/// The position of a part.
pub(crate) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memmem::find(text, part)
}
