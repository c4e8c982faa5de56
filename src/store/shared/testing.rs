//! A model of the database, for tests: its rows in memory, its lock, and everything that can go wrong with either step of a
//! batch.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Ask, Batch, Database, Head, Locked, Mark};
use crate::farm::News;
use crate::labels::Source;
use crate::store::rows::{PrinterRow, restore};
use crate::store::{History, PrintRow, StoreError};
use crate::timestamp::Timestamp;

/// What happens to one step of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It does not reach the database.
    Unreachable,
    /// It does not reach the database, to which a connection is made right after that.
    Connecting,
    /// It happens, and the answer is lost.
    AnswerLost,
    /// The answer is lost, and the database has not decided yet. Its lock is held until it has: until the next begin. Whether
    /// the batch is stored then.
    Undecided(bool),
    /// The replica dies before the step.
    CrashBefore,
    /// The replica dies after the step.
    CrashAfter,
}

/// What the panic of a dying replica carries.
pub(crate) struct Crash;

/// The database. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Model(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    rows: Rows,
    /// The rows before each of the last commits.
    before: Vec<Rows>,
    /// How often another server became the leader that lacks something: connections to the one before are gone.
    losses: usize,
    undecided: Option<Rows>,
    clock: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) head: Head,
    pub(crate) printers: BTreeMap<usize, (i64, PrinterRow)>,
    pub(crate) prints: Vec<PrintRow>,
    print_ids: BTreeSet<u64>,
    limits_reached: BTreeMap<Source, (i64, Timestamp)>,
    pub(crate) marks: BTreeMap<String, Mark>,
}

