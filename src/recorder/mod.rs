//! The one writer of the state.
//!
//! It takes the queued events, applies them in order, stores them in one commit, publishes the result to readers, and
//! only then replies. It has a thread of its own (`writer`), because a commit blocks. Readers take the published state
//! without waiting for a commit (`published`).

mod batch;
mod published;
mod writer;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{mpsc, oneshot};

use published::Published;
use writer::WriterThread;

use crate::clock::Clock;
use crate::farm::{Applied, Changes, Event, Limits, TooManyPrinters, View};
use crate::store::{Dated, Store, StoreError, StoredState};
use crate::timestamp::Timestamp;

/// How many events may be queued. Beyond that, a webhook waits with its connection.
const QUEUE: usize = 4096;

/// A handle to the one writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Message>,
    published: Arc<Published>,
    is_shared: bool,
}

/// The writer's thread. It ends when every [`Recorder`] is dropped and every queued event has its reply.
#[derive(Debug)]
pub struct Writer(JoinHandle<()>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the thread that writes the state failed; start the exporter again to continue from what is stored")]
pub struct WriterPanicked;

/// Why an event was not recorded. Then nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The event is the first one of a printer beyond the limit.
    #[error("{0}; raise limits.printers to accept more")]
    TooManyPrinters(#[from] TooManyPrinters),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the exporter is stopping")]
    Stopping,
}

#[derive(Debug)]
enum Message {
    Event(Box<Submission>),
    /// A reader waits for what a shared store has.
    Read(oneshot::Sender<Reading>),
    Tick,
}

/// The state, and the time as of which to read it.
type Reading = Result<(Arc<View>, Timestamp), StoreError>;

/// An event on its way to the writer.
#[derive(Debug)]
struct Submission {
    event: Dated<Event>,
    limits: Limits,
    /// When it was queued, by the monotonic clock.
    queued: Duration,
    reply: oneshot::Sender<Result<Applied, RecordError>>,
}

impl Recorder {
    /// Starts the writer on the state in `store`. A wall clock that is behind the times in the state was set back while
    /// nothing ran, or a machine without a clock battery does not know the time yet: `clock` then starts at the latest
    /// of those times. The counters start at the most that a reader may have seen of them.
    pub fn start(mut store: impl Store + 'static, clock: Clock) -> anyhow::Result<(Self, Writer)> {
        let StoredState { mut farm, heartbeat } = store.load()?;
        let mut changes = Changes::default();
        let latest = farm.last_event().max(heartbeat.map(|heartbeat| heartbeat.at));
        // Later than the stored times, so that a clock step tells the times of this run from them.
        let behind = latest
            .filter(|latest| clock.now() < *latest)
            .map_or(0, |latest| latest.micros().saturating_add(1).saturating_sub(clock.now().micros()));
        clock.step(behind);
        if let Some(shown) = heartbeat.filter(|heartbeat| clock.now() < heartbeat.shown_until) {
            farm.keep_shown(shown.shown_until, &mut changes);
        }
        let is_shared = store.is_shared();
        let published = Arc::new(Published::new(farm.view().clone(), clock));
        let (queue, messages) = mpsc::channel(QUEUE);
        let writer = WriterThread::new(farm, store, Arc::clone(&published), changes.printers, behind > 0);
        let thread = thread::Builder::new()
            .name("recorder".into())
            .spawn(move || writer.run(messages))
            .context("cannot start the thread that writes the state")?;
        Ok((Self { queue, published, is_shared }, Writer(thread)))
    }

    /// Applies an event. Returns when it is as durable as the store makes it.
    pub async fn record(&self, event: Event, limits: Limits) -> Result<Applied, RecordError> {
        let (reply, replied) = oneshot::channel();
        let event = Dated { value: event, epoch: Some(self.published.clock.started()) };
        let queued = self.published.clock.monotonic();
        let message = Message::Event(Box::new(Submission { event, limits, queued, reply }));
        self.queue.send(message).await.map_err(|_| RecordError::Stopping)?;
        replied.await.unwrap_or(Err(RecordError::Stopping))
    }

    /// The state with everything that was acknowledged before, and the time as of which to read it. Where replicas share the
    /// store, no replica shows an earlier time after this; it waits for the store then.
    pub async fn read(&self) -> Reading {
        if !self.is_shared {
            return Ok(self.view());
        }
        let (reply, replied) = oneshot::channel();
        let stopping = || StoreError("the exporter is stopping".into());
        self.queue.send(Message::Read(reply)).await.map_err(|_| stopping())?;
        replied.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// The last published state, and the time as of which to read it. Never waits for a commit. What other replicas have
    /// changed may be missing for some seconds.
    pub fn view(&self) -> (Arc<View>, Timestamp) {
        self.published.view()
    }

    /// Whether the last commit succeeded.
    pub fn is_storing(&self) -> bool {
        !self.published.store_failed()
    }

    /// Makes the writer check the wall clock and the store. To be called every few seconds: without events, this is how a
    /// failing store recovers and how the state learns of a clock step.
    pub fn tick(&self) {
        // A full queue needs no tick: its events do the same.
        let _ = self.queue.try_send(Message::Tick);
    }

    /// Waits until the writer has ended, which it does only when it panics.
    pub async fn ended(&self) {
        self.queue.closed().await;
    }
}

impl Writer {
    /// Waits until every queued event has its reply. Every [`Recorder`] has to be dropped before.
    pub fn join(self) -> Result<(), WriterPanicked> {
        self.0.join().map_err(|_| WriterPanicked)
    }
}

#[cfg(test)]
mod tests;
