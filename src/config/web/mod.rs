//! The file of `--web.config.file`, in the exporter-toolkit's format: encryption, users, headers.
//!
//! It is another file than that of `--config.file`: this one is about who may connect and how, and may be shared with
//! other exporters; that one is about printers and their webhooks. Both are read in one direction: [`file`] has what the
//! file says, word for word; with the files that it names it becomes a [`WebConfig`], complete and valid;
//! [`SharedWebConfig`] holds the one in force, and notices changes.
//!
//! No error repeats a value of the file: any may be a secret in a wrong place.

mod expiry;
mod file;
mod headers;
mod reload;
mod tls;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};

pub use reload::SharedWebConfig;
pub use tls::Tls;

use crate::auth::{self, Users};
use crate::timestamp::Timestamp;

/// What the file and the files that it names come to.
#[derive(Debug)]
pub struct WebConfig {
    /// How connections are encrypted; `None` when they are not.
    pub tls: Option<Tls>,
    /// Who may come in; `None` when everybody may.
    pub users: Option<Arc<Users>>,
    /// What is added to the headers of every answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl WebConfig {
    /// When the certificate ends to be valid, where there is one that says so.
    #[must_use]
    pub fn not_after(&self) -> Option<Timestamp> {
        self.tls.as_ref()?.not_after
    }
}

/// Why a file of `--web.config.file` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebConfigError {
    /// It cannot be read.
    #[error(
        "cannot read the web configuration file {path}: {cause}; check --web.config.file and the file's permissions"
    )]
    Unreadable {
        /// As given on the command line.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// It, or a file that it names, is not what it should be.
    #[error("web configuration file {path}: {problem}")]
    File {
        /// As given on the command line.
        path: PathBuf,
        /// What is wrong, where, and what to do.
        problem: String,
    },
}

/// The folder that the names in the file start from.
fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn unreadable(path: &Path, cause: &io::Error) -> WebConfigError {
    WebConfigError::Unreadable { path: path.to_owned(), cause: cause.to_string() }
}

/// Completes and checks what the file says.
fn build(file: file::File, folder: &Path) -> Result<WebConfig, String> {
    let http = file.http_server_config.unwrap_or_default();
    if http.http2 == Some(true) {
        return Err(
            "http_server_config.http2 is true, but HTTP/2 is not spoken here; set it to false or remove it"
                .to_owned(),
        );
    }
    Ok(WebConfig {
        tls: tls::build(&file.tls_server_config.unwrap_or_default(), folder)?,
        users: auth::build(file.basic_auth_users.unwrap_or_default().0)?.map(Arc::new),
        headers: headers::build(http.headers.unwrap_or_default())?,
    })
}

#[cfg(test)]
mod tests;
