//! What the protocol of a shared store needs of a database: two steps, each of which may fail at any moment.

use std::time::Duration;

use crate::farm::News;
use crate::labels::Source;
use crate::store::rows::PrinterRow;
use crate::store::{History, PrintRow, StoreError};
use crate::timestamp::Timestamp;

/// A database that several replicas share.
pub trait Database: Send {
    /// Makes the first connection, if that is possible at once.
    ///
    /// # Errors
    /// When it will never be possible with these settings.
    fn connect(&mut self) -> Result<(), StoreError>;

    /// Begins a transaction and locks the head, within `limit`. One that is still open is rolled back before. When this
    /// returns, every transaction that locked the head before has ended, those of lost connections included.
    ///
    /// # Errors
    /// When the database cannot be reached, or another replica holds the lock for too long.
    fn begin(&mut self, ask: &Ask, limit: Duration) -> Result<Locked, StoreError>;

    /// Writes all of a batch and commits, within `limit`.
    ///
    /// # Errors
    /// When it is not known that this happened. It may have, or it may happen until the next [`Self::begin`] returns.
    fn commit(&mut self, batch: Batch, limit: Duration) -> Result<(), StoreError>;

    /// Closes the connection, and begins to make another. A transaction that is still open is rolled back.
    fn disconnect(&mut self);

    /// Removes some of the prints that ended longer ago than they are to be kept, as of `now`, unless another replica does.
    /// Returns their number.
    ///
    /// # Errors
    /// When nothing was removed.
    fn prune(&mut self, _now: Timestamp) -> Result<usize, StoreError> {
        Ok(0)
    }

    /// What reads the prints that have ended.
    ///
    /// # Errors
    /// When it cannot be made.
    fn history(&self) -> Result<Box<dyn History>, StoreError>;
}

/// What a replica wants to know at the begin of a batch.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its name.
    pub replica: String,
    /// The version that it has; `None` for everything, which a connection that was just made can tell.
    pub known: Option<i64>,
    /// Which of these fingerprints belong to prints that have ended.
    pub print_ids: Vec<u64>,
}

/// The answer, as of the moment at which the head was locked.
#[derive(Debug)]
pub struct Locked {
    pub head: Head,
    /// The clock of the database.
    pub clock: Timestamp,
    /// What this replica has stored last; `None` when that was nothing so far.
    pub mark: Option<Mark>,
    /// What there was before the news, for a replica that knows nothing.
    pub everything: Option<News>,
    pub news: News,
}

/// The one row that every batch locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Tells this farm from those in other databases.
    pub farm_id: String,
    /// Counts the batches.
    pub version: i64,
    /// The time of the last batch.
    pub at: Timestamp,
    /// The latest time as of which a reader has seen the state.
    pub shown: Timestamp,
    /// The number of printers.
    pub printers: usize,
    /// The number of the last ended print; 0 when there is none.
    pub last_print: i64,
}

/// What a replica has stored last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The id of its last batch.
    pub batch: String,
    /// The number of the last event of its outbox that is part of the state.
    pub outbox: i64,
}

/// What a batch writes.
#[derive(Debug)]
pub struct Batch {
    pub replica: String,
    pub mark: Mark,
    pub head: Head,
    pub printers: Vec<PrinterRow>,
    pub prints: Vec<PrintRow>,
    /// Fingerprints of the ids of those prints.
    pub print_ids: Vec<u64>,
    pub limits_reached: Vec<(Source, Timestamp)>,
}
