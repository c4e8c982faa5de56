//! What readers see of the farm, and the time as of which they see it.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::clock::Clock;
use crate::farm::{ApplyTime, Changes, Farm, View};
use crate::timestamp::Timestamp;

/// For so long after a reader met a batch in the middle, another is expected to.
const BUSY: Duration = Duration::from_secs(60);

/// Shared by the writer and the readers.
#[derive(Debug)]
pub(super) struct Published {
    current: RwLock<Current>,
    /// Whether the last commit failed.
    pub(super) store_fails: AtomicBool,
    pub(super) clock: Clock,
    /// The last time that readers have read the farm as of, in microseconds.
    last_read: AtomicI64,
    /// When a reader last met a batch in the middle, in microseconds.
    last_contended_read: AtomicI64,
}

#[derive(Debug)]
struct Current {
    view: Arc<View>,
    since: Timestamp,
    /// While a batch is being stored, readers see the farm as of this time: a clock that the batch stops has shown
    /// nothing that it would have to take back.
    pinned: Option<Timestamp>,
}

impl Published {
    /// Publishes the state of a start.
    pub(super) fn new(view: View, since: Timestamp, clock: Clock) -> Self {
        Self {
            current: RwLock::new(Current { view: Arc::new(view), since, pinned: None }),
            store_fails: AtomicBool::new(false),
            clock,
            last_read: AtomicI64::new(i64::MIN),
            last_contended_read: AtomicI64::new(i64::MIN),
        }
    }

    /// The last published state, and the time as of which it is to be read.
    pub(super) fn view(&self) -> (Arc<View>, Timestamp) {
        let published = self.read();
        let now = self.clock.now();
        let time = published.pinned.unwrap_or(now);
        if published.pinned.is_some() {
            self.last_contended_read.fetch_max(now.micros(), Ordering::Relaxed);
        }
        self.last_read.fetch_max(time.micros(), Ordering::Relaxed);
        (Arc::clone(&published.view), time)
    }

    /// Stops the time of the readers until [`Self::publish`] or [`Self::unpin_time`]. It stops at the last time that was read,
    /// so that the counters have to keep up with nothing that nobody has seen; but where readers come in the middle of
    /// batches, at the present, so that time goes on for them too.
    pub(super) fn pin_time(&self) -> ApplyTime {
        let mut published = self.write();
        let now = self.clock.now();
        let last_contended_read = Timestamp::from_micros(self.last_contended_read.load(Ordering::Relaxed));
        let last_read = Timestamp::from_micros(self.last_read.load(Ordering::Relaxed)).max(published.since);
        let last_read = if now.since(last_contended_read) < BUSY { now } else { last_read };
        published.pinned = Some(last_read);
        ApplyTime { now, last_read }
    }

    /// Shows readers what `changes` names, and the clock put by `reset` microseconds, as of `now` by the clock before.
    pub(super) fn publish(&self, farm: &Farm, changes: &Changes, now: Timestamp, reset: i64) {
        let mut published = self.write();
        // While a reader still holds the last state, this copies it; else it changes it in place.
        Arc::make_mut(&mut published.view).publish(farm, changes);
        if reset != 0 {
            self.clock.step(reset);
            self.last_read.store(i64::MIN, Ordering::Relaxed);
            self.last_contended_read.store(i64::MIN, Ordering::Relaxed);
        }
        published.since = now.shift(reset);
        published.pinned = None;
    }

    /// Lets time go on for readers, with the state as it was.
    pub(super) fn unpin_time(&self) -> Arc<View> {
        let mut published = self.write();
        published.pinned = None;
        Arc::clone(&published.view)
    }

    #[cfg(test)]
    pub(super) fn is_pinned(&self) -> bool {
        self.read().pinned.is_some()
    }

    fn read(&self) -> RwLockReadGuard<'_, Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Current> {
        self.current.write().unwrap_or_else(PoisonError::into_inner)
    }
}
