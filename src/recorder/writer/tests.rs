//! Two replicas on a model of a shared store. Any step may fail, and a replica or the store may die between two steps: every
//! acknowledged event is applied once, no counter falls, and the replicas agree.

mod mortal;

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::sync::oneshot;

use super::*;
use crate::clock::Clock;
use crate::farm::tests::random::counters;
use crate::farm::{Elapsed, Event, EventKind, Identity, PrintReport, View};
use crate::labels::{Outcome, Source, WarningAction};
use crate::recorder::Reading;
use crate::store::testing::{Fault, Model, ModelConnection};
use crate::store::{Dated, Outbox, SharedStore};
use mortal::{LocalFault, Mortal};

const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// A replica gets events at once, and perhaps a scrape.
    Batch { replica: usize, events: Vec<(usize, Kind)>, is_read: bool, faults: [Fault; 2], local: LocalFault },
    /// A replica is killed between two batches, and starts again.
    Restart(usize),
    /// Time passes.
    Wait(Duration),
    /// Another server becomes the leader, whose clock may be behind.
    FailOver(Duration),
}

/// Events, by what is counted of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Counts as one warning, whenever and however often it is applied.
    Warning,
    /// Ends a print that nobody has heard of: one row of the history.
    End,
    Started,
    Progress(u64),
    Paused,
}

struct Replica {
    folder: PathBuf,
    clock: Clock,
    faults: Arc<Mutex<VecDeque<Fault>>>,
    writer: WriterThread<Mortal>,
}

impl Replica {
    fn start(model: &Model, folder: PathBuf, clock: Clock) -> Self {
        let faults = Arc::default();
        let outbox = Outbox::open(&folder.join("outbox.db"), Source::SAMPLES.to_vec()).unwrap();
        let store = SharedStore::new(ModelConnection::new(model, &faults), outbox).unwrap();
        let mut store = Mortal { store, fault: LocalFault::None };
        let farm = store.load().unwrap().farm;
        let published = Arc::new(Published::new(View::default(), clock.clone()));
        let writer = WriterThread::new(farm, store, published, BTreeSet::default(), false);
        Self { folder, clock, faults, writer }
    }

    /// Records a batch. Returns whether the replica survived it.
    fn record(&mut self, batch: Batch, faults: &[Fault], local: LocalFault) -> bool {
        *self.faults.lock().unwrap() = faults.iter().copied().collect();
        self.writer.store.begin_to_fail(local);
        let survived = catch_unwind(AssertUnwindSafe(|| self.writer.record(batch))).is_ok();
        self.faults.lock().unwrap().clear();
        self.writer.store.begin_to_fail(LocalFault::None);
        survived
    }

    fn read(&mut self) -> Option<(Arc<View>, Timestamp)> {
        let (reply, mut reading) = oneshot::channel();
        assert!(self.record(Batch { readers: vec![reply], ..Batch::default() }, &[], LocalFault::None));
        reading.try_recv().unwrap().ok()
    }
}

/// The world: the database, its replicas, what was acknowledged, and what scrapes have seen.
struct World {
    model: Model,
    replicas: Vec<Option<Replica>>,
    folder: PathBuf,
    /// For each printer, the warnings that were acknowledged, and those that were not.
    warnings: BTreeMap<usize, (u64, u64)>,
    /// The ids of prints, and whether their ends were acknowledged.
    prints: BTreeMap<String, bool>,
    seen: BTreeMap<String, Vec<f64>>,
    events: usize,
}

fn identity(printer: usize) -> Identity {
    let id = format!("printer-{printer}");
    Identity { source: Source::OCTOPRINT, label: id.clone(), name: id.clone(), id }
}

impl World {
    fn new(folder: PathBuf) -> Self {
        let model = Model::new(START);
        // Their clocks differ from each other and from that of the database.
        let clocks = [-3_000_000, 5_000_000].map(|ahead| Clock::manual(START.shift(ahead)));
        let replicas = clocks.into_iter().enumerate();
        let replicas = replicas.map(|(number, clock)| {
            let folder = folder.join(number.to_string());
            Some(Replica::start(&model, folder, clock))
        });
        let replicas = replicas.collect();
        Self {
            model,
            replicas,
            folder,
            warnings: BTreeMap::new(),
            prints: BTreeMap::new(),
            seen: BTreeMap::new(),
            events: 0,
        }
    }

    fn replica(&mut self, number: usize) -> &mut Replica {
        self.replicas[number].as_mut().unwrap()
    }

