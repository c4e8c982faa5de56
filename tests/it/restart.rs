//! Restarts of the recorder on its file, with a manual clock: after a clean stop, after a crash, and with a clock step in
//! between.

mod clock;
mod random;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use printfarm_exporter::farm::{
    Applied, Changes, Disposition, Elapsed, Event, EventKind, File, HEARTBEAT, Identity, Limits, PrintReport,
    View,
};
use printfarm_exporter::labels::{Outcome, Source, State};
use printfarm_exporter::recorder::{RecordError, Recorder, Writer};
use printfarm_exporter::store::{SqliteStore, Store, StoreError, StoredState, open_to_read};
use printfarm_exporter::timestamp::Timestamp;
use printfarm_exporter::webhook::Senders;
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};

const HOUR: i64 = 3600;
const TICK: u64 = 5;
const DONE: EventKind = EventKind::Ended(Outcome::Completed);

/// A store that fails on demand, without storing anything.
struct Flaky {
    store: SqliteStore,
    fails: Arc<AtomicBool>,
}

impl Store for Flaky {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.store.load()
    }

    fn commit(&mut self, view: &View, changes: &Changes) -> Result<(), StoreError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError("the test makes it fail".into()));
        }
        self.store.commit(view, changes)
    }
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Stop,
    /// The next start finds the files as they are at this moment.
    Crash,
}

struct World {
    folder: PathBuf,
    clock: Clock,
    fails: Arc<AtomicBool>,
    running: Option<(Recorder, Writer)>,
    runtime: Runtime,
}

impl World {
    fn new() -> Self {
        Self::at(500_000 * HOUR)
    }

    /// The first start is at this time, in seconds since 1970.
    fn at(seconds: i64) -> Self {
        let clock = Clock::manual(Timestamp::from_micros(seconds * 1_000_000));
        let fails = Arc::new(AtomicBool::new(false));
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut world = Self { folder: new_folder(), clock, fails, running: None, runtime };
        world.start();
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.join("printfarm.db")
    }

    fn start(&mut self) {
        let store = SqliteStore::open(&self.path()).unwrap().with_sources(Senders::builtin().sources());
        let store = Flaky { store, fails: Arc::clone(&self.fails) };
        self.running = Some(Recorder::start(store, self.clock.clone()).unwrap());
        self.tick();
    }

    /// Ends the run and starts the next one `down` seconds later, with a clock step of `step` seconds in between.
    fn restart(&mut self, end: End, down: i64, step: i64) {
        let (recorder, writer) = self.running.take().unwrap();
        let copy = (end == End::Crash).then(|| copy(&self.path()));
        drop(recorder);
        writer.join().unwrap();
        if let Some(copy) = copy {
            fs::remove_dir_all(&self.folder).unwrap();
            self.folder = copy;
        }
        let wall = self.clock.now().micros() + self.clock.wall_offset();
        self.clock = Clock::manual(Timestamp::from_micros(wall + (down + step) * 1_000_000));
        self.start();
    }

    fn recorder(&self) -> &Recorder {
        &self.running.as_ref().unwrap().0
    }

    fn send_from(&self, id: &str, kind: EventKind, report: PrintReport) -> Result<Applied, RecordError> {
        let printer =
            Identity { source: Source::new("octoprint"), id: id.into(), label: id.into(), name: id.into() };
        let event = Event { printer, received: self.clock.now(), sent: None, kind, report };
        self.runtime.block_on(self.recorder().record(event, Limits::default()))
    }

    fn send(&self, kind: EventKind, report: PrintReport) -> Disposition {
        self.send_from("delta", kind, report).unwrap().disposition
    }

    /// Lets time pass with a tick every few seconds, as in the program.
    fn pass(&self, seconds: u64) {
        for _ in 0..seconds / TICK {
            self.clock.advance(Duration::from_secs(TICK));
            self.tick();
        }
        self.clock.advance(Duration::from_secs(seconds % TICK));
    }

    fn tick(&self) {
        self.recorder().tick();
        // A test event changes nothing, and its reply comes after the tick. Where the store fails, it fails too.
        let _ = self.send_from("settle", EventKind::Test, PrintReport::default());
    }

    fn printed(&self) -> f64 {
        let (view, now) = self.recorder().view();
        view.read(now).next().unwrap().printed.as_secs_f64()
    }

    fn state(&self) -> State {
        let (view, now) = self.recorder().view();
        view.read(now).next().unwrap().state
    }

