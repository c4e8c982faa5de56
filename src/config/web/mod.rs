//! The file of `--web.config.file`, in the exporter-toolkit's format: TLS, users, headers.
//!
//! It is another file than that of `--config.file`: this one is about who may connect and how, and may be shared with
//! other exporters; that one is about printers and their webhooks. Both are read in one direction: [`mod@file`] has what the
//! file says, word for word; with the files that it names it becomes a [`WebConfig`], complete and valid;
//! [`SharedWebConfig`] holds the one in force, and notices changes.
//!
//! What other exporters honour and this one cannot is no error, so that one file can serve them all: it is logged. An
//! exception is what would protect less than the file asks for.
//!
//! No error repeats a value of the file: any may be a secret in a wrong place.

mod expiry;
mod file;
mod headers;
mod pem;
mod reload;
mod tls;
mod tls_error;
mod users;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};

pub use headers::HeaderError;
pub use reload::SharedWebConfig;
pub use tls::Tls;
pub use tls_error::TlsError;
pub use users::UserError;

use super::reloadable::ReloadRefusal;
use super::yaml::YamlError;
use crate::auth::{NoRandomness, Users};
use crate::timestamp::Timestamp;

/// The file, with the files that it names.
#[derive(Debug)]
pub struct WebConfig {
    /// How connections are encrypted; `None` when they are not.
    pub tls: Option<Tls>,
    /// Who may use the web endpoints; `None` when everybody may.
    pub users: Option<Arc<Users>>,
    /// What is added to the headers of every response.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the file asks for in vain.
    pub not_honoured: Vec<NotHonoured>,
}

impl WebConfig {
    /// Expiry of the certificate, where there is one that says so.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.tls.as_ref()?.not_after
    }
}

/// What other exporters honour and this one cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHonoured {
    #[error("http_server_config.http2 is true, but only HTTP/1.1 is spoken here")]
    Http2,
    #[error("tls_server_config.cipher_suites names suites that are not offered here: only strong ones are")]
    CipherSuites,
    #[error(
        "tls_server_config.curve_preferences names curves that are not offered here: only X25519, CurveP256 and CurveP384 are"
    )]
    CurvePreferences,
    #[error("rate_limit limits nothing here; requests_per_second in --config.file limits webhooks")]
    RateLimit,
}

/// Why a file of `--web.config.file` cannot be used. The path is the one of the command line.
#[derive(Debug, thiserror::Error)]
pub enum WebConfigError {
    #[error(
        "cannot read the web configuration file {path}: {cause}; check --web.config.file and the file's permissions"
    )]
    Unreadable { path: PathBuf, cause: io::Error },
    /// The file, or one that it names, is not what it should be.
    #[error("web configuration file {path}: {problem}")]
    File { path: PathBuf, problem: WebConfigProblem },
}

/// What is wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum WebConfigProblem {
    #[error(transparent)]
    Yaml(#[from] YamlError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Users(#[from] UserError),
    #[error(transparent)]
    Headers(#[from] HeaderError),
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    #[error(transparent)]
    Reload(#[from] ReloadRefusal),
}

/// Completes and checks what the file says. Relative names in it start from the folder.
fn build(file: file::File, folder: &Path) -> Result<WebConfig, WebConfigProblem> {
    let http = file.http_server_config.unwrap_or_default();
    let mut not_honoured = Vec::new();
    if http.http2 == Some(true) {
        not_honoured.push(NotHonoured::Http2);
    }
    if file.rate_limit.is_some() {
        not_honoured.push(NotHonoured::RateLimit);
    }
    let tls = tls::build(&file.tls_server_config.unwrap_or_default(), folder, &mut not_honoured)?;
    let hashes = users::hashes(file.basic_auth_users.unwrap_or_default())?;
    Ok(WebConfig {
        tls,
        users: Users::new(hashes)?.map(Arc::new),
        headers: headers::build(http.headers.unwrap_or_default())?,
        not_honoured,
    })
}

#[cfg(test)]
mod tests;
