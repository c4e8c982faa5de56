//! The store that several replicas share: the protocol, whatever the [`Database`].
//!
//! The farm in memory is a copy of the rows. Every batch is one transaction, which locks the head, takes over what other
//! replicas have changed, applies, and writes with the next version; a scrape is a batch without events that raises the time
//! until which the state was shown. So the batches of all replicas have one order, no replica applies an event to an old
//! state, and no counter falls, whichever replica shows it.
//!
//! After any failure, the copy counts as lost, and the connection is closed. The next one begins with everything, which it
//! reads in the background and without a lock: no webhook waits for that, of whichever replica. The next batch finds out
//! whether the one that failed was stored after all: the head is locked, so nothing can change that any more. A database
//! that no longer has our last batch went back to an older state; that is a failure too. What this replica has copied of
//! others is older than its own last batch, so that one batch stands for all.

mod database;
pub(super) mod outbox;
#[cfg(test)]
pub(crate) mod testing;

use std::time::Duration;

use crate::farm::{ApplyTime, Changes, Event, Farm, View};
use crate::random;
use crate::timestamp::Timestamp;

use super::rows::{PrinterRow, print_row};
use super::{Begun, Dated, History, OutboxState, Store, StoreError, StoredState};

pub use database::{Ask, Batch, Database, Head, Locked, Mark};
pub use outbox::Outbox;

/// The number of waiting events that one batch takes: few in tests, so that more are waiting than one takes.
const BATCH: usize = if cfg!(test) { 3 } else { 1024 };

/// A batch whose webhooks can wait for less than this is not begun: the database would hardly answer in time.
const LEAST_PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct SharedStore<D> {
    database: D,
    outbox: Outbox,
    /// What the farm in memory is a copy of; `None` after a failure.
    copy: Option<Copied>,
    begun: Option<BegunBatch>,
    /// The id of the last batch, when it is not known whether it was stored.
    in_doubt: Option<String>,
    /// The name of this run, and the number of its batches: together the id of a batch.
    run: String,
    batches: u64,
}

#[derive(Debug)]
struct Copied {
    version: i64,
    /// The id of our last batch.
    batch: String,
}

#[derive(Debug)]
struct BegunBatch {
    head: Head,
    present: Timestamp,
    /// How long the commit may take.
    limit: Duration,
    /// The number of the last event of the outbox that is part of the state, with this batch.
    outbox: i64,
    /// How many of those this batch takes.
    waiting: usize,
}

impl<D: Database> SharedStore<D> {
    /// A store in this database. The outbox keeps events while it cannot be reached.
    pub fn new(database: D, outbox: Outbox) -> Result<Self, StoreError> {
        let run = random::id().map_err(|error| StoreError(error.to_string()))?;
        Ok(Self { database, outbox, copy: None, begun: None, in_doubt: None, run, batches: 0 })
    }

    fn try_begin(
        &mut self,
        farm: &mut Farm,
        print_ids: &mut dyn Iterator<Item = u64>,
        limit: Duration,
    ) -> Result<Begun, StoreError> {
        let mut waiting = self.outbox.first(BATCH)?;
        let of_waiting = waiting.iter().filter_map(|waiting| waiting.event.value.print_fingerprint());
        let print_ids = print_ids.chain(of_waiting).collect();
        let known = self.copy.as_ref().map(|copy| copy.version);
        let ask = Ask { replica: self.outbox.name().to_owned(), known, print_ids };
        let locked = self.database.begin(&ask, limit)?;
        if !self.has_our_past(&locked) {
            return Err(StoreError(
                "the shared store is older than what this replica has seen of it; it is read anew".into(),
            ));
        }
        self.outbox.check_farm(&locked.head.farm_id)?;
        if self.copy.is_none() {
            self.outbox.settle(locked.mark.as_ref())?;
            let asked = waiting.last().map_or(0, |last| last.number);
            waiting = self.outbox.first(BATCH)?;
            waiting.retain(|waiting| waiting.number <= asked);
        }
        let Locked { head, clock, mark, everything, news } = locked;
        let mut taken_over = Changes::default();
        for news in everything.into_iter().chain([news]) {
            let changes = farm.take_over(news).map_err(|error| {
                StoreError(format!("the shared store is damaged: {error}; restore a backup of the database"))
            })?;
            taken_over.printers.extend(changes.printers);
            taken_over.limits |= changes.limits;
        }
        let present = clock.max(head.at).max(head.shown);
        let time = ApplyTime { now: present, last_read: head.shown };
        let is_behind = self.outbox.state().events > waiting.len();
        let outbox = waiting.last().map_or_else(|| mark.map_or(0, |mark| mark.outbox), |last| last.number);
        self.begun = Some(BegunBatch { head, present, limit, outbox, waiting: waiting.len() });
        let waiting = waiting.into_iter().map(|waiting| waiting.event).collect();
        Ok(Begun { time, taken_over, waiting, is_behind })
    }

