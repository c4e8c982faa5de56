//! How the SQLite file is laid out, and how an earlier layout becomes the present one.

mod shorten;

use std::path::Path;

use rusqlite::{Connection, ErrorCode, Transaction};

use super::StoreError;

/// Marks a file as ours: "PFEX".
const APPLICATION_ID: i64 = 0x5046_4558;

/// The steps from an empty file to the present layout. `user_version` counts how many of them a file has taken. A step
/// that was released is never changed; a new layout is a new step.
const STEPS: &[Step] = &[
    Step { sql: include_str!("schema/1.sql"), then: None },
    Step { sql: include_str!("schema/2.sql"), then: Some(shorten::states) },
];

/// From one layout to the next.
struct Step {
    sql: &'static str,
    /// What SQL has no words for.
    then: Option<Convert>,
}

type Convert = fn(&Transaction<'_>) -> Result<(), Error>;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("does not exist; give the file of the exporter with --storage.path")]
    Missing,
    #[error("is a database of another program; choose another --storage.path")]
    Foreign,
    #[error(
        "was written by a newer version (layout {found}; this one knows up to {known}); install that version again"
    )]
    Newer { found: i64, known: usize },
    #[error(
        "has the layout {found} of an earlier version; start the exporter once, and it brings the file up to date"
    )]
    Older { found: i64 },
    #[error(
        "is damaged, and is left as it is; move it away with its -wal and -shm files to start anew, or put a backup \
         in its place ({0})"
    )]
    Damaged(String),
    #[error(
        "is damaged: the state of the printer {label:?} cannot be read ({error}); put a backup in its place"
    )]
    State { label: String, error: serde_json::Error },
    #[error(
        "was moved, deleted or replaced while it was in use; put it back, or restart the exporter to go on with what is \
         there now"
    )]
    Moved,
    #[error("cannot be used: {0}")]
    Other(String),
}

impl Error {
    pub(super) fn at(self, path: &Path) -> StoreError {
        StoreError(format!("the store {} {self}", path.display()))
    }

    pub(super) fn from_sqlite(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            Some(ErrorCode::DiskFull) => Self::Other("the disk is full".into()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Other("another program keeps it locked".into())
            }
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::Other(
                format!("the file and its folder must be open to this user for writing ({error})"),
            ),
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::from_sqlite(&error)
    }
}

/// Refuses what is not ours or too new, before anything is written.
pub(super) fn check(connection: &Connection) -> Result<i64, Error> {
    let application_id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application_id != APPLICATION_ID && (application_id != 0 || version != 0 || tables != 0) {
        return Err(Error::Foreign);
    }
    if usize::try_from(version).is_ok_and(|version| version > STEPS.len()) {
        return Err(Error::Newer { found: version, known: STEPS.len() });
    }
    Ok(version)
}

/// Refuses what cannot be read as it is.
pub(super) fn check_current(connection: &Connection) -> Result<(), Error> {
    let found = check(connection)?;
    if usize::try_from(found).is_ok_and(|found| found == STEPS.len()) {
        Ok(())
    } else {
        Err(Error::Older { found })
    }
}

/// Brings the file up to date, one step in one transaction each.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Error> {
    let taken = usize::try_from(check(connection)?).unwrap_or(0);
    for (version, step) in (1_i64..).zip(STEPS).skip(taken) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step.sql)?;
        step.then.map_or(Ok(()), |then| then(&transaction))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
