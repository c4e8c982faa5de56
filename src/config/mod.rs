//! The configuration: a YAML file and a few environment variables, both optional.
//!
//! One direction: [`mod@file`] has what the file says, word for word; with the environment it becomes [`Settings`],
//! complete and valid; [`SharedSettings`] holds the ones in force. [`web`] does the same for the file of
//! `--web.config.file`.
//!
//! No error ever repeats a value of the file or of a variable, since any of them may be a misplaced secret.

mod exposure;
mod file;
mod proxies;
mod reloadable;
mod secrets;
mod settings;
mod variables;
pub mod web;
mod yaml;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

pub use exposure::{Reach, warn_of_open_webhooks, warn_of_web_config};
pub use proxies::TrustedProxies;
pub use reloadable::{ReloadOutcome, ReloadRefusal, Reloadable};
pub use secrets::{SecretError, Secrets};
pub use settings::{Names, NetworkLimits, Settings, SettingsError};
pub use variables::{UnknownVariable, unknown_variables};
pub use yaml::YamlError;

use crate::labels::Source;
use crate::secret::Secret;
use reloadable::Reload;
use yaml::Document;

/// Why a configuration cannot be used. The path is the one of the command line.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ConfigError {
    #[error(
        "cannot read the configuration file {path}: {cause}; check --config.file and the file's permissions"
    )]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("configuration file {path}: {problem}")]
    File { path: PathBuf, problem: ConfigProblem },
    #[error("environment variable {0}")]
    Environment(SecretError),
}

/// What is wrong with the file, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ConfigProblem {
    #[error(transparent)]
    Yaml(#[from] YamlError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Reload(#[from] ReloadRefusal),
}

impl ConfigError {
    /// The message without the path, for clients, which are not to learn it.
    #[must_use]
    pub fn without_path(&self) -> String {
        match self {
            Self::Unreadable { cause, .. } => format!("cannot read the configuration file: {cause}"),
            Self::File { problem, .. } => format!("configuration file: {problem}"),
            Self::Environment(_) => self.to_string(),
        }
    }
}

/// Looks up an environment variable.
pub type Variable = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Reads a file.
pub type ReadFile = dyn Fn(&Path) -> io::Result<Vec<u8>> + Send + Sync;

/// The environment variables and the files that the configuration is read from.
pub struct Environment {
    /// Looks up a variable.
    pub variable: Box<Variable>,
    /// Reads a file.
    pub file: Box<ReadFile>,
}

impl Environment {
    /// The one of this process.
    #[must_use]
    pub fn process() -> Self {
        Self { variable: Box::new(|name| std::env::var_os(name)), file: Box::new(|path| std::fs::read(path)) }
    }
}

/// The settings in force.
pub type SharedSettings = Reloadable<Settings>;

/// Where the settings are read from.
pub struct SettingsFiles {
    path: Option<PathBuf>,
    environment: Environment,
    sources: Vec<Source>,
    /// Whether the file in force says nothing.
    was_empty: bool,
}

impl SharedSettings {
    /// Reads the configuration: `path`, when there is one, and the environment. It may name these sources and no other.
    ///
    /// # Errors
    /// When any of it is wrong; the error says what, where, and what to do.
    pub fn load(
        path: Option<PathBuf>,
        environment: Environment,
        sources: Vec<Source>,
    ) -> Result<Self, ConfigError> {
        Self::first(SettingsFiles { path, environment, sources, was_empty: true })
    }
}

impl Reload for Settings {
    type Files = SettingsFiles;
    type Error = ConfigError;

    fn read(files: &mut SettingsFiles, in_force: Option<&Self>) -> Result<Self, ConfigError> {
        let path = files.path.as_deref();
        let document = read_file(path, &files.environment, &files.sources)?;
        let (is_empty, empty_key) = (document.is_empty, document.empty_key);
        let says_no_secrets =
            document.content.webhook_secrets.as_ref().is_some_and(|secrets| secrets.0.is_empty());
        let next = settings::build(document.content, &files.sources, path, &files.environment)?;
        if let Some(in_force) = in_force {
            let lost = in_force.secrets.lost_in(&next.secrets).filter(|_| !says_no_secrets);
            ReloadRefusal::check(is_empty && !files.was_empty, empty_key)
                .and(lost.map_or(Ok(()), |secrets| Err(ReloadRefusal::NoSecret(secrets))))
                .map_err(|refusal| in_file(path, refusal))?;
        }
        files.was_empty = is_empty;
        Ok(next)
    }
}

/// The password for the database of `--storage.url`, from the environment.
///
/// # Errors
/// When the variable or its file cannot be used.
pub fn storage_password(environment: &Environment) -> Result<Option<Secret>, ConfigError> {
    secrets::from_environment(variables::STORAGE_PASSWORD.to_owned(), environment)
}

fn read_file(
    path: Option<&Path>,
    environment: &Environment,
    sources: &[Source],
) -> Result<Document<file::File>, ConfigError> {
    let Some(path) = path else { return Ok(Document::default()) };
    let bytes =
        (environment.file)(path).map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
    file::parse(&bytes, sources).map_err(|problem| in_file(Some(path), problem))
}

fn in_file(path: Option<&Path>, problem: impl Into<ConfigProblem>) -> ConfigError {
    ConfigError::File { path: path.map(Path::to_owned).unwrap_or_default(), problem: problem.into() }
}

#[cfg(test)]
mod tests;
