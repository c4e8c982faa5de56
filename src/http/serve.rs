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

use super::answer;
use super::gate::Gate;
use super::places::{self, Entry, Place, Places};
use super::stream::Stream;
use super::tls;
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
    /// How long a connection is left alone that lets us wait, when others need its place.
    pub grace: Duration,
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
            grace: Duration::from_secs(2),
            stop_deadline: Duration::from_secs(20),
        }
    }
}

/// The other end of a connection, as an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Listeners that serve the same endpoints to the same people.
pub struct Entrance {
    /// Where they listen.
    pub listeners: Vec<TcpListener>,
    /// What they serve.
    pub router: Router,
    /// What stands before it.
    pub gate: Gate,
}

struct Server {
    limits: ConnectionLimits,
    places: Arc<Places>,
    graceful: GracefulShutdown,
    /// Connections that are not encrypted yet end when its other side is gone.
    stopping: watch::Receiver<()>,
    /// Connections end at once when its other side says so, or is gone.
    alive: watch::Receiver<()>,
}

/// What connections through an entrance need.
struct Within {
    router: TowerToHyperService<Router>,
    gate: Gate,
}

/// Serves until `shutdown` is ready, then lets the requests in flight finish. The caller owns the ports and the signal.
/// The limits hold for all entrances together. When this returns, all listeners and connections are closed.
pub async fn serve(
    entrances: Vec<Entrance>,
    limits: ConnectionLimits,
    places: Places,
    shutdown: impl Future<Output = ()>,
) {
    let (stop_all, alive) = watch::channel(());
    let (stop_handshakes, stopping) = watch::channel(());
    let server = Arc::new(Server {
        limits,
        places: Arc::new(places),
        graceful: GracefulShutdown::new(),
        stopping,
        alive,
    });
    let mut accepting = JoinSet::new();
    for Entrance { listeners, router, gate } in entrances {
        let within = Arc::new(Within { router: TowerToHyperService::new(router), gate });
        for listener in listeners {
            accepting.spawn(accept(listener, Arc::clone(&server), Arc::clone(&within)));
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

async fn accept(listener: TcpListener, server: Arc<Server>, within: Arc<Within>) {
    let mut failing = false;
    let mut queue = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(Ok((stream, peer, place))) = queue.join_next() => {
                server.welcome(stream, peer, &within, place);
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
                server.places.make_room();
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if std::mem::take(&mut failing) {
            info!("accepting connections again");
        }
        // A place is taken after accepting: a listener that waits for a peer must not keep one from the others.
        match server.places.enter(peer.ip().into()).await {
            Entry::Place(place) => server.welcome(stream, peer, &within, Some(place)),
            Entry::Refused => server.welcome(stream, peer, &within, None),
            // Who waits holds no handle of the server, so that the end need not wait for it.
            Entry::Later(queued) => drop(queue.spawn(async move { (stream, peer, queued.place().await) })),
        }
    }
}

/// Whether a failure to accept tells only of the connection that would have been accepted.
fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Who came in, and what is theirs while they stay.
struct Visitor {
    peer: SocketAddr,
    within: Arc<Within>,
    place: Arc<Place>,
}

/// How a connection is served, and ended.
struct Stay {
    http: http1::Builder,
    watcher: Watcher,
    alive: watch::Receiver<()>,
}

impl Server {
    /// Serves a connection that has a place, and refuses one that has none.
    fn welcome(&self, stream: TcpStream, peer: SocketAddr, within: &Arc<Within>, place: Option<Place>) {
        match place {
            Some(place) => {
                self.spawn(stream, Visitor { peer, within: Arc::clone(within), place: Arc::new(place) });
            }
            // Behind a handshake the words would come too late.
            None if within.gate.tls().is_some() => {}
            None => places::refuse(&stream),
        }
    }

    fn spawn(&self, stream: TcpStream, visitor: Visitor) {
        // Without it a small answer waits for the peer's acknowledgement; a socket that refuses it is only slower.
        let _ = stream.set_nodelay(true);
        let limits = self.limits;
        let stay = Stay {
            http: http(limits, visitor.place.header_bytes()),
            watcher: self.graceful.watcher(),
            alive: self.alive.clone(),
        };
        let Some(config) = visitor.within.gate.tls() else {
            let stream = Stream::new(stream, limits.write_deadline, limits.linger);
            tokio::spawn(stay.serve(stream, visitor));
            return;
        };
        let mut stopping = self.stopping.clone();
        tokio::spawn(async move {
            let accepted = tokio::select! {
                accepted = tls::accept(stream, config, limits) => accepted,
                () = visitor.place.leave() => return,
                _ = stopping.changed() => return,
            };
            match accepted {
                Ok(stream) => stay.serve(stream, visitor).await,
                Err(error) => debug!(%error, client = %visitor.peer, "no encrypted connection"),
            }
        });
    }
}

impl Stay {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, visitor: Visitor) {
        let Self { http, watcher, mut alive } = self;
        let Visitor { peer, within, place } = visitor;
        let service = endpoints(within, peer, Arc::clone(&place));
        let connection = watcher.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            result = connection => if let Err(error) = result {
                debug!(%error, client = %peer, "connection ended early");
                if let Some(reason) = reason(&error, &place) {
                    place.dropped(reason);
                }
            },
            () = place.leave() => {}
            _ = alive.changed() => {}
        }
    }
}

/// Which limit ended a connection early. The silence after an answer is no sender's fault.
fn reason(error: &hyper::Error, place: &Place) -> Option<DropReason> {
    if error.is_parse_too_large() {
        Some(DropReason::HeaderLimit)
    } else if error.is_parse() {
        Some(DropReason::Malformed)
    } else {
        (error.is_timeout() && !place.has_served()).then_some(DropReason::Timeout)
    }
}

fn endpoints(
    within: Arc<Within>,
    peer: SocketAddr,
    place: Arc<Place>,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> {
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let place = Arc::clone(&place);
        let visit = within.gate.visit(&request, peer);
        // It has not begun yet; a request that is not let in drops it.
        let answer = within.router.call(request.map(|body| place.begin(body)));
        let answer = async move {
            match visit {
                None => answer.await,
                Some(visit) => visit.through(answer).await,
            }
        };
        async move {
            let response = panics::caught(answer).await.unwrap_or_else(|| Ok(broken()));
            place.waits();
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
