//! A file that is read or written as a whole.

use std::path::Path;

use super::{SqliteFile, SqliteStore};
use crate::farm::{Changes, Heartbeat};
use crate::labels::Source;
use crate::store::migrate::{FarmRows, Migrated};
use crate::store::rows::{
    read_farm, read_heartbeat, read_last_print, read_print_ids, write_changes, write_print,
};
use crate::store::schema::FileError;
use crate::store::{History, PrintRow, SqliteHistory, StoreError};
use crate::timestamp::Timestamp;

pub(crate) struct SqliteMigration(SqliteFile);

impl SqliteMigration {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self(SqliteStore::open(path)?.file))
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.0.connection.execute_batch(sql).map_err(FileError::from)?)
    }
}

impl Migrated for SqliteMigration {
    fn read(&mut self, sources: &[Source]) -> Result<FarmRows, StoreError> {
        let connection = &self.0.connection;
        let read = || {
            let farm = read_farm(connection, sources)?;
            let heartbeat = read_heartbeat(connection)?;
            let view = farm.view();
            let at = heartbeat.map(|heartbeat| heartbeat.at).max(farm.last_event());
            let shown = heartbeat.map(|heartbeat| heartbeat.shown_until);
            Ok(FarmRows {
                printers: (0..view.len()).filter_map(|position| view.printer(position).cloned()).collect(),
                limits_reached: view.limits_reached().collect(),
                print_ids: read_print_ids(connection)?,
                at: at.unwrap_or_default(),
                shown: shown.unwrap_or_default(),
            })
        };
        read().map_err(|error: FileError| error.at(&self.0.path))
    }

    fn history(&self) -> Result<Box<dyn History>, StoreError> {
        Ok(Box::new(SqliteHistory::open(&self.0.path)?))
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
        self.run("BEGIN")
    }

    fn write_prints(&mut self, prints: Vec<PrintRow>) -> Result<(), StoreError> {
        for print in prints {
            write_print(&self.0.connection, Some(print.number), &print).map_err(FileError::from)?;
        }
        Ok(())
    }

    fn finish(&mut self, rows: FarmRows) -> Result<(), StoreError> {
        let FarmRows { printers, limits_reached, print_ids, at, shown } = rows;
        let count = printers.len();
        let limits_reached = limits_reached.into_iter().collect();
        let mut farm = crate::farm::Farm::restore(limits_reached, print_ids.iter().copied().collect(), count);
        for printer in printers {
            farm.insert_restored(printer).map_err(|error| StoreError(error.to_string()))?;
        }
        let changes = Changes {
            printers: (0..count).collect(),
            ended_print_ids: print_ids,
            limits: true,
            heartbeat: (at > Timestamp::default()).then_some(Heartbeat { at, shown_until: shown }),
            ..Changes::default()
        };
        write_changes(&self.0.connection, farm.view(), &changes, 0).map_err(FileError::from)?;
        self.run("COMMIT")
    }
}
