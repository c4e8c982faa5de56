//! The durable store: one SQLite file.

mod migration;

use std::path::Path;
use std::time::Duration;

pub(super) use migration::SqliteMigration;

use super::retention::Retention;
use super::rows::{read_farm, read_heartbeat, read_last_print, write_changes};
use super::schema::FileError;
use super::shared::outbox;
use super::sqlite_file::{SqliteFile, checkpoint};
use super::{History, SqliteHistory, Store, StoreError, StoredState};
use crate::farm::{Changes, Farm, View};
use crate::labels::Source;
use crate::timestamp::Timestamp;

/// How much of the file SQLite keeps in memory: KiB where negative.
const CACHE_SIZE: i64 = -2_000;

/// The same while the state is loaded: each page is read once, and SQLite does not return the memory.
const CACHE_SIZE_WHILE_LOADING: i64 = -64;

/// How often the log is copied into the database and emptied, however small it is.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(60 * 60);

#[derive(Debug)]
pub struct SqliteStore {
    file: SqliteFile,
    retention: Retention,
    /// The number of the last print before this run.
    last_print: i64,
    sources: Vec<Source>,
    last_checkpoint: Option<Timestamp>,
}

impl SqliteStore {
    /// Opens the file, and creates it and its folders where they are missing.
    ///
    /// # Errors
    /// When another exporter uses the file, or it is damaged, written by a newer version, or of another program. Then it
    /// is not changed.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = SqliteFile::open(path)?;
        let last_print =
            read_last_print(&file.connection).map_err(|error| FileError::from(error).at(&file.path))?;
        let retention = Retention::default();
        Ok(Self { file, retention, last_print, sources: Vec::new(), last_checkpoint: None })
    }

    /// Loads printers of these senders. A file with any other is refused.
    #[must_use]
    pub fn with_sources(mut self, sources: Vec<Source>) -> Self {
        self.sources = sources;
        self
    }

    /// Keeps ended prints only for `span`, or for ever.
    #[must_use]
    pub fn with_retention(mut self, span: Option<Duration>) -> Self {
        self.retention = Retention::new(span);
        self
    }

    fn read(&self) -> Result<StoredState, FileError> {
        let connection = &self.file.connection;
        connection.pragma_update(None, "cache_size", CACHE_SIZE_WHILE_LOADING)?;
        let news = read_farm(connection, &self.sources)?;
        connection.pragma_update(None, "cache_size", CACHE_SIZE)?;
        let farm = Farm::restore(news).map_err(|error| FileError::Damaged(error.to_string()))?;
        Ok(StoredState { farm, heartbeat: read_heartbeat(connection)? })
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        outbox::dissolve(&mut self.file).map_err(|error| error.at(&self.file.path))?;
        self.read().map_err(|error| error.at(&self.file.path))
    }

    fn commit(&mut self, view: &View, changes: &Changes) -> Result<(), StoreError> {
        Ok(self.file.transaction(|connection| write_changes(connection, view, changes, self.last_print))?)
    }

    fn history(&self) -> Result<Box<dyn History>, StoreError> {
        Ok(Box::new(SqliteHistory::open(&self.file.path)?))
    }

    fn prune(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        let pruned = self.file.write(|connection| self.retention.prune(connection, now));
        pruned.map_err(|error| error.at(&self.file.path))
    }

    fn maintain(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let last = *self.last_checkpoint.get_or_insert(now);
        if last <= now && now.since(last) < CHECKPOINT_INTERVAL {
            return Ok(());
        }
        self.last_checkpoint = Some(now);
        self.file.write(checkpoint).map_err(|error| error.at(&self.file.path))
    }

    fn log_bytes(&self) -> Option<u64> {
        Some(self.file.watch.log_bytes())
    }

    fn check(&mut self) -> Result<(), StoreError> {
        Ok(self.file.check()?)
    }
}

#[cfg(test)]
pub(super) mod tests;
