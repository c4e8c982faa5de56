//! Who may be connected: so many in all, so many of one client. When it gets tight, those give way who let us wait.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tracing::debug;

use crate::clock::Clock;
use crate::config::SharedSettings;
use crate::labels::DropReason;
use crate::limits::ClientNetwork;
use crate::metrics::exporter::ExporterMetrics;

/// How often a full house is looked at for somebody who could give way.
const LOOK: Duration = Duration::from_millis(100);

/// For how long the connections of a client that has too many may stand still until a further one is refused. A farm that
/// comes back all at once is served one after the other.
const STANDSTILL: Duration = Duration::from_millis(250);

/// How many connections of one client may wait for its limiter. A farm that comes back at once fits in.
const MOST_QUEUED: usize = 1024;

/// The answer to a client that has too many connections.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 76\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    This address has too many connections; see limits.connections_per_address.\r\n";

/// The limiter of all connections.
pub struct ConnectionLimiter {
    settings: SharedSettings,
    clock: Clock,
    own: ExporterMetrics,
    /// How long a connection is left alone that lets us wait.
    idle_grace: Duration,
    connections: Mutex<Connections>,
    /// Tells those who wait that a permit has become free.
    freed: Notify,
}

#[derive(Default)]
struct Connections {
    next: u64,
    open: HashMap<u64, Arc<Connection>>,
    per_client: HashMap<ClientNetwork, PerClient>,
    /// How many connections of each client wait for one of its limiter.
    queued: HashMap<ClientNetwork, usize>,
}

/// The limiter of one client.
struct PerClient {
    count: usize,
    /// When one was last connections or became free.
    moved: u64,
    /// Tells one of those of this client who wait that a permit has become free.
    freed: Arc<Notify>,
}

/// What becomes of a new connection.
pub(super) enum Entry {
    /// It is connections in.
    ConnectionPermit(ConnectionPermit),
    /// It has to wait for others of its client, while those of other clients come in.
    Later(Waiting),
    /// Its client has too many.
    Refused,
}

/// A connection that waits for others of its client to come to their end.
pub(super) struct Waiting {
    client: ClientNetwork,
    limiter: Arc<ConnectionLimiter>,
}

/// The permit of one connection. It becomes free when this is dropped.
pub(super) struct ConnectionPermit {
    number: u64,
    connection: Arc<Connection>,
    limiter: Arc<ConnectionLimiter>,
}

struct Connection {
    client: ClientNetwork,
    /// Since when the client lets us wait for a request, in microseconds of the clock, plus one; 0 while we are at work.
    since: AtomicU64,
    /// Whether it has sent a whole request.
    served: AtomicBool,
    leave: Notify,
}

/// What a look for a permit finds.
enum Found {
    ConnectionPermit(ConnectionPermit),
    /// Its client has too many.
    Refused,
    /// Its client has too many, but they come to their end.
    ClientFull(Arc<Notify>),
    /// There are too many in all, and nobody can give way yet.
    Full,
}

impl ConnectionLimiter {
    /// No permit is connections yet. `idle_grace` is how long a connection is left alone that lets us wait.
    #[must_use]
    pub fn new(settings: SharedSettings, clock: Clock, own: ExporterMetrics, idle_grace: Duration) -> Self {
        Self { settings, clock, own, idle_grace, connections: Mutex::default(), freed: Notify::new() }
    }

    /// A permit for a connection of this client. Waits while there are too many in all.
    pub(super) async fn enter(self: &Arc<Self>, client: ClientNetwork) -> Entry {
        loop {
            // Before the look, so that a permit which becomes free right after it is not missed.
            let freed = self.freed.notified();
            match self.find(client) {
                Found::ConnectionPermit(permit) => return Entry::ConnectionPermit(permit),
                Found::Refused => return Entry::Refused,
                // Whoever keeps so many waiting must not be waited for: that would keep everybody else out.
                Found::ClientFull(_) => return self.queue(client),
                Found::Full => {}
            }
            let _ = tokio::time::timeout(LOOK, freed).await;
        }
    }

    /// Lets a connection wait, unless too many of its client do.
    fn queue(self: &Arc<Self>, client: ClientNetwork) -> Entry {
        let mut connections = self.connections();
        let queued = connections.queued.entry(client).or_default();
        if *queued >= MOST_QUEUED {
            self.dropped(DropReason::AddressLimit);
            return Entry::Refused;
        }
        *queued += 1;
        Entry::Later(Waiting { client, limiter: Arc::clone(self) })
    }

    /// Ends the connection that has let us wait for the longest time, when files have run out.
    pub(super) fn evict_idle(&self) {
        let mut connections = self.connections();
        if let Some(number) = self.idlest(&connections, None) {
            self.evict(&mut connections, number);
        }
    }

    /// Counts a connection that was ended for a reason of its own.
    pub(super) fn dropped(&self, reason: DropReason) {
        self.own.connection_dropped(reason);
    }

