//! The one writer: it takes what has queued up, applies it in order, stores it in one commit, publishes it to readers,
//! and only then answers.
//!
//! It runs on a thread of its own, because a commit blocks. Readers take the published state without waiting for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::farm::{Applied, Changes, Event, Farm, HEARTBEAT, Limits, Reset, Time, TooManyPrinters, View};
use crate::store::{Store, StoreError};

/// How many events may wait. Senders beyond it wait with their connection.
const QUEUE: usize = 4096;

/// How many events one commit takes at most.
const BATCH: usize = 1024;

/// A wall clock that is off by more than this, in microseconds, has been put forward or back.
const DRIFT: u64 = 1_000_000;

/// A handle to the one writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Message>,
    published: Arc<Published>,
}

/// The thread that writes. It ends when every [`Recorder`] is gone and everything that had queued up is answered.
#[derive(Debug)]
pub struct Writer(JoinHandle<()>);

/// Why an event was not recorded. Then nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// A new printer beyond the limit.
    #[error("{0}; raise limits.printers to take more")]
    TooManyPrinters(#[from] TooManyPrinters),
    /// The store cannot take it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The exporter is stopping.
    #[error("the exporter is stopping")]
    Stopping,
}

#[derive(Debug)]
enum Message {
    Event(Box<Entry>),
    Tick,
}

#[derive(Debug)]
struct Entry {
    event: Event,
    limits: Limits,
    answer: oneshot::Sender<Result<Applied, NotRecorded>>,
}

#[derive(Debug)]
struct Published {
    board: RwLock<Board>,
    store_fails: AtomicBool,
    clock: Clock,
}

/// What readers see.
#[derive(Debug, Default)]
struct Board {
    view: Arc<View>,
    /// While a batch is being stored, readers see the farm as it was when the batch began: a clock that the batch stops
    /// has shown nothing that it would have to take back.
    frozen: Option<Time>,
}

impl Recorder {
    /// Starts the writer on the state that `store` keeps.
    ///
    /// # Errors
    /// When the store cannot be read, or the thread cannot be started.
    pub fn start(mut store: impl Store + 'static, clock: Clock) -> Result<(Self, Writer), StoreError> {
        let kept = store.load()?;
        let mut farm = kept.farm;
        farm.resume(kept.heartbeat, clock.now());
        let view = Arc::new(farm.view().clone());
        let published = Arc::new(Published {
            board: RwLock::new(Board { view, frozen: None }),
            store_fails: AtomicBool::new(false),
            clock,
        });
        let (queue, events) = mpsc::channel(QUEUE);
        let desk = Desk { farm, store, published: Arc::clone(&published), heartbeat: None };
        let thread = thread::Builder::new()
            .name("recorder".into())
            .spawn(move || desk.work(events))
            .map_err(|error| StoreError(format!("cannot start the thread that writes: {error}")))?;
        Ok((Self { queue, published }, Writer(thread)))
    }

    /// Applies an event, and answers when it is as durable as the store makes it.
    ///
    /// # Errors
    /// When the printer limit is reached, the store fails, or the exporter is stopping. Then nothing has changed.
    pub async fn record(&self, event: Event, limits: Limits) -> Result<Applied, NotRecorded> {
        let (answer, answered) = oneshot::channel();
        let message = Message::Event(Box::new(Entry { event, limits, answer }));
        self.queue.send(message).await.map_err(|_| NotRecorded::Stopping)?;
        answered.await.unwrap_or(Err(NotRecorded::Stopping))
    }

    /// The last published state, and the time as of which it is to be read. Never waits for a commit.
    #[must_use]
    pub fn view(&self) -> (Arc<View>, Time) {
        let board = self.published.board.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&board.view), board.frozen.unwrap_or_else(|| self.published.clock.now()))
    }

    /// Whether the last commit succeeded.
    #[must_use]
    pub fn is_storing(&self) -> bool {
        !self.published.store_fails.load(Ordering::Relaxed)
    }

    /// Lets the writer look at its clock and its store. To be called every few seconds: this is how a failing store heals
    /// while no event comes, and how the state learns of a wall clock that was put forward or back.
    pub fn tick(&self) {
        // A full queue needs no tick: its events do the same.
        let _ = self.queue.try_send(Message::Tick);
    }

    /// Waits until the writer has ended, which it does by itself only when it is broken.
    pub async fn ended(&self) {
        self.queue.closed().await;
    }
}

