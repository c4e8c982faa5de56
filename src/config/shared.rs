//! The settings that are in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::config::{ConfigError, Settings, Surroundings, load};

/// A handle to the settings that are in force. Cheap to clone.
#[derive(Clone)]
pub struct SharedSettings(Arc<Inner>);

struct Inner {
    path: Option<PathBuf>,
    surroundings: Surroundings,
    current: watch::Sender<Arc<Settings>>,
    reloading: Mutex<()>,
}

impl SharedSettings {
    /// Loads the settings for the first time. Without a path there is only the environment.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn load(path: Option<PathBuf>, surroundings: Surroundings) -> Result<Self, ConfigError> {
        let settings = load(path.as_deref(), &surroundings)?;
        let current = watch::Sender::new(Arc::new(settings));
        Ok(Self(Arc::new(Inner { path, surroundings, current, reloading: Mutex::new(()) })))
    }

    /// The settings in force.
    #[must_use]
    pub fn current(&self) -> Arc<Settings> {
        Arc::clone(&self.0.current.borrow())
    }

    /// Reads the same places again and puts the result in force. Reads files: not for an async worker.
    ///
    /// # Errors
    /// When the configuration cannot be used; what was in force stays in force.
    pub fn reload(&self) -> Result<(), ConfigError> {
        // Of two reloads at once the one that read last must win.
        let _one_at_a_time = self.0.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = load(self.0.path.as_deref(), &self.0.surroundings)?;
        self.0.current.send_replace(Arc::new(settings));
        Ok(())
    }
}
