//! Reads the web configuration from its files, and notices when they have changed.

use std::io;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use super::{WebConfig, WebConfigError, WebConfigProblem, build, file};
use crate::config::reloadable::{Reload, ReloadOutcome, ReloadRefusal, Reloadable};

/// The web configuration in force.
pub type SharedWebConfig = Reloadable<WebConfig>;

/// The files, and their content when they were last read.
pub struct WebConfigFiles {
    path: PathBuf,
    /// The files that the configuration names.
    named: Vec<PathBuf>,
    /// Of the content of all files.
    digest: Vec<u8>,
    /// Whether the file in force says nothing.
    was_empty: bool,
}

impl SharedWebConfig {
    pub fn load(path: PathBuf) -> Result<Self, WebConfigError> {
        Self::first(WebConfigFiles { path, named: Vec::new(), digest: Vec::new(), was_empty: true })
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
        let path = files.path.clone();
        let bytes = std::fs::read(&path);
        files.digest = digest(&bytes, &files.named);
        let bytes = bytes.map_err(|cause| WebConfigError::Unreadable { path: path.clone(), cause })?;
        files.read(bytes, in_force).map_err(|problem| WebConfigError::File { path, problem })
    }
}

impl WebConfigFiles {
    fn read(&mut self, bytes: Vec<u8>, in_force: Option<&WebConfig>) -> Result<WebConfig, WebConfigProblem> {
        let document = file::parse(&bytes)?;
        let folder = self.path.parent().unwrap_or(Path::new("")).to_owned();
        let (tls, users) = (&document.content.tls_server_config, &document.content.basic_auth_users);
        self.named = tls.iter().flat_map(|tls| tls.files(&folder)).collect();
        // Taken before the files are used: a change in between is noticed the next time.
        self.digest = digest(&Ok(bytes), &self.named);
        let says = Explicit {
            no_users: users.as_ref().is_some_and(|users| users.0.is_empty()),
            client_auth_type: tls.as_ref().is_some_and(|tls| tls.client_auth_type.is_some()),
        };
        let (is_empty, empty_key) = (document.is_empty, document.empty_key);
        let next = build(document.content, &folder)?;
        if let Some(in_force) = in_force {
            ReloadRefusal::check(is_empty && !self.was_empty, empty_key)?;
            keeps_protection(in_force, &next, &says)?;
        }
        self.was_empty = is_empty;
        Ok(next)
    }
}

/// What the file says in so many words, so that a reload may do it.
struct Explicit {
    no_users: bool,
    client_auth_type: bool,
}

fn keeps_protection(in_force: &WebConfig, next: &WebConfig, says: &Explicit) -> Result<(), ReloadRefusal> {
    let requires_certificate =
        |config: &WebConfig| config.tls.as_ref().is_some_and(|tls| tls.requires_client_certificate);
    if in_force.tls.is_some() != next.tls.is_some() {
        return Err(ReloadRefusal::Tls);
    }
    if in_force.users.is_some() && next.users.is_none() && !says.no_users {
        return Err(ReloadRefusal::NoUsers);
    }
    if requires_certificate(in_force) && !requires_certificate(next) && !says.client_auth_type {
        return Err(ReloadRefusal::NoClientCertificates);
    }
    Ok(())
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
