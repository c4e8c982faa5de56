//! Restarts of the recorder on its file, with a manual clock: after a clean stop, after a crash, and with a clock step in
//! between.

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
fn counters_of_time_never_fall_and_show_at_most_a_heartbeat_too_much() {
    let minute = HEARTBEAT.as_secs_f64();
    for end in [End::Stop, End::Crash] {
        for (down, step) in
            [(1, 0), (30, 0), (600, 0), (1, -2), (1, -20), (1, -45), (1, -90), (1, -HOUR), (1, -1000 * HOUR)]
        {
            let name = format!("{end:?}, down for {down} s, step by {step} s");
            let mut world = World::new();
            world.send(EventKind::Started, elapsed(0));
            world.pass(103);
            world.restart(end, down, step);
            let truth = if step < 0 { 100.0 } else { 103.0 + f64::from(i32::try_from(down).unwrap()) };
            let printed = world.printed();
            assert!(printed >= 103.0 && printed <= truth.max(103.0) + minute, "{name}: {printed}");
            if (end, step) == (End::Stop, 0) {
                assert!(close_to(printed, truth), "{name}: {printed}");
            }
            for again in [End::Stop, End::Crash] {
                let before = world.printed();
                world.pass(3);
                world.restart(again, 1, 0);
                assert!(world.printed() >= before, "{name}, then {again:?}: {} < {before}", world.printed());
            }
            world.pass(300);
            let late = world.printed();
            assert!(late >= 300.0 && late <= truth + 308.0 + minute, "{name}: {late} s at last");
        }
    }
}

#[test]
fn a_state_that_moved_with_a_clock_set_back_is_stored() {
    let mut world = World::new();
    world.send(EventKind::Started, elapsed(0));
    world.pass(300);
    world.restart(End::Crash, 1, -HOUR);
    world.pass(1800);
    let before = world.printed();
    assert!((2000.0..2200.0).contains(&before), "{before}");
    world.restart(End::Crash, 1, 0);
    let after = world.printed();
    assert!((before..before + 70.0).contains(&after), "{before}, then {after}");
}

#[test]
fn a_clock_step_credits_nothing_after_a_restart_either() {
    for step in [-HOUR, HOUR] {
        for end in [End::Stop, End::Crash] {
            let mut world = World::new();
            world.send(EventKind::Started, elapsed(0));
            world.pass(30);
            world.clock.step_wall(step * 1_000_000);
            world.tick();
            let copied = copy(&world.path());
            let copy = SqliteStore::open(&copied.join("printfarm.db")).unwrap();
            let kept = copy.with_sources(Senders::builtin().sources()).load().unwrap();
            fs::remove_dir_all(copied).unwrap();
            let moved = world.clock.now() - Duration::from_secs(30);
            let last_event = kept.farm.view().read(moved).next().unwrap().last_event;
            assert_eq!(last_event, moved, "step by {step} s: the stored times");
            world.pass(10);
            world.restart(end, 1, 0);
            let printed = world.printed();
            assert!((40.0..=105.0).contains(&printed), "step by {step} s, {end:?}: {printed}");
        }
    }
}

#[test]
fn a_clock_step_credits_nothing_to_a_print_of_an_earlier_run() {
    for step in [-HOUR, HOUR] {
        for between in [0, -HOUR] {
            let mut world = World::new();
            world.send(EventKind::Started, elapsed(0));
            world.pass(100);
            world.restart(End::Stop, 0, between);
            world.pass(100);
            world.clock.step_wall(step * 1_000_000);
            world.tick();
            world.pass(100);
            let printed = world.printed();
            let name = format!("step by {between} s between the runs, then by {step} s");
            assert!((240.0..=300.001).contains(&printed), "{name}: {printed}");
        }
    }
}

#[test]
fn all_times_are_right_once_a_clock_that_was_behind_at_the_boot_gets_the_time() {
    let mut world = World::new();
    for printer in ["a", "b"] {
        world.send_from(printer, EventKind::Started, elapsed(0)).unwrap();
        world.pass(60);
    }
    world.send_from("b", DONE, elapsed(60)).unwrap();
    let before = world.times();
    world.restart(End::Crash, 60, -3000);
    world.pass(20);
    assert_eq!(world.times(), before, "the stored times are better than the clock");
    world.send_from("c", EventKind::Started, elapsed(0)).unwrap();
    world.pass(30);
    world.send_from("c", DONE, elapsed(30)).unwrap();
    world.clock.step_wall(3_000_000_000);
    world.tick();
    world.pass(10);
    assert_eq!(world.times()[..2], before);
    assert_eq!(world.times()[2].2, world.clock.now() - Duration::from_secs(10));
    world.assert_last_row(40.0, 10.0);
    let wall = world.clock.wall_offset();
    assert!(wall.abs() < 1_000_000, "the wall clock is ahead by {wall} us");
}

