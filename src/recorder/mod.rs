//! The one writer: it takes what has queued up, applies it in order, stores it in one commit, publishes it to readers,
//! and only then answers.
//!
//! It runs on a thread of its own, because a commit blocks (`desk`). Readers take the published state without waiting
//! for it (`published`).

mod published;
mod writer;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use published::Published;
use writer::WriterThread;

use crate::clock::Clock;
use crate::farm::{Applied, Changes, Event, Limits, TooManyPrinters, View};
use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// How many events may wait. Senders beyond it wait with their connection.
const QUEUE: usize = 4096;

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
pub enum RecordError {
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
    /// What [`Clock::started`] said when the event was received.
    epoch: Timestamp,
    limits: Limits,
    answer: oneshot::Sender<Result<Applied, RecordError>>,
}

impl Recorder {
    /// Starts the writer on the state that `store` keeps.
    ///
    /// # Errors
    /// When the store cannot be read, or the thread cannot be started.
    pub fn start(mut store: impl Store + 'static, clock: Clock) -> Result<(Self, Writer), StoreError> {
        let kept = store.load()?;
        let (mut farm, mut dirty, since) = (kept.farm, Changes::default(), clock.now());
        farm.resume(kept.shown_until, since, &mut dirty);
        let published = Arc::new(Published::new(farm.view().clone(), since, clock));
        let (queue, events) = mpsc::channel(QUEUE);
        let writer = WriterThread::new(farm, store, Arc::clone(&published), dirty.printers);
        let thread = thread::Builder::new()
            .name("recorder".into())
            .spawn(move || writer.run(events))
            .map_err(|error| StoreError(format!("cannot start the thread that writes: {error}")))?;
        Ok((Self { queue, published }, Writer(thread)))
    }

    /// Applies an event, and answers when it is as durable as the store makes it.
    ///
    /// # Errors
    /// When the printer limit is reached, the store fails, or the exporter is stopping. Then nothing has changed.
    pub async fn record(&self, event: Event, limits: Limits) -> Result<Applied, RecordError> {
        let (answer, answered) = oneshot::channel();
        let epoch = self.published.clock.started();
        let message = Message::Event(Box::new(Entry { event, epoch, limits, answer }));
        self.queue.send(message).await.map_err(|_| RecordError::Stopping)?;
        answered.await.unwrap_or(Err(RecordError::Stopping))
    }

    /// The last published state, and the time as of which it is to be read. Never waits for a commit.
    #[must_use]
    pub fn view(&self) -> (Arc<View>, Timestamp) {
        self.published.view()
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

#[cfg(test)]
mod tests;
