//! The outbox of a replica: events that were acknowledged while the shared store could not be reached.
//!
//! It is a table in the SQLite file of `--storage.path`, written like the store there: an event is on the disk before it is
//! acknowledged. An event leaves the outbox when it is part of the shared state. Its number is in the transaction that makes
//! it so; see [`Mark`].

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Mark;
use crate::farm::Event;
use crate::labels::Source;
use crate::random;
use crate::store::schema::FileError;
use crate::store::sqlite_file::SqliteFile;
use crate::store::{Dated, OutboxState, StoreError};
use crate::timestamp::Timestamp;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS outbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        batch TEXT,
        epoch INTEGER,
        received INTEGER NOT NULL,
        source TEXT NOT NULL,
        event TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS replica (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        name TEXT NOT NULL,
        farm_id TEXT
    ) STRICT;";

const OPENED: &str = "
    SELECT name, farm_id, (SELECT count(*) FROM outbox), (SELECT ifnull(max(number), 0) FROM outbox),
        EXISTS (SELECT 1 FROM printers)
    FROM replica";

#[derive(Debug)]
pub struct Outbox {
    file: SqliteFile,
    sources: Vec<Source>,
    name: String,
    farm_id: Option<String>,
    /// The file has a farm of its own.
    has_farm: bool,
    state: OutboxState,
    /// The last event that an earlier run has kept: the epochs of the events until there mean nothing.
    before_this_run: i64,
    /// The last event that is part of the shared state.
    applied: i64,
}

/// An event with its number.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub number: i64,
    pub event: Dated<Event>,
}

impl Outbox {
    /// Opens the outbox in the file at `path`, and creates both where they are missing. Its events are of these senders.
    pub fn open(path: &Path, sources: Vec<Source>) -> Result<Self, StoreError> {
        let mut file = SqliteFile::open(path)?;
        create(&mut file)?;
        let opened = file.connection.query_row(OPENED, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?, row.get(4)?))
        });
        let (name, farm_id, events, before_this_run, has_farm) = opened.map_err(FileError::from)?;
        let events = usize::try_from(events).unwrap_or(0);
        let state = OutboxState { events, oldest: oldest(&file.connection, 0)? };
        Ok(Self { file, sources, name, farm_id, has_farm, state, before_this_run, applied: 0 })
    }

    /// The name of the replica, which it keeps as long as its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub const fn state(&self) -> OutboxState {
        self.state
    }

    /// Keeps events. `batch` names the batch that may have stored them.
    pub fn append(&mut self, events: &[Dated<Event>], batch: Option<&str>) -> Result<(), StoreError> {
        self.file.transaction(|connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO outbox (batch, epoch, received, source, event) VALUES (?, ?, ?, ?, ?)",
            )?;
            for Dated { value, epoch } in events {
                let json = serde_json::to_string(value)
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                let source = value.printer.source.as_str();
                let epoch = epoch.map(Timestamp::micros);
                insert.execute(params![batch, epoch, value.received.micros(), source, json])?;
            }
            Ok(())
        })?;
        self.state.events += events.len();
        let received = events.iter().map(|event| event.value.received);
        self.state.oldest = self.state.oldest.or_else(|| received.min());
        Ok(())
    }

    /// The first events that are not part of the shared state, `limit` at most.
    pub fn first(&self, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        if self.state.events == 0 {
            return Ok(Vec::new());
        }
        let select =
            "SELECT number, epoch, source, event FROM outbox WHERE number > ? ORDER BY number LIMIT ?";
        let read = || -> Result<Vec<Waiting>, FileError> {
            let mut statement = self.file.connection.prepare_cached(select)?;
            let mut rows =
                statement.query(params![self.applied, i64::try_from(limit).unwrap_or(i64::MAX)])?;
            let mut waiting = Vec::new();
            while let Some(row) = rows.next()? {
                waiting.push(self.read(row)?);
            }
            Ok(waiting)
        };
        Ok(read()?)
    }

    fn read(&self, row: &Row<'_>) -> Result<Waiting, FileError> {
        let number = row.get("number")?;
        let (name, json): (String, String) = (row.get("source")?, row.get("event")?);
        let mut event: Event = serde_json::from_str(&json)
            .map_err(|error| FileError::Damaged(format!("an event of the outbox cannot be read: {error}")))?;
        let source = self.sources.iter().find(|source| source.as_str() == name);
        event.printer.source = *source
            .ok_or_else(|| FileError::UnknownSender { label: event.printer.label.clone(), sender: name })?;
        let epoch: Option<i64> = row.get("epoch")?;
        let epoch = epoch.filter(|_| number > self.before_this_run).map(Timestamp::from_micros);
        Ok(Waiting { number, event: Dated { value: event, epoch } })
    }

    /// Removes what is part of the shared state, by what that says of this replica: no other of its batches was stored, and
    /// none will be.
    pub fn settle(&mut self, mark: Option<&Mark>) -> Result<(), StoreError> {
        if self.state.events == 0 {
            return Ok(());
        }
        let (batch, number) = mark.map_or(("", 0), |mark| (mark.batch.as_str(), mark.outbox));
        let left: i64 = self.file.transaction(|connection| {
            connection
                .execute("DELETE FROM outbox WHERE number <= ? OR batch = ?", params![number, batch])?;
            connection.execute("UPDATE outbox SET batch = NULL WHERE batch IS NOT NULL", [])?;
            connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
        })?;
        self.applied = number;
        self.state.events = usize::try_from(left).unwrap_or(0);
        self.state.oldest = oldest(&self.file.connection, number)?;
        Ok(())
    }

    /// Notes that the first `events` events, up to this number, are part of the shared state, and removes them.
    ///
    /// # Errors
    /// When they are still in the file. They do not wait any more all the same, and go when others do.
    pub fn remove(&mut self, events: usize, number: i64) -> Result<(), StoreError> {
        self.applied = number;
        self.state.events = self.state.events.saturating_sub(events);
        self.state.oldest = oldest(&self.file.connection, number)?;
        let delete = "DELETE FROM outbox WHERE number <= ?";
        self.file.transaction(|connection| connection.execute(delete, [number]))?;
        Ok(())
    }

    /// Lets every write fail, as when the disk is full.
    #[cfg(test)]
    pub(crate) fn set_full(&self, is_full: bool) {
        self.file.connection.pragma_update(None, "query_only", is_full).unwrap();
    }

    /// Refuses the database of another farm than the one whose events wait here, or than the one that is in the file itself.
    pub fn check_farm(&mut self, farm_id: &str) -> Result<(), StoreError> {
        if self.farm_id.as_deref() == Some(farm_id) {
            return Ok(());
        }
        if self.farm_id.is_some() && self.state.events > 0 {
            return Err(StoreError(
                "the database has another farm than the one whose webhooks wait in the outbox; give the right \
                 --storage.url, or another --storage.path"
                    .into(),
            ));
        }
        if self.farm_id.is_none() && self.has_farm {
            return Err(StoreError(
                "the file of --storage.path has a farm that was not copied to the database; stop the exporters and run \
                 `printfarm_exporter migrate`, or choose another --storage.path to go on without that farm"
                    .into(),
            ));
        }
        note_farm(&mut self.file, farm_id)?;
        self.farm_id = Some(farm_id.to_owned());
        Ok(())
    }
}

