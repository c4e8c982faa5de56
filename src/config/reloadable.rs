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

/// Why a file that would do at a start is refused at a reload: protection must not go away by a slip, such as an emptied
/// file or a template that was written in part. What the file says in so many words is done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ReloadRefusal {
    #[error("the file is empty, and the one in force is not; restore it, or restart to run without it")]
    EmptyFile,
    #[error("{0} is there, but has no value; give it one or remove the key")]
    EmptyKey(String),
    #[error(
        "{0} has no secret any more, so that anybody could send its webhooks; add one, or write webhook_secrets: {{}} to \
         accept all webhooks without a secret"
    )]
    NoSecret(String),
    #[error(
        "basic_auth_users is gone, so that everybody could read the metrics; add it, or write basic_auth_users: {{}} to \
         need no password"
    )]
    NoUsers,
    #[error(
        "tls_server_config.client_auth_type is gone, so that clients would need no certificate; set it, if need be to \
         NoClientCert"
    )]
    NoClientCertificates,
    /// A slip must not make passwords travel in clear text.
    #[error("encryption can only be switched on or off by a restart")]
    Tls,
}

impl ReloadRefusal {
    /// Refuses a file that is empty now, and one with a key without a value.
    pub(super) fn check(emptied: bool, empty_key: Option<String>) -> Result<(), Self> {
        match empty_key {
            _ if emptied => Err(Self::EmptyFile),
            Some(key) => Err(Self::EmptyKey(key)),
            None => Ok(()),
        }
    }
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
