//! Limits open connections, in total and per client. At a limit, a connection that has been idle for longer than the grace
//! period is closed in favour of the new one.

mod connections;
mod permit;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::debug;

use connections::Connections;
pub(super) use permit::ConnectionPermit;

use crate::clock::Clock;
use crate::config::SharedSettings;
use crate::labels::DropReason;
use crate::limits::ClientNetwork;
use crate::metrics::exporter::ExporterMetrics;

/// How often to look for an idle connection while the total limit is reached.
const RETRY: Duration = Duration::from_millis(100);

/// How long none of a client's connections may open or close at its limit before a further one is refused. Until then it
/// waits: a farm that reconnects all at once is served one connection after the other.
const STANDSTILL: Duration = Duration::from_millis(250);

/// The answer to a client at its limit of connections.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 76\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    This address has too many connections; see limits.connections_per_address.\r\n";

/// Grants a [`ConnectionPermit`] to each connection, within the limits of the settings in force.
pub struct ConnectionLimiter {
    settings: SharedSettings,
    clock: Clock,
    metrics: ExporterMetrics,
    /// How long a connection may be idle before it can be evicted.
    idle_grace: Duration,
    connections: Mutex<Connections>,
    /// Signals that a connection has closed.
    freed: Notify,
}

/// What the limiter decides on a new connection.
pub(super) enum Admission {
    Granted(ConnectionPermit),
    /// Its client is at its limit. It waits for others of that client, without holding up other clients.
    Waiting(Waiting),
    Refused,
}

/// A connection that waits for others of its client to close.
pub(super) struct Waiting {
    client: ClientNetwork,
    limiter: Arc<ConnectionLimiter>,
}

enum Attempt {
    Granted(ConnectionPermit),
    Refused,
    /// The client is at its limit, but its connections come and go. The signal tells that one has closed.
    ClientAtLimit(Arc<Notify>),
    /// The total limit is reached and no connection can be evicted yet.
    AtLimit,
}

impl ConnectionLimiter {
    /// A limiter without open connections. `idle_grace` is how long a connection may be idle before it can be evicted.
    pub fn new(
        settings: SharedSettings,
        clock: Clock,
        metrics: ExporterMetrics,
        idle_grace: Duration,
    ) -> Self {
        Self { settings, clock, metrics, idle_grace, connections: Mutex::default(), freed: Notify::new() }
    }

    /// Decides on a new connection. Waits while the total limit is reached.
    pub(super) async fn admit(self: &Arc<Self>, client: ClientNetwork) -> Admission {
        loop {
            // Created before the attempt, so that a connection that closes right after it is not missed.
            let freed = self.freed.notified();
            match self.attempt(client) {
                Attempt::Granted(permit) => return Admission::Granted(permit),
                Attempt::Refused => return Admission::Refused,
                Attempt::ClientAtLimit(_) => return self.wait(client),
                Attempt::AtLimit => drop(timeout(RETRY, freed).await),
            }
        }
    }

    fn wait(self: &Arc<Self>, client: ClientNetwork) -> Admission {
        if self.connections().start_waiting(client) {
            return Admission::Waiting(Waiting { client, limiter: Arc::clone(self) });
        }
        self.metrics.connection_dropped(DropReason::AddressLimit);
        Admission::Refused
    }

    /// Closes the longest idle connection, to free a file descriptor.
    pub(super) fn evict_idle(&self) {
        let mut connections = self.connections();
        if let Some(id) = self.longest_idle(&connections, None) {
            self.evict(&mut connections, id);
        }
    }

    fn attempt(self: &Arc<Self>, client: ClientNetwork) -> Attempt {
        let settings = self.settings.current();
        let (limits, proxies) = (settings.network, &settings.trusted_proxies);
        let (mut connections, now) = (self.connections(), self.now());
        // A trusted proxy speaks for many clients.
        let at_limit = |open| open >= limits.connections_per_address && !proxies.contain_client(client);
        let per_client = connections.client(client);
        if let Some(full) = per_client.filter(|of_it| at_limit(of_it.open)) {
            let moving = now.saturating_sub(full.last_change) < STANDSTILL;
            match self.longest_idle(&connections, Some(client)) {
                Some(id) => self.evict(&mut connections, id),
                None if moving || connections.is_served(client) => {
                    return Attempt::ClientAtLimit(Arc::clone(&full.freed));
                }
                None => {
                    self.metrics.connection_dropped(DropReason::AddressLimit);
                    return Attempt::Refused;
                }
            }
        } else if connections.len() >= limits.connections {
            let Some(id) = self.longest_idle(&connections, None) else { return Attempt::AtLimit };
            self.evict(&mut connections, id);
        }
        let connection = connections.insert(client, now);
        self.metrics.connections(connections.len());
        Attempt::Granted(ConnectionPermit { connection, limiter: Arc::clone(self) })
    }

    fn longest_idle(&self, connections: &Connections, client: Option<ClientNetwork>) -> Option<u64> {
        connections.longest_idle(client, self.now().checked_sub(self.idle_grace)?)
    }

    fn evict(&self, connections: &mut Connections, id: u64) {
        if let Some(connection) = connections.remove(id, self.now()) {
            debug!(client = %connection.client, "closed an idle connection in favour of another");
            connection.evicted.notify_one();
            self.metrics.connection_dropped(DropReason::Evicted);
        }
    }

    fn release(&self, id: u64) {
        let mut connections = self.connections();
        connections.remove(id, self.now());
        self.metrics.connections(connections.len());
        drop(connections);
        self.freed.notify_waiters();
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The permit, once there is one; `None` when the client stays at its limit and its connections stand still.
    pub(super) async fn permit(self) -> Option<ConnectionPermit> {
        loop {
            let freed = self.limiter.freed.notified();
            // Every waiting connection also looks by itself, since the signal reaches only one of them.
            match self.limiter.attempt(self.client) {
                Attempt::Granted(permit) => return Some(permit),
                Attempt::Refused => return None,
                Attempt::ClientAtLimit(freed) => drop(timeout(STANDSTILL, freed.notified()).await),
                Attempt::AtLimit => drop(timeout(STANDSTILL, freed).await),
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.limiter.connections().stop_waiting(self.client);
    }
}

/// Tells a client that it has too many connections, without waiting for it.
pub(super) fn refuse(stream: &TcpStream) {
    // A new connection has room in its buffer. If not, the client sees only that the connection closes.
    let _ = stream.try_write(TOO_MANY);
}

#[cfg(test)]
mod tests;
