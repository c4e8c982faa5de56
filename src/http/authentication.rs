//! Basic authentication as a layer, and the response to a request that does not pass.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::warn;

use super::{AppState, response};
use crate::labels::AuthError;
use crate::server::Peer;

const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"printfarm_exporter\", charset=\"UTF-8\"");

/// Passes on requests of users, and all requests where no users are configured.
pub(super) async fn layer(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    match authenticate(&web, peer, request.headers()).await {
        Ok(()) => next.run(request).await,
        Err(response) => response,
    }
}

/// Counts and logs a request that does not pass.
///
/// # Errors
/// The response to a request that does not pass.
pub(super) async fn authenticate(web: &AppState, peer: Peer, headers: &HeaderMap) -> Result<(), Response> {
    let Some(basic_auth) = &web.basic_auth else { return Ok(()) };
    let Err(error) = basic_auth.check(headers).await else { return Ok(()) };
    web.metrics.unauthorized(error);
    if error == AuthError::Wrong {
        warn!(client = %peer.client(), "wrong user or password");
    }
    Err(response(error))
}

fn response(error: AuthError) -> Response {
    let (status, header, value, text) = match error {
        AuthError::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            header::RETRY_AFTER,
            HeaderValue::from_static("1"),
            "Too many passwords are being checked; try again.\n",
        ),
        AuthError::Missing | AuthError::Wrong => (
            StatusCode::UNAUTHORIZED,
            header::WWW_AUTHENTICATE,
            CHALLENGE,
            "This needs a user and a password of the web configuration file.\n",
        ),
    };
    let mut response = response::text(status, text);
    response.headers_mut().insert(header, value);
    response
}
