//! A store whose commits are timed, and whose failures are counted and logged.

use tracing::error;

use super::{Store, StoreError, StoredState};
use crate::clock::Clock;
use crate::farm::{Changes, View};
use crate::metrics::exporter::ExporterMetrics;
use crate::timestamp::Timestamp;

/// See the module.
pub struct Measured<S> {
    store: S,
    own: ExporterMetrics,
    clock: Clock,
}

impl<S> Measured<S> {
    /// Measures this store.
    #[must_use]
    pub const fn new(store: S, own: ExporterMetrics, clock: Clock) -> Self {
        Self { store, own, clock }
    }

    fn counted(&self, result: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error) = &result {
            self.own.store_failed();
            error!(%error, "the store failed");
        }
        result
    }
}

impl<S: Store> Store for Measured<S> {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.store.load()
    }

    fn commit(&mut self, view: &View, changes: &Changes, shown_until: Timestamp) -> Result<(), StoreError> {
        let begun = self.clock.monotonic();
        let committed = self.store.commit(view, changes, shown_until);
        if committed.is_ok() {
            self.own.commit(self.clock.monotonic().saturating_sub(begun));
        }
        self.counted(committed)
    }

    fn check(&mut self) -> Result<(), StoreError> {
        let checked = self.store.check();
        self.counted(checked)
    }

    fn prune(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        self.store.prune(now)
    }
}
