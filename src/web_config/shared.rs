//! The web configuration in force, and whether its files have changed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest::{Context, SHA256};
use tokio::sync::watch;

use super::{WebConfig, WebConfigError, build, folder, fragment, tls, unreadable};

/// A handle to the web configuration in force. Cheap to clone.
#[derive(Clone)]
pub struct SharedWebConfig(Arc<Inner>);

struct Inner {
    path: PathBuf,
    current: watch::Sender<Arc<WebConfig>>,
    seen: Mutex<Seen>,
}

/// What was looked at last.
#[derive(Default)]
struct Seen {
    /// The files that the configuration names.
    named: Vec<PathBuf>,
    /// Of the content of all files.
    digest: Vec<u8>,
}

/// What a look at the files came to.
#[derive(Debug)]
pub enum Look {
    /// They are as they were, good or bad.
    Unchanged,
    /// They have changed, and are in force.
    Loaded,
    /// They have changed and cannot be used; what was in force stays in force.
    Refused(WebConfigError),
}

impl SharedWebConfig {
    /// Loads the configuration for the first time.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn load(path: PathBuf) -> Result<Self, WebConfigError> {
        let mut seen = Seen::default();
        let first = seen.read(&path, std::fs::read(&path))?;
        let current = watch::Sender::new(Arc::new(first));
        Ok(Self(Arc::new(Inner { path, current, seen: Mutex::new(seen) })))
    }

    /// The configuration in force.
    #[must_use]
    pub fn current(&self) -> Arc<WebConfig> {
        Arc::clone(&self.0.current.borrow())
    }

    /// Puts the files in force if any of them has changed since the last look. Their whole content is compared: they are
    /// small, and no date tells of a file that was replaced by an older one. Not for an async worker.
    #[must_use]
    pub fn look(&self) -> Look {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = std::fs::read(&self.0.path);
        if digest(&bytes, &seen.named) == seen.digest {
            return Look::Unchanged;
        }
        match self.replace(&mut seen, bytes) {
            Ok(()) => Look::Loaded,
            Err(error) => Look::Refused(error),
        }
    }

    /// Puts the files in force, changed or not. Not for an async worker.
    ///
    /// # Errors
    /// When they cannot be used; what was in force stays in force.
    pub fn reload(&self) -> Result<(), WebConfigError> {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = std::fs::read(&self.0.path);
        self.replace(&mut seen, bytes)
    }

    fn replace(&self, seen: &mut Seen, bytes: io::Result<Vec<u8>>) -> Result<(), WebConfigError> {
        let next = seen.read(&self.0.path, bytes)?;
        if next.tls.is_some() != self.current().tls.is_some() {
            // A slip in the file must not make passwords travel in clear text.
            let problem = "encryption can only be switched on or off by a restart".to_owned();
            return Err(WebConfigError::File { path: self.0.path.clone(), problem });
        }
        self.0.current.send_replace(Arc::new(next));
        Ok(())
    }
}

impl Seen {
    fn read(&mut self, path: &Path, bytes: io::Result<Vec<u8>>) -> Result<WebConfig, WebConfigError> {
        let in_file = |problem| WebConfigError::File { path: path.to_owned(), problem };
        self.digest = digest(&bytes, &self.named);
        let bytes = bytes.map_err(|cause| unreadable(path, &cause))?;
        let file = fragment::parse(&bytes).map_err(in_file)?;
        self.named = file.tls_server_config.iter().flat_map(|tls| tls::files(tls, folder(path))).collect();
        // Taken before the files are used: what changes in between is seen at the next look.
        self.digest = digest(&Ok(bytes), &self.named);
        build(file, folder(path)).map_err(in_file)
    }
}

fn digest(file: &io::Result<Vec<u8>>, named: &[PathBuf]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    let mut add = |content: &io::Result<Vec<u8>>| match content {
        Ok(bytes) => {
            context.update(&bytes.len().to_le_bytes());
            context.update(bytes);
        }
        Err(error) => context.update(format!("{:?}", error.kind()).as_bytes()),
    };
    add(file);
    for path in named {
        add(&std::fs::read(path));
    }
    context.finish().as_ref().to_vec()
}
