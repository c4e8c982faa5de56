//! Every route.

use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::{any, get, post};

use super::{Peer, Web, answer, health, landing, metrics, reload, webhook};

/// The endpoints. They have to be served by [`super::serve()`], which tells them who the peer is.
pub fn router(web: Arc<Web>) -> Router {
    Router::new()
        .route("/", get(landing::landing))
        .route(&web.options.telemetry_path, get(metrics::metrics))
        .route("/-/healthy", get(health::healthy))
        .route("/-/ready", get(health::ready))
        .route("/-/reload", post(reload::endpoint))
        .route("/webhook/octoprint", any(webhook::octoprint))
        .route("/webhook/octoprint/", any(webhook::octoprint))
        .route("/webhook/octoprint/{printer}", any(webhook::octoprint))
        .route("/webhook/octoprint/{printer}/", any(webhook::octoprint))
        .route("/webhook/octoeverywhere", any(webhook::octoeverywhere))
        .route("/webhook/octoeverywhere/", any(webhook::octoeverywhere))
        .route("/webhook/octoeverywhere/{printer}", any(webhook::octoeverywhere))
        .route("/webhook/octoeverywhere/{printer}/", any(webhook::octoeverywhere))
        .fallback(not_found)
        .with_state(web)
}

async fn not_found(Extension(peer): Extension<Peer>, uri: Uri) -> Response {
    let below = uri.path().strip_prefix("/webhook");
    if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return webhook::unknown_path(peer);
    }
    answer::text(StatusCode::NOT_FOUND, "There is nothing here. The page at / tells what there is.\n")
}
