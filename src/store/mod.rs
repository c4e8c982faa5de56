//! The store: what keeps the state beyond the process.
//!
//! The contract is in the terms of the farm, and small: [`Store::load`] once, then [`Store::commit`] for every batch.
//! A store belongs to one writer and is never called concurrently.

mod backup;
mod file_watch;
mod history;
mod measured;
mod memory;
mod retention;
mod rows;
mod schema;
mod sqlite;

pub use backup::backup;
pub use history::{Filter, History, PrintRow};
pub use measured::Measured;
pub use memory::MemoryStore;
pub use sqlite::{SqliteStore, open_to_read};

use crate::farm::{Changes, Farm, View};
use crate::timestamp::Timestamp;

/// Keeps the state of the farm.
pub trait Store: Send {
    /// The state as of the last commit that succeeded; a new farm when there was none.
    ///
    /// # Errors
    /// When what is kept cannot be read. It is left as it is.
    fn load(&mut self) -> Result<StoredState, StoreError>;

    /// Keeps what `changes` names, as it is in `view`: all of it or nothing. When this returns `Ok`, the next
    /// [`Self::load`] finds it, as surely as the store promises. `shown_until` is kept where `changes` has a heartbeat:
    /// the counters are not seen to grow beyond it before the next commit with one.
    ///
    /// # Errors
    /// When it could not be kept. Then what was kept before is unchanged, and a later commit may succeed.
    fn commit(&mut self, view: &View, changes: &Changes, shown_until: Timestamp) -> Result<(), StoreError>;

    /// Removes a few of the prints that ended longer ago than this store is to keep them, as of `now`: no more than
    /// a webhook can wait for. Answers how many; 0 when there is nothing to do for now.
    ///
    /// # Errors
    /// When they could not be removed. Then they are all still there, and a later call may succeed.
    fn prune(&mut self, _now: Timestamp) -> Result<usize, StoreError> {
        Ok(0)
    }

    /// Looks whether what was kept is still where it was put. It is called every few seconds while nothing is committed.
    ///
    /// # Errors
    /// When it is not.
    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What a store has kept.
#[derive(Debug, Default)]
pub struct StoredState {
    /// The state.
    pub farm: Farm,
    /// Until when the counters may have been seen to grow, as of the last heartbeat, if there was one.
    pub shown_until: Option<Timestamp>,
}

/// Why a store failed, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);