    fn restart(&mut self, number: usize) {
        let Replica { folder, clock, .. } = self.replicas[number].take().unwrap();
        self.replicas[number] = Some(Replica::start(&self.model, folder, clock));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Wait(span) => {
                self.model.advance(*span);
                self.replicas.iter().flatten().for_each(|replica| replica.clock.advance(*span));
            }
            Step::FailOver(behind) => self.model.fail_over(*behind),
            Step::Restart(number) => self.restart(*number),
            Step::Batch { replica, events, is_read, faults, local } => {
                self.batch(*replica, events, *is_read, faults, *local);
            }
        }
    }

    fn batch(
        &mut self,
        number: usize,
        events: &[(usize, Kind)],
        is_read: bool,
        faults: &[Fault],
        local: LocalFault,
    ) {
        let clock = self.replica(number).clock.clone();
        let events: Vec<_> =
            events.iter().map(|(printer, kind)| self.event(*printer, *kind, clock.now())).collect();
        let mut batch = Batch::default();
        let mut answers = Vec::new();
        for (_, event) in &events {
            let (reply, answer) = oneshot::channel();
            let event = Dated { value: event.clone(), epoch: Some(clock.started()) };
            let queued = clock.monotonic();
            batch.submissions.push(Submission { event, limits: Limits::default(), queued, reply });
            answers.push(answer);
        }
        let (reply, mut reading) = oneshot::channel();
        if is_read {
            batch.readers.push(reply);
        }
        let survived = self.replica(number).record(batch, faults, local);
        for ((printer, event), mut answer) in events.into_iter().zip(answers) {
            // A replica that dies answers nothing.
            let is_acknowledged = answer.try_recv().is_ok_and(|answer| answer.is_ok());
            if let Some(id) =
                event.report.print_id.filter(|_| event.kind == EventKind::Ended(Outcome::Completed))
            {
                self.prints.insert(id, is_acknowledged);
            }
            if event.kind == EventKind::FailureWarning(WarningAction::Warned) {
                let (acknowledged, others) = self.warnings.entry(printer).or_default();
                *(if is_acknowledged { acknowledged } else { others }) += 1;
            }
        }
        if !survived {
            self.restart(number);
        } else if let Ok(reading) = reading.try_recv() {
            self.scraped(reading);
        }
    }

    fn event(&mut self, printer: usize, kind: Kind, received: Timestamp) -> (usize, Event) {
        self.events += 1;
        let id = format!("print-{}", self.events);
        let report = PrintReport {
            print_id: (kind == Kind::End).then_some(id),
            elapsed: match kind {
                Kind::Progress(seconds) => Some(Elapsed::Printing(Duration::from_secs(seconds))),
                _ => None,
            },
            ..PrintReport::default()
        };
        // Prints with ids are on printers of their own, where no other event can be taken for their end.
        let printer = if kind == Kind::End { printer + 10 } else { printer };
        let kind = match kind {
            Kind::Warning => EventKind::FailureWarning(WarningAction::Warned),
            Kind::End => EventKind::Ended(Outcome::Completed),
            Kind::Started => EventKind::Started,
            Kind::Progress(_) => EventKind::Progress,
            Kind::Paused => EventKind::Paused,
        };
        (printer, Event { printer: identity(printer), received, sent: None, kind, report })
    }

    /// Compares a scrape with those before it, of whichever replica they were.
    fn scraped(&mut self, reading: Reading) {
        let Ok((view, now)) = reading else { return };
        for printer in view.read(now) {
            let after = counters(&printer);
            let before = self.seen.insert(printer.label.to_owned(), after.clone()).unwrap_or_default();
            let falls = before.iter().zip(&after).find(|(before, after)| after < before);
            assert_eq!(falls, None, "a counter of {} fell", printer.label);
        }
    }

    /// Everything works again. Both replicas are read until nothing waits; they have to agree then, and with one that has
    /// just begun.
    fn recover(&mut self) {
        for number in [0, 1, 0, 1] {
            let replica = self.replica(number);
            let is_done = (0..1000)
                .any(|_| replica.read().is_some() && replica.writer.store.outbox().unwrap().events == 0);
            assert!(is_done, "the outbox of {number} is not emptied");
        }
        let clock = self.replica(0).clock.clone();
        self.replicas.push(Some(Replica::start(&self.model, self.folder.join("new"), clock)));
        let shown = [0, 1, 2].map(|number| {
            let (view, now) = self.replica(number).read().unwrap();
            self.scraped(Ok((Arc::clone(&view), now)));
            let totals =
                view.read(now).map(|printer| (printer.label.to_owned(), format!("{:?}", printer.totals)));
            let counts = view.read(now).all(|printer| {
                let started: u64 = printer.totals.started.iter().sum();
                let ended: u64 = printer.totals.ended.iter().flatten().sum();
                started == ended + u64::from(printer.print.is_some())
            });
            assert!(counts, "what was started has ended or is open");
            totals.collect::<BTreeMap<_, _>>()
        });
        assert_eq!((&shown[0], &shown[0]), (&shown[1], &shown[2]));
    }

    /// Every acknowledged event is counted once, every other one once or not at all.
    fn check_counts(&mut self) {
        let rows = self.model.rows();
        let (view, now) = self.replica(0).read().unwrap();
        for (printer, (acknowledged, others)) in &self.warnings {
            let label = identity(*printer).label;
            let counted = view.read(now).find(|printer| printer.label == label);
            let counted = counted.map_or(0, |printer| printer.totals.failure_warnings.iter().sum());
            let possible = *acknowledged..=acknowledged + others;
            assert!(possible.contains(&counted), "{label}: {counted} warnings, {possible:?} possible");
        }
        for (id, is_acknowledged) in &self.prints {
            let found = rows.prints.iter().filter(|row| row.print_id.as_ref() == Some(id)).count();
            assert!((usize::from(*is_acknowledged)..=1).contains(&found), "{id}: {found} rows");
        }
        let numbers: Vec<_> = rows.prints.iter().map(|row| row.number).collect();
        assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<_>>());
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => Just(Kind::Warning),
        2 => Just(Kind::End),
        2 => Just(Kind::Started),
        2 => (0..5000_u64).prop_map(Kind::Progress),
        1 => Just(Kind::Paused),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        8 => Just(Fault::None),
        1 => Just(Fault::Unreachable),
        1 => Just(Fault::Connecting),
        2 => Just(Fault::AnswerLost),
        2 => any::<bool>().prop_map(Fault::Undecided),
        1 => Just(Fault::CrashBefore),
        2 => Just(Fault::CrashAfter),
    ]
}

