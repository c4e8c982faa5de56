//! The thread that writes: one batch after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::published::Published;
use super::{Message, RecordError, Submission};
use crate::farm::{Applied, ApplyTime, Changes, Farm, HEARTBEAT, Heartbeat};
use crate::store::{Store, StoreError};
use crate::timestamp::{ClockStep, Timestamp};

/// The maximum number of events in one commit.
const BATCH: usize = 1024;

/// How long before the end of a heartbeat the next one is due; a tick may be late.
const HEARTBEAT_MARGIN: Duration = Duration::from_secs(15);

/// A wall clock that is off by more than this was stepped: microseconds.
const SMALLEST_STEP: u64 = 1_000_000;

/// How long a clock that was behind at the start may take to get the time from the network.
const CLOCK_GRACE: Duration = Duration::from_secs(10 * 60);

/// The state and the store, as the writer owns them.
pub(super) struct WriterThread<S> {
    farm: Farm,
    store: S,
    published: Arc<Published>,
    /// The stored heartbeat of this run.
    heartbeat: Option<Heartbeat>,
    /// Printers that the start changed and the store does not have yet.
    dirty: BTreeSet<usize>,
    /// The wall clock was behind the stored times at the start and has not been followed yet.
    wall_clock_is_behind: bool,
}

impl<S: Store> WriterThread<S> {
    pub(super) const fn new(
        farm: Farm,
        store: S,
        published: Arc<Published>,
        dirty: BTreeSet<usize>,
        wall_clock_is_behind: bool,
    ) -> Self {
        Self { farm, store, published, heartbeat: None, dirty, wall_clock_is_behind }
    }

    /// Runs until every sender is gone and every queued message has its reply.
    pub(super) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut batch = Vec::with_capacity(BATCH);
        while messages.blocking_recv_many(&mut batch, BATCH) > 0 {
            let ticks = batch.iter().any(|message| matches!(message, Message::Tick));
            for (reply, result) in self.record(batch.drain(..)) {
                // A client that has disconnected needs no reply; its event is recorded all the same.
                let _ = reply.send(result);
            }
            if ticks {
                self.prune(&messages);
                if let Err(error) = self.store.maintain(self.published.clock.now()) {
                    tracing::warn!(%error, "cannot maintain the store; the next attempt is in an hour");
                }
            }
        }
        self.shut_down();
    }

    fn record(&mut self, batch: impl Iterator<Item = Message>) -> Vec<Reply> {
        let time = self.published.pin_time();
        let mut changes = Changes::default();
        let mut replies = Vec::new();
        let mut ticks = false;
        for message in batch {
            match message {
                Message::Event(submission) => {
                    let Submission { mut event, epoch, limits, reply } = *submission;
                    // The clock may have been stepped while the event was queued.
                    event.received =
                        event.received.shift(self.published.clock.started().micros() - epoch.micros());
                    let applied = self.farm.apply(&event, time, &limits, &mut changes);
                    replies.push((reply, applied.map_err(RecordError::from)));
                }
                Message::Tick => ticks = true,
            }
        }
        let step = if ticks { self.follow_wall_clock(time.now, &mut changes) } else { 0 };
        changes.printers.extend(&self.dirty);
        if step != 0 || self.needs_heartbeat(time.now, ticks, &changes) {
            let at = time.now.shift(step);
            changes.heartbeat = Some(Heartbeat { at, shown_until: at + HEARTBEAT });
        }
        if let Err(error) = self.commit(&changes, time.now, step) {
            for (_, result) in replies.iter_mut().filter(|(_, result)| result.is_ok()) {
                *result = Err(error.clone().into());
            }
        }
        replies
    }

    /// Moves the state with a step of the wall clock. Returns the step in microseconds.
    fn follow_wall_clock(&mut self, now: Timestamp, changes: &mut Changes) -> i64 {
        let by = self.published.clock.wall_offset();
        let clock = &self.published.clock;
        let awaits_network_time = self.wall_clock_is_behind && by < 0 && clock.monotonic() < CLOCK_GRACE;
        if by.unsigned_abs() <= SMALLEST_STEP || awaits_network_time {
            return 0;
        }
        // Times of an earlier run stay, unless they would be in the future.
        let since = clock.started().min(now.shift(by));
        self.farm.step_clock(ClockStep { since, by }, ApplyTime::at(now), changes);
        by
    }

    /// Whether to store the time: because a stopwatch runs or may have started, or to find out whether the store works again.
    fn needs_heartbeat(&self, now: Timestamp, ticks: bool, changes: &Changes) -> bool {
        let is_due = self.heartbeat.is_none_or(|last| last.shown_until <= now + HEARTBEAT_MARGIN);
        let runs = !changes.printers.is_empty() || (ticks && self.farm.is_running(now));
        (ticks && self.published.store_failed()) || (is_due && runs)
    }

    /// Commits and publishes the changes and steps the clock, or rolls the changes back.
    fn commit(&mut self, changes: &Changes, now: Timestamp, step: i64) -> Result<(), StoreError> {
        let committed = if changes.is_empty() {
            self.store.check()
        } else {
            self.store.commit(self.farm.view(), changes)
        };
        if committed.is_err() || !changes.is_empty() {
            self.published.set_store_failed(committed.is_err());
        }
        if committed.is_ok() {
            self.published.publish(&self.farm, changes, now, step);
            self.heartbeat = changes.heartbeat.or(self.heartbeat);
            self.wall_clock_is_behind &= step == 0;
            self.dirty.clear();
        } else {
            self.farm.roll_back(&self.published.unpin_time(), changes);
        }
        committed
    }

    /// Removes old prints while no event waits; the next tick continues.
    fn prune(&mut self, messages: &mpsc::Receiver<Message>) {
        let mut removed = 0;
        loop {
            match self.store.prune(self.published.clock.now()) {
                Ok(0) => break,
                Ok(prints) => removed += prints,
                Err(error) => {
                    tracing::warn!(%error, "cannot remove old prints; the next attempt is in an hour");
                    break;
                }
            }
            if !messages.is_empty() || messages.is_closed() {
                break;
            }
        }
        if removed > 0 {
            tracing::info!(
                prints = removed,
                "removed prints older than --storage.retention from the history"
            );
        }
    }

    /// Stores the time of the stop as a last heartbeat, so that the next start recognizes a clock that was set back.
    fn shut_down(&mut self) {
        let now = self.published.clock.now();
        if self.farm.is_running(now) || !self.dirty.is_empty() {
            let printers = std::mem::take(&mut self.dirty);
            // No reader is left, so nothing is seen after this.
            let heartbeat = Some(Heartbeat { at: now, shown_until: now });
            let changes = Changes { printers, heartbeat, ..Changes::default() };
            if let Err(error) = self.store.commit(self.farm.view(), &changes) {
                tracing::warn!(%error, "cannot store the time of the stop");
            }
        }
    }
}

type Reply = (oneshot::Sender<Result<Applied, RecordError>>, Result<Applied, RecordError>);
