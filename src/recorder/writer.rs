//! The writer at work: one batch after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::published::Published;
use super::{Entry, Message, RecordError};
use crate::farm::{Applied, ApplyTime, Changes, Farm, HEARTBEAT};
use crate::store::{Store, StoreError};
use crate::timestamp::{ClockStep, Timestamp};

/// How many events one commit takes at most.
const BATCH: usize = 1024;

/// How long before a heartbeat runs out the next one is due; a tick may be late.
const SLACK: Duration = Duration::from_secs(15);

/// A wall clock that is off by more than this, in microseconds, has been put forward or back.
const SMALLEST_STEP: u64 = 1_000_000;

/// What the writer works with.
pub(super) struct WriterThread<S> {
    farm: Farm,
    store: S,
    published: Arc<Published>,
    /// Until when the counters may be seen to grow, as the store knows it.
    shown_until: Option<Timestamp>,
    /// The printers that differ from what the store has of them since the start.
    dirty: BTreeSet<usize>,
}

impl<S: Store> WriterThread<S> {
    /// The desk of a start, with the state that the store has kept. `dirty` are printers that differ from what it has.
    pub(super) fn new(farm: Farm, store: S, published: Arc<Published>, dirty: BTreeSet<usize>) -> Self {
        Self { farm, store, published, shown_until: None, dirty }
    }

    /// Works until every sender is gone and all that has queued up is answered.
    pub(super) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut batch = Vec::with_capacity(BATCH);
        while messages.blocking_recv_many(&mut batch, BATCH) > 0 {
            let ticks = batch.iter().any(|message| matches!(message, Message::Tick));
            for (answer, result) in self.record(batch.drain(..)) {
                // A sender that has gone away needs no answer; its event is recorded all the same.
                let _ = answer.send(result);
            }
            if ticks {
                self.prune(&messages);
            }
        }
        self.shut_down();
    }

    fn record(&mut self, batch: impl Iterator<Item = Message>) -> Vec<Answer> {
        let turn = self.published.pin_time();
        let now = turn.now;
        let mut changes = Changes::default();
        let mut answers = Vec::new();
        let mut ticks = false;
        for message in batch {
            match message {
                Message::Event(entry) => {
                    let Entry { mut event, epoch, limits, answer } = *entry;
                    // While it waited, the clock may have been put.
                    event.received =
                        event.received.shift(self.published.clock.started().micros() - epoch.micros());
                    let applied = self.farm.apply(&event, turn, &limits, &mut changes);
                    answers.push((answer, applied.map_err(RecordError::from)));
                }
                Message::Tick => ticks = true,
            }
        }
        let reset = if ticks { self.look_at_the_clock(now, &mut changes) } else { 0 };
        changes.printers.extend(&self.dirty);
        changes.heartbeat = reset != 0 || self.needs_heartbeat(now, ticks, &changes);
        match self.keep(&changes, now, reset) {
            Ok(()) => answers,
            Err(error) => answers
                .into_iter()
                .map(|(answer, applied)| (answer, applied.and(Err(error.clone().into()))))
                .collect(),
        }
    }

    /// Moves the state along with a wall clock that was put. Answers by how much.
    fn look_at_the_clock(&mut self, now: Timestamp, changes: &mut Changes) -> i64 {
        let by = self.published.clock.wall_offset();
        if by.unsigned_abs() <= SMALLEST_STEP {
            return 0;
        }
        // Times of an earlier run were read off another clock, but none may lie in the future.
        let since = self.published.clock.started().min(now.shift(by));
        self.farm.step_clock(ClockStep { since, by }, ApplyTime::at(now), changes);
        by
    }

    /// Whether the time is to be kept, because a clock runs on, or may have begun to; or to see whether the store works
    /// again.
    fn needs_heartbeat(&self, now: Timestamp, ticks: bool, changes: &Changes) -> bool {
        let is_due = self.shown_until.is_none_or(|until| until <= now + SLACK);
        let runs = !changes.printers.is_empty() || (ticks && self.farm.is_running(now));
        (ticks && self.published.store_fails.load(Ordering::Relaxed)) || (is_due && runs)
    }

    /// Commits and publishes, and puts the clock; or takes the changes back.
    fn keep(&mut self, changes: &Changes, now: Timestamp, reset: i64) -> Result<(), StoreError> {
        let shown_until = now.shift(reset) + HEARTBEAT;
        let committed = if changes.is_empty() {
            self.store.check()
        } else {
            self.store.commit(self.farm.view(), changes, shown_until)
        };
        if committed.is_err() || !changes.is_empty() {
            self.published.store_fails.store(committed.is_err(), Ordering::Relaxed);
        }
        if committed.is_ok() {
            self.published.publish(&self.farm, changes, now, reset);
            self.shown_until = if changes.heartbeat { Some(shown_until) } else { self.shown_until };
            self.dirty.clear();
        } else {
            self.farm.roll_back(&self.published.unpin_time(), changes);
        }
        committed
    }

    /// Removes old prints for as long as nobody waits; the next tick goes on with it.
    fn prune(&mut self, messages: &mpsc::Receiver<Message>) {
        let mut forgotten = 0;
        loop {
            match self.store.prune(self.published.clock.now()) {
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

    /// Keeps the time of the stop, as a last heartbeat, so that the next start knows a clock that was put back.
    fn shut_down(&mut self) {
        let now = self.published.clock.now();
        if self.farm.is_running(now) || !self.dirty.is_empty() {
            let printers = std::mem::take(&mut self.dirty);
            let changes = Changes { printers, heartbeat: true, ..Changes::default() };
            if let Err(error) = self.store.commit(self.farm.view(), &changes, now + HEARTBEAT) {
                tracing::warn!(%error, "the time of the stop could not be stored");
            }
        }
    }
}

type Answer = (oneshot::Sender<Result<Applied, RecordError>>, Result<Applied, RecordError>);
