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
pub(super) struct Board {
    published: RwLock<Published>,
    /// Whether the last commit failed.
    pub(super) store_fails: AtomicBool,
    pub(super) clock: Clock,
    /// The last time that readers have read the farm as of, in microseconds.
    seen: AtomicI64,
    /// When a reader last met a batch in the middle, in microseconds.
    met: AtomicI64,
}

#[derive(Debug)]
struct Published {
    view: Arc<View>,
    since: Timestamp,
    /// While a batch is being stored, readers see the farm as of this time: a clock that the batch stops has shown
    /// nothing that it would have to take back.
    frozen: Option<Timestamp>,
}

impl Board {
    /// Publishes the state of a start.
    pub(super) fn new(view: View, since: Timestamp, clock: Clock) -> Self {
        Self {
            published: RwLock::new(Published { view: Arc::new(view), since, frozen: None }),
            store_fails: AtomicBool::new(false),
            clock,
            seen: AtomicI64::new(i64::MIN),
            met: AtomicI64::new(i64::MIN),
        }
    }

    /// The last published state, and the time as of which it is to be read.
    pub(super) fn view(&self) -> (Arc<View>, Timestamp) {
        let published = self.read();
        let now = self.clock.now();
        let time = published.frozen.unwrap_or(now);
        if published.frozen.is_some() {
            self.met.fetch_max(now.micros(), Ordering::Relaxed);
        }
        self.seen.fetch_max(time.micros(), Ordering::Relaxed);
        (Arc::clone(&published.view), time)
    }

    /// Stops the time of the readers until [`Self::publish`] or [`Self::thaw`]. It stops at the last time that was read,
    /// so that the counters have to keep up with nothing that nobody has seen; but where readers come in the middle of
    /// batches, at the present, so that time goes on for them too.
    pub(super) fn freeze(&self) -> ApplyTime {
        let mut published = self.write();
        let now = self.clock.now();
        let met = Timestamp::from_micros(self.met.load(Ordering::Relaxed));
        let seen = Timestamp::from_micros(self.seen.load(Ordering::Relaxed)).max(published.since);
        let seen = if now.since(met) < BUSY { now } else { seen };
        published.frozen = Some(seen);
        ApplyTime { now, last_read: seen }
    }

    /// Shows readers what `changes` names, and the clock put by `reset` microseconds, as of `now` by the clock before.
    pub(super) fn publish(&self, farm: &Farm, changes: &Changes, now: Timestamp, reset: i64) {
        let mut published = self.write();
        // While a reader still holds the last state, this copies it; else it changes it in place.
        Arc::make_mut(&mut published.view).publish(farm, changes);
        if reset != 0 {
            self.clock.put(reset);
            self.seen.store(i64::MIN, Ordering::Relaxed);
            self.met.store(i64::MIN, Ordering::Relaxed);
        }
        published.since = now.put(reset);
        published.frozen = None;
    }

    /// Lets time go on for readers, with the state as it was.
    pub(super) fn thaw(&self) -> Arc<View> {
        let mut published = self.write();
        published.frozen = None;
        Arc::clone(&published.view)
    }

    #[cfg(test)]
    pub(super) fn is_frozen(&self) -> bool {
        self.read().frozen.is_some()
    }

    fn read(&self) -> RwLockReadGuard<'_, Published> {
        self.published.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Published> {
        self.published.write().unwrap_or_else(PoisonError::into_inner)
    }
}
