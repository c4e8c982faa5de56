//! The durable store: one SQLite file.
//!
//! Write-ahead log, `synchronous=FULL`: a commit that returned is on the disk, and survives a crash of the process and
//! of the machine. The file says whose it is (`application_id`) and how it is laid out (`user_version`); see
//! [`super::schema`]. Only one process may write; a lock on a file beside the database sees to that, because SQLite's
//! own locks would let a second one in between two commits. Files that are moved away or overwritten under the running
//! process are noticed before and after every commit; see [`super::file_watch`].

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::file_watch::{FileWatch, Tampered};
use super::retention::Retention;
use super::rows::{PRINTERS, read_printer, write_limits, write_print, write_printer};
use super::schema;
use super::{Store, StoreError, StoredState};
use crate::farm::{Changes, Farm, View};
use crate::labels::Source;
use crate::timestamp::Timestamp;

/// How long to wait for another program that has the file open for writing, such as a person's `sqlite3`.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much of the file SQLite keeps in memory, as it counts: negative numbers are KiB.
const CACHE: i64 = -2_000;

/// The same, for as long as the state is read.
const PASSING_CACHE: i64 = -64;

/// For so many printers, room is made before they are read. A damaged file may promise more.
const ROOM: usize = 100_000;

/// After so many pages in the log, 16 MB, a commit copies them into the database, and whoever waits for it waits longer. A
/// page that changes again and again is copied once, so that a longer log is less work.
const LOG_PAGES: i64 = 4_000;

/// Keeps the state in an SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Connection,
    retention: Retention,
    watch: FileWatch,
    /// A commit went to files that were moved away meanwhile: nobody can tell what is kept.
    lost: bool,
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
        if path.is_dir() {
            return Err(StoreError(format!(
                "the store {0} is a folder; name a file in it, as in --storage.path={1}",
                path.display(),
                path.join("printfarm.db").display()
            )));
        }
        // Absolute, because SQLite takes some relative ones, such as `:memory:`, for something else than a file.
        let path = absolute(path).map_err(|error| cannot(&format!("use {}", path.display()), &error))?;
        if let Some(folder) = path.parent() {
            create_folder(folder)
                .map_err(|error| cannot(&format!("create the folder {}", folder.display()), &error))?;
        }
        // A link and what it leads to are one store, with one lock; SQLite has its log beside the file itself.
        let path = path.canonicalize().unwrap_or(path);
        let lock = lock(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags).map_err(|error| at(&path, &error))?;
        prepare(&mut connection).map_err(|error| error.at(&path))?;
        let watch =
            FileWatch::new(&path).map_err(|error| cannot(&format!("watch {}", path.display()), &error))?;
        Ok(Self { path, connection, retention: Retention::default(), watch, lost: false, _lock: lock })
    }

    /// Keeps ended prints only for `span`, or for ever.
    #[must_use]
    pub fn with_retention(mut self, span: Option<Duration>) -> Self {
        self.retention = Retention::new(span);
        self
    }

    /// Refuses to go on with files that somebody else has laid hands on. Another program may write to the database, as
    /// long as it leaves it sound.
    fn look(&mut self) -> Result<(), schema::Error> {
        if self.lost {
            return Err(schema::Error::Moved);
        }
        match self.watch.check() {
            Ok(()) => Ok(()),
            Err(Tampered::Moved) => Err(schema::Error::Moved),
            Err(Tampered::Written) => {
                // Our own connection would ask its memory.
                let sound: String =
                    open_read_only(&self.path)?.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
                if sound != "ok" {
                    return Err(schema::Error::Damaged(sound));
                }
                self.watch.refresh().map_err(|_| schema::Error::Moved)
            }
        }
    }

    /// Writes, and makes sure before and after that it goes to the files that lie at the path.
    fn watched<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, rusqlite::Error>,
    ) -> Result<T, schema::Error> {
        self.look()?;
        let written = write(self);
        if self.watch.refresh().is_err() {
            self.lost = true;
            return Err(schema::Error::Moved);
        }
        Ok(written?)
    }

    fn read(&self) -> Result<StoredState, schema::Error> {
        // A start reads every page once. To keep them would take memory that nothing gives back.
        self.connection.pragma_update(None, "cache_size", PASSING_CACHE)?;
        let farm = self.read_farm()?;
        self.connection.pragma_update(None, "cache_size", CACHE)?;
        let shown_until = self
            .connection
            .query_row("SELECT shown_until FROM heartbeat", [], |row| row.get(0))
            .optional()?;
        Ok(StoredState { farm, shown_until: shown_until.map(Timestamp::from_micros) })
    }

    fn read_farm(&self) -> Result<Farm, schema::Error> {
        let mut rows = self.connection.prepare("SELECT fingerprint FROM ended_print_ids")?;
        let ended_print_ids =
            rows.query_map([], |row| row.get(0).map(i64::cast_unsigned))?.collect::<Result<_, _>>()?;
        let mut rows = self.connection.prepare("SELECT source, reached FROM notification_limits")?;
        let mut limit_reached = [None; Source::ALL.len()];
        for row in rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))? {
            let (source, reached) = row?;
            if let Some(source) = Source::from_word(&source) {
                limit_reached[source.index()] = Some(Timestamp::from_micros(reached));
            }
        }
        let count = "SELECT ifnull(max(position) + 1, 0) FROM printers";
        let count = self.connection.query_row(count, [], |row| row.get::<_, i64>(0))?;
        let count = usize::try_from(count).unwrap_or(0);
        let mut farm = Farm::restore(limit_reached, ended_print_ids, count.min(ROOM));
        let mut rows = self.connection.prepare(PRINTERS)?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            farm.insert_restored(read_printer(row)?)
                .map_err(|twice| schema::Error::Damaged(twice.to_string()))?;
        }
        // Their positions are what the next commits find them by.
        if farm.view().len() != count {
            return Err(schema::Error::Damaged("a printer is missing".into()));
        }
        Ok(farm)
    }

    fn write(&self, view: &View, changes: &Changes, shown_until: Timestamp) -> rusqlite::Result<()> {
        let connection = &self.connection;
        for &position in &changes.printers {
            if let Some(printer) = view.printer(position) {
                write_printer(connection, position, printer)?;
            }
        }
        for (position, print) in &changes.ended {
            if let Some(printer) = view.printer(*position) {
                write_print(connection, printer, print)?;
            }
        }
        for fingerprint in &changes.ended_print_ids {
            connection
                .prepare_cached("INSERT OR IGNORE INTO ended_print_ids (fingerprint) VALUES (?)")?
                .execute([fingerprint.cast_signed()])?;
        }
        if changes.limits {
            write_limits(connection, view)?;
        }
        if changes.heartbeat {
            connection
                .prepare_cached("INSERT OR REPLACE INTO heartbeat (one, shown_until) VALUES (1, ?)")?
                .execute([shown_until.micros()])?;
        }
        Ok(())
    }
}

