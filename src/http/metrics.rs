//! `GET /metrics`: the state as it is now, in the text format.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::error;

use super::pieces::Pieces;
use super::{AppState, answer, encoding};
use crate::panics;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// See the module.
pub(super) async fn metrics(State(web): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let gzip = encoding::accepts_gzip(&headers);
    let turns = web.turns.clone();
    let turn = turns.clone().take().await;
    // Looking at all printers, and at the process, takes a while for a large farm.
    let begun = tokio::task::spawn_blocking(move || {
        let (view, now) = web.recorder.view();
        let scrape = web.metrics.scrape(view, now);
        drop(turn);
        scrape
    });
    match begun.await {
        Ok(scrape) => respond(Pieces::new(scrape, gzip, turns), gzip),
        Err(error) => {
            error!(error = panics::ended(&error), "metrics could not be rendered");
            answer::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The metrics could not be rendered; see the log.\n",
            )
        }
    }
}

fn respond(pieces: Pieces, gzip: bool) -> Response {
    let headers =
        [(header::CONTENT_TYPE, CONTENT_TYPE), (header::VARY, HeaderValue::from_static("Accept-Encoding"))];
    let encoding = gzip.then_some([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
    let mut response = (headers, Body::new(pieces)).into_response();
    response.headers_mut().extend(encoding.into_iter().flatten());
    response
}
