//! Notices when the files of the store were moved, replaced or written by another program.
//!
//! SQLite keeps writing to files that were deleted or replaced, and to a database whose pages another program has
//! overwritten while SQLite has them in memory. All of that would be lost at a restart.

use std::fs::{Metadata, metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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

/// How the files differ from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tampered {
    /// A file is missing, or is another one.
    Moved,
    /// Another program has written to the database or to its log.
    Written,
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

    /// Whether the files are as they were.
    pub(super) fn check(&self) -> Result<(), Tampered> {
        let mut checked = Ok(());
        for (number, (path, known)) in self.files.iter().enumerate() {
            match FileStat::read(path) {
                Ok(found) if found.identity == known.identity => {
                    if number < CONTENT_CHECKED && found.content != known.content {
                        checked = Err(Tampered::Written);
                    }
                }
                _ => return Err(Tampered::Moved),
            }
        }
        checked
    }

    /// The size of the write-ahead log after the last commit.
    pub(super) const fn log_bytes(&self) -> u64 {
        let [_, (_, log), _, _] = &self.files;
        log.content.0
    }

    /// Takes over the content after a commit, if the files are still the same ones.
    pub(super) fn refresh(&mut self) -> Result<(), Tampered> {
        for (path, known) in &mut self.files {
            match FileStat::read(path) {
                Ok(found) if found.identity == known.identity => *known = found,
                _ => return Err(Tampered::Moved),
            }
        }
        Ok(())
    }
}

impl FileStat {
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