impl Model {
    pub(crate) fn new(clock: Timestamp) -> Self {
        let head = Head {
            farm_id: "farm".into(),
            version: 0,
            at: Timestamp::from_micros(0),
            shown: Timestamp::from_micros(0),
            printers: 0,
            last_print: 0,
        };
        let rows = Rows {
            head,
            printers: BTreeMap::new(),
            prints: Vec::new(),
            print_ids: BTreeSet::new(),
            limits_reached: BTreeMap::new(),
            marks: BTreeMap::new(),
        };
        Self(Arc::new(Mutex::new(State { rows, before: Vec::new(), losses: 0, undecided: None, clock })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn advance(&self, span: Duration) {
        let mut state = self.lock();
        state.clock = state.clock + span;
    }

    /// Another server becomes the leader, which has everything that was committed. Its clock may be behind.
    pub(crate) fn fail_over(&self, clock_behind: Duration) {
        let mut state = self.lock();
        state.undecided = None;
        state.clock = state.clock - clock_behind;
    }

    /// Another server becomes the leader, which lacks the last commits.
    pub(crate) fn fail_over_losing(&self, commits: usize) {
        self.fail_over(Duration::ZERO);
        let mut state = self.lock();
        state.losses += 1;
        for _ in 0..commits {
            if let Some(rows) = state.before.pop() {
                state.rows = rows;
            }
        }
    }

    pub(crate) fn rows(&self) -> Rows {
        self.lock().rows.clone()
    }
}

impl State {
    fn decide(&mut self) {
        if let Some(rows) = self.undecided.take() {
            self.store(rows);
        }
    }

    fn store(&mut self, rows: Rows) {
        self.before.push(std::mem::replace(&mut self.rows, rows));
    }
}

impl Rows {
    fn with(&self, batch: Batch) -> Self {
        let mut rows = self.clone();
        let version = batch.head.version;
        rows.printers.extend(batch.printers.into_iter().map(|row| (row.position, (version, row))));
        rows.prints.extend(batch.prints);
        rows.print_ids.extend(batch.print_ids);
        let limits = batch.limits_reached.into_iter();
        rows.limits_reached.extend(limits.map(|(source, reached)| (source, (version, reached))));
        rows.marks.insert(batch.replica, batch.mark);
        rows.head = batch.head;
        rows
    }

    /// What was written after this version; everything, when there is none.
    fn news(&self, known: Option<i64>) -> News {
        let is_everything = known.is_none();
        let known = known.unwrap_or(-1);
        let printers = self.printers.iter().filter(|(_, (version, _))| *version > known);
        let printers = printers.map(|(position, (_, row))| {
            let columns = [row.source.as_str(), &row.id, &row.label, &row.name, &row.state];
            (*position, restore(columns, &Source::SAMPLES).unwrap())
        });
        let limits = self.limits_reached.iter().filter(|(_, (version, _))| *version > known);
        News {
            is_everything,
            printers: printers.collect(),
            count: self.head.printers,
            limits_reached: limits.map(|(source, (_, reached))| (*source, *reached)).collect(),
            ended_print_ids: Vec::new(),
        }
    }

    /// `before` are the rows when the connection was made.
    fn locked(&self, ask: &Ask, before: Option<&Self>, clock: Timestamp) -> Locked {
        let everything = before.map(|before| before.news(None));
        let mut news = self.news(ask.known.or(before.map(|before| before.head.version)));
        let ended = ask.print_ids.iter().filter(|id| self.print_ids.contains(id));
        news.ended_print_ids = ended.copied().collect();
        let mark = self.marks.get(&ask.replica).cloned();
        Locked { head: self.head.clone(), clock, mark, everything, news }
    }
}

/// The connection of one replica.
#[derive(Debug)]
pub(crate) struct ModelConnection {
    model: Model,
    /// What happens to the next steps; nothing, when there are no more.
    faults: Arc<Mutex<VecDeque<Fault>>>,
    /// The rows when the connection was made, and [`State::losses`]; until they are asked for.
    connected: Option<(Rows, usize)>,
    /// The rows that the open transaction has locked.
    locked: Option<Rows>,
}

impl ModelConnection {
    pub(crate) fn new(model: &Model, faults: &Arc<Mutex<VecDeque<Fault>>>) -> Self {
        Self { model: model.clone(), faults: Arc::clone(faults), connected: None, locked: None }
    }

    /// A connection waits until nobody holds the lock.
    fn connect(&mut self) -> (Rows, usize) {
        let mut state = self.model.lock();
        state.decide();
        (state.rows.clone(), state.losses)
    }

    fn fault(&self) -> Fault {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(Fault::None)
    }
}

fn lost() -> StoreError {
    StoreError("the connection was lost".into())
}

impl Database for ModelConnection {
    fn connect(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn begin(&mut self, ask: &Ask, _: Duration) -> Result<Locked, StoreError> {
        assert!(self.locked.is_none(), "after a batch that was not committed, the connection is closed");
        match self.fault() {
            Fault::None => {}
            Fault::CrashBefore => resume_unwind(Box::new(Crash)),
            Fault::Connecting => {
                self.connected = Some(self.connect());
                return Err(lost());
            }
            _ => return Err(lost()),
        }
        let losses = self.model.lock().losses;
        let connected = self.connected.take().filter(|(_, before)| *before == losses && ask.known.is_none());
        let connected = connected.or_else(|| ask.known.is_none().then(|| self.connect()));
        let before = connected.as_ref().map(|(rows, _)| rows);
        let mut state = self.model.lock();
        state.decide();
        self.locked = Some(state.rows.clone());
        Ok(state.rows.locked(ask, before, state.clock))
    }

    fn disconnect(&mut self) {
        self.locked = None;
    }

    fn commit(&mut self, batch: Batch, _: Duration) -> Result<(), StoreError> {
        let locked = self.locked.take().ok_or_else(lost)?;
        let fault = self.fault();
        let mut state = self.model.lock();
        assert_eq!(locked.head, state.rows.head, "the lock of the head excludes all other batches");
        assert_eq!(batch.head.version, locked.head.version + 1);
        assert!(batch.head.shown >= locked.head.shown && batch.head.at >= locked.head.at);
        let rows = locked.with(batch);
        match fault {
            Fault::None | Fault::AnswerLost | Fault::CrashAfter => state.store(rows),
            Fault::Undecided(happens) => state.undecided = happens.then_some(rows),
            Fault::Unreachable | Fault::Connecting | Fault::CrashBefore => {}
        }
        drop(state);
        match fault {
            Fault::None => Ok(()),
            Fault::CrashBefore | Fault::CrashAfter => resume_unwind(Box::new(Crash)),
            _ => Err(lost()),
        }
    }

    fn history(&self) -> Result<Box<dyn History>, StoreError> {
        Err(StoreError("the model has no reader".into()))
    }
}