impl Writer {
    /// Waits until everything that had queued up is answered. Every [`Recorder`] has to be gone.
    ///
    /// # Errors
    /// When the writer had broken down.
    pub fn join(self) -> Result<(), StoreError> {
        self.0.join().map_err(|_| StoreError("the writer broke down".into()))
    }
}

/// What the writer works with.
struct Desk<S> {
    farm: Farm,
    store: S,
    published: Arc<Published>,
    /// When the present time was last kept.
    heartbeat: Option<Time>,
}

impl<S: Store> Desk<S> {
    fn work(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut batch = Vec::with_capacity(BATCH);
        while messages.blocking_recv_many(&mut batch, BATCH) > 0 {
            let ticks = batch.iter().any(|message| matches!(message, Message::Tick));
            for (answer, result) in self.record(batch.drain(..)) {
                // A sender that has gone away needs no answer; its event is recorded all the same.
                let _ = answer.send(result);
            }
            if ticks {
                self.forget(&messages);
            }
        }
        self.rest();
    }

    fn record(&mut self, batch: impl Iterator<Item = Message>) -> Vec<Answer> {
        let now = self.freeze();
        let mut changes = Changes::default();
        let mut answers = Vec::new();
        let mut ticks = false;
        for message in batch {
            match message {
                Message::Event(entry) => {
                    let Entry { event, limits, answer } = *entry;
                    let applied = self.farm.apply(&event, now, &limits, &mut changes);
                    answers.push((answer, applied.map_err(NotRecorded::from)));
                }
                Message::Tick => ticks = true,
            }
        }
        let reset = if ticks { self.look_at_the_clock(now, &mut changes) } else { 0 };
        changes.heartbeat = ticks && self.needs_heartbeat(now);
        match self.keep(&changes, now, reset) {
            Ok(()) => answers,
            Err(error) => answers
                .into_iter()
                .map(|(answer, applied)| (answer, applied.and(Err(error.clone().into()))))
                .collect(),
        }
    }

    /// Stops the time of the readers until [`Self::keep`].
    fn freeze(&self) -> Time {
        *self.board().frozen.insert(self.published.clock.now())
    }

    /// Moves the state along with a wall clock that was put. Answers by how much.
    fn look_at_the_clock(&mut self, now: Time, changes: &mut Changes) -> i64 {
        let by = self.published.clock.drift();
        if by.unsigned_abs() <= DRIFT {
            return 0;
        }
        self.farm.reset(Reset { since: self.published.clock.started(), by }, now, changes);
        by
    }

    fn needs_heartbeat(&self, now: Time) -> bool {
        let is_due = self.heartbeat.is_none_or(|last| now.since(last) >= HEARTBEAT);
        self.published.store_fails.load(Ordering::Relaxed) || (is_due && self.farm.is_running(now))
    }

    /// Commits and publishes, and puts the clock; or takes the changes back.
    fn keep(&mut self, changes: &Changes, now: Time, reset: i64) -> Result<(), StoreError> {
        let now = now.put(reset);
        let committed = if changes.is_empty() {
            Ok(())
        } else {
            let committed = self.store.commit(self.farm.view(), changes, now);
            self.published.store_fails.store(committed.is_err(), Ordering::Relaxed);
            committed
        };
        let mut board = self.published.board.write().unwrap_or_else(PoisonError::into_inner);
        if committed.is_ok() {
            // While a reader still holds the last state, this copies it; else it changes it in place.
            Arc::make_mut(&mut board.view).publish(&self.farm, changes);
            self.published.clock.put(reset);
            self.heartbeat = if changes.heartbeat { Some(now) } else { self.heartbeat };
        } else {
            self.farm.roll_back(&board.view, changes);
        }
        board.frozen = None;
        committed
    }

    /// Removes old prints for as long as nobody waits; the next tick goes on with it.
    fn forget(&mut self, messages: &mpsc::Receiver<Message>) {
        let mut forgotten = 0;
        loop {
            match self.store.forget(self.published.clock.now()) {
                Ok(0) => break,
                Ok(prints) => forgotten += prints,
                Err(error) => {
                    tracing::warn!(%error, "old prints could not be removed; tried again in an hour");
                    break;
                }
            }
            if !messages.is_empty() || messages.is_closed() {
                break;
            }
        }
        if forgotten > 0 {
            tracing::info!(prints = forgotten, "prints beyond --storage.retention removed from the history");
        }
    }

