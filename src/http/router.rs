//! Every route.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::{from_fn_with_state, map_request, map_request_with_state, map_response_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};

use super::{AppState, authentication, client, health, landing, metrics, reload, response, webhook};
use crate::config::web::SharedWebConfig;
use crate::server::Peer;

/// The endpoints of the web listeners. Webhooks are among them unless they have listeners of their own. Requests need a
/// [`Peer`] as an extension.
pub(crate) fn router(web: &Arc<AppState>) -> Router {
    let pages = Router::new()
        .route("/", get(landing::landing))
        .route(&web.options.telemetry_path, get(metrics::metrics))
        .route("/-/healthy", get(health::healthy))
        .route("/-/ready", get(health::ready))
        .route("/-/reload", post(reload::endpoint))
        .route_layer(from_fn_with_state(Arc::clone(web), authentication::layer));
    let router = if web.ports.webhooks.is_some() { pages } else { pages.merge(webhooks()) };
    normalized(web, with_headers(router.fallback(not_found), web).with_state(Arc::clone(web)))
}

/// The endpoints of the webhook listeners. Requests need a [`Peer`] as an extension.
pub(crate) fn webhook_router(web: &Arc<AppState>) -> Router {
    normalized(web, with_headers(webhooks().fallback(only_webhooks), web).with_state(Arc::clone(web)))
}

/// The same routes for requests as proxies pass them on.
fn normalized(web: &Arc<AppState>, routes: Router) -> Router {
    // Layers of the routes themselves run when the route is found already.
    Router::new()
        .fallback_service(routes)
        .layer(map_request(merge_slashes))
        .layer(map_request_with_state(Arc::clone(web), client::resolve))
}

/// Merges the slashes of a webhook's path. A proxy that adds a path to one that ends in a slash doubles it.
async fn merge_slashes(mut request: Request) -> Request {
    if let Some(uri) = merged(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// The URI of a webhook with its slashes merged, when it has any to merge.
fn merged(uri: &Uri) -> Option<Uri> {
    let mut path = uri.path().to_owned();
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    if path.len() == uri.path().len() || !is_webhook(&path) {
        return None;
    }
    path.extend(uri.query().into_iter().flat_map(|query| ["?", query]));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.try_into().ok()?);
    Uri::from_parts(parts).ok()
}

/// These need no password: the secret is in the webhook.
fn webhooks() -> Router<Arc<AppState>> {
    Router::new()
        .route("/webhook/{source}", any(webhook::webhook))
        .route("/webhook/{source}/", any(webhook::webhook))
        .route("/webhook/{source}/{printer}", any(webhook::webhook))
        .route("/webhook/{source}/{printer}/", any(webhook::webhook))
}

/// Whether a path belongs to the webhooks, known or not.
fn is_webhook(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    segments.next().is_some_and(|first| first.eq_ignore_ascii_case("webhook"))
}

async fn not_found(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    if is_webhook(request.uri().path()) {
        return match web.ports.webhooks {
            Some(_) => webhook::at_another_port(&web, peer, &request),
            None => webhook::unknown_path(&web, peer, &request),
        };
    }
    match authentication::authenticate(&web, peer, request.headers()).await {
        Ok(()) => response::text(
            StatusCode::NOT_FOUND,
            "There is nothing here. The page at / lists what there is.\n",
        ),
        Err(response) => response,
    }
}

async fn only_webhooks(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    if is_webhook(request.uri().path()) {
        return webhook::unknown_path(&web, peer, &request);
    }
    response::text(StatusCode::NOT_FOUND, "There is nothing here.\n")
}

/// Adds the configured headers to every response.
fn with_headers(router: Router<Arc<AppState>>, web: &AppState) -> Router<Arc<AppState>> {
    match &web.web_config {
        Some(config) => router.layer(map_response_with_state(config.clone(), add_headers)),
        None => router,
    }
}

async fn add_headers(State(config): State<SharedWebConfig>, mut response: Response) -> Response {
    for (name, value) in &config.current().headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