/// Writes all of it or nothing. The statements around it are kept prepared, as those within are.
fn transaction(
    connection: &Connection,
    write: impl FnOnce() -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]);
    run("BEGIN")?;
    let written = write().and_then(|()| run("COMMIT").map(drop));
    if written.is_err() && !connection.is_autocommit() {
        // The error that led here tells more than one of this.
        let _ = run("ROLLBACK");
    }
    written
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.read().map_err(|error| error.at(&self.path))
    }

    fn commit(&mut self, view: &View, changes: &Changes, shown_until: Timestamp) -> Result<(), StoreError> {
        // Without the path: the sender of a webhook reads this.
        self.watched(|store| transaction(&store.connection, || store.write(view, changes, shown_until)))
            .map_err(|error| StoreError(format!("the store {error}")))
    }

    fn prune(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        self.watched(|store| store.retention.prune(&store.connection, now))
            .map_err(|error| error.at(&self.path))
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.look().map_err(|error| StoreError(format!("the store {error}")))
    }
}

fn prepare(connection: &mut Connection) -> Result<(), schema::Error> {
    connection.busy_timeout(PATIENCE)?;
    let is_empty = match schema::check(connection) {
        Err(schema::Error::Empty) => true,
        checked => checked.map(|()| false)?,
    };
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    if is_empty {
        schema::create(connection)?;
    }
    // The first read in this mode creates the -wal file, which is watched from here on.
    schema::check(connection)
}

/// Creates a folder and those that lead to it, so that they survive a crash of the machine as surely as the files in them.
fn create_folder(folder: &Path) -> std::io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    std::fs::create_dir_all(folder)?;
    for parent in missing.into_iter().filter_map(Path::parent) {
        File::open(parent)?.sync_all()?;
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
    let connection = open_read_only(path).map_err(|error| at(path, &error))?;
    schema::check(&connection).map_err(|error| error.at(path))?;
    Ok(connection)
}

fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(PATIENCE)?;
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
