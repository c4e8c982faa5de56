//! Metrics and log lines of a store.

use tracing::{error, info};

use super::{History, Store, StoreError, StoredState};
use crate::clock::Clock;
use crate::farm::{Changes, View};
use crate::metrics::exporter::ExporterMetrics;
use crate::timestamp::Timestamp;

/// Times each commit of a store, counts its failures, and logs when it starts and stops failing.
pub struct Measured {
    store: Box<dyn Store>,
    metrics: ExporterMetrics,
    clock: Clock,
    /// Why the store fails, since the last successful commit.
    failing: Option<StoreError>,
}

impl Measured {
    pub fn new(store: Box<dyn Store>, metrics: ExporterMetrics, clock: Clock) -> Self {
        let measured = Self { store, metrics, clock, failing: None };
        measured.note_log_bytes();
        measured
    }

    fn note_log_bytes(&self) {
        if let Some(bytes) = self.store.log_bytes() {
            self.metrics.store_wal_bytes(bytes);
        }
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
            self.note_log_bytes();
            self.metrics.commit(self.clock.monotonic().saturating_sub(begun));
        }
        self.counted(committed)
    }

    fn history(&self) -> Result<Box<dyn History>, StoreError> {
        self.store.history()
    }

    fn check(&mut self) -> Result<(), StoreError> {
        let checked = self.store.check();
        self.counted(checked)
    }

    fn maintain(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let maintained = self.store.maintain(now);
        self.note_log_bytes();
        maintained
    }

    fn log_bytes(&self) -> Option<u64> {
        self.store.log_bytes()
    }

    fn prune(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        self.store.prune(now)
    }
}
