//! A copy of a store that may be in use.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use super::StoreError;
use super::schema::FileError;
use super::sqlite::open_to_read;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A backup never overwrites a file.
    #[error("{} exists already; choose another name for the backup", .0.display())]
    Exists(PathBuf),
    /// SQLite takes names in UTF-8 only.
    #[error("cannot write the backup {}: its name must be UTF-8", .0.display())]
    NotUtf8(PathBuf),
    /// The copy cannot be written.
    #[error("cannot write the backup {}: {reason}", .to.display())]
    Write {
        /// The backup.
        to: PathBuf,
        /// What the system or SQLite said.
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
    let write_error = |error: io::Error| BackupError::Write { to: to.to_owned(), reason: error.to_string() };
    let connection = open_to_read(path)?;
    refuse_to_overwrite(to)?;
    // Who may not read the store must not read its copy.
    let permissions = fs::metadata(path).map_err(write_error)?.permissions();
    let partial = PartialFile::create(to, permissions).map_err(write_error)?;
    let name = partial.path.to_str().ok_or_else(|| BackupError::NotUtf8(to.to_owned()))?;
    // SQLite's backup interface would copy unused pages too, and the mode of the write-ahead log, which makes a copy
    // unreadable in a read-only folder.
    connection.execute("VACUUM INTO ?", [name]).map_err(|error| match FileError::from(error) {
        damaged @ FileError::Damaged(_) => BackupError::Store(damaged.at(path)),
        other => BackupError::Write { to: to.to_owned(), reason: other.to_string() },
    })?;
    open_to_read(&partial.path)?;
    refuse_to_overwrite(to)?;
    partial.finish(to).map_err(write_error)
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
    fn create(to: &Path, permissions: Permissions) -> io::Result<Self> {
        let Some(name) = to.file_name() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is not the name of a file"));
        };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.partial", process::id()));
        let path = to.with_file_name(hidden);
        let file = File::options().write(true).create_new(true).open(&path)?;
        let partial = Self { path, file };
        partial.file.set_permissions(permissions)?;
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
