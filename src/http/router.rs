//! Every route.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state, map_request_with_state, map_response_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, delete, get, post};

use super::{AppState, api, authentication, client, health, metrics, pages, reload, response, webhook};
use crate::config::web::SharedWebConfig;
use crate::server::Peer;

/// The endpoints of the web listeners. Webhooks are among them unless they have listeners of their own. Requests need a
/// [`Peer`] as an extension.
pub(crate) fn router(web: &Arc<AppState>) -> Router {
    let pages = Router::new()
        .route("/", get(pages::farm))
        .route("/prints", get(pages::prints))
        .route("/connect", get(pages::connect))
        .route("/docs/{document}", get(pages::document))
        .route("/assets/{asset}", get(pages::asset))
        .route("/favicon.ico", get(pages::favicon))
        .route(&web.options.telemetry_path, get(metrics::metrics))
        .route("/api/v1/printers", get(api::printers))
        .route("/api/v1/prints", get(api::prints))
        .route("/api/v1/printers/{printer}", delete(api::retire))
        .route("/-/reload", post(reload::endpoint))
        .route_layer(from_fn_with_state(Arc::clone(web), authentication::layer))
        // Probes have no password.
        .route("/-/healthy", get(health::healthy))
        .route("/-/ready", get(health::ready));
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
        .layer(from_fn_with_state(Arc::clone(web), locate))
        .layer(map_request_with_state(Arc::clone(web), client::resolve))
}

/// Passes a request on with its path below the route prefix, and with the slashes of a webhook's path merged: a proxy that
/// adds a path to one that ends in a slash doubles it.
async fn locate(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let prefix = &web.options.route_prefix;
    let path = request.uri().path();
    let merged = merge_slashes(path);
    let below = prefix.strip(&merged);
    let below = if below.is_some_and(is_webhook) { below } else { prefix.strip(path) };
    let is_root = path == "/" || below.is_some_and(|below| matches!(below, "" | "/"));
    if is_root && request.method() == Method::OPTIONS {
        // HAProxy checks with this whether the server is up. It has no password.
        return (StatusCode::OK, [(header::ALLOW, "GET, HEAD, OPTIONS")]).into_response();
    }
    if is_sent_astray(&web, &request, &merged, is_root) {
        return webhook::unknown_path(&web, peer, &request);
    }
    match below {
        Some("") | None if is_root && !prefix.as_str().is_empty() => {
            return Redirect::to(&format!("{}/", prefix.as_str())).into_response();
        }
        Some(below) if below.len() < path.len() => {
            if let Some(uri) = with_path(request.uri(), below) {
                *request.uri_mut() = uri;
            }
        }
        Some(_) => {}
        None if is_webhook(&merged) => return webhook::unknown_path(&web, peer, &request),
        None => {
            let text = format!("There is nothing here. Everything is below {}/.\n", prefix.as_str());
            return response::text(StatusCode::NOT_FOUND, text);
        }
    }
    next.run(request).await
}

fn merge_slashes(path: &str) -> Cow<'_, str> {
    let mut merged = Cow::Borrowed(path);
    while merged.contains("//") {
        merged = merged.replace("//", "/").into();
    }
    merged
}

/// The URI with another path.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let query = uri.query().into_iter().flat_map(|query| ["?", query]);
    let path_and_query: String = [path].into_iter().chain(query).collect();
    parts.path_and_query = Some(path_and_query.try_into().ok()?);
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

/// Whether this is probably a webhook whose sender has a wrong URL, which must not vanish without a trace: the URL ends too
/// early, or names a webhook in another way.
fn is_sent_astray(web: &AppState, request: &Request, path: &str, is_root: bool) -> bool {
    let below = web.options.route_prefix.strip(path).unwrap_or(path);
    let is_sent = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    if !is_sent || is_webhook(below) || below.starts_with("/api/v1/") {
        return false;
    }
    let path = path.to_ascii_lowercase();
    let sources = web.options.senders.sources();
    is_root || path.contains("webhook") || sources.iter().any(|source| path.contains(source.as_str()))
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
