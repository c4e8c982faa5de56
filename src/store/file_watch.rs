//! Notices when the files of the store were moved, replaced or written by another program.
//!
//! SQLite keeps writing to files that were deleted or replaced, and to a database whose pages another program has
//! overwritten while SQLite has them in memory. All of that would be lost at a restart.

use std::fs::{Metadata, metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::schema::FileError;

/// The files of a store: the database, its write-ahead log, the log's index, and the lock.
const SUFFIXES: [&str; 4] = ["", "-wal", "-shm", ".lock"];

/// The number of those files whose content only changes by a commit. SQLite maps the index into memory, and the lock is
/// empty.
const CONTENT_CHECKED: usize = 2;

/// The files as they were after the last commit.
#[derive(Debug)]
pub(super) struct FileWatch {
    files: [(PathBuf, FileStat); SUFFIXES.len()],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileStat {
    /// Device and inode.
    identity: (u64, u64),
    /// Length and modification time.
    content: (u64, i64, i64),
}

impl FileWatch {
    /// Watches the files of the database at `path`, all of which exist.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let watch = |suffix| -> io::Result<_> {
            let path = with_suffix(path, suffix);
            let stat = FileStat::read(&path)?;
            Ok((path, stat))
        };
        let [database, log, index, lock] = SUFFIXES;
        Ok(Self { files: [watch(database)?, watch(log)?, watch(index)?, watch(lock)?] })
    }

    /// Whether another program has written to the database or to its log. Fails when a file is missing or is another one.
    pub(super) fn is_written(&self) -> Result<bool, FileError> {
        let mut is_written = false;
        for (number, (path, known)) in self.files.iter().enumerate() {
            let found = known.same_file(path)?;
            is_written |= number < CONTENT_CHECKED && found.content != known.content;
        }
        Ok(is_written)
    }

    /// The size of the write-ahead log after the last commit.
    pub(super) const fn log_bytes(&self) -> u64 {
        let [_, (_, log), _, _] = &self.files;
        log.content.0
    }

    /// Takes over the content after a commit, if the files are still the same ones.
    pub(super) fn refresh(&mut self) -> Result<(), FileError> {
        for (path, known) in &mut self.files {
            *known = known.same_file(path)?;
        }
        Ok(())
    }
}

impl FileStat {
    /// The file at `path` as it is now, if it is still the same one.
    fn same_file(&self, path: &Path) -> Result<Self, FileError> {
        Self::read(path).ok().filter(|found| found.identity == self.identity).ok_or(FileError::Moved)
    }

    fn read(path: &Path) -> io::Result<Self> {
        let file: Metadata = metadata(path)?;
        Ok(Self {
            identity: (file.dev(), file.ino()),
            content: (file.len(), file.mtime(), file.mtime_nsec()),
        })
    }
}

/// The path of a file that belongs to the database at `path`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
