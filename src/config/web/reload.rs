//! Reads the web configuration from its files, and notices when they have changed.

use std::io;
use std::path::PathBuf;

use ring::digest::{Context, SHA256};

use super::{WebConfig, WebConfigError, build, file, folder, tls, unreadable};
use crate::config::reloadable::{Reload, ReloadOutcome, Reloadable};

/// The web configuration in force.
pub type SharedWebConfig = Reloadable<WebConfig>;

/// The files, and their content when they were last read.
pub struct WebConfigFiles {
    path: PathBuf,
    /// The files that the configuration names.
    named: Vec<PathBuf>,
    /// Of the content of all files.
    digest: Vec<u8>,
}

impl SharedWebConfig {
    /// Loads the configuration for the first time.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn load(path: PathBuf) -> Result<Self, WebConfigError> {
        Self::first(WebConfigFiles { path, named: Vec::new(), digest: Vec::new() })
    }

    /// Reloads if a file has changed. The whole content is compared: the files are small, and no date tells of a file that
    /// was replaced by an older one. It blocks on the files: not for an async worker.
    #[must_use]
    pub fn reload_if_changed(&self) -> ReloadOutcome<WebConfigError> {
        self.reload_if(|files| digest(&std::fs::read(&files.path), &files.named) != files.digest)
    }
}

impl Reload for WebConfig {
    type Files = WebConfigFiles;
    type Error = WebConfigError;

    fn read(files: &mut WebConfigFiles, in_force: Option<&Self>) -> Result<Self, WebConfigError> {
        let path = &files.path;
        let in_file = |problem| WebConfigError::File { path: path.clone(), problem };
        let bytes = std::fs::read(path);
        files.digest = digest(&bytes, &files.named);
        let bytes = bytes.map_err(|cause| unreadable(path, &cause))?;
        let file = file::parse(&bytes).map_err(in_file)?;
        files.named = file.tls_server_config.iter().flat_map(|tls| tls::files(tls, folder(path))).collect();
        // Taken before the files are used: a change in between is noticed the next time.
        files.digest = digest(&Ok(bytes), &files.named);
        let next = build(file, folder(path)).map_err(in_file)?;
        if in_force.is_some_and(|in_force| in_force.tls.is_some() != next.tls.is_some()) {
            // A slip in the file must not make passwords travel in clear text.
            return Err(in_file("encryption can only be switched on or off by a restart".to_owned()));
        }
        Ok(next)
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