#[test]
fn a_clock_that_stays_behind_is_followed_after_a_while() {
    let mut world = World::new();
    world.send(EventKind::Started, elapsed(0));
    world.pass(60);
    world.restart(End::Crash, 60, -3000);
    world.pass(590);
    assert!(world.clock.wall_offset() < -2_000_000_000);
    world.pass(20);
    let wall = world.clock.wall_offset();
    assert!(wall.abs() < 1_000_000, "the wall clock is ahead by {wall} us");
    assert!(world.times()[0].2 <= world.clock.now(), "no time is in the future");
}

#[test]
fn a_first_start_in_1970_leaves_no_times_there() {
    let mut world = World::at(20);
    world.send_from("a", EventKind::LimitReached, PrintReport::default()).unwrap();
    for printer in ["a", "b"] {
        world.send_from(printer, EventKind::Started, elapsed(0)).unwrap();
    }
    world.pass(30);
    world.send_from("a", DONE, elapsed(30)).unwrap();
    world.pass(10);
    world.clock.step_wall(500_000 * HOUR * 1_000_000);
    world.tick();
    let now = world.clock.now();
    let ago = |seconds| now - Duration::from_secs(seconds);
    let times = vec![("a".into(), None, ago(10)), ("b".into(), Some(ago(40)), ago(40))];
    assert_eq!(world.times(), times);
    assert_eq!(world.recorder().view().0.limit_reached(Source::new("octoprint")), Some(ago(40)));
    world.assert_last_row(40.0, 10.0);
    // A second step, now backwards.
    world.clock.step_wall(-5_000_000);
    world.tick();
    world.assert_last_row(40.0, 10.0);
    world.restart(End::Crash, 0, 0);
    world.assert_last_row(40.0, 10.0);
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

#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there are few of them")]
enum Step {
    Send(usize, EventKind, Box<PrintReport>),
    Pass(u64),
    Clock(i64),
    Fails(bool),
    Restart(End, i64),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop::sample::select(vec![
        EventKind::Started,
        EventKind::Started,
        EventKind::Progress,
        EventKind::Paused,
        EventKind::Resumed,
        DONE,
        EventKind::Ended(Outcome::Failed),
        EventKind::Error,
        EventKind::LimitReached,
    ]);
    let job =
        (prop::option::of(0..6_usize), prop::option::of(0..5000_u64)).prop_map(|(id, seconds)| PrintReport {
            print_id: id.map(|id| id.to_string()),
            elapsed: seconds.map(|seconds| Elapsed::Printing(Duration::from_secs(seconds))),
            ..elapsed(0)
        });
    prop_oneof![
        6 => (0..3_usize, kind, job).prop_map(|(printer, kind, job)| Step::Send(printer, kind, Box::new(job))),
        2 => (0..200_u64).prop_map(Step::Pass),
        1 => prop_oneof![-4000..-1_i64, 2..4000_i64].prop_map(Step::Clock),
        2 => any::<bool>().prop_map(Step::Fails),
        1 => (prop::bool::ANY, 0..100_i64)
            .prop_map(|(stop, down)| Step::Restart(if stop { End::Stop } else { End::Crash }, down)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn acknowledged_events_survive_failures_steps_and_restarts(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            let before = world.shown();
            match step {
                Step::Send(printer, kind, job) => {
                    let sent = world.send_from(["a", "b", "c"][printer], kind, *job);
                    if sent.is_err() {
                        prop_assert_eq!(world.shown(), before.clone(), "a refused event changes nothing");
                    }
                }
                Step::Pass(seconds) => world.pass(seconds),
                // While the store fails, the time of the counters cannot be stored.
                Step::Clock(_) if world.fails.load(Ordering::Relaxed) => {}
                Step::Clock(seconds) => {
                    world.clock.step_wall(seconds * 1_000_000);
                    world.tick();
                }
                Step::Fails(fails) => world.fails.store(fails, Ordering::Relaxed),
                Step::Restart(end, down) => world.restart(end, down, 0),
            }
            for (before, after) in before.iter().zip(world.shown()) {
                prop_assert!(after.0 >= before.0 && after.1 >= before.1, "{:?}, then {:?}", before, after);
            }
            let [started, ended, open] = world.counts();
            prop_assert_eq!(started, ended + open);
            prop_assert_eq!(world.rows(), ended);
        }
        let before = world.shown();
        world.restart(End::Crash, 0, 0);
        for (before, after) in before.iter().zip(world.shown()) {
            prop_assert_eq!(&before.2, &after.2);
            prop_assert!(after.0 - before.0 <= HEARTBEAT.as_secs_f64() + 0.1, "{:?}, then {:?}", before, after);
        }
        prop_assert_eq!(before.len(), world.shown().len());
    }
}
