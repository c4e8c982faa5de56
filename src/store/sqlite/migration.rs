//! A file that is read or written as a whole.

use std::path::Path;

use crate::farm::{Changes, Farm, Heartbeat, News};
use crate::labels::Source;
use crate::store::migrate::Migrated;
use crate::store::rows::{read_farm, read_heartbeat, read_last_print, write_changes, write_print};
use crate::store::schema::FileError;
use crate::store::shared::outbox;
use crate::store::sqlite_file::SqliteFile;
use crate::store::{History, PrintRow, SqliteHistory, StoreError};
use crate::timestamp::Timestamp;

pub(crate) struct SqliteMigration(SqliteFile);

impl SqliteMigration {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self(SqliteFile::open(path)?))
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.0.connection.execute_batch(sql).map_err(FileError::from)?)
    }
}

impl Migrated for SqliteMigration {
    fn read(&mut self, sources: &[Source]) -> Result<(News, Heartbeat), StoreError> {
        let read = || {
            let farm = read_farm(&self.0.connection, sources)?;
            let heartbeat = read_heartbeat(&self.0.connection)?;
            let last_event = farm.printers.iter().map(|(_, printer)| printer.state.last_event).max();
            let at = heartbeat.map(|heartbeat| heartbeat.at).max(last_event).unwrap_or_default();
            let shown_until = heartbeat.map(|heartbeat| heartbeat.shown_until).unwrap_or_default();
            Ok((farm, Heartbeat { at, shown_until }))
        };
        read().map_err(|error: FileError| error.at(&self.0.path))
    }

    fn history(&self) -> Result<Box<dyn History>, StoreError> {
        Ok(Box::new(SqliteHistory::open(&self.0.path)?))
    }

    fn copied_to(&mut self, farm_id: &str) -> Result<(), StoreError> {
        outbox::note_copied(&mut self.0, farm_id)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        let printers = self.0.connection.query_row("SELECT count(*) FROM printers", [], |row| row.get(0));
        let printers: i64 = printers.map_err(FileError::from)?;
        if printers > 0 || read_last_print(&self.0.connection).map_err(FileError::from)? > 0 {
            return Err(StoreError(format!(
                "the store {} has a farm already; migrate to a new file",
                self.0.path.display()
            )));
        }
        outbox::dissolve(&mut self.0).map_err(|error| error.at(&self.0.path))?;
        self.run("BEGIN")
    }

    fn write_prints(&mut self, prints: Vec<PrintRow>) -> Result<(), StoreError> {
        for print in prints {
            write_print(&self.0.connection, Some(print.number), &print).map_err(FileError::from)?;
        }
        Ok(())
    }

    fn finish(&mut self, farm: News, heartbeat: Heartbeat) -> Result<(), StoreError> {
        let ended_print_ids = farm.ended_print_ids.clone();
        let mut copy = Farm::default();
        let printers = copy.take_over(farm).map_err(|error| StoreError(error.to_string()))?.printers;
        let heartbeat = Some(heartbeat).filter(|heartbeat| heartbeat.at > Timestamp::default());
        let changes = Changes { printers, ended_print_ids, limits: true, heartbeat, ..Changes::default() };
        write_changes(&self.0.connection, copy.view(), &changes, 0).map_err(FileError::from)?;
        self.run("COMMIT")
    }
}
