//! Baselines for the exporter: a server that only reads and parses, with and without a group commit.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use http_body_util::BodyExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use memchr::memmem::Finder;
use rusqlite::{Connection, params};
use serde_json::Value;
use std::path::Path;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

const ANSWER: &str = r#"{"status":"accepted"}"#;

const QUEUE: usize = 4096;

/// The rows that one commit stores at most, as in the exporter.
pub(crate) const BATCH: usize = 1024;

/// A parsed webhook on its way to the disk.
pub(crate) struct Row {
    pub(crate) printer: String,
    pub(crate) topic: String,
    pub(crate) state: String,
    pub(crate) done: oneshot::Sender<()>,
}

/// Reads and answers.
pub(crate) fn reader() -> Router {
    let handler = |body: Body| async move {
        std::hint::black_box(body.collect().await.unwrap().to_bytes());
        ANSWER
    };
    Router::new().route("/webhook/octoprint/{printer}", post(handler))
}

/// Reads, parses and answers.
pub(crate) fn parser() -> Router {
    let handler = |headers: HeaderMap, body: Body| async move {
        std::hint::black_box(parse(&headers, body).await);
        ANSWER
    };
    Router::new().route("/webhook/octoprint/{printer}", post(handler))
}

/// Reads, parses, has a thread store the row, and answers.
pub(crate) fn storing(write: impl FnOnce(mpsc::Receiver<Row>) + Send + 'static) -> Router {
    let (queue, rows) = mpsc::channel(QUEUE);
    std::thread::spawn(move || write(rows));
    Router::new().route("/webhook/octoprint/{printer}", post(store)).with_state(queue)
}

/// Stores in SQLite, everything that is queued together.
pub(crate) fn committer(path: &Path) -> Router {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    let schema =
        "CREATE TABLE states (printer TEXT PRIMARY KEY, topic TEXT NOT NULL, state TEXT NOT NULL) STRICT";
    connection.execute_batch(schema).unwrap();
    storing(move |rows| write(connection, rows))
}

async fn store(
    State(queue): State<mpsc::Sender<Row>>,
    axum::extract::Path(printer): axum::extract::Path<String>,
    headers: HeaderMap,
    body: Body,
) -> &'static str {
    let fields = parse(&headers, body).await;
    let text =
        |name: &str| fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.to_string());
    let (done, stored) = oneshot::channel();
    let (topic, state) = (text("topic").unwrap(), text("job").unwrap());
    queue.send(Row { printer, topic, state, done }).await.unwrap();
    stored.await.unwrap();
    ANSWER
}

fn write(mut connection: Connection, mut rows: mpsc::Receiver<Row>) {
    let mut batch = Vec::new();
    while rows.blocking_recv_many(&mut batch, BATCH) > 0 {
        let transaction = connection.transaction().unwrap();
        for row in &batch {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO states VALUES (?, ?, ?)")
                .unwrap()
                .execute(params![row.printer, row.topic, row.state])
                .unwrap();
        }
        transaction.commit().unwrap();
        for row in batch.drain(..) {
            let _ = row.done.send(());
        }
    }
}

/// All text parts, JSON objects parsed. The whole body is in memory, and no limit is checked.
async fn parse(headers: &HeaderMap, body: Body) -> Vec<(String, Value)> {
    let boundary = headers["content-type"].to_str().unwrap().split_once("boundary=").unwrap().1;
    let delimiter = Finder::new(boundary);
    let body = body.collect().await.unwrap().to_bytes();
    let mut ends = delimiter.find_iter(&body).skip(1);
    let mut start = boundary.len() + 2;
    std::iter::from_fn(|| {
        let end = ends.next()?;
        let part = str::from_utf8(&body[start..end - 4]).unwrap();
        start = end + boundary.len();
        let (head, text) = part.split_once("\r\n\r\n").unwrap();
        let name = head.split('"').nth(1).unwrap();
        let value = if text.starts_with('{') {
            serde_json::from_str(text).unwrap()
        } else {
            Value::String(text.to_owned())
        };
        Some((name.to_owned(), value))
    })
    .collect()
}

/// Serves over plain connections, without deadlines or limits.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
