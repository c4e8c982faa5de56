//! What stands between the connections of a listener and its endpoints: encryption, passwords, headers.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use tokio::sync::Semaphore;
use tracing::warn;

use super::Users;
use crate::config::web::{SharedWebConfig, WebConfig};
use crate::http::{answer, router};
use crate::labels::AuthError;
use crate::metrics::exporter::ExporterMetrics;
use crate::server::ListenerKind;

/// How many passwords are checked at once: a check fills a core, and the other requests need one too.
const CHECKS: usize = 1;

/// How many requests with a password may be under check or wait for it. Further ones are told to come again.
const WAITING: usize = 32;

const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"printfarm_exporter\", charset=\"UTF-8\"");

/// See the module. Cheap to clone; all clones share their limits.
#[derive(Clone)]
pub struct BasicAuth {
    side: ListenerKind,
    lock: Option<Arc<Lock>>,
}

struct Lock {
    web: SharedWebConfig,
    own: ExporterMetrics,
    checks: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// One request on its way through.
pub(crate) struct Visit {
    config: Arc<WebConfig>,
    lock: Arc<Lock>,
    claim: Credentials,
    peer: SocketAddr,
}

/// Who a request says it is from.
enum Credentials {
    /// It need not say.
    Exempt,
    Nobody,
    User {
        name: String,
        password: Vec<u8>,
    },
}

impl BasicAuth {
    /// The gate of the web listeners; without a configuration it is open.
    #[must_use]
    pub fn new(web: Option<SharedWebConfig>, own: ExporterMetrics) -> Self {
        let lock = web.map(|web| {
            let (checks, waiting) = (Arc::new(Semaphore::new(CHECKS)), Arc::new(Semaphore::new(WAITING)));
            Arc::new(Lock { web, own, checks, waiting })
        });
        Self { side: ListenerKind::Web, lock }
    }

    /// The same gate on another side.
    #[must_use]
    pub fn on(self, side: ListenerKind) -> Self {
        Self { side, ..self }
    }

    /// How the next connection is encrypted.
    pub(crate) fn tls(&self) -> Option<Arc<ServerConfig>> {
        let config = self.lock.as_ref()?.web.current();
        let tls = config.tls.as_ref()?;
        Some(Arc::clone(if self.side == ListenerKind::Web { &tls.web } else { &tls.webhook }))
    }

    /// Looks at a request. `None` when there is nothing to check and nothing to add.
    pub(crate) fn visit<B>(&self, request: &hyper::Request<B>, peer: SocketAddr) -> Option<Visit> {
        let lock = self.lock.clone()?;
        let config = lock.web.current();
        let exempt = self.side == ListenerKind::Webhooks || router::is_webhook(request.uri().path());
        let claim = if exempt || config.users.is_none() {
            Credentials::Exempt
        } else {
            Credentials::of(request.headers())
        };
        Some(Visit { config, lock, claim, peer })
    }
}

impl Visit {
    /// Answers the request: with `answer`, if it is let in.
    pub(crate) async fn through<E>(
        mut self,
        answer: impl Future<Output = Result<Response, E>>,
    ) -> Result<Response, E> {
        let mut response = match self.admit().await {
            Ok(()) => answer.await?,
            Err(refusal) => self.refuse(refusal),
        };
        for (name, value) in &self.config.headers {
            response.headers_mut().insert(name, value.clone());
        }
        Ok(response)
    }

    async fn admit(&mut self) -> Result<(), AuthError> {
        let Some(users) = &self.config.users else { return Ok(()) };
        match std::mem::replace(&mut self.claim, Credentials::Nobody) {
            Credentials::Exempt => Ok(()),
            Credentials::Nobody => Err(AuthError::Missing),
            Credentials::User { name, password } if users.remembers(&name, &password) => Ok(()),
            Credentials::User { name, password } => self.lock.check(Arc::clone(users), name, password).await,
        }
    }

    fn refuse(&self, refusal: AuthError) -> Response {
        self.lock.own.unauthorized(refusal);
        if let AuthError::Busy = refusal {
            let line = "Too many passwords are being checked; try again.\n";
            let mut response = answer::text(StatusCode::SERVICE_UNAVAILABLE, line);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            return response;
        }
        if let AuthError::Wrong = refusal {
            warn!(client = %self.peer.ip().to_canonical(), "wrong user or password");
        }
        let line = "This needs a user and a password of the web configuration file.\n";
        let mut response = answer::text(StatusCode::UNAUTHORIZED, line);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
        response
    }
}

impl Lock {
    async fn check(&self, users: Arc<Users>, name: String, password: Vec<u8>) -> Result<(), AuthError> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| AuthError::Busy)?;
        let check = Arc::clone(&self.checks).acquire_owned().await.map_err(|_| AuthError::Busy)?;
        // The permits stay with the work, which goes on when the client has left.
        let right = tokio::task::spawn_blocking(move || {
            let _permits = (waiting, check);
            users.check(&name, &password)
        });
        match right.await {
            Ok(true) => Ok(()),
            _ => Err(AuthError::Wrong),
        }
    }
}

impl Credentials {
    fn of(headers: &HeaderMap) -> Self {
        let value = headers.get(header::AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
        basic(value).map_or(Self::Nobody, |(name, password)| Self::User { name, password })
    }
}

/// The name and the password in a header of the Basic scheme.
fn basic(value: &[u8]) -> Option<(String, Vec<u8>)> {
    let (scheme, encoded) = value.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim_ascii()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let name = String::from_utf8_lossy(&decoded[..colon]).into_owned();
    Some((name, decoded[colon + 1..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_password_are_read_as_clients_write_them() {
        let pair = |name: &str, password: &[u8]| Some((name.to_owned(), password.to_vec()));
        let cases = [
            ("a pair", "Basic YWxpY2U6ZmVybg==", pair("alice", b"fern")),
            ("in small letters, with blanks", "basic   YWxpY2U6ZmVybg== ", pair("alice", b"fern")),
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
            assert_eq!(basic(value.as_bytes()), expected, "{name}");
        }
    }
}
