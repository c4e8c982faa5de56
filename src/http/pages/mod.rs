//! The pages for people. Their templates, stylesheet, script and icon are in `templates/`.
//!
//! Each page is whole without JavaScript. The script asks for the same page again and exchanges the parts that are marked as
//! live, shows times in the reader's time zone, and adds buttons to copy.

mod arrivals;
mod assets;
mod connect;
mod documents;
mod farm;
mod prints;
mod text;

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::error;

use super::place::Place;
use super::{AppState, encoding, response};
use crate::store::StoreError;

pub(super) use assets::{asset, favicon};
pub(super) use connect::connect;
pub(super) use documents::document;
pub(super) use farm::farm;
pub(super) use prints::prints;

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::VARY,
        HeaderValue::from_static(
            "Accept-Encoding, Forwarded, X-Forwarded-Host, X-Forwarded-Prefix, X-Forwarded-Proto",
        ),
    ),
    (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
];

/// What every page has around its content.
struct Frame {
    /// What is before the path of each endpoint.
    root: String,
    /// The path of the page.
    here: &'static str,
    metrics: String,
}

impl Frame {
    fn new(web: &AppState, place: Place, here: &'static str) -> Self {
        Self { root: place.path, here, metrics: web.options.telemetry_path.clone() }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem {
    frame: Frame,
    title: &'static str,
    text: String,
}

/// Why a page cannot be shown.
fn problem(
    status: StatusCode,
    frame: Frame,
    title: &'static str,
    problem: &impl ToString,
    headers: &HeaderMap,
) -> Response {
    let page = Problem { frame, title, text: problem.to_string() };
    respond(status, render(&page), headers)
}

/// A page as compressed bytes.
fn render(page: &impl Template) -> Result<Arc<[u8]>, StoreError> {
    let text = page.render().map_err(|error| StoreError(error.to_string()))?;
    encoding::compressed(text.as_bytes()).map_err(|error| StoreError(error.to_string()))
}

fn respond(status: StatusCode, page: Result<Arc<[u8]>, StoreError>, headers: &HeaderMap) -> Response {
    match page {
        Ok(page) => (status, HEADERS, encoding::response(page, headers)).into_response(),
        Err(error) => {
            error!(%error, "a page could not be rendered");
            response::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The page could not be rendered; see the log.\n",
            )
        }
    }
}
