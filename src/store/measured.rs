//! Metrics and log lines of a store.

use tracing::error;

use super::{Store, StoreError, StoredState};
use crate::clock::Clock;
use crate::farm::{Changes, View};
use crate::metrics::exporter::ExporterMetrics;
use crate::timestamp::Timestamp;

/// Times each commit of a store, and counts and logs its failures.
pub struct Measured {
    store: Box<dyn Store>,
    metrics: ExporterMetrics,
    clock: Clock,
}

impl Measured {
    /// Measures this store.
    #[must_use]
    pub const fn new(store: Box<dyn Store>, metrics: ExporterMetrics, clock: Clock) -> Self {
        Self { store, metrics, clock }
    }

    fn counted(&self, result: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error) = &result {
            self.metrics.store_failed();
            error!(%error, "the store failed");
        }
        result
    }
}

impl Store for Measured {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.store.load()
    }

    fn commit(&mut self, view: &View, changes: &Changes) -> Result<(), StoreError> {
        let begun = self.clock.monotonic();
        let committed = self.store.commit(view, changes);
        if committed.is_ok() {
            self.metrics.commit(self.clock.monotonic().saturating_sub(begun));
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
