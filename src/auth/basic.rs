//! Basic authentication of the users in the web configuration.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::Semaphore;

use super::Users;
use crate::config::web::SharedWebConfig;
use crate::labels::AuthError;

/// How many passwords are checked at once. A check occupies a core, and other requests need one too.
const MAX_CHECKS: usize = 1;

/// How many requests may be checked or wait for it. Further ones are told to retry.
const MAX_PENDING: usize = 32;

/// Checks the credentials of requests. Cheap to clone; all clones share the limits.
#[derive(Clone)]
pub struct BasicAuth {
    web_config: SharedWebConfig,
    checks: Arc<Semaphore>,
    pending: Arc<Semaphore>,
}

#[derive(Debug, PartialEq)]
struct Credentials {
    user: String,
    password: Vec<u8>,
}

impl BasicAuth {
    /// Authentication against the users in force; without any, every request passes.
    pub fn new(web_config: SharedWebConfig) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { web_config, checks: semaphore(MAX_CHECKS), pending: semaphore(MAX_PENDING) }
    }

    /// Whether a request with these headers may pass. A password that was right before is accepted at once.
    pub async fn check(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        let config = self.web_config.current();
        let Some(users) = &config.users else { return Ok(()) };
        let credentials = Credentials::from_headers(headers).ok_or(AuthError::Missing)?;
        if users.remembers(&credentials.user, &credentials.password) {
            return Ok(());
        }
        self.verify(Arc::clone(users), credentials).await
    }

    async fn verify(&self, users: Arc<Users>, credentials: Credentials) -> Result<(), AuthError> {
        let pending = Arc::clone(&self.pending).try_acquire_owned().map_err(|_| AuthError::Busy)?;
        let check = Arc::clone(&self.checks).acquire_owned().await.map_err(|_| AuthError::Busy)?;
        // The thread holds the permits, since it goes on when the client disconnects.
        let right = tokio::task::spawn_blocking(move || {
            let _permits = (pending, check);
            users.check(&credentials.user, &credentials.password)
        });
        match right.await {
            Ok(true) => Ok(()),
            _ => Err(AuthError::Wrong),
        }
    }
}

impl Credentials {
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes)?)
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let (scheme, encoded) = value.split_at_checked("Basic ".len())?;
        if !scheme.eq_ignore_ascii_case(b"Basic ") {
            return None;
        }
        let decoded = STANDARD.decode(encoded.trim_ascii()).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let user = String::from_utf8_lossy(&decoded[..colon]).into_owned();
        Some(Self { user, password: decoded[colon + 1..].to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_parsed_as_clients_write_them() {
        let pair = |user: &str, password: &[u8]| {
            Some(Credentials { user: user.to_owned(), password: password.to_vec() })
        };
        let cases = [
            ("user and password", "Basic YWxpY2U6ZmVybg==", pair("alice", b"fern")),
            ("scheme in lower case, with spaces", "basic   YWxpY2U6ZmVybg== ", pair("alice", b"fern")),
            ("a colon in the password", "Basic YTpiOmM=", pair("a", b"b:c")),
            ("no password", "Basic YWxpY2U6", pair("alice", b"")),
            ("neither", "Basic Og==", pair("", b"")),
            ("a password that is not UTF-8", "Basic YTr/", pair("a", b"\xff")),
            ("no colon", "Basic YWxpY2U=", None),
            ("not base64", "Basic alice:fern", None),
            ("another scheme", "Bearer YWxpY2U6ZmVybg==", None),
            ("the scheme alone", "Basic", None),
            ("nothing", "", None),
        ];
        for (name, value, expected) in cases {
            assert_eq!(Credentials::parse(value.as_bytes()), expected, "{name}");
        }
    }
}
