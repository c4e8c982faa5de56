//! Delivers webhooks over one connection, which is made anew when it has been idle.

use std::time::Duration;

use anyhow::{Context, bail};
use axum::http::{Method, Request as HttpRequest, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::commands::simulate::target::Target;
use crate::simulate::Request;

/// How long the plugin waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that has been idle for longer may be closed by the other side just when it is used: a full exporter leaves
/// one alone for twice as long.
const IDLE: Duration = Duration::from_secs(1);

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// One connection to the exporter.
pub(super) struct Courier {
    target: Target,
    clock: Clock,
    connection: Option<SendRequest<Full<Bytes>>>,
    last_used: Duration,
}

/// Connects to the target.
pub(super) async fn connect(target: &Target) -> anyhow::Result<TcpStream> {
    let (host, port) = &target.address;
    let connecting = TcpStream::connect((host.as_str(), *port));
    Ok(timeout(PATIENCE, connecting).await.context("it does not answer")??)
}

impl Courier {
    pub(super) const fn new(target: Target, clock: Clock) -> Self {
        Self { target, clock, connection: None, last_used: Duration::ZERO }
    }

    /// Delivers one webhook, once, as its senders do.
    ///
    /// # Errors
    /// When it is not acknowledged; the error is a reason for a person.
    pub(super) async fn deliver(&mut self, request: Request) -> anyhow::Result<()> {
        match timeout(PATIENCE, self.attempt(request)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(problem)) => Err(problem),
            Err(_) => {
                self.connection = None;
                bail!("no answer within {} seconds", PATIENCE.as_secs())
            }
        }
    }

    async fn attempt(&mut self, request: Request) -> anyhow::Result<()> {
        let request = self.http(request)?;
        let mut connection = self.connection().await?;
        let response = connection.send_request(request).await.context("the connection broke")?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("the answer cannot be read: {error}"))?.to_bytes();
        self.last_used = self.clock.monotonic();
        self.connection = Some(connection);
        if !status.is_success() {
            bail!("{status}: {}", reason(&body));
        }
        Ok(())
    }

    fn http(&self, request: Request) -> anyhow::Result<HttpRequest<Full<Bytes>>> {
        let mut http = HttpRequest::builder().method(Method::POST).uri(request.path);
        http = http.header(header::HOST, &self.target.authority);
        for (name, value) in request.headers {
            http = http.header(name, value);
        }
        Ok(http.body(Full::new(request.body.into()))?)
    }

    /// The connection, as it is unless it is stale.
    async fn connection(&mut self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let idle = self.clock.monotonic().saturating_sub(self.last_used);
        let mut kept = self.connection.take().filter(|_| idle < IDLE);
        if let Some(connection) = &mut kept
            && connection.ready().await.is_err()
        {
            kept = None;
        }
        if let Some(connection) = kept {
            return Ok(connection);
        }
        let stream = connect(&self.target).await.with_context(|| format!("cannot reach {}", self.target))?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        // It ends with the connection, and how it ended is told to whoever waits for an answer.
        tokio::spawn(driver);
        Ok(connection)
    }
}

/// What the exporter says is wrong.
fn reason(body: &[u8]) -> String {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let text = answer.as_ref().and_then(|answer| answer.get("message")?.as_str());
    text.unwrap_or("it is not the answer of an exporter; check --target").to_owned()
}
