//! The configuration: a YAML file and a few environment variables, both optional.
//!
//! One direction: [`file`] has what the file says, word for word; with the environment it becomes [`Settings`], complete
//! and valid; [`SharedSettings`] holds the ones in force. [`web`] does the same for the file of `--web.config.file`.
//!
//! No error ever repeats a value of the file or of a variable, since any of them may be a secret in a wrong place.

mod exposure;
mod file;
mod reloadable;
mod secrets;
mod settings;
pub mod web;
mod yaml;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

pub use exposure::{Reach, warn_of_open_webhooks, warn_of_web_config};
pub use reloadable::{ReloadOutcome, ReloadRefusal, Reloadable};
pub use secrets::Secrets;
pub use settings::{Names, NetworkLimits, Settings};
pub use yaml::YamlError;

use crate::labels::Source;
use reloadable::Reload;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read the configuration file {path}: {cause}; check --config.file and the file's permissions"
    )]
    Unreadable {
        /// As given on the command line.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file is not what it should be.
    #[error("configuration file {path}: {problem}")]
    File {
        /// As given on the command line.
        path: PathBuf,
        /// What is wrong, where, and what to do.
        problem: String,
    },
    /// An environment variable is not what it should be.
    #[error("environment variable {problem}")]
    Environment {
        /// Which one, what is wrong, and what to do.
        problem: String,
    },
}

impl ConfigError {
    /// What is wrong, for somebody who is not to know where the file lies.
    #[must_use]
    pub fn without_path(&self) -> String {
        match self {
            Self::Unreadable { cause, .. } => format!("cannot read the configuration file: {cause}"),
            Self::File { problem, .. } => format!("configuration file: {problem}"),
            Self::Environment { .. } => self.to_string(),
        }
    }
}

/// Looks up an environment variable.
pub type Variable = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Reads a file.
pub type ReadFile = dyn Fn(&Path) -> io::Result<Vec<u8>> + Send + Sync;

/// Where the configuration comes from beside the command line.
pub struct Environment {
    /// The environment.
    pub variable: Box<Variable>,
    /// The file system.
    pub file: Box<ReadFile>,
}

impl Environment {
    /// Those of this process.
    #[must_use]
    pub fn process() -> Self {
        Self { variable: Box::new(|name| std::env::var_os(name)), file: Box::new(|path| std::fs::read(path)) }
    }
}

/// Reads the configuration: `path`, when there is one, and the environment. It may name these sources and no other.
///
/// # Errors
/// When any of it is wrong; the error says what, where, and what to do.
pub fn load(
    path: Option<&Path>,
    environment: &Environment,
    sources: &[Source],
) -> Result<Settings, ConfigError> {
    let file = match path {
        None => file::File::default(),
        Some(path) => {
            let bytes = (environment.file)(path)
                .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
            file::parse(&bytes, sources)
                .map_err(|problem| ConfigError::File { path: path.to_owned(), problem })?
        }
    };
    settings::build(file, sources, path, environment)
}

/// The settings in force.
pub type SharedSettings = Reloadable<Settings>;

/// Where the settings are read from.
pub struct SettingsFiles {
    path: Option<PathBuf>,
    environment: Environment,
    sources: Vec<Source>,
}

impl SharedSettings {
    /// Loads the settings for the first time, as [`load`] does.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn load(
        path: Option<PathBuf>,
        environment: Environment,
        sources: Vec<Source>,
    ) -> Result<Self, ConfigError> {
        Self::first(SettingsFiles { path, environment, sources })
    }
}

impl Reload for Settings {
    type Files = SettingsFiles;
    type Error = ConfigError;

    fn read(files: &mut SettingsFiles, _: Option<&Self>) -> Result<Self, ConfigError> {
        load(files.path.as_deref(), &files.environment, &files.sources)
    }
}

#[cfg(test)]
mod tests;
