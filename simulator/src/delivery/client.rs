//! An HTTP client that sends webhooks over one connection, and opens a new one after an idle time.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request as HttpRequest, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::target::Target;
use crate::Request;

/// How long OctoPrint's plugin waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The other side may close a connection that has been idle for longer, just when it is used. An exporter at its limit
/// keeps idle connections for twice as long.
const MAX_IDLE: Duration = Duration::from_secs(1);

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

pub(super) struct Client {
    target: Target,
    /// The open connection, and when it was last used.
    connection: Option<(SendRequest<Full<Bytes>>, Instant)>,
}

pub(super) async fn connect(target: &Target) -> anyhow::Result<TcpStream> {
    let (host, port) = &target.address;
    let connecting = TcpStream::connect((host.as_str(), *port));
    Ok(timeout(TIMEOUT, connecting).await.context("it does not answer")??)
}

impl Client {
    pub(super) const fn new(target: Target) -> Self {
        Self { target, connection: None }
    }

    /// Sends one webhook once, as the senders do.
    ///
    /// # Errors
    /// When it is not acknowledged. The text is for a person.
    pub(super) async fn send(&mut self, request: Request) -> anyhow::Result<()> {
        let sending = timeout(TIMEOUT, self.attempt(request)).await;
        sending.unwrap_or_else(|_| Err(anyhow!("no answer within {} seconds", TIMEOUT.as_secs())))
    }

    async fn attempt(&mut self, request: Request) -> anyhow::Result<()> {
        let request = self.to_http(request)?;
        let mut connection = self.connection().await?;
        let response = connection.send_request(request).await.context("the connection broke")?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| anyhow!("the answer cannot be read: {error}"))?.to_bytes();
        self.connection = Some((connection, Instant::now()));
        if !status.is_success() {
            bail!("{status}: {}", reason(&body));
        }
        Ok(())
    }

    fn to_http(&self, request: Request) -> anyhow::Result<HttpRequest<Full<Bytes>>> {
        let mut http = HttpRequest::builder().method(Method::POST).uri(request.path);
        http = http.header(header::HOST, &self.target.authority);
        for (name, value) in request.headers {
            http = http.header(name, value);
        }
        Ok(http.body(Full::new(request.body.into()))?)
    }

    /// The open connection, unless it has been idle for too long or was closed; else a new one.
    async fn connection(&mut self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        if let Some((mut connection, used)) = self.connection.take()
            && used.elapsed() < MAX_IDLE
            && connection.ready().await.is_ok()
        {
            return Ok(connection);
        }
        let stream = connect(&self.target).await.with_context(|| format!("cannot reach {}", self.target))?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        // The driver ends with its connection, and its error reaches the request that waits for an answer.
        tokio::spawn(driver);
        Ok(connection)
    }
}

/// The exporter's own explanation of a rejection.
fn reason(body: &[u8]) -> String {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let text = answer.as_ref().and_then(|answer| answer.get("message")?.as_str());
    text.unwrap_or("this is not the answer of an exporter; check --target").to_owned()
}
