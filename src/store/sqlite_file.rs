//! An SQLite file, as stores use it.
//!
//! Write-ahead log, `synchronous=FULL`: a commit that returned is on the disk and survives a crash of the process and
//! of the machine. Only one process may write. A lock on a file beside the database ensures that, because SQLite's own
//! locks are free between two commits. [`FileWatch`] notices before and after every commit when the files were moved or
//! overwritten.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::StoreError;
use super::file_watch::{FileWatch, with_suffix};
use super::schema::{self, FileError};

/// How long to wait for another program that writes to the file, such as a person's `sqlite3`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// A commit that leaves this many pages (16 MB) in the log copies them into the database. A page that changes often is
/// copied once, so a longer log is less work; but its webhooks wait for the copy.
const CHECKPOINT_PAGES: i64 = 4_000;

/// The size to which the log shrinks once no reader needs more of it.
pub(super) const LOG_LIMIT: i64 = CHECKPOINT_PAGES * 4096;

/// A file that this process alone writes to.
#[derive(Debug)]
pub(super) struct SqliteFile {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) watch: FileWatch,
    /// The files were moved during a commit, so it is unknown which of them has it.
    commit_lost: bool,
    /// Locked as long as this is open.
    _lock: File,
}

impl SqliteFile {
    /// Opens the file, and creates it and its folders where they are missing.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if path.is_dir() {
            return Err(FileError::Folder(path.to_owned()).at(path));
        }
        // Absolute, because SQLite gives some relative paths another meaning, such as `:memory:`.
        let path = absolute(path).map_err(|error| io_error("use", path, &error))?;
        if let Some(folder) = path.parent() {
            create_folder(folder).map_err(|error| io_error("create the folder", folder, &error))?;
        }
        // A symbolic link and its target are one store with one lock.
        let path = path.canonicalize().unwrap_or(path);
        let lock = lock(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(FileError::from);
        let connection = connection.and_then(prepare).map_err(|error| match error {
            // SQLite does not say why it cannot create the -wal file.
            FileError::NoAccess(_) if is_disk_full(&path) => FileError::DiskFull.at(&path),
            error => error.at(&path),
        })?;
        let watch = FileWatch::new(&path).map_err(|error| io_error("watch", &path, &error))?;
        Ok(Self { path, connection, watch, commit_lost: false, _lock: lock })
    }

    /// Refuses files that were moved, replaced or damaged. Another program may write to the database as long as it leaves
    /// it intact.
    pub(super) fn check(&mut self) -> Result<(), FileError> {
        if self.commit_lost {
            return Err(FileError::Moved);
        }
        if self.watch.is_written()? {
            // A new connection, because this one would check the pages in its memory.
            let result: String =
                open_read_only(&self.path)?.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if result != "ok" {
                return Err(FileError::Damaged(result));
            }
            self.watch.refresh()?;
        }
        Ok(())
    }

    /// Writes, and checks before and after that the files at the path are the ones that are written.
    pub(super) fn write<T>(
        &mut self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, FileError> {
        self.check()?;
        let written = write(&self.connection);
        self.watch.refresh().inspect_err(|_| self.commit_lost = true)?;
        Ok(written?)
    }

    /// Writes all of it or nothing.
    pub(super) fn transaction<T>(
        &mut self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, FileError> {
        self.write(|connection| transaction(connection, write))
    }
}

/// Writes all of it or nothing. Its statements are cached too.
fn transaction<T>(
    connection: &Connection,
    write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]);
    run("BEGIN")?;
    let written = write(connection).and_then(|written| run("COMMIT").map(|_| written));
    if written.is_err() && !connection.is_autocommit() {
        // The first error says more than one of the rollback.
        let _ = run("ROLLBACK");
    }
    written
}

fn prepare(mut connection: Connection) -> Result<Connection, FileError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let is_empty = match schema::check(&connection) {
        Err(FileError::Empty) => true,
        checked => checked.map(|()| false)?,
    };
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    if is_empty {
        schema::create(&mut connection)?;
    }
    schema::migrate(&mut connection)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    // The first read in this mode creates the -wal file, which has to exist when it is watched.
    schema::check(&connection)?;
    checkpoint(&connection)?;
    Ok(connection)
}

/// Copies the log into the database and empties it, unless a reader needs it: then as much as possible is copied.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    done
}

/// Creates a folder and its parents such that they survive a power cut like the files in them.
fn create_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    std::fs::create_dir_all(folder)?;
    for parent in missing.into_iter().filter_map(Path::parent) {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// Opens a store for reading, also while an exporter writes to it.
pub fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let open = || {
        if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Err(FileError::Missing);
        }
        let connection = open_read_only(path)?;
        schema::check(&connection)?;
        Ok(connection)
    };
    open().map_err(|error: FileError| error.at(path))
}

fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Takes the lock that excludes other exporters. The system releases it when the process ends.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let name = with_suffix(path, ".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| io_error("open", &name, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FileError::InUse.at(path)),
        Err(TryLockError::Error(error)) => Err(io_error("lock", &name, &error)),
    }
}

/// Whether no file can be created beside the store because no space or no inodes are left.
fn is_disk_full(path: &Path) -> bool {
    let probe = with_suffix(path, &format!(".{}.probe", std::process::id()));
    let created = File::create_new(&probe);
    let _ = std::fs::remove_file(&probe);
    created.is_err_and(|error| error.kind() == ErrorKind::StorageFull)
}

fn io_error(action: &str, path: &Path, error: &io::Error) -> StoreError {
    if error.kind() == ErrorKind::StorageFull {
        return FileError::DiskFull.at(path);
    }
    StoreError(format!(
        "cannot {action} {}: {error}; the store has to be in a folder that this user can write to",
        path.display()
    ))
}