fn local_fault() -> impl Strategy<Value = LocalFault> {
    prop_oneof![
        10 => Just(LocalFault::None),
        1 => Just(LocalFault::DiskFull),
        1 => Just(LocalFault::CrashBeforeOutbox),
        1 => Just(LocalFault::CrashAfterOutbox),
        1 => Just(LocalFault::CrashAfterCommit),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let events = vec((0..3_usize, kind()), 0..4);
    let batch = (0..2_usize, events, any::<bool>(), [fault(), fault()], local_fault());
    prop_oneof![
        10 => batch.prop_map(|(replica, events, is_read, faults, local)| Step::Batch { replica, events, is_read, faults, local }),
        4 => (1..100_000_u64).prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
        1 => (0..2_usize).prop_map(Step::Restart),
        1 => (0..2_000_u64).prop_map(|millis| Step::FailOver(Duration::from_millis(millis))),
    ]
}

/// A new folder, in memory where that is possible: the outboxes sync.
fn folder() -> PathBuf {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    parent.join(format!("printfarm-replicas-{}-{number}", std::process::id()))
}

#[test]
fn an_event_that_has_waited_for_too_long_goes_to_the_outbox_and_the_database_is_not_asked() {
    let mut world = World::new(folder());
    let clock = world.replica(0).clock.clone();
    let (_, event) = world.event(0, Kind::Warning, clock.now());
    let event = Dated { value: event, epoch: Some(clock.started()) };
    let queued = clock.monotonic();
    clock.advance(Duration::from_millis(1_600));
    let (reply, mut answer) = oneshot::channel();
    let submission = Submission { event, limits: Limits::default(), queued, reply };
    let batch = Batch { submissions: vec![submission], ..Batch::default() };
    assert!(
        world.replica(0).record(batch, &[Fault::CrashBefore], LocalFault::None),
        "the database was asked"
    );
    assert_eq!(answer.try_recv().unwrap().unwrap().disposition, Disposition::SetAside);
    world.warnings.insert(0, (1, 0));
    world.recover();
    world.check_counts();
}

#[test]
fn a_new_event_waits_behind_those_that_one_batch_does_not_take() {
    let mut world = World::new(folder());
    for _ in 0..4 {
        world.batch(0, &[(0, Kind::Warning)], false, &[Fault::Unreachable], LocalFault::None);
    }
    assert_eq!(world.replica(0).writer.store.outbox().unwrap().events, 4);
    // A batch takes three.
    world.batch(0, &[(0, Kind::Warning)], false, &[], LocalFault::None);
    assert_eq!(world.replica(0).writer.store.outbox().unwrap().events, 2);
    world.recover();
    world.check_counts();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_every_acknowledged_event_counts_once_and_no_counter_falls(steps in vec(step(), 1..40)) {
        let mut world = World::new(folder());
        for step in &steps {
            world.step(step);
        }
        world.recover();
        world.check_counts();
    }

    #[test]
    fn after_a_failover_that_lost_commits_the_replicas_agree_again(
        before in vec(step(), 1..20),
        lost in 1..5_usize,
        after in vec(step(), 1..20),
    ) {
        let mut world = World::new(folder());
        for step in &before {
            world.step(step);
        }
        world.model.fail_over_losing(lost);
        // Counters fall by what was lost.
        world.seen.clear();
        world.recover();
        world.replicas.truncate(2);
        for step in &after {
            world.step(step);
        }
        world.recover();
    }
}