    /// Whether the database still has what the farm in memory is a copy of.
    fn has_our_past(&self, locked: &Locked) -> bool {
        self.copy.as_ref().is_none_or(|copy| {
            let is_last = locked.mark.as_ref().is_some_and(|mark| mark.batch == copy.batch);
            is_last && locked.head.version >= copy.version
        })
    }

    /// What the begun batch writes.
    fn batch(&mut self, begun: &BegunBatch, view: &View, changes: &Changes) -> Result<Batch, StoreError> {
        self.batches += 1;
        let mark = Mark { batch: format!("{}-{}", self.run, self.batches), outbox: begun.outbox };
        let printers = changes.printers.iter().filter_map(|position| {
            let printer = view.printer(*position)?;
            Some(PrinterRow::new(*position, printer))
        });
        let printers = printers.collect::<Result<_, _>>()?;
        let mut last_print = begun.head.last_print;
        let prints = changes.ended.iter().filter_map(|(position, print)| {
            last_print += 1;
            Some(print_row(last_print, view.printer(*position)?, print))
        });
        let prints = prints.collect();
        let head = Head {
            farm_id: begun.head.farm_id.clone(),
            version: begun.head.version + 1,
            at: begun.present,
            shown: changes.heartbeat.map_or(begun.head.shown, |heartbeat| heartbeat.shown_until),
            printers: view.len(),
            last_print,
        };
        let limits_reached = if changes.limits { view.limits_reached().collect() } else { Vec::new() };
        let (replica, print_ids) = (self.outbox.name().to_owned(), changes.ended_print_ids.clone());
        Ok(Batch { replica, mark, head, printers, prints, print_ids, limits_reached })
    }
}

#[cfg(test)]
impl<D> SharedStore<D> {
    pub(crate) const fn outbox_file(&self) -> &Outbox {
        &self.outbox
    }
}

impl<D: Database> Store for SharedStore<D> {
    /// The first batch reads the farm. Until the database can be reached, there is none to show.
    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.database.connect()?;
        Ok(StoredState::default())
    }

    fn begin(
        &mut self,
        farm: &mut Farm,
        print_ids: &mut dyn Iterator<Item = u64>,
        patience: Duration,
    ) -> Result<Option<Begun>, StoreError> {
        self.in_doubt = None;
        self.begun = None;
        if patience < LEAST_PATIENCE {
            return Err(StoreError("the database is too slow for the webhooks that come in".into()));
        }
        // One half is for the commit.
        let begun = self.try_begin(farm, print_ids, patience / 2).inspect_err(|_| {
            self.copy = None;
            self.database.disconnect();
        })?;
        Ok(Some(begun))
    }

    fn commit(&mut self, view: &View, changes: &Changes) -> Result<(), StoreError> {
        // Any failure leaves the farm other than the copy.
        self.copy = None;
        let begun = self.begun.take().ok_or_else(|| StoreError("no batch has begun".into()))?;
        let batch = self.batch(&begun, view, changes)?;
        let (id, version) = (batch.mark.batch.clone(), batch.head.version);
        if let Err(error) = self.database.commit(batch, begun.limit) {
            self.in_doubt = Some(id);
            self.database.disconnect();
            return Err(error);
        }
        self.copy = Some(Copied { version, batch: id });
        if begun.waiting > 0
            && let Err(error) = self.outbox.remove(begun.waiting, begun.outbox)
        {
            tracing::warn!(%error, "cannot remove webhooks from the outbox that are stored; a later removal does");
        }
        Ok(())
    }

    fn set_aside(&mut self, events: &[Dated<Event>], _: StoreError) -> Result<(), StoreError> {
        self.outbox.append(events, self.in_doubt.take().as_deref())
    }

    fn prune(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        self.database.prune(now)
    }

    fn history(&self) -> Result<Box<dyn History>, StoreError> {
        self.database.history()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn outbox(&self) -> Option<OutboxState> {
        Some(self.outbox.state())
    }
}
