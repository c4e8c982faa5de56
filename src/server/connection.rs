//! One connection: the TLS handshake if there is one, then HTTP/1.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tracing::debug;

use super::connection_limit::ConnectionPermit;
use super::stream::Stream;
use super::{ConnectionLimits, Listener, Peer, tls};
use crate::labels::DropReason;
use crate::panics;

/// How far the server is on its way to the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Serving,
    /// Requests in flight finish; nothing else begins.
    Draining,
    /// Connections close at once.
    Closing,
}

/// Serves one connection, and ends it when it is evicted or the server stops.
pub(super) struct ConnectionTask {
    pub(super) peer: Peer,
    pub(super) listener: Arc<Listener>,
    pub(super) permit: Arc<ConnectionPermit>,
    pub(super) limits: ConnectionLimits,
    pub(super) stage: watch::Receiver<Stage>,
}

impl ConnectionTask {
    pub(super) fn spawn(self, stream: TcpStream, tls: Option<Arc<ServerConfig>>) {
        // Without it, a small response waits for an acknowledgement of the peer. A failure only costs time.
        let _ = stream.set_nodelay(true);
        if let Some(config) = tls {
            tokio::spawn(self.serve_encrypted(stream, config));
        } else {
            let stream = Stream::new(stream, self.limits.write_deadline, self.limits.linger);
            tokio::spawn(self.serve(stream));
        }
    }

    async fn serve_encrypted(mut self, stream: TcpStream, config: Arc<ServerConfig>) {
        let handshake = tokio::select! {
            handshake = tls::accept(stream, config, self.limits) => handshake,
            () = self.permit.evicted() => return,
            _ = self.stage.wait_for(|stage| *stage != Stage::Serving) => return,
        };
        match handshake {
            Ok(stream) => self.serve(stream).await,
            Err(error) => debug!(%error, client = %self.peer.client(), "TLS handshake failed"),
        }
    }

    async fn serve(mut self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let mut draining = self.stage.clone();
        let mut connection = pin!(self.http().serve_connection(TokioIo::new(stream), self.service()));
        let finished = async {
            tokio::select! {
                result = connection.as_mut() => return result,
                _ = draining.wait_for(|stage| *stage != Stage::Serving) => {}
            }
            connection.as_mut().graceful_shutdown();
            connection.await
        };
        let result = tokio::select! {
            result = finished => result,
            () = self.permit.evicted() => return,
            _ = self.stage.wait_for(|stage| *stage == Stage::Closing) => return,
        };
        if let Err(error) = result {
            debug!(%error, client = %self.peer.client(), "connection ended early");
            if let Some(reason) = self.drop_reason(&error) {
                self.permit.count_drop(reason);
            }
        }
    }

    fn http(&self) -> http1::Builder {
        let header_bytes = self.permit.header_bytes();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            // hyper starts this timer before the first byte and after each response, so it also closes connections
            // that are silent or idle.
            .header_read_timeout(self.limits.header_deadline)
            .max_header_size(header_bytes)
            .max_buf_size(header_bytes.max(8 * 1024))
            // A client that has closed its side after a complete request still gets its response.
            .half_close(true);
        http
    }

    fn service(
        &self,
    ) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + use<> {
        let (peer, permit) = (self.peer, Arc::clone(&self.permit));
        let router = TowerToHyperService::new(self.listener.router.clone());
        service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let response = router.call(request.map(|body| permit.track(body)));
            let permit = Arc::clone(&permit);
            async move {
                let response = panics::catch_unwind(response).await.unwrap_or_else(|| Ok(internal_error()));
                permit.set_idle();
                response
            }
        })
    }

    /// The limit that ended the connection early. A timeout after a response is an ordinary end.
    fn drop_reason(&self, error: &hyper::Error) -> Option<DropReason> {
        if error.is_parse_too_large() {
            Some(DropReason::HeaderLimit)
        } else if error.is_parse() {
            Some(DropReason::Malformed)
        } else {
            (error.is_timeout() && !self.permit.has_served()).then_some(DropReason::Timeout)
        }
    }
}

/// The response to a request whose handler panicked.
fn internal_error() -> Response {
    let text = "Internal error of the exporter; see its log.\n";
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONNECTION, "close")], text).into_response()
}
