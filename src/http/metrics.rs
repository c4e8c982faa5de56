//! `GET /metrics`: the state as it is now, in the text format.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::buf::Writer;
use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body::Frame;
use tracing::error;

use super::{Web, answer, encoding};
use crate::metrics::Scrape;
use crate::panics;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// How many bytes of text are written at a time: few enough that webhooks on the same worker hardly wait for them.
const PIECE: usize = 64 * 1024;

/// How many compressed bytes are sent at a time. That much comes of about ten times the text.
const COMPRESSED_PIECE: usize = 16 * 1024;

/// See the module.
pub(super) async fn metrics(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    let gzip = encoding::accepts_gzip(&headers);
    // Looking at all printers, and at the process, takes a while for a large farm.
    let begun = tokio::task::spawn_blocking(move || {
        let (view, now) = web.recorder.view();
        web.metrics.scrape(view, now)
    });
    match begun.await {
        Ok(scrape) => respond(scrape, gzip),
        Err(error) => {
            error!(error = panics::ended(&error), "metrics could not be rendered");
            answer::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The metrics could not be rendered; see the log.\n",
            )
        }
    }
}

fn respond(scrape: Scrape, gzip: bool) -> Response {
    let headers =
        [(header::CONTENT_TYPE, CONTENT_TYPE), (header::VARY, HeaderValue::from_static("Accept-Encoding"))];
    let encoding = gzip.then_some([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
    let mut response = (headers, Body::new(Pieces::new(scrape, gzip))).into_response();
    response.headers_mut().extend(encoding.into_iter().flatten());
    response
}

/// The text, written as fast as it is read: a slow reader holds little memory and nobody up.
struct Pieces {
    scrape: Scrape,
    text: BytesMut,
    gzip: Option<GzEncoder<Writer<BytesMut>>>,
}

impl Pieces {
    fn new(scrape: Scrape, gzip: bool) -> Self {
        // Series repeat themselves: even the fastest level makes them ten times smaller.
        let encoder = || GzEncoder::new(BytesMut::new().writer(), Compression::fast());
        Self { scrape, text: BytesMut::new(), gzip: gzip.then(encoder) }
    }

    /// The next piece, empty at the end. The memory of the one before serves again once that has been sent.
    fn next(&mut self) -> io::Result<Bytes> {
        let Some(gzip) = &mut self.gzip else {
            write(&mut self.scrape, &mut self.text);
            return Ok(self.text.split().freeze());
        };
        gzip.get_mut().get_mut().reserve(2 * COMPRESSED_PIECE);
        while gzip.get_ref().get_ref().len() < COMPRESSED_PIECE {
            self.text.clear();
            write(&mut self.scrape, &mut self.text);
            if self.text.is_empty() {
                gzip.try_finish()?;
                break;
            }
            gzip.write_all(&self.text)?;
        }
        Ok(gzip.get_mut().get_mut().split().freeze())
    }
}

/// Writes about [`PIECE`] bytes, or what there still is.
fn write(scrape: &mut Scrape, text: &mut BytesMut) {
    text.reserve(2 * PIECE);
    while text.len() < PIECE && scrape.step(text) {}
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.next() {
            Ok(piece) if piece.is_empty() => None,
            piece => Some(piece.map(Frame::data)),
        })
    }
}
