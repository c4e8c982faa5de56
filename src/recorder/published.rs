//! What readers see of the farm, and the time as of which they see it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::farm::{ApplyTime, Changes, Farm, View};
use crate::timestamp::Timestamp;

/// How long after a read during a commit another one is expected.
const CONTENTION_WINDOW: Duration = Duration::from_secs(60);

/// The published state, shared by the writer and the readers.
// A `std::sync::Mutex`: nobody holds it for longer than it takes to copy a pointer or to publish a batch.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) clock: Clock,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    view: Arc<View>,
    since: Timestamp,
    /// While a batch is being stored, readers see the state as of this time: where the batch stops a stopwatch, they have
    /// seen no seconds that it takes back.
    pinned: Option<Timestamp>,
    /// The latest time as of which the state was read.
    last_read: Option<Timestamp>,
    /// When the state was last read while a batch was being stored.
    last_contended_read: Option<Timestamp>,
    store_failed: bool,
}

impl Published {
    /// Publishes the state at a start.
    pub(super) fn new(view: View, clock: Clock) -> Self {
        let current = Current {
            view: Arc::new(view),
            since: clock.now(),
            pinned: None,
            last_read: None,
            last_contended_read: None,
            store_failed: false,
        };
        Self { clock, current: Mutex::new(current) }
    }

    /// The last published state, and the time as of which to read it.
    pub(super) fn view(&self) -> (Arc<View>, Timestamp) {
        let mut current = self.lock();
        let now = self.clock.now();
        let time = current.pinned.unwrap_or(now);
        if current.pinned.is_some() {
            current.last_contended_read = Some(now);
        }
        current.last_read = current.last_read.max(Some(time));
        (Arc::clone(&current.view), time)
    }

    /// Pins the readers' time until [`Self::publish`] or [`Self::unpin_time`]: to the last time that was read, so that the
    /// counters keep up only with what a reader has seen; where readers often come during a commit, to the present, so
    /// that time advances for them too.
    pub(super) fn pin_time(&self) -> ApplyTime {
        let mut current = self.lock();
        let now = self.clock.now();
        let is_contended =
            current.last_contended_read.is_some_and(|read| now.since(read) < CONTENTION_WINDOW);
        let last_read = current.last_read.map_or(current.since, |read| read.max(current.since));
        let last_read = if is_contended { now } else { last_read };
        current.pinned = Some(last_read);
        ApplyTime { now, last_read }
    }

    /// Publishes what `changes` names as of `now`, and steps the clock by `step` microseconds. Unpins the time.
    pub(super) fn publish(&self, farm: &Farm, changes: &Changes, now: Timestamp, step: i64) {
        let mut current = self.lock();
        // Copies the state only while a reader holds it.
        Arc::make_mut(&mut current.view).publish(farm, changes);
        if step != 0 {
            self.clock.step(step);
            current.last_read = None;
            current.last_contended_read = None;
        }
        current.since = now.shift(step);
        current.pinned = None;
    }

    /// Publishes what other replicas have changed.
    pub(super) fn take_over(&self, farm: &Farm, changes: &Changes) {
        Arc::make_mut(&mut self.lock().view).publish(farm, changes);
    }

    /// Unpins the readers' time and leaves the state as it was.
    pub(super) fn unpin_time(&self) -> Arc<View> {
        let mut current = self.lock();
        current.pinned = None;
        Arc::clone(&current.view)
    }

    /// The published state.
    pub(super) fn current(&self) -> Arc<View> {
        Arc::clone(&self.lock().view)
    }

    pub(super) fn set_store_failed(&self, failed: bool) {
        self.lock().store_failed = failed;
    }

    /// Whether the last commit failed.
    pub(super) fn store_failed(&self) -> bool {
        self.lock().store_failed
    }

    #[cfg(test)]
    pub(super) fn is_pinned(&self) -> bool {
        self.lock().pinned.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
