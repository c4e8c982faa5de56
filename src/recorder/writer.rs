//! The thread that writes: one batch after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::batch::{Batch, Done, follow_clock};
use super::published::Published;
use super::{Message, RecordError, Submission};
use crate::farm::{ApplyTime, Changes, Disposition, Farm, HEARTBEAT, Heartbeat, Limits};
use crate::store::{Begun, Store, StoreError};
use crate::timestamp::{ClockStep, Timestamp};

/// The maximum number of events in one commit.
const BATCH: usize = 1024;

/// How long before the end of a heartbeat the next one is due; a tick may be late.
const HEARTBEAT_MARGIN: Duration = Duration::from_secs(15);

/// How long a webhook waits for a shared store, the batches before it included. Then it is set aside.
const PATIENCE: Duration = Duration::from_secs(2);

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
    /// The limits of the last event.
    limits: Limits,
    /// More events wait for a shared store than one batch takes.
    is_behind: bool,
}

impl<S: Store> WriterThread<S> {
    pub(super) fn new(
        farm: Farm,
        store: S,
        published: Arc<Published>,
        dirty: BTreeSet<usize>,
        wall_clock_is_behind: bool,
    ) -> Self {
        Self {
            farm,
            store,
            published,
            heartbeat: None,
            dirty,
            wall_clock_is_behind,
            limits: Limits::default(),
            is_behind: false,
        }
    }