    /// The time counters of every printer, and everything else that it shows.
    fn shown(&self) -> Vec<(f64, f64, String)> {
        let (view, now) = self.recorder().view();
        let show = |reading: printfarm_exporter::farm::PrinterSnapshot<'_>| {
            let rest = format!(
                "{} {} {:?} {:?} {:?} {:?}",
                reading.label, reading.name, reading.state, reading.last_event, reading.print, reading.totals
            );
            (reading.printed.as_secs_f64(), reading.paused.as_secs_f64(), rest)
        };
        view.read(now).map(show).collect()
    }

    /// The number of started, ended and open prints.
    fn counts(&self) -> [u64; 3] {
        let (view, now) = self.recorder().view();
        let mut counts = [0; 3];
        for reading in view.read(now) {
            counts[0] += reading.totals.started.iter().sum::<u64>();
            counts[1] += reading.totals.ended.iter().flatten().sum::<u64>();
            counts[2] += u64::from(reading.print.is_some());
        }
        counts
    }

    /// Label, start of the print, and last event of every printer.
    fn times(&self) -> Vec<(String, Option<Timestamp>, Timestamp)> {
        let (view, now) = self.recorder().view();
        view.read(now)
            .map(|shown| (shown.label.to_owned(), shown.print.map(|print| print.started), shown.last_event))
            .collect()
    }

    /// Asserts that the last row of the history started and ended this many seconds ago.
    fn assert_last_row(&self, started: f64, ended: f64) {
        let connection = open_to_read(&self.path()).unwrap();
        let sql = "SELECT started, ended FROM prints ORDER BY number DESC LIMIT 1";
        let row: (f64, f64) = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let now = self.clock.now().seconds();
        let ago = (now - row.0, now - row.1);
        assert!(close_to(ago.0, started) && close_to(ago.1, ended), "{ago:?} s ago");
    }

    fn rows(&self) -> u64 {
        let connection = open_to_read(&self.path()).unwrap();
        let rows = connection.query_row("SELECT count(*) FROM prints", [], |row| row.get::<_, i64>(0));
        rows.unwrap().cast_unsigned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some((recorder, writer)) = self.running.take() {
            drop(recorder);
            let _ = writer.join();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn new_folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("restart-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Copies the files of a store as a crash would leave them.
fn copy(path: &Path) -> PathBuf {
    let folder = new_folder();
    for suffix in ["", "-wal"] {
        let name = format!("printfarm.db{suffix}");
        fs::copy(path.with_file_name(&name), folder.join(name)).unwrap();
    }
    folder
}

fn elapsed(seconds: u64) -> PrintReport {
    let file = File { name: "a.gcode".into(), path: None };
    let elapsed = Elapsed::Printing(Duration::from_secs(seconds));
    PrintReport { file: Some(file), elapsed: Some(elapsed), ..PrintReport::default() }
}

fn close_to(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-3
}

#[test]
fn a_print_that_continued_during_the_downtime_is_credited_by_its_next_event() {
    for end in [End::Stop, End::Crash] {
        let mut world = World::new();
        world.send(EventKind::Started, elapsed(0));
        world.pass(100);
        world.restart(end, 600, 0);
        assert_eq!(world.state(), State::Printing);
        assert_eq!(world.send(DONE, elapsed(690)), Disposition::Accepted);
        let (view, now) = world.recorder().view();
        let credited = view.read(now).next().unwrap().totals.ended_printed[Outcome::Completed.index()];
        assert_eq!(credited, Duration::from_secs(690), "{end:?}");
        assert_eq!(world.counts(), [1, 1, 0]);
    }
}

#[test]
fn silence_continues_across_a_restart() {
    for end in [End::Stop, End::Crash] {
        let mut world = World::new();
        world.send(EventKind::Started, elapsed(0));
        world.pass(100);
        world.restart(end, 23 * HOUR, 0);
        assert_eq!(world.state(), State::Printing);
        world.restart(end, 2 * HOUR, 0);
        assert_eq!((world.state(), world.printed()), (State::Unknown, 86_400.0), "{end:?}");
        assert_eq!(world.send(DONE, elapsed(90_000)), Disposition::Accepted);
        assert_eq!((world.counts(), world.printed()), ([1, 1, 0], 90_000.0));
    }
}

#[test]
fn labels_and_ended_print_ids_survive_a_restart() {
    let named = |id: &str| PrintReport { print_id: Some(id.into()), ..elapsed(50) };
    for end in [End::Stop, End::Crash] {
        let mut world = World::new();
        world.send(EventKind::Started, named("one"));
        world.send(DONE, named("one"));
        world.send(DONE, named("two"));
        world.restart(end, HOUR, 0);
        for late in [EventKind::Started, EventKind::Progress, DONE] {
            assert_eq!(world.send(late, named("one")), Disposition::Duplicate, "{end:?}: {late:?}");
        }
        let other = Identity {
            source: Source::new("octoeverywhere"),
            id: "x".into(),
            label: "delta".into(),
            name: "delta".into(),
        };
        let event = Event {
            printer: other,
            received: world.clock.now(),
            sent: None,
            kind: EventKind::Started,
            report: PrintReport::default(),
        };
        let applied = world.runtime.block_on(world.recorder().record(event, Limits::default())).unwrap();
        assert_ne!(applied.label, "delta", "{end:?}");
        assert_eq!((world.counts(), world.rows()), ([3, 2, 1], 2));
    }
}
