//! `GET /metrics`: the state as it is now, in the text format.

use std::io::{self, Write};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use tracing::error;

use super::{Web, answer, encoding};
use crate::panics;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// See the module.
pub(super) async fn metrics(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    let gzip = encoding::accepts_gzip(&headers);
    let Ok(slot) = Arc::clone(&web.renders).acquire_owned().await else {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "The exporter is stopping.\n");
    };
    // A large farm takes milliseconds, which the webhooks on this worker would have to wait.
    let rendered = tokio::task::spawn_blocking(move || {
        let _slot = slot;
        let (view, now) = web.recorder.view();
        let mut text = String::new();
        web.metrics.render(&view, now, &mut text).map_err(io::Error::other)?;
        if gzip { compress(text.as_bytes()) } else { Ok(text.into_bytes()) }
    });
    match rendered.await.map_err(|error| io::Error::other(panics::ended(&error))).flatten() {
        Ok(bytes) => respond(bytes, gzip),
        Err(error) => {
            error!(%error, "metrics could not be rendered");
            answer::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The metrics could not be rendered; see the log.\n",
            )
        }
    }
}

fn compress(text: &[u8]) -> io::Result<Vec<u8>> {
    // Series repeat themselves: even the fastest level makes them ten times smaller.
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

fn respond(bytes: Vec<u8>, gzip: bool) -> Response {
    let headers =
        [(header::CONTENT_TYPE, CONTENT_TYPE), (header::VARY, HeaderValue::from_static("Accept-Encoding"))];
    let encoding = gzip.then_some([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
    let mut response = (headers, bytes).into_response();
    response.headers_mut().extend(encoding.into_iter().flatten());
    response
}
