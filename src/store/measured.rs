//! Metrics and log lines of a store.

use tracing::{error, info};

use super::{Store, StoreError, StoredState};
use crate::clock::Clock;
use crate::farm::{Changes, View};
use crate::metrics::exporter::ExporterMetrics;
use crate::timestamp::Timestamp;

/// Times each commit of a store, counts its failures, and logs when it begins and when it ends to fail.
pub struct Measured {
    store: Box<dyn Store>,
    metrics: ExporterMetrics,
    clock: Clock,
    /// Why the store fails, since the last successful commit.
    failing: Option<StoreError>,
}

impl Measured {
    /// Measures this store.
    #[must_use]
    pub const fn new(store: Box<dyn Store>, metrics: ExporterMetrics, clock: Clock) -> Self {
        Self { store, metrics, clock, failing: None }
    }

    fn counted(&mut self, result: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error) = &result {
            self.metrics.store_failed();
            if self.failing.as_ref() != Some(error) {
                error!(%error, "the store failed; webhooks are refused until it works again");
                self.failing = Some(error.clone());
            }
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
            if self.failing.take().is_some() {
                info!("the store works again");
            }
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