/// Makes a file an outbox, unless it is one already.
fn create(file: &mut SqliteFile) -> Result<(), StoreError> {
    let name = random::id().map_err(|error| StoreError(error.to_string()))?;
    file.transaction(|connection| {
        connection.execute_batch(TABLES)?;
        connection.execute("INSERT OR IGNORE INTO replica (one, name) VALUES (1, ?)", [name])
    })?;
    Ok(())
}

fn note_farm(file: &mut SqliteFile, farm_id: &str) -> Result<(), StoreError> {
    file.transaction(|connection| connection.execute("UPDATE replica SET farm_id = ?", [farm_id]))?;
    Ok(())
}

/// Notes that the farm in this file was copied to a database, so that the file may be an outbox of that one.
pub(in crate::store) fn note_copied(file: &mut SqliteFile, farm_id: &str) -> Result<(), StoreError> {
    create(file)?;
    note_farm(file, farm_id)
}

/// Makes a file that was an outbox one that is not. Refuses one in which events wait.
pub(in crate::store) fn dissolve(file: &mut SqliteFile) -> Result<(), FileError> {
    let number = |sql| file.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    if number("SELECT count(*) FROM sqlite_schema WHERE name = 'outbox'")? == 0 {
        return Ok(());
    }
    match number("SELECT count(*) FROM outbox")? {
        0 => file.transaction(|connection| connection.execute_batch("DROP TABLE outbox; DROP TABLE replica")),
        waiting => Err(FileError::Waiting(waiting)),
    }
}

/// When the first event after this number was received.
fn oldest(connection: &Connection, number: i64) -> Result<Option<Timestamp>, FileError> {
    let first = "SELECT received FROM outbox WHERE number > ? ORDER BY number LIMIT 1";
    let first = connection.prepare_cached(first)?.query_row([number], |row| row.get(0)).optional()?;
    Ok(first.map(Timestamp::from_micros))
}

#[cfg(test)]
mod tests;
