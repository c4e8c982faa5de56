//! What the tests of crashes, tampered files and a full disk share.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use printfarm_exporter::store::open_to_read;

use super::program::Running;

/// How long the exporter may take to notice that its store works again: two ticks.
const RECOVERY: Duration = Duration::from_secs(10);

pub(crate) const OCTOPRINT: &str = "/webhook/octoprint";
pub(crate) const OCTOEVERYWHERE: &str = "/webhook/octoeverywhere";

/// A folder that is removed after the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("durability-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("printfarm.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A webhook of OctoEverywhere.
pub(crate) fn octoeverywhere(printer: &str, event: u8, print: &str, seconds: u64) -> String {
    format!(
        r#"{{"PrinterId": "{printer}", "PrinterName": "{printer}", "EventType": {event}, "PrintId": "{print}",
            "FileName": "part.gcode", "DurationSec": {seconds}}}"#
    )
}

/// The end of a print whose start was not reported, from OctoPrint.
pub(crate) fn octoprint_done(file: &str, seconds: f64) -> String {
    format!(
        r#"{{"topic": "Print Done", "extra": {{"name": "{file}", "path": "{file}", "origin": "local", "time": {seconds}}}}}"#
    )
}

/// Posts over a connection that may break at any time. Returns the status of a complete response.
pub(crate) fn post(stream: &mut TcpStream, target: &str, body: &str) -> Option<u16> {
    let length = body.len();
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let (mut response, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&response).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1)?.lines().next()?.parse().ok()?;
            if body.len() >= length {
                return head.split(' ').nth(1)?.parse().ok();
            }
        }
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => response.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
}

pub(crate) fn connect(address: SocketAddr) -> Option<TcpStream> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    Some(stream)
}

/// The series of `/metrics` that are computed from the state.
pub(crate) fn state(exposition: &str) -> BTreeMap<String, f64> {
    let own =
        ["printfarm_webhook", "printfarm_store", "printfarm_build", "printfarm_config", "process_", "#"];
    exposition
        .lines()
        .filter(|line| !own.iter().any(|prefix| line.starts_with(prefix)))
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

pub(crate) fn scrape(program: &Running) -> BTreeMap<String, f64> {
    state(&program.request("GET", "/metrics", "").text())
}

/// The value of one of the exporter's own series.
pub(crate) fn own(program: &Running, series: &str) -> f64 {
    let text = program.request("GET", "/metrics", "").text();
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.unwrap().parse().unwrap()
}

fn sum(series: &BTreeMap<String, f64>, family: &str) -> f64 {
    let of_family = |name: &str| name.split('{').next() == Some(family);
    series.iter().filter(|(name, _)| of_family(name)).map(|(_, value)| value).sum()
}

/// Asserts that no counter has fallen.
pub(crate) fn assert_nothing_fell(
    before: &BTreeMap<String, f64>,
    after: &BTreeMap<String, f64>,
    context: &str,
) {
    for (series, before) in before.iter().filter(|(name, _)| name.contains("_total")) {
        let after = after.get(series).unwrap_or_else(|| panic!("{context}: {series} is missing"));
        assert!(after >= before, "{context}: {series} fell from {before} to {after}");
    }
}

/// Asserts that every started print has ended or is open, and that every ended one is a row.
pub(crate) fn assert_balanced(series: &BTreeMap<String, f64>, store: &Path, context: &str) {
    let (started, ended) =
        (sum(series, "printfarm_prints_started_total"), sum(series, "printfarm_prints_total"));
    let balance = started - ended - sum(series, "printfarm_print_info");
    assert!(balance.abs() < 0.5, "{context}: {started} started, {ended} ended: {series:?}");
    let rows = u32::try_from(ended_prints(store).values().map(Vec::len).sum::<usize>()).unwrap();
    assert!((ended - f64::from(rows)).abs() < 0.5, "{context}: {ended} ended, {rows} rows");
}

/// The outcomes in the rows of each print, by print id, or by file where there is none.
pub(crate) fn ended_prints(store: &Path) -> BTreeMap<String, Vec<String>> {
    let connection = open_to_read(store).unwrap();
    let mut rows = connection.prepare("SELECT coalesce(print_id, file), outcome FROM prints").unwrap();
    let mut ended: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap() {
        let (print, outcome) = row.unwrap();
        ended.entry(print).or_default().push(outcome);
    }
    ended
}

/// Posts and returns the status and the body of the response.
pub(crate) fn send(program: &Running, target: &str, body: &str) -> (u16, String) {
    let response = program.request("POST", target, body);
    (response.status, response.text())
}

pub(crate) fn wait_until_ready(program: &Running) {
    wait_for_readiness(program, 200);
}

pub(crate) fn wait_for_readiness(program: &Running, status: u16) {
    let mut waited = Duration::ZERO;
    while program.request("GET", "/-/ready", "").status != status {
        assert!(waited < RECOVERY, "/-/ready is not {status} after {waited:?}");
        std::thread::sleep(Duration::from_millis(100));
        waited += Duration::from_millis(100);
    }
}
