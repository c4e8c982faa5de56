//! A value that is read from files, and read again while the exporter runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// What can be read from files again.
pub trait Reload: Sized {
    /// Where the value is read from, and what was there the last time.
    type Files;
    /// Why it cannot be used.
    type Error;

    /// Reads the files. A reload passes the value that would be replaced, so that it can refuse to do so.
    ///
    /// # Errors
    /// When the value cannot be used.
    fn read(files: &mut Self::Files, in_force: Option<&Self>) -> Result<Self, Self::Error>;
}

/// A handle to the value in force. All clones are one handle.
pub struct Reloadable<T: Reload>(Arc<Inner<T>>);

struct Inner<T: Reload> {
    /// The lock is held during a reload: of two at once, the one that reads last must win.
    files: Mutex<T::Files>,
    current: watch::Sender<Arc<T>>,
}

/// What [`Reloadable::reload_if`] did.
#[derive(Debug)]
pub enum ReloadOutcome<E> {
    /// The files are as they were, good or bad.
    Unchanged,
    /// They have changed and are in force.
    Loaded,
    /// They have changed and cannot be used; the earlier value stays in force.
    Refused(E),
}

impl<T: Reload> Reloadable<T> {
    /// Reads the files for the first time.
    pub(super) fn first(mut files: T::Files) -> Result<Self, T::Error> {
        let current = watch::Sender::new(Arc::new(T::read(&mut files, None)?));
        Ok(Self(Arc::new(Inner { files: Mutex::new(files), current })))
    }

    /// The value in force.
    #[must_use]
    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.0.current.borrow())
    }

    /// Reads the files again and replaces the value in force. It blocks on the files: not for an async worker.
    ///
    /// # Errors
    /// When the files cannot be used; the earlier value stays in force.
    pub fn reload(&self) -> Result<(), T::Error> {
        self.replace(&mut self.files())
    }

    /// Reloads if `changed` says so of the files.
    pub(super) fn reload_if(&self, changed: impl FnOnce(&T::Files) -> bool) -> ReloadOutcome<T::Error> {
        let mut files = self.files();
        if !changed(&files) {
            return ReloadOutcome::Unchanged;
        }
        self.replace(&mut files).map_or_else(ReloadOutcome::Refused, |()| ReloadOutcome::Loaded)
    }

    fn replace(&self, files: &mut T::Files) -> Result<(), T::Error> {
        let next = T::read(files, Some(&self.current()))?;
        self.0.current.send_replace(Arc::new(next));
        Ok(())
    }

    fn files(&self) -> MutexGuard<'_, T::Files> {
        self.0.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Reload> Clone for Reloadable<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
