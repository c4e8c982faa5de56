//! `GET /metrics`: the state as it is now, in the text format. `?collect[]=printers` and `?collect[]=exporter` select parts:
//! of replicas, Prometheus scrapes the printers once and each exporter.
//!
//! One scrape at a time is rendered and compressed, on a thread of its own, so that scrapes use one core at most. Scrapes
//! that arrive meanwhile wait for the next render and share its bytes. No scrape gets a render that started before it
//! arrived: whatever was acknowledged before a scrape is in it.
//!
//! Only the compressed bytes are kept, until their last reader has them (`encoding`). Nobody waits for a slow reader.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tracing::error;

use super::{AppState, encoding, response};
use crate::metrics::{self, exporter::ExporterMetrics};
use crate::panics;
use crate::recorder::Recorder;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

pub(super) async fn metrics(
    State(web): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let parts = match Parts::selected_by(query.as_deref().unwrap_or_default()) {
        Ok(parts) => parts,
        Err(error) => return response::text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let (recorder, metrics) = (web.recorder.clone(), web.metrics.clone());
    let label_bytes = web.settings.current().limits.label_bytes;
    match web.renders.get(parts, move || render(parts, &recorder, label_bytes, &metrics)).await {
        Ok(scrape) => {
            let kind = [
                (header::CONTENT_TYPE, CONTENT_TYPE),
                (header::VARY, HeaderValue::from_static("Accept-Encoding")),
            ];
            (kind, encoding::response(scrape, &headers)).into_response()
        }
        Err(error) => {
            error!(%error, "metrics could not be rendered");
            response::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The metrics could not be rendered; see the log.\n",
            )
        }
    }
}

/// Which parts of the metrics are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    printers: bool,
    exporter: bool,
}

/// A query asks for a part that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such part to collect; collect[] is printers or exporter")]
struct UnknownPart;

impl Parts {
    /// The parts that a query names; without any, all of them.
    fn selected_by(query: &str) -> Result<Self, UnknownPart> {
        let mut parts = Self { printers: false, exporter: false };
        for (_, value) in form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == "collect[]") {
            match value.as_ref() {
                "printers" => parts.printers = true,
                "exporter" => parts.exporter = true,
                _ => return Err(UnknownPart),
            }
        }
        let all = Self { printers: true, exporter: true };
        Ok(if parts.printers || parts.exporter { parts } else { all })
    }
}

/// Printers are left out while a shared store cannot be reached: others may have changed them.
fn render(
    parts: Parts,
    recorder: &Recorder,
    label_bytes: usize,
    metrics: &ExporterMetrics,
) -> io::Result<Vec<u8>> {
    // Series repeat each other: even the fastest level makes them ten times smaller.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let printers = parts.printers.then(|| Handle::current().block_on(recorder.read())).and_then(Result::ok);
    let printers = printers.as_ref().map(|(view, now)| (view.as_ref(), *now));
    metrics::write(printers, label_bytes, parts.exporter.then_some(metrics), &mut gzip)?;
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
    scrape: Option<(Parts, Weak<[u8]>)>,
}

impl Renders {
    /// The bytes of a render of these parts that starts after this call: by `render`, or by another caller who waited too.
    async fn get(
        &self,
        parts: Parts,
        render: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
    ) -> io::Result<Arc<[u8]>> {
        let started_before = self.started.load(Ordering::SeqCst);
        let mut last = Arc::clone(&self.last).lock_owned().await;
        if last.number > started_before
            && let Some((_, scrape)) = last.scrape.as_ref().filter(|(rendered, _)| *rendered == parts)
            && let Some(scrape) = scrape.upgrade()
        {
            return Ok(scrape);
        }
        let number = self.started.fetch_add(1, Ordering::SeqCst) + 1;
        // The lock stays with the work, which goes on when the client has left.
        let rendered = spawn_blocking(move || {
            let scrape: Arc<[u8]> = render()?.into();
            *last = Last { number, scrape: Some((parts, Arc::downgrade(&scrape))) };
            Ok(scrape)
        });
        rendered.await.map_err(|error| io::Error::other(panics::ended(&error)))?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    const ALL: Parts = Parts { printers: true, exporter: true };

    /// Asks for a scrape whose render returns `number` once the sender is used or dropped.
    async fn ask(renders: &Arc<Renders>, number: u8) -> (JoinHandle<io::Result<Arc<[u8]>>>, Sender<()>) {
        let (finish, finished) = channel();
        let renders = Arc::clone(renders);
        let render = move || {
            let _ = finished.recv();
            Ok(vec![number])
        };
        let scrape = tokio::spawn(async move { renders.get(ALL, render).await });
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
        let failed = renders.get(ALL, || Err(io::Error::other("no"))).await;
        assert_eq!(failed.unwrap_err().to_string(), "no");
        let panicked = renders.get(ALL, || panic!("hunter2, which is meant to happen")).await;
        assert!(!panicked.unwrap_err().to_string().contains("hunter2"));
        assert_eq!(*renders.get(ALL, || Ok(vec![1])).await.unwrap(), [1]);
    }

    #[tokio::test]
    async fn the_bytes_are_freed_when_nobody_reads_them() {
        let renders = Renders::default();
        drop(renders.get(ALL, || Ok(vec![1])).await.unwrap());
        assert!(renders.last.lock().await.scrape.as_ref().unwrap().1.upgrade().is_none());
    }

    #[tokio::test]
    async fn a_render_of_other_parts_is_not_shared() {
        let renders = Renders::default();
        let kept = renders.get(ALL, || Ok(vec![1])).await.unwrap();
        let before = Last { number: 9, scrape: Some((ALL, Arc::downgrade(&kept))) };
        *renders.last.lock().await = before;
        let exporter = Parts { printers: false, exporter: true };
        assert_eq!(*renders.get(exporter, || Ok(vec![2])).await.unwrap(), [2]);
    }

    #[test]
    fn a_query_selects_parts() {
        let parts = |printers, exporter| Ok(Parts { printers, exporter });
        let cases = [
            ("", parts(true, true)),
            ("other=1", parts(true, true)),
            ("collect[]=printers", parts(true, false)),
            ("collect%5B%5D=exporter", parts(false, true)),
            ("collect[]=printers&collect[]=exporter", parts(true, true)),
            ("collect[]=farm", Err(UnknownPart)),
            ("collect[]=", Err(UnknownPart)),
        ];
        for (query, expected) in cases {
            assert_eq!(Parts::selected_by(query), expected, "{query}");
        }
    }
}
