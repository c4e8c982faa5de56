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
mod retention;
mod rows;
mod schema;
mod sqlite;

pub use backup::{BackupError, backup, restore};
pub use history::{
    Filter, History, Order, PAGE, Page, Position, PrintRow, PrintedSince, SqliteHistory, Sums, prints,
};
pub use measured::Measured;
pub use memory::MemoryStore;
pub use sqlite::{SqliteStore, open_to_read};

use crate::farm::{Changes, Farm, Heartbeat, View};
use crate::timestamp::Timestamp;

pub trait Store: Send {
    /// Reads the state as of the last successful commit; an empty farm when there was none.
    ///
    /// # Errors
    /// When the state cannot be read. It is not changed.
    fn load(&mut self) -> Result<StoredState, StoreError>;

    /// Stores what `changes` names, as it is in `view`: all of it or nothing. After `Ok`, the next [`Self::load`] returns it,
    /// as durably as the store promises.
    ///
    /// # Errors
    /// When nothing was stored. A later commit may succeed. The sender of a webhook reads the error, so it names no path.
    fn commit(&mut self, view: &View, changes: &Changes) -> Result<(), StoreError>;

    /// What reads the prints that have ended, while this store goes on writing.
    ///
    /// # Errors
    /// When it cannot be opened.
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

    /// The size of the write-ahead log in bytes, where the store has one.
    fn log_bytes(&self) -> Option<u64> {
        None
    }

    /// Checks between commits whether the store still works.
    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
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
