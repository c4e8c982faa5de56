//! A copy of a store that may be in use.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use super::sqlite::open_to_read;
use super::{StoreError, schema};

/// Copies the store at `path` to the file `to`, which must not exist yet, and answers how many bytes that took. The copy is
/// the state as of one moment, and on the disk when this returns; an exporter that writes the store need not stop,
/// and waits for nothing.
///
/// # Errors
/// When the store cannot be read, or the copy cannot be written. Then there is no file `to`; only where its folder cannot
/// be synced, a whole one is there, which a power cut may take away.
pub fn backup(path: &Path, to: &Path) -> Result<u64, StoreError> {
    let connection = open_to_read(path)?;
    refuse_to_overwrite(to)?;
    // Whoever may not read the store may not read its copy.
    let permissions = fs::metadata(path).map_err(|error| cannot(to, &error))?.permissions();
    let partial = Partial::create(to, permissions).map_err(|error| cannot(to, &error))?;
    let name = partial.path.to_str().ok_or_else(|| {
        StoreError(format!("cannot write the backup {}: its name must be UTF-8", to.display()))
    })?;
    // Not SQLite's backup interface: that copies unused pages too, and the mode of the write-ahead log, in which a copy
    // cannot be read from a folder that may not be written to.
    connection.execute("VACUUM INTO ?", [name]).map_err(|error| {
        match schema::Error::from_sqlite(&error) {
            damaged @ schema::Error::Damaged(_) => damaged.at(path),
            other => cannot(to, &other),
        }
    })?;
    open_to_read(&partial.path)?;
    refuse_to_overwrite(to)?;
    partial.finish(to).map_err(|error| cannot(to, &error))
}

fn refuse_to_overwrite(to: &Path) -> Result<(), StoreError> {
    if to.symlink_metadata().is_ok() {
        return Err(StoreError(format!(
            "{} exists already; choose another name for the backup",
            to.display()
        )));
    }
    Ok(())
}

fn cannot(to: &Path, error: &dyn Display) -> StoreError {
    StoreError(format!("cannot write the backup {}: {error}", to.display()))
}

/// A copy that is being written, beside the place where it will be. It goes when it is not finished.
struct Partial {
    path: PathBuf,
    file: File,
}

impl Partial {
    fn create(to: &Path, permissions: Permissions) -> io::Result<Self> {
        let Some(name) = to.file_name() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "that is no name of a file"));
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

    /// Gives the copy its name once it is on the disk, and answers its size.
    fn finish(self, to: &Path) -> io::Result<u64> {
        self.file.sync_all()?;
        let size = self.file.metadata()?.len();
        fs::rename(&self.path, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(size)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // A finished copy is not there any more under this name.
        let _ = fs::remove_file(&self.path);
    }
}
