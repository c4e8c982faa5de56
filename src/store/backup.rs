//! Copies a store that may be in use to a backup, and a backup to a store.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process;

use rusqlite::Connection;

use super::StoreError;
use super::file_watch::with_suffix;
use super::schema::FileError;
use super::sqlite_file::{lock, open_to_read};

/// Why a store or a backup was not copied.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{} exists already; choose another name for the backup", .0.display())]
    Exists(PathBuf),
    /// SQLite takes names in UTF-8 only.
    #[error("cannot write {}: its name must be UTF-8", .0.display())]
    NotUtf8(PathBuf),
    #[error("cannot write the {what} {}: {reason}", .to.display())]
    Write {
        /// "backup" or "store".
        what: &'static str,
        to: PathBuf,
        reason: String,
    },
}

/// Copies the store at `path` to the new file `to` and returns its size in bytes. The copy is the state as of one moment and
/// is on the disk when this returns. An exporter that uses the store neither stops nor waits.
///
/// # Errors
/// When the store cannot be read, or the copy cannot be written. Then there is no file `to`; except when its folder
/// cannot be synced: then the copy is complete, but may not survive a power cut.
pub fn backup(path: &Path, to: &Path) -> Result<u64, BackupError> {
    let write_error =
        |reason: io::Error| BackupError::Write { what: "backup", to: to.into(), reason: reason.to_string() };
    let connection = open_to_read(path)?;
    refuse_to_overwrite(to)?;
    // Who may not read the store must not read its copy.
    let owner = fs::metadata(path).map_err(write_error)?;
    let partial = copy(&connection, path, to, &owner, "backup")?;
    refuse_to_overwrite(to)?;
    partial.finish(to).map_err(write_error)
}

/// Replaces the store at `path` by a copy of the backup `from` and returns its size in bytes. The store keeps its owner and
/// its permissions. Where there is no store yet, the copy has those of the backup.
///
/// # Errors
/// When an exporter uses the store, the backup cannot be read, or the copy cannot be written. Then the store is unchanged;
/// except when its log is removed and the rename fails: then the restore has to be repeated.
pub fn restore(from: &Path, path: &Path) -> Result<u64, BackupError> {
    let write_error =
        |reason: io::Error| BackupError::Write { what: "store", to: path.into(), reason: reason.to_string() };
    let connection = open_to_read(from)?;
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let _lock = lock(&path)?;
    let owner = fs::metadata(&path).or_else(|_| fs::metadata(from)).map_err(write_error)?;
    let partial = copy(&connection, from, &path, &owner, "store")?;
    for suffix in ["-wal", "-shm"] {
        match fs::remove_file(with_suffix(&path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(write_error(error)),
            _ => {}
        }
    }
    partial.finish(&path).map_err(write_error)
}

/// Writes a checked copy of the store at `path` beside `to`.
fn copy(
    connection: &Connection,
    path: &Path,
    to: &Path,
    owner: &Metadata,
    what: &'static str,
) -> Result<PartialFile, BackupError> {
    let write_error = |reason: String| BackupError::Write { what, to: to.to_owned(), reason };
    let partial = PartialFile::create(to, owner).map_err(|error| write_error(error.to_string()))?;
    let name = partial.path.to_str().ok_or_else(|| BackupError::NotUtf8(to.to_owned()))?;
    // SQLite's backup interface would copy unused pages too, and the mode of the write-ahead log, which makes a copy
    // unreadable in a read-only folder.
    connection.execute("VACUUM INTO ?", [name]).map_err(|error| match FileError::from(error) {
        damaged @ FileError::Damaged(_) => BackupError::Store(damaged.at(path)),
        other => write_error(other.to_string()),
    })?;
    open_to_read(&partial.path)?;
    Ok(partial)
}

fn refuse_to_overwrite(to: &Path) -> Result<(), BackupError> {
    if to.symlink_metadata().is_ok() { Err(BackupError::Exists(to.to_owned())) } else { Ok(()) }
}

/// A file that is written under a hidden name beside its destination, and removed unless it is finished.
struct PartialFile {
    path: PathBuf,
    file: File,
}

impl PartialFile {
    /// It gets the permissions of `owner`, and its user and group where this user may set them.
    fn create(to: &Path, owner: &Metadata) -> io::Result<Self> {
        let Some(name) = to.file_name() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is not the name of a file"));
        };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.partial", process::id()));
        let path = to.with_file_name(hidden);
        let file = File::options().write(true).create_new(true).open(&path)?;
        let partial = Self { path, file };
        partial.file.set_permissions(owner.permissions())?;
        let own = partial.file.metadata()?;
        if (own.uid(), own.gid()) != (owner.uid(), owner.gid()) {
            // Only root may.
            let _ = chown(&partial.path, Some(owner.uid()), Some(owner.gid()));
        }
        Ok(partial)
    }

    /// Syncs the file, renames it to its destination, and returns its size.
    fn finish(self, to: &Path) -> io::Result<u64> {
        self.file.sync_all()?;
        let size = self.file.metadata()?.len();
        fs::rename(&self.path, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(size)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // A finished file has no longer this name.
        let _ = fs::remove_file(&self.path);
    }
}
