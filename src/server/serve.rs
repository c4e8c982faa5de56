//! Serves HTTP/1 to whoever connects, and survives them: silent, slow, endless, too many.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, error, info, warn};

use super::connection_limit::{self, ConnectionLimiter, ConnectionPermit, Entry};
use super::stream::Stream;
use super::{Peer, tls};
use crate::auth::BasicAuth;
use crate::http::answer;
use crate::labels::DropReason;
use crate::panics;

/// How long to wait after a connection could not be accepted: the cause, no file descriptor left, takes time to go.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How long one connection may take for what it does.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// How long a client may take until the connection is encrypted, where it is to be.
    pub handshake_deadline: Duration,
    /// How long a request's header may take, and how long a connection may be idle.
    pub header_deadline: Duration,
    /// How long a write may make no progress.
    pub write_deadline: Duration,
    /// How long what a peer still sends is read and dropped after the last answer.
    pub linger: Duration,
    /// How long a connection is left alone that lets us wait, when others need its permit.
    pub idle_grace: Duration,
    /// How long requests in flight may take to finish once the server stops.
    pub stop_deadline: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            handshake_deadline: Duration::from_secs(10),
            header_deadline: Duration::from_secs(30),
            write_deadline: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            idle_grace: Duration::from_secs(2),
            stop_deadline: Duration::from_secs(20),
        }
    }
}

/// Whom a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// People and Prometheus, and senders of webhooks where these have no listener of their own.
    Web,
    /// Senders of webhooks alone: they have neither a certificate nor a password, but a secret in the webhook.
    Webhooks,
}

/// Listeners that serve the same endpoints to the same people.
pub struct Listener {
    /// Where they listen.
    pub listeners: Vec<TcpListener>,
    /// What they serve.
    pub router: Router,
    /// What stands before it.
    pub auth: BasicAuth,
}

struct Server {
    limits: ConnectionLimits,
    limiter: Arc<ConnectionLimiter>,
    graceful: GracefulShutdown,
    /// Connections that are not encrypted yet end when its other side is gone.
    stopping: watch::Receiver<()>,
    /// Connections end at once when its other side says so, or is gone.
    alive: watch::Receiver<()>,
}

/// What connections through an listener need.
struct ListenerContext {
    router: TowerToHyperService<Router>,
    auth: BasicAuth,
}

/// Serves until `shutdown` is ready, then lets the requests in flight finish. The caller owns the ports and the signal.
/// The limits hold for all listeners together. When this returns, all listeners and connections are closed.
pub async fn serve(
    listeners: Vec<Listener>,
    limits: ConnectionLimits,
    limiter: ConnectionLimiter,
    shutdown: impl Future<Output = ()>,
) {
    let (stop_all, alive) = watch::channel(());
    let (stop_handshakes, stopping) = watch::channel(());
    let server = Arc::new(Server {
        limits,
        limiter: Arc::new(limiter),
        graceful: GracefulShutdown::new(),
        stopping,
        alive,
    });
    let mut accepting = JoinSet::new();
    for Listener { listeners: sockets, router, auth } in listeners {
        let context = Arc::new(ListenerContext { router: TowerToHyperService::new(router), auth });
        for listener in sockets {
            accepting.spawn(accept(listener, Arc::clone(&server), Arc::clone(&context)));
        }
    }
    shutdown.await;
    accepting.shutdown().await;
    drop(stop_handshakes);
    // The other handles went with the tasks that accepted.
    let Some(server) = Arc::into_inner(server) else {
        return;
    };
    // This receiver would make the wait for the connections' ones endless.
    drop(server.alive);
    let open = server.graceful.count();
    if tokio::time::timeout(limits.stop_deadline, server.graceful.shutdown()).await.is_err() {
        warn!(open, "requests did not finish in time and were cut off");
        stop_all.send_replace(());
    }
    stop_all.closed().await;
}

fn http(limits: ConnectionLimits, header_bytes: usize) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // hyper starts this clock before the first byte and again after each answer, so that it also closes
        // connections that are silent or idle.
        .header_read_timeout(limits.header_deadline)
        .max_header_size(header_bytes)
        .max_buf_size(header_bytes.max(8 * 1024))
        // A sender that has closed its side has still sent a whole request, and may wait for the answer.
        .half_close(true);
    http
}

