//! Every route.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::{any, get, post};

use super::{AppState, answer, health, landing, metrics, reload, webhook};
use crate::server::Peer;

/// The endpoints of the web listeners, without those for webhooks where these have listeners of their own. They have to
/// be served by [`crate::server::serve()`], which tells them who the peer is.
pub fn router(web: Arc<AppState>) -> Router {
    let router = Router::new()
        .route("/", get(landing::landing))
        .route(&web.options.telemetry_path, get(metrics::metrics))
        .route("/-/healthy", get(health::healthy))
        .route("/-/ready", get(health::ready))
        .route("/-/reload", post(reload::endpoint));
    let router = match web.ports.webhooks {
        Some(_) => router.fallback(not_found_beside_webhooks),
        None => with_webhooks(router).fallback(not_found),
    };
    router.with_state(web)
}

/// The endpoints of the webhook listeners, likewise.
pub fn webhook_router(web: Arc<AppState>) -> Router {
    with_webhooks(Router::new()).fallback(nothing_but_webhooks).with_state(web)
}

fn with_webhooks(router: Router<Arc<AppState>>) -> Router<Arc<AppState>> {
    router
        .route("/webhook/octoprint", any(webhook::octoprint))
        .route("/webhook/octoprint/", any(webhook::octoprint))
        .route("/webhook/octoprint/{printer}", any(webhook::octoprint))
        .route("/webhook/octoprint/{printer}/", any(webhook::octoprint))
        .route("/webhook/octoeverywhere", any(webhook::octoeverywhere))
        .route("/webhook/octoeverywhere/", any(webhook::octoeverywhere))
        .route("/webhook/octoeverywhere/{printer}", any(webhook::octoeverywhere))
        .route("/webhook/octoeverywhere/{printer}/", any(webhook::octoeverywhere))
}

/// Whether a path belongs to the webhooks. What needs no password does not differ from what is routed: no endpoint of
/// others begins like this.
pub(crate) fn is_webhook(path: &str) -> bool {
    path.strip_prefix("/webhook").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn not_found(State(web): State<Arc<AppState>>, Extension(peer): Extension<Peer>, uri: Uri) -> Response {
    if is_webhook(uri.path()) { webhook::unknown_path(&web, peer) } else { nothing() }
}

async fn not_found_beside_webhooks(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
) -> Response {
    if is_webhook(uri.path()) { webhook::at_another_port(&web, peer) } else { nothing() }
}

async fn nothing_but_webhooks(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
) -> Response {
    if is_webhook(uri.path()) {
        return webhook::unknown_path(&web, peer);
    }
    answer::text(StatusCode::NOT_FOUND, "There is nothing here.\n")
}

fn nothing() -> Response {
    answer::text(StatusCode::NOT_FOUND, "There is nothing here. The page at / tells what there is.\n")
}
