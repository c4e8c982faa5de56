//! A shared store on a machine that may die between any two steps, and whose disk may be full.

use std::panic::resume_unwind;
use std::time::Duration;

use crate::farm::{Changes, Event, Farm, View};
use crate::store::testing::{Crash, ModelConnection};
use crate::store::{Begun, Dated, OutboxState, SharedStore, Store, StoreError, StoredState};

/// What happens to the machine of a replica during one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalFault {
    None,
    /// Nothing can be written to the outbox.
    DiskFull,
    /// It dies before it keeps events.
    CrashBeforeOutbox,
    /// It dies when it has kept them, before anybody hears of that.
    CrashAfterOutbox,
    /// It dies when the batch is stored and what it took from the outbox is removed.
    CrashAfterCommit,
}

pub(super) struct Mortal {
    pub(super) store: SharedStore<ModelConnection>,
    pub(super) fault: LocalFault,
}

impl Mortal {
    pub(super) fn begin_to_fail(&mut self, fault: LocalFault) {
        self.fault = fault;
        self.store.outbox_file().set_full(fault == LocalFault::DiskFull);
    }

    fn dies_of(&self, fault: LocalFault) {
        if self.fault == fault {
            resume_unwind(Box::new(Crash));
        }
    }
}

impl Store for Mortal {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.store.load()
    }

    fn begin(
        &mut self,
        farm: &mut Farm,
        print_ids: &mut dyn Iterator<Item = u64>,
        patience: Duration,
    ) -> Result<Option<Begun>, StoreError> {
        self.store.begin(farm, print_ids, patience)
    }

    fn set_aside(&mut self, events: &[Dated<Event>], error: StoreError) -> Result<(), StoreError> {
        self.dies_of(LocalFault::CrashBeforeOutbox);
        let kept = self.store.set_aside(events, error);
        self.dies_of(LocalFault::CrashAfterOutbox);
        kept
    }

    fn commit(&mut self, view: &View, changes: &Changes) -> Result<(), StoreError> {
        let committed = self.store.commit(view, changes);
        self.dies_of(LocalFault::CrashAfterCommit);
        committed
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    fn outbox(&self) -> Option<OutboxState> {
        self.store.outbox()
    }
}
