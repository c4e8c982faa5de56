//! Tells whether somebody else has laid hands on the files of the store.
//!
//! SQLite goes on writing to files that were deleted or replaced, and to a database whose pages another program has
//! overwritten, as long as it has them in memory. All of that would be gone after a restart.

use std::fs::{Metadata, metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What follows the path in the names of the files that are watched: the database, its log, the log's index, and the lock.
const SUFFIXES: [&str; 4] = ["", "-wal", "-shm", ".lock"];

/// How many of them are only changed by commits. SQLite maps the others, or leaves them empty.
const WRITTEN: usize = 2;

/// The files as they were last seen in order.
#[derive(Debug)]
pub(super) struct FileWatch {
    files: [(PathBuf, FileStat); SUFFIXES.len()],
}

/// How the files differ from what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tampered {
    /// Another file lies there, or none.
    Moved,
    /// The same files, but somebody else has written to them.
    Written,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileStat {
    /// Device and inode.
    file: (u64, u64),
    /// Length, and the time of the last change to the content.
    content: (u64, i64, i64),
}

impl FileWatch {
    /// Seals the files of the database at `path`, all of which exist.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let sight = |suffix| -> io::Result<_> {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            let name = PathBuf::from(name);
            let seen = FileStat::of(&metadata(&name)?);
            Ok((name, seen))
        };
        let [database, log, index, lock] = SUFFIXES;
        Ok(Self { files: [sight(database)?, sight(log)?, sight(index)?, sight(lock)?] })
    }

    /// Whether everything is as it was known.
    pub(super) fn check(&self) -> Result<(), Tampered> {
        let mut looked = Ok(());
        for (number, (path, known)) in self.files.iter().enumerate() {
            match metadata(path).map(|found| FileStat::of(&found)) {
                Ok(found) if found.file == known.file => {
                    if number < WRITTEN && found.content != known.content {
                        looked = Err(Tampered::Written);
                    }
                }
                _ => return Err(Tampered::Moved),
            }
        }
        looked
    }

    /// Seals the files anew after a commit of ours, where they are still the same ones.
    pub(super) fn refresh(&mut self) -> Result<(), Tampered> {
        for (path, known) in &mut self.files {
            match metadata(&*path).map(|found| FileStat::of(&found)) {
                Ok(found) if found.file == known.file => *known = found,
                _ => return Err(Tampered::Moved),
            }
        }
        Ok(())
    }
}

impl FileStat {
    fn of(file: &Metadata) -> Self {
        Self { file: (file.dev(), file.ino()), content: (file.len(), file.mtime(), file.mtime_nsec()) }
    }
}
