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
pub(super) struct Seal {
    files: [(PathBuf, Sight); SUFFIXES.len()],
}

/// How the files differ from what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Another file lies there, or none.
    Moved,
    /// The same files, but somebody else has written to them.
    Written,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sight {
    /// Device and inode.
    file: (u64, u64),
    /// Length, and the time of the last change to the content.
    content: (u64, i64, i64),
}

impl Seal {
    /// Seals the files of the database at `path`, all of which exist.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let sight = |suffix| -> io::Result<_> {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            let name = PathBuf::from(name);
            let seen = Sight::of(&metadata(&name)?);
            Ok((name, seen))
        };
        let [database, log, index, lock] = SUFFIXES;
        Ok(Self { files: [sight(database)?, sight(log)?, sight(index)?, sight(lock)?] })
    }

    /// Whether everything is as it was sealed.
    pub(super) fn look(&self) -> Result<(), Broken> {
        let mut looked = Ok(());
        for (number, (path, sealed)) in self.files.iter().enumerate() {
            match metadata(path).map(|found| Sight::of(&found)) {
                Ok(found) if found.file == sealed.file => {
                    if number < WRITTEN && found.content != sealed.content {
                        looked = Err(Broken::Written);
                    }
                }
                _ => return Err(Broken::Moved),
            }
        }
        looked
    }

    /// Seals the files anew after a commit of ours, where they are still the same ones.
    pub(super) fn renew(&mut self) -> Result<(), Broken> {
        for (path, sealed) in &mut self.files {
            match metadata(&*path).map(|found| Sight::of(&found)) {
                Ok(found) if found.file == sealed.file => *sealed = found,
                _ => return Err(Broken::Moved),
            }
        }
        Ok(())
    }
}

impl Sight {
    fn of(file: &Metadata) -> Self {
        Self { file: (file.dev(), file.ino()), content: (file.len(), file.mtime(), file.mtime_nsec()) }
    }
}