    /// Keeps until when the counters have been seen to grow. Without it, the next start has to guess.
    fn rest(&mut self) {
        let now = self.published.clock.now();
        if self.farm.is_running(now) {
            let changes = Changes { heartbeat: true, ..Changes::default() };
            if let Err(error) = self.store.commit(self.farm.view(), &changes, now) {
                tracing::warn!(%error, "the time of the stop could not be stored");
            }
        }
    }

    fn board(&self) -> RwLockWriteGuard<'_, Board> {
        self.published.board.write().unwrap_or_else(PoisonError::into_inner)
    }
}

type Answer = (oneshot::Sender<Result<Applied, NotRecorded>>, Result<Applied, NotRecorded>);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::farm::{Identity, Job, Outcome, Source, State, Verdict, What};
    use crate::store::Kept;

    /// A store that fails when told to, and can be made to wait.
    #[derive(Clone, Default)]
    struct Moody {
        fails: Arc<AtomicBool>,
        gate: Arc<Mutex<()>>,
        commits: Arc<Mutex<Vec<usize>>>,
        /// Old prints, by the slice, and the times at which a slice was taken.
        old: Arc<Mutex<Vec<usize>>>,
        looked: Arc<Mutex<Vec<Time>>>,
    }

    impl Store for Moody {
        fn load(&mut self) -> Result<Kept, StoreError> {
            Ok(Kept::default())
        }

        fn commit(&mut self, _: &View, changes: &Changes, _: Time) -> Result<(), StoreError> {
            let _open = self.gate.lock().unwrap();
            self.commits.lock().unwrap().push(changes.printers.len());
            if self.fails.load(Ordering::Relaxed) {
                Err(StoreError("the disk is full".into()))
            } else {
                Ok(())
            }
        }

        fn forget(&mut self, now: Time) -> Result<usize, StoreError> {
            self.looked.lock().unwrap().push(now);
            Ok(self.old.lock().unwrap().pop().unwrap_or(0))
        }
    }

    fn event(clock: &Clock, id: &str, what: What) -> Event {
        let printer =
            Identity { source: Source::OctoPrint, id: id.into(), label: id.into(), name: id.into() };
        Event { printer, received: clock.now(), sent: None, what, job: Job::default() }
    }

    fn start() -> (Recorder, Writer, Moody, Clock) {
        let (store, clock) = (Moody::default(), Clock::start());
        let (recorder, writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
        (recorder, writer, store, clock)
    }

    #[tokio::test]
    async fn what_is_answered_is_published() {
        let (recorder, writer, _, clock) = start();
        let applied =
            recorder.record(event(&clock, "delta", What::Started), Limits::default()).await.unwrap();
        assert_eq!(applied, Applied { label: "delta".into(), verdict: Verdict::Accepted });
        let (view, now) = recorder.view();
        assert_eq!(view.read(now).next().unwrap().state, State::Printing);
        drop(recorder);
        writer.join().unwrap();
    }

    #[tokio::test]
    async fn what_the_store_refuses_has_not_happened_and_the_next_event_finds_it_healed() {
        let (recorder, _writer, store, clock) = start();
        store.fails.store(true, Ordering::Relaxed);
        let refused = recorder.record(event(&clock, "delta", What::Started), Limits::default()).await;
        assert_eq!(refused, Err(NotRecorded::Store(StoreError("the disk is full".into()))));
        assert!(recorder.view().0.is_empty() && !recorder.is_storing());
        store.fails.store(false, Ordering::Relaxed);
        recorder.record(event(&clock, "delta", What::Started), Limits::default()).await.unwrap();
        assert!(recorder.view().0.len() == 1 && recorder.is_storing());
    }

    #[tokio::test]
    #[allow(clippy::await_holding_lock, reason = "the lock is the writer's gate, which this test keeps shut")]
    async fn what_queues_up_during_a_commit_is_taken_in_one_commit() {
        let (recorder, writer, store, clock) = start();
        let closed = store.gate.lock().unwrap();
        let send = |number: usize| {
            let (recorder, event) = (recorder.clone(), event(&clock, &number.to_string(), What::Started));
            tokio::spawn(async move { recorder.record(event, Limits::default()).await })
        };
        let mut tasks = vec![send(0)];
        while recorder.published.board.read().unwrap().frozen.is_none() {
            tokio::task::yield_now().await;
        }
        tasks.extend((1..50).map(send));
        while recorder.queue.capacity() > QUEUE - 49 {
            tokio::task::yield_now().await;
        }
        let (view, now) = recorder.view();
        assert!(view.is_empty(), "nothing is seen before it is stored");
        assert_eq!(recorder.view().1, now, "readers stand still while a batch is being stored");
        drop(closed);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        drop(recorder);
        writer.join().unwrap();
        assert_eq!(*store.commits.lock().unwrap(), [1, 49, 0], "and the time of the stop");
    }

    #[tokio::test]
    async fn events_are_recorded_in_the_order_in_which_they_came() {
        let (recorder, _writer, _, clock) = start();
        for number in 0..100 {
            let what = if number % 2 == 0 { What::Started } else { What::Paused };
            recorder.record(event(&clock, "delta", what), Limits::default()).await.unwrap();
        }
        let (view, now) = recorder.view();
        assert_eq!(view.read(now).next().unwrap().state, State::Paused);
    }

    /// Waits until the writer has taken everything that was sent to it.
    async fn settled(recorder: &Recorder, clock: &Clock) {
        // Where it shares a batch that the store refuses, it is refused with it.
        let _ = recorder.record(event(clock, "other", What::Test), Limits::default()).await;
    }

    #[tokio::test]
    async fn a_store_that_fails_heals_without_an_event() {
        let (recorder, _writer, store, clock) = start();
        store.fails.store(true, Ordering::Relaxed);
        recorder.record(event(&clock, "delta", What::Started), Limits::default()).await.unwrap_err();
        recorder.tick();
        settled(&recorder, &clock).await;
        assert!(!recorder.is_storing());
        store.fails.store(false, Ordering::Relaxed);
        recorder.tick();
        settled(&recorder, &clock).await;
        assert!(recorder.is_storing());
    }

    #[tokio::test]
    async fn the_time_is_kept_every_minute_while_a_clock_runs() {
        let (store, clock) = (Moody::default(), Clock::manual(Time::from_micros(0)));
        let (recorder, _writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
        for what in [What::Started, What::Finished(Outcome::Completed)] {
            recorder.record(event(&clock, "delta", what), Limits::default()).await.unwrap();
            for _ in 0..24 {
                clock.advance(Duration::from_secs(5));
                recorder.tick();
                settled(&recorder, &clock).await;
            }
        }
        assert_eq!(*store.commits.lock().unwrap(), [1, 0, 0, 1], "two minutes of printing, two of rest");
    }

    #[tokio::test]
    async fn at_a_tick_the_store_forgets_slice_by_slice_until_nothing_is_left() {
        let clock = Clock::manual(Time::from_micros(7));
        let store = Moody { old: Arc::new(Mutex::new(vec![1, 1000])), ..Moody::default() };
        let (recorder, writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
        settled(&recorder, &clock).await;
        assert!(store.looked.lock().unwrap().is_empty(), "an event alone is no reason");
        while !store.old.lock().unwrap().is_empty() {
            recorder.tick();
            settled(&recorder, &clock).await;
        }
        drop(recorder);
        writer.join().unwrap();
        assert!(store.looked.lock().unwrap().iter().all(|time| *time == clock.now()));
    }

    #[tokio::test]
    async fn a_wall_clock_that_is_put_moves_times_and_credits_nothing() {
        let hour = 3_600_000_000;
        for by in [hour, -hour] {
            let clock = Clock::manual(Time::from_micros(100 * hour));
            let (recorder, _writer) = Recorder::start(Moody::default(), clock.clone()).unwrap();
            recorder.record(event(&clock, "delta", What::Started), Limits::default()).await.unwrap();
            clock.advance(Duration::from_secs(10));
            clock.put_wall(by);
            let printed = || {
                let (view, now) = recorder.view();
                let reading = view.read(now).next().unwrap();
                (reading.printed.as_secs(), reading.last_event.micros())
            };
            assert_eq!(printed(), (10, 100 * hour));
            recorder.tick();
            settled(&recorder, &clock).await;
            assert_eq!(printed(), (10, 100 * hour + by));
            assert_eq!(recorder.view().1.micros(), 100 * hour + by + 10_000_000);
            clock.advance(Duration::from_secs(5));
            assert_eq!(printed().0, 15);
        }
    }
}
