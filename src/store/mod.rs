//! The store keeps the state of the farm beyond the process.
//!
//! The contract is [`Store`], in terms of the farm: [`Store::load`] once, then [`Store::commit`] for every batch. A store
//! has one caller, the recorder's writer, and is never called concurrently. The recorder does not know which store it
//! has; what only some stores need, such as pruning or checking files, is a method with an empty default.

mod backup;
mod file_watch;
mod history;
mod measured;
mod memory;
mod migrate;
mod postgres;
mod retention;
mod rows;
mod schema;
mod shared;
mod sqlite;
mod sqlite_file;

pub use backup::{BackupError, backup, restore};
pub use history::{
    Filter, History, Order, PAGE, Page, Position, PrintRow, PrintedSince, SqliteHistory, Sums, prints,
};
pub use measured::Measured;
pub use memory::MemoryStore;
pub use migrate::{Moved, Place, migrate};
pub use postgres::{DatabaseUrl, Password, Postgres, PostgresHistory, UrlError};
pub use shared::{Ask, Batch, Database, Head, Locked, Mark, Outbox, SharedStore};
pub use sqlite::SqliteStore;
pub use sqlite_file::open_to_read;

#[cfg(test)]
pub(crate) use shared::testing;

use std::time::Duration;

use crate::farm::{ApplyTime, Changes, Event, Farm, Heartbeat, View};
use crate::timestamp::Timestamp;

pub trait Store: Send {
    /// Reads the state as of the last successful commit; an empty farm when there was none.
    ///
    /// # Errors
    /// When the state cannot be read. It is not changed.
    fn load(&mut self) -> Result<StoredState, StoreError>;

    /// Begins a batch, where other replicas write to this store too: brings `farm` up to date with them. `print_ids` are the
    /// fingerprints of the print ids in the events of the batch, which wait no longer than `patience` for the begin and the
    /// commit together. `None`, where this exporter is the only one.
    ///
    /// # Errors
    /// When the store cannot be reached, or not in time. The farm is as it was, and a later call may succeed.
    fn begin(
        &mut self,
        _farm: &mut Farm,
        _print_ids: &mut dyn Iterator<Item = u64>,
        _patience: Duration,
    ) -> Result<Option<Begun>, StoreError> {
        Ok(None)
    }

    /// Keeps events that could not be committed because of `error`, durably. A later batch begins with them.
    ///
    /// # Errors
    /// When the store has no place for them. Nothing was kept.
    fn set_aside(&mut self, _events: &[Dated<Event>], error: StoreError) -> Result<(), StoreError> {
        Err(error)
    }

    /// Stores what `changes` names, as it is in `view`: all of it or nothing. After `Ok`, the next [`Self::load`] returns it,
    /// as durably as the store promises.
    ///
    /// # Errors
    /// When nothing was stored. A later commit may succeed. The sender of a webhook reads the error, so it names no path.
    fn commit(&mut self, view: &View, changes: &Changes) -> Result<(), StoreError>;

    /// What reads the prints that have ended, while this store goes on writing.
    fn history(&self) -> Result<Box<dyn History>, StoreError> {
        Ok(Box::new(MemoryStore))
    }

    /// Removes some of the prints that ended longer ago than this store is to keep them, as of `now`: no more than a
    /// waiting webhook tolerates. Returns their number; 0 when nothing is due.
    ///
    /// # Errors
    /// When nothing was removed. A later call may succeed.
    fn prune(&mut self, _now: Timestamp) -> Result<usize, StoreError> {
        Ok(0)
    }

    /// Does what the store has to do now and then, as of `now`.
    ///
    /// # Errors
    /// When it failed. Nothing is lost by that.
    fn maintain(&mut self, _now: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether other replicas write to this store too.
    fn is_shared(&self) -> bool {
        false
    }

    /// The events that wait, where the store is shared.
    fn outbox(&self) -> Option<OutboxState> {
        None
    }

    /// The size of the write-ahead log in bytes, where the store has one.
    fn log_bytes(&self) -> Option<u64> {
        None
    }

    /// Checks between commits whether the store still works.
    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A batch of a shared store.
#[derive(Debug)]
pub struct Begun {
    /// Its present, and until when readers have seen the state, whichever replica showed it. By the clock of the store.
    pub time: ApplyTime,
    /// What other replicas have changed.
    pub taken_over: Changes,
    /// Events that were set aside before. They are to be applied first.
    pub waiting: Vec<Dated<Event>>,
    /// More events are waiting than those: new ones have to be set aside too.
    pub is_behind: bool,
}

/// Something with a time that was read from the clock.
#[derive(Clone, Debug)]
pub struct Dated<T> {
    pub value: T,
    /// [`Clock::started`](crate::clock::Clock::started) when it was read; `None` when another run of the exporter read it.
    pub epoch: Option<Timestamp>,
}

/// The events that wait for a shared store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxState {
    pub events: usize,
    /// When the first of them was received.
    pub oldest: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub struct StoredState {
    pub farm: Farm,
    pub heartbeat: Option<Heartbeat>,
}

/// Why a store failed: a sentence for a person that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);
