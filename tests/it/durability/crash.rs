//! `kill -9` at random times under load, and clean stops under load.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::client::Connection;
use crate::common::durability::{
    Folder, OCTOEVERYWHERE, OCTOPRINT, assert_balanced, assert_nothing_fell, connect, ended_prints,
    octoeverywhere, octoprint_done, post, scrape, state,
};
use crate::common::program::Running;

const ROUNDS: usize = 60;
const SENDERS: usize = 6;

/// Pseudo-random numbers from a seed.
struct Random(u64);

impl Random {
    /// The seed is `PRINTFARM_TEST_SEED`, to repeat a failure, or a new one.
    fn new() -> Self {
        let chosen = std::env::var("PRINTFARM_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        Self(chosen.unwrap_or_else(|| RandomState::new().build_hasher().finish()) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What was acknowledged of one print. Its other webhooks may be recorded or not.
#[derive(Clone, Debug, Default)]
struct Sent {
    /// The start.
    started: bool,
    /// The end, with its outcome.
    ended: Option<&'static str>,
}

/// A sender with one printer at each source. It continues from round to round.
struct Sender {
    number: usize,
    random: Random,
    prints: BTreeMap<String, Sent>,
}

impl Sender {
    fn new(number: usize, seed: u64) -> Self {
        let seed = seed.wrapping_add(number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Self { number, random: Random(seed), prints: BTreeMap::new() }
    }

    /// Sends complete prints until the connection breaks. Returns the number of acknowledged webhooks.
    fn send_until_it_breaks(&mut self, address: SocketAddr) -> usize {
        let mut acknowledged = 0;
        if let Some(mut stream) = connect(address) {
            let mut send = |target: &str, body: &str| {
                let status = post(&mut stream, target, body)?;
                assert!(status == 200 || status == 503, "{status}");
                acknowledged += usize::from(status == 200);
                (status == 200).then_some(())
            };
            while self.send_a_print(&mut send).is_some() {}
        }
        acknowledged
    }

    fn send_a_print(&mut self, send: &mut impl FnMut(&str, &str) -> Option<()>) -> Option<()> {
        let name = format!("{}-{}", self.number, self.prints.len());
        let print = self.prints.entry(name.clone()).or_default();
        if self.random.below(3) == 0 {
            let file = format!("{OCTOPRINT}/o{}", self.number);
            let seconds = f64::from(u32::try_from(self.random.below(1 << 20)).unwrap()) + 0.5;
            send(&file, &octoprint_done(&name, seconds))?;
            print.ended = Some("completed");
            return Some(());
        }
        let printer = format!("e{}", self.number);
        let mut post =
            |event, seconds| send(OCTOEVERYWHERE, &octoeverywhere(&printer, event, &name, seconds));
        post(1, 0)?;
        print.started = true;
        for _ in 0..self.random.below(4) {
            // Progress, paused, resumed, or a repeated start.
            post([6, 4, 5, 1][usize::try_from(self.random.below(4)).unwrap()], 3)?;
        }
        let (event, outcome) = if self.random.below(2) == 0 { (2, "completed") } else { (3, "failed") };
        post(event, 10 + self.random.below(1000))?;
        print.ended = Some(outcome);
        // Webhooks of an ended print are duplicates for ever.
        for late in [1, 2, 6].into_iter().take(usize::try_from(self.random.below(4)).unwrap()) {
            post(late, 5)?;
        }
        Some(())
    }

    /// Asserts that everything acknowledged is stored once.
    fn assert_kept(&self, ended: &BTreeMap<String, Vec<String>>, open: &[String], context: &str) {
        for (name, print) in &self.prints {
            let rows = ended.get(name).map_or(&[][..], Vec::as_slice);
            assert!(rows.len() <= 1, "{context}: {name} {print:?}: {rows:?}");
            match print.ended {
                Some(outcome) => assert_eq!(rows, [outcome], "{context}: {name} {print:?}"),
                None if print.started => {
                    let known = rows.len() + usize::from(open.contains(name));
                    assert_eq!(known, 1, "{context}: {name} {print:?}: {rows:?}, open: {open:?}");
                }
                None => {}
            }
        }
        let of_mine = |name: &&String| name.starts_with(&format!("{}-", self.number));
        for name in ended.keys().chain(open).filter(of_mine) {
            assert!(self.prints.contains_key(name), "{context}: {name} was never sent");
        }
    }
}

fn open_prints(store: &Path) -> Vec<String> {
    let connection = printfarm_exporter::store::open_to_read(store).unwrap();
    let sql =
        "SELECT state ->> '$.print.print_id' FROM printers WHERE state ->> '$.print.print_id' IS NOT NULL";
    let mut rows = connection.prepare(sql).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Scrapes until `stop` is set. Returns the last complete exposition.
fn watch(address: SocketAddr, stop: &AtomicBool) -> BTreeMap<String, f64> {
    let mut connection = Connection::open(address);
    let mut last = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        connection.send_request("GET", "/metrics", "", b"");
        let seen = state(&connection.receive("GET").text());
        assert_nothing_fell(&last, &seen, "while it runs");
        last = seen;
        thread::sleep(Duration::from_millis(3));
    }
    last
}

/// Runs every sender until `end` has ended the program. Returns what a scrape showed shortly before, and the number of
/// acknowledged webhooks.
fn load(
    senders: &mut [Sender],
    address: SocketAddr,
    lasts: Duration,
    end: impl FnOnce(),
) -> (BTreeMap<String, f64>, usize) {
    let acknowledged = Mutex::new(0);
    let stop = AtomicBool::new(false);
    let shown = thread::scope(|scope| {
        for sender in senders {
            scope.spawn(|| {
                let sent = sender.send_until_it_breaks(address);
                *acknowledged.lock().unwrap() += sent;
            });
        }
        let watcher = scope.spawn(|| watch(address, &stop));
        thread::sleep(lasts);
        stop.store(true, Ordering::Relaxed);
        let shown = watcher.join().unwrap();
        end();
        shown
    });
    (shown, acknowledged.into_inner().unwrap())
}

fn assert_all_kept(senders: &[Sender], store: &Path, context: &str) {
    let (ended, open) = (ended_prints(store), open_prints(store));
    for sender in senders {
        sender.assert_kept(&ended, &open, context);
    }
}

#[test]
fn acknowledged_webhooks_survive_kill_9() {
    let (folder, mut random) = (Folder::new(), Random::new());
    let (store, seed) = (folder.store(), random.0);
    let mut senders: Vec<Sender> = (0..SENDERS).map(|number| Sender::new(number, seed)).collect();
    let (mut shown, mut acknowledged) = (BTreeMap::new(), 0);
    for round in 0..ROUNDS {
        let context = format!("PRINTFARM_TEST_SEED={seed}, round {round}");
        let mut program = Running::start_on(&store);
        let resumed = scrape(&program);
        assert_nothing_fell(&shown, &resumed, &context);
        assert_balanced(&resumed, &store, &context);
        assert_all_kept(&senders, &store, &context);
        let lasts = Duration::from_micros(20_000 + random.below(100_000));
        let address = program.address;
        let (last, sent) = load(&mut senders, address, lasts, || program.crash());
        (shown, acknowledged) = (last, acknowledged + sent);
    }
    assert!(acknowledged > ROUNDS * SENDERS, "only {acknowledged} webhooks were acknowledged");
}

#[test]
fn a_stop_under_load_acknowledges_and_keeps_what_it_has_accepted() {
    let folder = Folder::new();
    let store = folder.store();
    let mut senders: Vec<Sender> = (0..SENDERS).map(|number| Sender::new(number, 7)).collect();
    let mut shown = BTreeMap::new();
    for round in 0..5 {
        let context = format!("stop {round}");
        let program = Running::start_on(&store);
        assert_nothing_fell(&shown, &scrape(&program), &context);
        let address = program.address;
        let (last, sent) = load(&mut senders, address, Duration::from_millis(100), || {
            program.signal("TERM");
            let (code, log) = program.ended();
            assert_eq!(code, Some(0), "{context}: {log}");
        });
        assert!(sent > 0, "{context}");
        shown = last;
        assert_all_kept(&senders, &store, &context);
    }
    let again = scrape(&Running::start_on(&store));
    assert_nothing_fell(&shown, &again, "the last start");
    assert_balanced(&again, &store, "the last start");
}
