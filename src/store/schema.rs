//! The layout of the SQLite file: how it is created and recognized, and why a file is refused.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::StoreError;

/// Marks a file as ours: "PFEX".
const APPLICATION_ID: i64 = 0x5046_4558;

/// The `user_version` of a file that [`schema.sql`](../schema.sql) created.
const LAYOUT: i64 = 2;

/// What turns a file of layout 1 into one of layout 2.
const TO_LAYOUT_2: &str = "
    ALTER TABLE prints ADD COLUMN reason TEXT;
    ALTER TABLE prints ADD COLUMN filament_meters REAL;
    ALTER TABLE prints ADD COLUMN filament_meters_basis TEXT;
    ALTER TABLE prints ADD COLUMN filament_grams REAL;
    ALTER TABLE prints ADD COLUMN filament_grams_basis TEXT;";

/// Why a file cannot be used: a sentence whose subject is the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("is a folder; name a file in it, such as --storage.path={}", .0.join("printfarm.db").display())]
    Folder(PathBuf),
    #[error(
        "is in use by another printfarm_exporter; stop that one, or give this one another --storage.path"
    )]
    InUse,
    #[error("does not exist; give the file of the exporter with --storage.path")]
    Missing,
    #[error("is empty; it was never used by an exporter, or copied without its -wal file")]
    Empty,
    #[error("is a database of another program; choose another --storage.path")]
    Foreign,
    #[error(
        "was written by a newer version (layout {0}; this version knows layout {LAYOUT}); install that version again"
    )]
    Newer(i64),
    #[error(
        "was written by an older version (layout {0}; this version reads layout {LAYOUT}); start the exporter of this \
         version with it once"
    )]
    Older(i64),
    #[error(
        "is damaged and was not changed ({0}); restore a backup, or move the file away with its -wal and -shm files to \
         start empty"
    )]
    Damaged(String),
    #[error(
        "has the printer {label:?} of the sender {sender:?}, which this version does not know; run the version that wrote it"
    )]
    UnknownSender { label: String, sender: String },
    #[error("is damaged: the state of the printer {label:?} cannot be read ({error}); restore a backup")]
    State { label: String, error: serde_json::Error },
    #[error(
        "was moved, deleted or replaced while it was in use; move it back, or restart the exporter to use the file that \
         is there now"
    )]
    Moved,
    #[error(
        "keeps {0} webhooks for the database of replicas; start the exporter with their --storage.url until \
         printfarm_outbox_events is 0, or choose another --storage.path"
    )]
    Waiting(i64),
    #[error("cannot be used: the disk is full; free some space, or inodes where `df -i` shows none")]
    DiskFull,
    #[error("cannot be used: this user must be able to write to the file and to its folder ({0})")]
    NoAccess(String),
    #[error("cannot be used: {0}")]
    Other(String),
}

impl FileError {
    /// The error for the operator. The sender of a webhook gets the one without the path, by `From`.
    pub(super) fn at(self, path: &Path) -> StoreError {
        StoreError(format!("the store {} {self}", path.display()))
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        Self(format!("the store {error}"))
    }
}

impl From<rusqlite::Error> for FileError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Other("another program keeps it locked".into())
            }
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::NoAccess(error.to_string())
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

/// Refuses a file that is not a store of this layout or of an earlier one.
pub(super) fn check(connection: &Connection) -> Result<(), FileError> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application_id = number("PRAGMA application_id")?;
    let layout = layout(connection)?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    match (application_id, layout) {
        (APPLICATION_ID, 1..=LAYOUT) => Ok(()),
        (APPLICATION_ID, other) => Err(FileError::Newer(other)),
        (0, 0) if tables == 0 => Err(FileError::Empty),
        _ => Err(FileError::Foreign),
    }
}

/// Refuses a store of an earlier layout, which only an exporter may change.
pub(super) fn check_is_current(connection: &Connection) -> Result<(), FileError> {
    match layout(connection)? {
        LAYOUT => Ok(()),
        older => Err(FileError::Older(older)),
    }
}

fn layout(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings a store of an earlier layout to this one.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), FileError> {
    if layout(connection)? == LAYOUT {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    transaction.execute_batch(TO_LAYOUT_2)?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    Ok(transaction.commit()?)
}

/// Creates the tables in an empty file.
pub(super) fn create(connection: &mut Connection) -> Result<(), FileError> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(include_str!("schema.sql"))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names, types and constraints of the columns of `prints`.
    fn columns(connection: &Connection) -> Vec<(String, String, bool)> {
        let mut rows =
            connection.prepare("SELECT name, type, \"notnull\" FROM pragma_table_info('prints')").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn a_file_of_layout_1_becomes_one_of_this_layout_and_keeps_its_prints() {
        let mut created = Connection::open_in_memory().unwrap();
        create(&mut created).unwrap();
        let mut older = Connection::open_in_memory().unwrap();
        create(&mut older).unwrap();
        for column in
            ["reason", "filament_meters", "filament_meters_basis", "filament_grams", "filament_grams_basis"]
        {
            older.execute_batch(&format!("ALTER TABLE prints DROP COLUMN {column}")).unwrap();
        }
        older.pragma_update(None, "user_version", 1).unwrap();
        older
            .execute_batch("INSERT INTO prints VALUES (7, 'a', 'octoprint', NULL, NULL, NULL, 'local', NULL, 0, 9, 'failed', 8, 1)")
            .unwrap();
        assert!(matches!(check_is_current(&older), Err(FileError::Older(1))));

        check(&older).unwrap();
        migrate(&mut older).unwrap();
        check_is_current(&older).unwrap();
        migrate(&mut older).unwrap();
        assert_eq!(columns(&older), columns(&created));
        let kept = "SELECT number, printed_seconds, reason IS NULL AND filament_meters IS NULL FROM prints";
        let kept = older.query_row(kept, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        assert_eq!(kept, (7, 8.0, true));
    }
}
