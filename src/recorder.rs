//! The one writer: it takes what has queued up, applies it in order, stores it in one commit, publishes it to readers,
//! and only then answers.
//!
//! It runs on a thread of its own, because a commit blocks. Readers take the published state without waiting for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
pub use crate::farm::View;
use crate::farm::{Applied, Changes, Event, Farm, Limits, Time, TooManyPrinters};
use crate::store::{Store, StoreError};

/// How many events may wait. Senders beyond it wait with their connection.
const QUEUE: usize = 4096;

/// How many events one commit takes at most.
const BATCH: usize = 1024;

/// A handle to the one writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Entry>,
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
        let farm = store.load()?;
        let view = Arc::new(farm.view().clone());
        let published = Arc::new(Published {
            board: RwLock::new(Board { view, frozen: None }),
            store_fails: AtomicBool::new(false),
            clock,
        });
        let (queue, events) = mpsc::channel(QUEUE);
        let desk = Desk { farm, store, published: Arc::clone(&published) };
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
        let entry = Entry { event, limits, answer };
        self.queue.send(entry).await.map_err(|_| NotRecorded::Stopping)?;
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
}

impl<S: Store> Desk<S> {
    fn work(mut self, mut events: mpsc::Receiver<Entry>) {
        let mut batch = Vec::with_capacity(BATCH);
        while events.blocking_recv_many(&mut batch, BATCH) > 0 {
            for (answer, result) in self.record(batch.drain(..)) {
                // A sender that has gone away needs no answer; its event is recorded all the same.
                let _ = answer.send(result);
            }
        }
    }

    fn record(&mut self, batch: impl Iterator<Item = Entry>) -> Vec<Answer> {
        let now = self.freeze();
        let mut changes = Changes::default();
        let answers: Vec<_> = batch
            .map(|Entry { event, limits, answer }| {
                let applied = self.farm.apply(&event, now, &limits, &mut changes);
                (answer, applied.map_err(NotRecorded::from))
            })
            .collect();
        match self.keep(&changes) {
            Ok(()) => answers,
            Err(error) => answers
                .into_iter()
                .map(|(answer, applied)| (answer, applied.and(Err(error.clone().into()))))
                .collect(),
        }
    }

    fn freeze(&self) -> Time {
        let mut board = self.board();
        *board.frozen.insert(self.published.clock.now())
    }

    /// Commits and publishes, or takes the changes back.
    fn keep(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let committed = self.store.commit(self.farm.view(), changes);
        self.published.store_fails.store(committed.is_err(), Ordering::Relaxed);
        let mut board = self.published.board.write().unwrap_or_else(PoisonError::into_inner);
        match committed {
            // While a reader still holds the last state, this copies it; else it changes it in place.
            Ok(()) => Arc::make_mut(&mut board.view).publish(&self.farm, changes),
            Err(_) => self.farm.roll_back(&board.view, changes),
        }
        board.frozen = None;
        committed
    }

    fn board(&self) -> RwLockWriteGuard<'_, Board> {
        self.published.board.write().unwrap_or_else(PoisonError::into_inner)
    }
}

type Answer = (oneshot::Sender<Result<Applied, NotRecorded>>, Result<Applied, NotRecorded>);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::farm::{Identity, Job, Source, State, Verdict, What};

    /// A store that fails when told to, and can be made to wait.
    #[derive(Clone, Default)]
    struct Moody {
        fails: Arc<AtomicBool>,
        gate: Arc<Mutex<()>>,
        commits: Arc<Mutex<Vec<usize>>>,
    }

    impl Store for Moody {
        fn load(&mut self) -> Result<Farm, StoreError> {
            Ok(Farm::default())
        }

        fn commit(&mut self, _: &View, changes: &Changes) -> Result<(), StoreError> {
            let _open = self.gate.lock().unwrap();
            self.commits.lock().unwrap().push(changes.printers.len());
            if self.fails.load(Ordering::Relaxed) {
                Err(StoreError("the disk is full".into()))
            } else {
                Ok(())
            }
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
        assert_eq!(*store.commits.lock().unwrap(), [1, 49]);
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
}