    fn find(self: &Arc<Self>, client: ClientNetwork) -> Found {
        let limits = self.settings.current().network;
        let (mut connections, now) = (self.connections(), self.stamp());
        let full = |of: &&PerClient| of.count >= limits.connections_per_address;
        if let Some(per_client) = connections.per_client.get(&client).filter(full) {
            let still = now.saturating_sub(per_client.moved);
            match self.idlest(&connections, Some(client)) {
                Some(number) => self.evict(&mut connections, number),
                None if still < micros(STANDSTILL) || connections.is_served(client) => {
                    return Found::ClientFull(Arc::clone(&per_client.freed));
                }
                None => {
                    self.dropped(DropReason::AddressLimit);
                    return Found::Refused;
                }
            }
        } else if connections.open.len() >= limits.connections {
            let Some(number) = self.idlest(&connections, None) else { return Found::Full };
            self.evict(&mut connections, number);
        }
        let connection = Arc::new(Connection {
            client,
            since: AtomicU64::new(now),
            served: AtomicBool::new(false),
            leave: Notify::new(),
        });
        let number = connections.next;
        connections.next += 1;
        connections.open.insert(number, Arc::clone(&connection));
        let per_client = connections.per_client.entry(client).or_insert_with(|| PerClient {
            count: 0,
            moved: now,
            freed: Arc::default(),
        });
        per_client.count += 1;
        per_client.moved = now;
        self.own.connections(connections.open.len());
        Found::ConnectionPermit(ConnectionPermit { number, connection, limiter: Arc::clone(self) })
    }

    /// Among the connections that let us wait for longer than the grace, of this client or of all: one of the client that
    /// has the most, and of those the one that does so for the longest time.
    fn idlest(&self, connections: &Connections, client: Option<ClientNetwork>) -> Option<u64> {
        let latest = self.stamp().saturating_sub(micros(self.idle_grace));
        let waiting = connections.open.iter().filter_map(|(number, connection)| {
            let since = connection.since.load(Ordering::Relaxed);
            let may_leave =
                (1..=latest).contains(&since) && client.is_none_or(|client| client == connection.client);
            may_leave.then(|| {
                (connections.per_client.get(&connection.client).map(|of| of.count), Reverse((since, *number)))
            })
        });
        waiting.max().map(|(_, Reverse((_, number)))| number)
    }

    fn evict(&self, connections: &mut Connections, number: u64) {
        if let Some(connection) = connections.free(number, self.stamp()) {
            debug!(client = %connection.client, "an idle connection gave way to another");
            connection.leave.notify_one();
            self.dropped(DropReason::Evicted);
        }
    }

    /// The time as open note it.
    fn stamp(&self) -> u64 {
        micros(self.clock.monotonic()) + 1
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    /// Whether we are at work for this client; a slow disk is no fault of its.
    fn is_served(&self, client: ClientNetwork) -> bool {
        self.open
            .values()
            .any(|connection| connection.client == client && connection.since.load(Ordering::Relaxed) == 0)
    }

    fn free(&mut self, number: u64, now: u64) -> Option<Arc<Connection>> {
        let connection = self.open.remove(&number)?;
        if let Some(per_client) = self.per_client.get_mut(&connection.client) {
            per_client.count -= 1;
            per_client.moved = now;
            per_client.freed.notify_one();
            if per_client.count == 0 {
                self.per_client.remove(&connection.client);
            }
        }
        Some(connection)
    }
}

impl Waiting {
    /// The permit, once there is one; none when its client still has too many and they have come to a standstill.
    pub(super) async fn permit(self) -> Option<ConnectionPermit> {
        loop {
            let freed = match self.limiter.find(self.client) {
                Found::ConnectionPermit(permit) => return Some(permit),
                Found::Refused => return None,
                Found::ClientFull(freed) => freed,
                Found::Full => Arc::default(),
            };
            // Of many who wait, each looks now and then; whoever is told first is one of them.
            let _ = tokio::time::timeout(STANDSTILL, freed.notified()).await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut connections = self.limiter.connections();
        if let Some(queued) = connections.queued.get_mut(&self.client) {
            *queued -= 1;
            if *queued == 0 {
                connections.queued.remove(&self.client);
            }
        }
    }
}

impl ConnectionPermit {
    /// Waits until the connection has to give way.
    pub(super) async fn leave(&self) {
        self.connection.leave.notified().await;
    }

    /// How many bytes the header of a request may have.
    pub(super) fn header_bytes(&self) -> usize {
        self.limiter.settings.current().network.header_bytes
    }

    /// Whether a whole request has come over the connection.
    pub(super) fn has_served(&self) -> bool {
        self.connection.served.load(Ordering::Relaxed)
    }

    /// Counts the connection as one that was ended for this reason.
    pub(super) fn dropped(&self, reason: DropReason) {
        self.limiter.dropped(reason);
    }

    /// Notes that a request has begun, and watches its body.
    pub(super) fn begin<B: Body>(self: &Arc<Self>, body: B) -> Watched<B> {
        if body.is_end_stream() {
            self.works();
        } else {
            self.waits();
        }
        Watched { body, permit: Arc::clone(self) }
    }

    /// Notes that it is the client's turn.
    pub(super) fn waits(&self) {
        self.connection.since.store(self.limiter.stamp(), Ordering::Relaxed);
    }

    fn works(&self) {
        self.connection.since.store(0, Ordering::Relaxed);
        self.connection.served.store(true, Ordering::Relaxed);
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut connections = self.limiter.connections();
        connections.free(self.number, self.limiter.stamp());
        self.limiter.own.connections(connections.open.len());
        drop(connections);
        self.limiter.freed.notify_waiters();
    }
}

/// The body of a request, at whose end it becomes our turn.
pub(super) struct Watched<B> {
    body: B,
    permit: Arc<ConnectionPermit>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) || self.body.is_end_stream() {
            self.permit.works();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Tells a client that it has too many connections, without waiting for it.
pub(super) fn refuse(stream: &TcpStream) {
    // A new connection has room for it; when not, the end of the connection is the answer.
    let _ = stream.try_write(TOO_MANY);
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests;