    /// Runs until every sender is gone and every queued message has its reply.
    pub(super) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut queued = Vec::with_capacity(BATCH);
        while messages.blocking_recv_many(&mut queued, BATCH) > 0 {
            let batch: Batch = queued.drain(..).collect();
            let ticks = batch.ticks;
            self.record(batch);
            while self.is_behind && messages.is_empty() {
                self.record(Batch::default());
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

    /// Records a batch, then replies to all who wait for it.
    fn record(&mut self, batch: Batch) {
        let Batch { submissions, readers, ticks } = batch;
        let time = self.published.pin_time();
        let patience = PATIENCE.saturating_sub(self.longest_wait(&submissions));
        let begun = self.store.begin(&mut self.farm, &mut print_ids(&submissions), patience);
        let (done, stored) = match begun {
            Ok(None) => self.apply(submissions, time, ticks),
            Ok(Some(begun)) => self.apply_to_shared(submissions, begun, !readers.is_empty()),
            Err(error) => {
                self.published.unpin_time();
                let done = submissions.into_iter().map(|submission| self.without_applying(submission));
                let done = done.collect();
                (self.set_aside(done, &error), Err(error))
            }
        };
        for Done { reply, result, .. } in done {
            // A client that has disconnected needs no reply; its event is recorded all the same.
            let _ = reply.send(result);
        }
        for reader in readers {
            let _ = reader.send(stored.clone().map(|now| (self.published.current(), now)));
        }
    }

    /// How long the first of them has waited.
    fn longest_wait(&self, submissions: &[Submission]) -> Duration {
        let now = self.published.clock.monotonic();
        submissions.first().map_or(Duration::ZERO, |first| now.saturating_sub(first.queued))
    }

    /// Applies and stores events, where this exporter is the only one. Returns the time as of which it did.
    fn apply(&mut self, submissions: Vec<Submission>, time: ApplyTime, ticks: bool) -> Recorded {
        let mut changes = Changes::default();
        let done = self.apply_each(submissions, time, &mut changes);
        let step = if ticks { self.follow_wall_clock(time.now, &mut changes) } else { 0 };
        changes.printers.extend(&self.dirty);
        if step != 0 || self.needs_heartbeat(time.now, ticks, &changes) {
            let at = time.now.shift(step);
            changes.heartbeat = Some(Heartbeat { at, shown_until: at + HEARTBEAT });
        }
        let stored = if changes.is_empty() {
            self.store.check()
        } else {
            self.store.commit(self.farm.view(), &changes)
        };
        if stored.is_err() || !changes.is_empty() {
            self.published.set_store_failed(stored.is_err());
        }
        self.settle(done, &changes, stored, time.now, step)
    }

    /// Applies and stores events, and those that were waiting before them, where other replicas write to the store too.
    fn apply_to_shared(&mut self, submissions: Vec<Submission>, begun: Begun, is_read: bool) -> Recorded {
        let Begun { time, taken_over, waiting, is_behind } = begun;
        let clock = self.published.clock.clone();
        clock.step(time.now.micros().saturating_sub(clock.now().micros()));
        self.published.take_over(&self.farm, &taken_over);
        let mut changes = Changes::default();
        // These were acknowledged: no limit refuses them.
        let limits = Limits { printers: usize::MAX, ..self.limits };
        for mut event in waiting {
            follow_clock(&mut event, &clock);
            event.value.received = event.value.received.min(time.now);
            let _ = self.farm.apply(&event.value, time, &limits, &mut changes);
        }
        self.is_behind = is_behind;
        // They are kept for a later batch, whatever becomes of this one.
        let (kept, submissions) =
            if is_behind { (submissions, Vec::new()) } else { (Vec::new(), submissions) };
        let kept = kept.into_iter().map(|submission| self.without_applying(submission)).collect();
        let kept = self.set_aside(kept, &StoreError("webhooks that came before wait for the store".into()));
        let done = self.apply_each(submissions, time, &mut changes);
        changes.heartbeat = is_read.then_some(Heartbeat { at: time.now, shown_until: time.now });
        let stored = self.store.commit(self.farm.view(), &changes);
        if stored.is_ok() {
            self.published.set_store_failed(false);
        } else {
            self.is_behind = false;
        }
        let (mut done, stored) = self.settle(done, &changes, stored, time.now, 0);
        done.extend(kept);
        (done, stored)
    }

    fn apply_each(
        &mut self,
        submissions: Vec<Submission>,
        time: ApplyTime,
        changes: &mut Changes,
    ) -> Vec<Done> {
        let each = submissions.into_iter().map(|Submission { mut event, limits, reply, .. }| {
            follow_clock(&mut event, &self.published.clock);
            self.limits = limits;
            let result = self.farm.apply(&event.value, time, &limits, changes).map_err(RecordError::from);
            Done { event, reply, result }
        });
        each.collect()
    }

    fn without_applying(&self, submission: Submission) -> Done {
        let Submission { event, limits, reply, .. } = submission;
        let result = self.farm.set_aside(&event.value, &limits).map_err(RecordError::from);
        Done { event, reply, result }
    }

    /// Publishes what was stored and steps the clock; or takes it back, and keeps the events for later.
    fn settle(
        &mut self,
        done: Vec<Done>,
        changes: &Changes,
        stored: Result<(), StoreError>,
        now: Timestamp,
        step: i64,
    ) -> Recorded {
        if let Err(error) = stored {
            self.farm.roll_back(&self.published.unpin_time(), changes);
            return (self.set_aside(done, &error), Err(error));
        }
        self.published.publish(&self.farm, changes, now, step);
        self.heartbeat = changes.heartbeat.or(self.heartbeat);
        self.wall_clock_is_behind &= step == 0;
        self.dirty.clear();
        (done, Ok(now))
    }

    /// Has the store keep the events that it could not commit because of `error`.
    fn set_aside(&mut self, mut done: Vec<Done>, error: &StoreError) -> Vec<Done> {
        let events: Vec<_> =
            done.iter().filter(|done| done.is_to_be_stored()).map(|done| done.event.clone()).collect();
        if events.is_empty() {
            return done;
        }
        let kept = self.store.set_aside(&events, error.clone());
        self.published.set_store_failed(kept.is_err());
        for done in done.iter_mut().filter(|done| done.is_to_be_stored()) {
            match (&kept, &mut done.result) {
                (Ok(()), Ok(applied)) => applied.disposition = Disposition::SetAside,
                (Err(error), result) => *result = Err(error.clone().into()),
                _ => {}
            }
        }
        done
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
        // The time of a shared store goes on without this exporter.
        if !self.store.is_shared() && (self.farm.is_running(now) || !self.dirty.is_empty()) {
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

/// What was done with each event, and when, unless the store failed.
type Recorded = (Vec<Done>, Result<Timestamp, StoreError>);

/// Fingerprints of the print ids in the events.
fn print_ids(submissions: &[Submission]) -> impl Iterator<Item = u64> {
    submissions.iter().filter_map(|submission| submission.event.value.print_fingerprint())
}

#[cfg(test)]
mod tests;
