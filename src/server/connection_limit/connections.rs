//! The table of open connections. Times are measured since the start of the exporter.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::limits::ClientNetwork;

/// How many connections of one client may wait for others of that client to end. A farm that reconnects at once fits in.
pub(super) const MAX_WAITING: usize = 1024;

#[derive(Default)]
pub(super) struct Connections {
    next_id: u64,
    open: HashMap<u64, Arc<Connection>>,
    clients: HashMap<ClientNetwork, PerClient>,
}

pub(super) struct Connection {
    pub(super) id: u64,
    pub(super) client: ClientNetwork,
    /// Signalled when the connection has to close in favour of another one.
    pub(super) evicted: Notify,
    activity: Mutex<Activity>,
}

pub(super) struct Activity {
    /// Since when the client owes bytes of a request; `None` while a request is being answered.
    pub(super) idle_since: Option<Duration>,
    /// Whether the client has sent a complete request.
    pub(super) has_served: bool,
}

#[derive(Default)]
pub(super) struct PerClient {
    pub(super) open: usize,
    waiting: usize,
    /// When a connection of this client was last opened or closed.
    pub(super) last_change: Duration,
    /// Signals one waiting connection that another one of this client has closed.
    pub(super) freed: Arc<Notify>,
}

impl Connection {
    pub(super) fn activity(&self) -> MutexGuard<'_, Activity> {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle_since(&self) -> Option<Duration> {
        self.activity().idle_since
    }
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn client(&self, client: ClientNetwork) -> Option<&PerClient> {
        self.clients.get(&client)
    }

    pub(super) fn insert(&mut self, client: ClientNetwork, now: Duration) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            id: self.next_id,
            client,
            evicted: Notify::new(),
            activity: Mutex::new(Activity { idle_since: Some(now), has_served: false }),
        });
        self.next_id += 1;
        self.open.insert(connection.id, Arc::clone(&connection));
        let per_client = self.clients.entry(client).or_default();
        per_client.open += 1;
        per_client.last_change = now;
        connection
    }

    /// Removes a connection, unless it was removed before.
    pub(super) fn remove(&mut self, id: u64, now: Duration) -> Option<Arc<Connection>> {
        let connection = self.open.remove(&id)?;
        if let Some(per_client) = self.clients.get_mut(&connection.client) {
            per_client.open -= 1;
            per_client.last_change = now;
            per_client.freed.notify_one();
        }
        self.drop_unused(connection.client);
        Some(connection)
    }

    /// Counts one more waiting connection of the client. False when too many wait already.
    pub(super) fn start_waiting(&mut self, client: ClientNetwork) -> bool {
        let waiting = &mut self.clients.entry(client).or_default().waiting;
        let accepted = *waiting < MAX_WAITING;
        *waiting += usize::from(accepted);
        accepted
    }

    pub(super) fn stop_waiting(&mut self, client: ClientNetwork) {
        if let Some(per_client) = self.clients.get_mut(&client) {
            per_client.waiting -= 1;
        }
        self.drop_unused(client);
    }

    fn drop_unused(&mut self, client: ClientNetwork) {
        if self.client(client).is_some_and(|per_client| per_client.open + per_client.waiting == 0) {
            self.clients.remove(&client);
        }
    }

    /// Whether a request of this client is being answered. A slow disk is not the client's doing.
    pub(super) fn is_served(&self, client: ClientNetwork) -> bool {
        self.open.values().any(|connection| connection.client == client && connection.idle_since().is_none())
    }

    /// The connection to evict among those of `client`, or of all, that are idle since `latest` or longer: one of the
    /// client with the most connections, and of those the longest idle one.
    pub(super) fn longest_idle(&self, client: Option<ClientNetwork>, latest: Duration) -> Option<u64> {
        let candidates = self.open.values().filter_map(|connection| {
            let since = connection.idle_since().filter(|since| *since <= latest)?;
            let matches = client.is_none_or(|client| client == connection.client);
            matches.then_some((connection, since))
        });
        let preferred = candidates.min_by_key(|(connection, since)| {
            let open = self.client(connection.client).map(|per_client| per_client.open);
            (Reverse(open), *since, connection.id)
        });
        preferred.map(|(connection, _)| connection.id)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.clients.is_empty()
    }
}
