//! The one writer: it takes what has queued up, applies it in order, stores it in one commit, publishes it to readers,
//! and only then answers.
//!
//! It runs on a thread of its own, because a commit blocks. Readers take the published state without waiting for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use crate::farm::{Applied, Changes, Event, Farm, Limits, TooManyPrinters, View};
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

#[derive(Debug, Default)]
struct Published {
    view: RwLock<Arc<View>>,
    store_fails: AtomicBool,
}

impl Recorder {
    /// Starts the writer on the state that `store` keeps.
    ///
    /// # Errors
    /// When the store cannot be read, or the thread cannot be started.
    pub fn start(mut store: impl Store + 'static) -> Result<(Self, Writer), StoreError> {
        let farm = store.load()?;
        let published = Arc::new(Published {
            view: RwLock::new(Arc::new(farm.view().clone())),
            store_fails: AtomicBool::new(false),
        });
        let (queue, events) = mpsc::channel(QUEUE);
        let desk = Desk {
            farm,
            store,
            commit,
            published: Arc::clone(&published),
        };
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
        let entry = Entry {
            event,
            limits,
            answer,
        };
        self.queue.send(entry).await.map_err(|_| NotRecorded::Stopping)?;
        answered.await.unwrap_or(Err(NotRecorded::Stopping))
    }

    /// The last published state. Never waits for a commit.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.published.view.read().unwrap_or_else(PoisonError::into_inner))
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
        self.0
            .join()
            .map_err(|_| StoreError("the writer broke down".into()))
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
        let mut changes = Changes::default();
        let answers: Vec<_> = batch
            .map(
                |Entry {
                     event,
                     limits,
                     answer,
                 }| {
                    (
                        answer,
                        self.farm
                            .apply(&event, &limits, &mut changes)
                            .map_err(NotRecorded::from),
                    )
                },
            )
            .collect();
        match self.keep(&changes) {
            Ok(()) => answers,
            Err(error) => answers
                .into_iter()
                .map(|(answer, applied)| (answer, applied.and(Err(error.clone().into()))))
                .collect(),
        }
    }

    /// Commits and publishes, or takes the changes back.
    fn keep(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let committed = self.store.commit(self.farm.view(), changes);
        self.published
            .store_fails
            .store(committed.is_err(), Ordering::Relaxed);
        let mut published = self
            .published
            .view
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match committed {
            // While a reader still holds the last state, this copies it; else it changes it in place.
            Ok(()) => Arc::make_mut(&mut published).publish(&self.farm, changes),
            Err(_) => self.farm.roll_back(&published, changes),
        }
        committed
    }
}

type Answer = (
    oneshot::Sender<Result<Applied, NotRecorded>>,
    Result<Applied, NotRecorded>,
);