async fn accept(listener: TcpListener, server: Arc<Server>, context: Arc<ListenerContext>) {
    let mut failing = false;
    let mut queue = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(Ok((stream, peer, permit))) = queue.join_next() => {
                server.handle(stream, peer, &context, permit);
                continue;
            }
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if of_one_connection(&error) => continue,
            Err(error) => {
                if !failing {
                    error!(%error, "cannot accept connections; raise the limit of open files (ulimit -n)");
                }
                failing = true;
                server.limiter.evict_idle();
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if std::mem::take(&mut failing) {
            info!("accepting connections again");
        }
        // A permit is connections after accepting: a listener that waits for a peer must not keep one from the others.
        match server.limiter.enter(peer.ip().into()).await {
            Entry::ConnectionPermit(permit) => server.handle(stream, peer, &context, Some(permit)),
            Entry::Refused => server.handle(stream, peer, &context, None),
            // Who waits holds no handle of the server, so that the end need not wait for it.
            Entry::Later(queued) => drop(queue.spawn(async move { (stream, peer, queued.permit().await) })),
        }
    }
}

/// Whether a failure to accept tells only of the connection that would have been accepted.
fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Who came in, and what is theirs while they stay.
struct Visit {
    peer: SocketAddr,
    context: Arc<ListenerContext>,
    permit: Arc<ConnectionPermit>,
}

/// How a connection is served, and ended.
struct ConnectionTask {
    http: http1::Builder,
    watcher: Watcher,
    alive: watch::Receiver<()>,
}

impl Server {
    /// Serves a connection that has a permit, and refuses one that has none.
    fn handle(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        context: &Arc<ListenerContext>,
        permit: Option<ConnectionPermit>,
    ) {
        match permit {
            Some(permit) => {
                self.spawn(stream, Visit { peer, context: Arc::clone(context), permit: Arc::new(permit) });
            }
            // Behind a handshake the words would come too late.
            None if context.auth.tls().is_some() => {}
            None => connection_limit::refuse(&stream),
        }
    }

    fn spawn(&self, stream: TcpStream, visitor: Visit) {
        // Without it a small answer waits for the peer's acknowledgement; a socket that refuses it is only slower.
        let _ = stream.set_nodelay(true);
        let limits = self.limits;
        let stay = ConnectionTask {
            http: http(limits, visitor.permit.header_bytes()),
            watcher: self.graceful.watcher(),
            alive: self.alive.clone(),
        };
        let Some(config) = visitor.context.auth.tls() else {
            let stream = Stream::new(stream, limits.write_deadline, limits.linger);
            tokio::spawn(stay.serve(stream, visitor));
            return;
        };
        let mut stopping = self.stopping.clone();
        tokio::spawn(async move {
            let accepted = tokio::select! {
                accepted = tls::accept(stream, config, limits) => accepted,
                () = visitor.permit.leave() => return,
                _ = stopping.changed() => return,
            };
            match accepted {
                Ok(stream) => stay.serve(stream, visitor).await,
                Err(error) => debug!(%error, client = %visitor.peer, "no encrypted connection"),
            }
        });
    }
}

impl ConnectionTask {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, visitor: Visit) {
        let Self { http, watcher, mut alive } = self;
        let Visit { peer, context, permit } = visitor;
        let service = endpoints(context, peer, Arc::clone(&permit));
        let connection = watcher.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            result = connection => if let Err(error) = result {
                debug!(%error, client = %peer, "connection ended early");
                if let Some(reason) = reason(&error, &permit) {
                    permit.dropped(reason);
                }
            },
            () = permit.leave() => {}
            _ = alive.changed() => {}
        }
    }
}

/// Which limit ended a connection early. The silence after an answer is no sender's fault.
fn reason(error: &hyper::Error, permit: &ConnectionPermit) -> Option<DropReason> {
    if error.is_parse_too_large() {
        Some(DropReason::HeaderLimit)
    } else if error.is_parse() {
        Some(DropReason::Malformed)
    } else {
        (error.is_timeout() && !permit.has_served()).then_some(DropReason::Timeout)
    }
}

fn endpoints(
    context: Arc<ListenerContext>,
    peer: SocketAddr,
    permit: Arc<ConnectionPermit>,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> {
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let permit = Arc::clone(&permit);
        let visit = context.auth.visit(&request, peer);
        // It has not begun yet; a request that is not let in drops it.
        let answer = context.router.call(request.map(|body| permit.begin(body)));
        let answer = async move {
            match visit {
                None => answer.await,
                Some(visit) => visit.through(answer).await,
            }
        };
        async move {
            let response = panics::catch_unwind(answer).await.unwrap_or_else(|| Ok(broken()));
            permit.waits();
            response
        }
    })
}

/// The answer to a request that made a handler panic.
fn broken() -> Response {
    let mut response =
        answer::text(StatusCode::INTERNAL_SERVER_ERROR, "A fault of the exporter; see its log.\n");
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
