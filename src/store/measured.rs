//! Metrics and log lines of a store.

use std::time::Duration;

use tracing::{error, info};

use super::{Begun, Dated, History, OutboxState, Store, StoreError, StoredState};
use crate::clock::Clock;
use crate::farm::{Changes, Event, Farm, View};
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
        measured.metrics.store_up(!measured.store.is_shared());
        measured.note_sizes();
        measured
    }

    fn note_sizes(&self) {
        if let Some(bytes) = self.store.log_bytes() {
            self.metrics.store_wal_bytes(bytes);
        }
        if let Some(OutboxState { events, oldest }) = self.store.outbox() {
            self.metrics.outbox(events, oldest);
        }
    }

    fn counted<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.metrics.store_failed();
            self.metrics.store_up(false);
            if self.failing.as_ref() != Some(error) {
                let webhooks = if self.store.is_shared() { "wait in the outbox" } else { "are refused" };
                error!(%error, "the store failed; webhooks {webhooks} until it works again");
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

    fn begin(
        &mut self,
        farm: &mut Farm,
        print_ids: &mut dyn Iterator<Item = u64>,
        patience: Duration,
    ) -> Result<Option<Begun>, StoreError> {
        let begun = self.store.begin(farm, print_ids, patience);
        self.counted(begun)
    }

    fn set_aside(&mut self, events: &[Dated<Event>], error: StoreError) -> Result<(), StoreError> {
        let kept = self.store.set_aside(events, error);
        self.note_sizes();
        kept
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    fn outbox(&self) -> Option<OutboxState> {
        self.store.outbox()
    }

    fn commit(&mut self, view: &View, changes: &Changes) -> Result<(), StoreError> {
        let begun = self.clock.monotonic();
        let committed = self.store.commit(view, changes);
        if committed.is_ok() {
            if self.failing.take().is_some() {
                info!("the store works again");
            }
            self.metrics.store_up(true);
            self.note_sizes();
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
        self.note_sizes();
        maintained
    }

    fn log_bytes(&self) -> Option<u64> {
        self.store.log_bytes()
    }

    fn prune(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        self.store.prune(now)
    }
}
