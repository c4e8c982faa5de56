//! `GET /metrics`: the state as it is now, in the text format.
//!
//! One scrape at a time is rendered and compressed, on a thread of its own, so that scrapes use one core at most. Scrapes
//! that arrive meanwhile wait for the next render and share its bytes. No scrape gets a render that started before it
//! arrived: whatever was acknowledged before a scrape is in it.
//!
//! Only the compressed bytes are kept, until their last reader has them. Without gzip they are decompressed while they are
//! sent. So a slow reader costs little memory, and nobody waits for it.

use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::stream;
use tokio::sync::Mutex;
use tokio::task::{spawn_blocking, yield_now};
use tracing::error;

use super::{AppState, encoding, response};
use crate::metrics::{self, exporter::ExporterMetrics};
use crate::panics;
use crate::recorder::Recorder;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// How many bytes are sent at a time.
const PIECE: usize = 32 * 1024;

pub(super) async fn metrics(State(web): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let (recorder, metrics) = (web.recorder.clone(), web.metrics.clone());
    let label_bytes = web.settings.current().limits.label_bytes;
    match web.renders.get(move || render(&recorder, label_bytes, &metrics)).await {
        Ok(scrape) => respond(scrape, encoding::accepts_gzip(&headers)),
        Err(error) => {
            error!(%error, "metrics could not be rendered");
            response::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The metrics could not be rendered; see the log.\n",
            )
        }
    }
}

fn respond(scrape: Arc<[u8]>, gzip: bool) -> Response {
    let headers =
        [(header::CONTENT_TYPE, CONTENT_TYPE), (header::VARY, HeaderValue::from_static("Accept-Encoding"))];
    let encoding = gzip.then_some([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
    let mut response = (headers, body(scrape, gzip)).into_response();
    response.headers_mut().extend(encoding.into_iter().flatten());
    response
}

/// The body of a response, as it is or decompressed.
fn body(scrape: Arc<[u8]>, gzip: bool) -> Body {
    let scrape = Cursor::new(scrape);
    let reader: Box<dyn Read + Send> = if gzip { Box::new(scrape) } else { Box::new(GzDecoder::new(scrape)) };
    Body::from_stream(stream::try_unfold(reader, |mut reader| async move {
        // Other requests on this thread go first.
        yield_now().await;
        let mut piece = BytesMut::zeroed(PIECE);
        let length = reader.read(&mut piece)?;
        piece.truncate(length);
        io::Result::Ok((length > 0).then(|| (piece.freeze(), reader)))
    }))
}

fn render(recorder: &Recorder, label_bytes: usize, metrics: &ExporterMetrics) -> io::Result<Vec<u8>> {
    let (view, now) = recorder.view();
    // Series repeat each other: even the fastest level makes them ten times smaller.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    metrics::write(&view, now, label_bytes, metrics, &mut gzip)?;
    gzip.finish()
}

/// The renders of scrapes, one at a time.
#[derive(Debug, Default)]
pub(super) struct Renders {
    started: AtomicU64,
    last: Arc<Mutex<Last>>,
}

/// The last render: its number, counted from 1, and its bytes as long as they are being read.
#[derive(Debug, Default)]
struct Last {
    number: u64,
    scrape: Option<Weak<[u8]>>,
}

impl Renders {
    /// The bytes of a render that starts after this call: by `render`, or by another caller who waited too.
    async fn get(
        &self,
        render: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
    ) -> io::Result<Arc<[u8]>> {
        let started_before = self.started.load(Ordering::SeqCst);
        let mut last = Arc::clone(&self.last).lock_owned().await;
        if last.number > started_before
            && let Some(scrape) = last.scrape.as_ref().and_then(Weak::upgrade)
        {
            return Ok(scrape);
        }
        let number = self.started.fetch_add(1, Ordering::SeqCst) + 1;
        // The lock stays with the work, which goes on when the client has left.
        let rendered = spawn_blocking(move || {
            let scrape: Arc<[u8]> = render()?.into();
            *last = Last { number, scrape: Some(Arc::downgrade(&scrape)) };
            Ok(scrape)
        });
        rendered.await.map_err(|error| io::Error::other(panics::ended(&error)))?
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::mpsc::{Sender, channel};

    use http_body_util::BodyExt;
    use tokio::task::JoinHandle;

    use super::*;

    /// Asks for a scrape whose render returns `number` once the sender is used or dropped.
    async fn ask(renders: &Arc<Renders>, number: u8) -> (JoinHandle<io::Result<Arc<[u8]>>>, Sender<()>) {
        let (finish, finished) = channel();
        let renders = Arc::clone(renders);
        let render = move || {
            let _ = finished.recv();
            Ok(vec![number])
        };
        let scrape = tokio::spawn(async move { renders.get(render).await });
        yield_now().await;
        (scrape, finish)
    }

    #[tokio::test]
    async fn scrapes_that_arrive_during_a_render_share_the_next_one() {
        let renders = Arc::default();
        let (first, finish_first) = ask(&renders, 1).await;
        let (second, finish_second) = ask(&renders, 2).await;
        let (third, _) = ask(&renders, 3).await;
        drop(finish_first);
        assert_eq!(*first.await.unwrap().unwrap(), [1]);
        let (fourth, _) = ask(&renders, 4).await;
        assert!(!second.is_finished() && !third.is_finished() && !fourth.is_finished());
        drop(finish_second);
        let (second, third) = (second.await.unwrap().unwrap(), third.await.unwrap().unwrap());
        assert_eq!((&*second, &*third), (&[2][..], &[2][..]));
        assert_eq!(*fourth.await.unwrap().unwrap(), [4], "it came after the start of the second render");
    }

    #[tokio::test]
    async fn a_render_whose_client_has_left_still_holds_back_the_next_one() {
        let renders = Arc::default();
        let (first, finish_first) = ask(&renders, 1).await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        let (second, finish_second) = ask(&renders, 2).await;
        drop(finish_second);
        yield_now().await;
        assert!(!second.is_finished());
        drop(finish_first);
        assert_eq!(*second.await.unwrap().unwrap(), [2]);
    }

    #[tokio::test]
    async fn a_render_that_fails_leaves_the_next_one_possible() {
        let renders = Renders::default();
        let failed = renders.get(|| Err(io::Error::other("no"))).await;
        assert_eq!(failed.unwrap_err().to_string(), "no");
        let panicked = renders.get(|| panic!("hunter2, which is meant to happen")).await;
        assert!(!panicked.unwrap_err().to_string().contains("hunter2"));
        assert_eq!(*renders.get(|| Ok(vec![1])).await.unwrap(), [1]);
    }

    #[tokio::test]
    async fn the_bytes_are_freed_when_nobody_reads_them() {
        let renders = Renders::default();
        drop(renders.get(|| Ok(vec![1])).await.unwrap());
        assert!(renders.last.lock().await.scrape.as_ref().unwrap().upgrade().is_none());
    }

    #[tokio::test]
    async fn a_body_is_sent_compressed_or_as_text() {
        let text = "printfarm_connections 1\n".repeat(10_000);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let scrape: Arc<[u8]> = gzip.finish().unwrap().into();
        let sent = body(Arc::clone(&scrape), true).collect().await.unwrap().to_bytes();
        assert_eq!(*sent, *scrape);
        let sent = body(scrape, false).collect().await.unwrap().to_bytes();
        assert_eq!(*sent, *text.as_bytes());
    }
}
