//! The durable store: one SQLite file.
//!
//! Write-ahead log, `synchronous=FULL`: a commit that returned is on the disk, and survives a crash of the process and
//! of the machine. The file says whose it is (`application_id`) and how it is laid out (`user_version`); see
//! [`super::schema`]. Only one process may write; a lock on a file beside the database sees to that, because SQLite's
//! own locks would let a second one in between two commits.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};

use super::retention::Retention;
use super::schema;
use super::{Kept, Store, StoreError};
use crate::farm::{Changes, EndedPrint, Farm, Printer, Source, Time, View};

/// How long to wait for another program that has the file open for writing, such as a person's `sqlite3`.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps the state in an SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Connection,
    retention: Retention,
    /// Held for as long as this process may write.
    _lock: File,
}

impl SqliteStore {
    /// Opens the file, and makes it, with the folders that lead to it, when it is missing. A file of an earlier version
    /// is brought up to date.
    ///
    /// # Errors
    /// When another exporter has it, when it is no store of ours, when it is damaged or newer than this program. Then
    /// it is left as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| cannot(&format!("create the folder {}", folder.display()), &error))?;
        }
        let lock = lock(path)?;
        let connection = Connection::open(path).map_err(|error| at(path, &error))?;
        let mut store =
            Self { path: path.to_owned(), connection, retention: Retention::default(), _lock: lock };
        store.prepare().map_err(|error| error.at(path))?;
        Ok(store)
    }

    /// Keeps ended prints only for `span`, or for ever.
    #[must_use]
    pub fn keeping(mut self, span: Option<Duration>) -> Self {
        self.retention = Retention::new(span);
        self
    }

    fn prepare(&mut self) -> Result<(), schema::Error> {
        schema::check(&self.connection)?;
        self.connection.busy_timeout(PATIENCE)?;
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        schema::migrate(&mut self.connection)
    }

    fn read(&self) -> Result<Kept, schema::Error> {
        let mut rows = self.connection.prepare("SELECT label, state FROM printers ORDER BY position")?;
        let printers = rows
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?
            .map(|row| {
                let (label, state) = row?;
                serde_json::from_str(&state).map_err(|error| schema::Error::State { label, error })
            })
            .collect::<Result<Vec<Printer>, _>>()?;
        let mut rows = self.connection.prepare("SELECT fingerprint FROM ended_print_ids")?;
        let spent =
            rows.query_map([], |row| row.get(0).map(i64::cast_unsigned))?.collect::<Result<_, _>>()?;
        let mut rows = self.connection.prepare("SELECT source, reached FROM notification_limits")?;
        let mut limit_reached = [None; Source::ALL.len()];
        for row in rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))? {
            let (source, reached) = row?;
            if let Some(source) = Source::from_word(&source) {
                limit_reached[source.index()] = Some(Time::from_micros(reached));
            }
        }
        let heartbeat =
            self.connection.query_row("SELECT alive FROM heartbeat", [], |row| row.get(0)).optional()?;
        let farm = Farm::restore(printers, limit_reached, spent);
        Ok(Kept { farm, heartbeat: heartbeat.map(Time::from_micros) })
    }

    fn write(&mut self, view: &View, changes: &Changes, now: Time) -> Result<(), rusqlite::Error> {
        let transaction = self.connection.transaction()?;
        for &position in &changes.printers {
            if let Some(printer) = view.printer(position) {
                write_printer(&transaction, position, printer)?;
            }
        }
        for (position, print) in &changes.ended {
            if let Some(printer) = view.printer(*position) {
                write_print(&transaction, printer, print)?;
            }
        }
        for fingerprint in &changes.spent {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO ended_print_ids (fingerprint) VALUES (?)")?
                .execute([fingerprint.cast_signed()])?;
        }
        if changes.limits {
            write_limits(&transaction, view)?;
        }
        if changes.heartbeat {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO heartbeat (one, alive) VALUES (1, ?)")?
                .execute([now.micros()])?;
        }
        transaction.commit()
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Kept, StoreError> {
        self.read().map_err(|error| error.at(&self.path))
    }

    fn commit(&mut self, view: &View, changes: &Changes, now: Time) -> Result<(), StoreError> {
        // Without the path: the sender of a webhook reads this.
        self.write(view, changes, now)
            .map_err(|error| StoreError(schema::Error::from_sqlite(&error).to_string()))
    }

    fn forget(&mut self, now: Time) -> Result<usize, StoreError> {
        self.retention.forget(&self.connection, now).map_err(|error| at(&self.path, &error))
    }
}

fn write_printer(transaction: &Transaction<'_>, position: usize, printer: &Printer) -> rusqlite::Result<()> {
    let state = serde_json::to_string(printer)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    transaction
        .prepare_cached(
            "INSERT INTO printers (position, source, id, label, name, state) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (position) DO UPDATE SET name = excluded.name, state = excluded.state",
        )?
        .execute(params![
            i64::try_from(position).unwrap_or(i64::MAX),
            printer.source().as_str(),
            printer.id(),
            printer.label(),
            printer.name(),
            state,
        ])?;
    Ok(())
}

fn write_print(transaction: &Transaction<'_>, printer: &Printer, print: &EndedPrint) -> rusqlite::Result<()> {
    let file = print.file.as_ref();
    transaction
        .prepare_cached(
            "INSERT INTO prints (printer, source, print_id, file, path, origin, owner, started, ended, outcome,
                 printed_seconds, paused_seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            printer.label(),
            printer.source().as_str(),
            print.print_id,
            file.map(|file| &file.name),
            file.and_then(|file| file.path.as_ref()),
            print.origin.as_str(),
            print.owner,
            print.started.seconds(),
            print.ended.seconds(),
            print.outcome.as_str(),
            print.printed.as_secs_f64(),
            print.paused.as_secs_f64(),
        ])?;
    Ok(())
}

fn write_limits(transaction: &Transaction<'_>, view: &View) -> rusqlite::Result<()> {
    for source in Source::ALL {
        if let Some(reached) = view.limit_reached(*source) {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO notification_limits (source, reached) VALUES (?, ?)")?
                .execute(params![source.as_str(), reached.micros()])?;
        }
    }
    Ok(())
}

/// Opens the file for reading, beside the exporter that writes it.
///
/// # Errors
/// When there is no such file, or it is no store that this version can read.
pub fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Err(schema::Error::Missing.at(path));
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| at(path, &error))?;
    connection.busy_timeout(PATIENCE).map_err(|error| at(path, &error))?;
    schema::check_current(&connection).map_err(|error| error.at(path))?;
    Ok(connection)
}

/// Takes the lock that tells other exporters to stay away. It goes when the process ends, however it ends.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| cannot(&format!("open {}", name.display()), &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError(format!(
            "{} is in use by another printfarm_exporter; stop that one, or give this one a --storage.path of its own",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(cannot(&format!("lock {}", name.display()), &error)),
    }
}

fn cannot(what: &str, error: &std::io::Error) -> StoreError {
    StoreError(format!(
        "cannot {what}: {error}; the store has to lie in a folder that this user may write to"
    ))
}

pub(super) fn at(path: &Path, error: &rusqlite::Error) -> StoreError {
    schema::Error::from_sqlite(error).at(path)
}

#[cfg(test)]
pub(super) mod tests;
