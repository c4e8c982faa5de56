//! The layout of the SQLite file: how it is created and recognized, and why a file is refused.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::StoreError;

/// Marks a file as ours: "PFEX".
const APPLICATION_ID: i64 = 0x5046_4558;

/// The `user_version` of a file that [`schema.sql`](../schema.sql) created.
const LAYOUT: i64 = 1;

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

/// Refuses a file that is not a store of this layout.
pub(super) fn check(connection: &Connection) -> Result<(), FileError> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application_id = number("PRAGMA application_id")?;
    let layout = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    match (application_id, layout) {
        (APPLICATION_ID, LAYOUT) => Ok(()),
        (APPLICATION_ID, newer) => Err(FileError::Newer(newer)),
        (0, 0) if tables == 0 => Err(FileError::Empty),
        _ => Err(FileError::Foreign),
    }
}

/// Creates the tables in an empty file.
pub(super) fn create(connection: &mut Connection) -> Result<(), FileError> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(include_str!("schema.sql"))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    Ok(transaction.commit()?)
}
