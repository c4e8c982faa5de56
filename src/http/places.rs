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
use crate::limits::Client;
use crate::metrics::exporter::ExporterMetrics;

/// How often a full house is looked at for somebody who could give way.
const LOOK: Duration = Duration::from_millis(100);

/// For how long the connections of a client that has too many may stand still until a further one is refused. A farm that
/// comes back all at once is served one after the other.
const STANDSTILL: Duration = Duration::from_millis(250);

/// How many connections of one client may wait for its places. A farm that comes back at once fits in.
const MOST_QUEUED: usize = 1024;

/// The answer to a client that has too many connections.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 76\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    This address has too many connections; see limits.connections_per_address.\r\n";

/// The places of all connections.
pub struct Places {
    settings: SharedSettings,
    clock: Clock,
    own: ExporterMetrics,
    /// How long a connection is left alone that lets us wait.
    grace: Duration,
    taken: Mutex<Taken>,
    /// Tells those who wait that a place has become free.
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    next: u64,
    seats: HashMap<u64, Arc<Seat>>,
    of_client: HashMap<Client, OfClient>,
    /// How many connections of each client wait for one of its places.
    queued: HashMap<Client, usize>,
}

/// The places of one client.
struct OfClient {
    count: usize,
    /// When one was last taken or became free.
    moved: u64,
    /// Tells one of those of this client who wait that a place has become free.
    freed: Arc<Notify>,
}

/// What becomes of a new connection.
pub(super) enum Entry {
    /// It is taken in.
    Place(Place),
    /// It has to wait for others of its client, while those of other clients come in.
    Later(Queued),
    /// Its client has too many.
    Refused,
}

/// A connection that waits for others of its client to come to their end.
pub(super) struct Queued {
    client: Client,
    places: Arc<Places>,
}

/// The place of one connection. It becomes free when this is dropped.
pub(super) struct Place {
    number: u64,
    seat: Arc<Seat>,
    places: Arc<Places>,
}

struct Seat {
    client: Client,
    /// Since when the client lets us wait for a request, in microseconds of the clock, plus one; 0 while we are at work.
    since: AtomicU64,
    /// Whether it has sent a whole request.
    served: AtomicBool,
    leave: Notify,
}

/// What a look for a place finds.
enum Found {
    Place(Place),
    /// Its client has too many.
    Refused,
    /// Its client has too many, but they come to their end.
    ClientFull(Arc<Notify>),
    /// There are too many in all, and nobody can give way yet.
    Full,
}

impl Places {
    /// No place is taken yet. `grace` is how long a connection is left alone that lets us wait.
    #[must_use]
    pub fn new(settings: SharedSettings, clock: Clock, own: ExporterMetrics, grace: Duration) -> Self {
        Self { settings, clock, own, grace, taken: Mutex::default(), freed: Notify::new() }
    }

    /// A place for a connection of this client. Waits while there are too many in all.
    pub(super) async fn enter(self: &Arc<Self>, client: Client) -> Entry {
        loop {
            // Before the look, so that a place which becomes free right after it is not missed.
            let freed = self.freed.notified();
            match self.find(client) {
                Found::Place(place) => return Entry::Place(place),
                Found::Refused => return Entry::Refused,
                // Whoever keeps so many waiting must not be waited for: that would keep everybody else out.
                Found::ClientFull(_) => return self.queue(client),
                Found::Full => {}
            }
            let _ = tokio::time::timeout(LOOK, freed).await;
        }
    }

    /// Lets a connection wait, unless too many of its client do.
    fn queue(self: &Arc<Self>, client: Client) -> Entry {
        let mut taken = self.taken();
        let queued = taken.queued.entry(client).or_default();
        if *queued >= MOST_QUEUED {
            self.dropped(DropReason::AddressLimit);
            return Entry::Refused;
        }
        *queued += 1;
        Entry::Later(Queued { client, places: Arc::clone(self) })
    }

    /// Ends the connection that has let us wait for the longest time, when files have run out.
    pub(super) fn make_room(&self) {
        let mut taken = self.taken();
        if let Some(number) = self.idlest(&taken, None) {
            self.evict(&mut taken, number);
        }
    }

    /// Counts a connection that was ended for a reason of its own.
    pub(super) fn dropped(&self, reason: DropReason) {
        self.own.connection_dropped(reason);
    }

    fn find(self: &Arc<Self>, client: Client) -> Found {
        let limits = self.settings.current().network;
        let (mut taken, now) = (self.taken(), self.stamp());
        let full = |of: &&OfClient| of.count >= limits.connections_per_address;
        if let Some(of_client) = taken.of_client.get(&client).filter(full) {
            let still = now.saturating_sub(of_client.moved);
            match self.idlest(&taken, Some(client)) {
                Some(number) => self.evict(&mut taken, number),
                None if still < micros(STANDSTILL) || taken.is_served(client) => {
                    return Found::ClientFull(Arc::clone(&of_client.freed));
                }
                None => {
                    self.dropped(DropReason::AddressLimit);
                    return Found::Refused;
                }
            }
        } else if taken.seats.len() >= limits.connections {
            let Some(number) = self.idlest(&taken, None) else { return Found::Full };
            self.evict(&mut taken, number);
        }
        let seat = Arc::new(Seat {
            client,
            since: AtomicU64::new(now),
            served: AtomicBool::new(false),
            leave: Notify::new(),
        });
        let number = taken.next;
        taken.next += 1;
        taken.seats.insert(number, Arc::clone(&seat));
        let of_client = taken.of_client.entry(client).or_insert_with(|| OfClient {
            count: 0,
            moved: now,
            freed: Arc::default(),
        });
        of_client.count += 1;
        of_client.moved = now;
        self.own.connections(taken.seats.len());
        Found::Place(Place { number, seat, places: Arc::clone(self) })
    }

    /// Among the connections that let us wait for longer than the grace, of this client or of all: one of the client that
    /// has the most, and of those the one that does so for the longest time.
    fn idlest(&self, taken: &Taken, client: Option<Client>) -> Option<u64> {
        let latest = self.stamp().saturating_sub(micros(self.grace));
        let waiting = taken.seats.iter().filter_map(|(number, seat)| {
            let since = seat.since.load(Ordering::Relaxed);
            let may_leave =
                (1..=latest).contains(&since) && client.is_none_or(|client| client == seat.client);
            may_leave
                .then(|| (taken.of_client.get(&seat.client).map(|of| of.count), Reverse((since, *number))))
        });
        waiting.max().map(|(_, Reverse((_, number)))| number)
    }

    fn evict(&self, taken: &mut Taken, number: u64) {
        if let Some(seat) = taken.free(number, self.stamp()) {
            debug!(client = %seat.client, "an idle connection gave way to another");
            seat.leave.notify_one();
            self.dropped(DropReason::Evicted);
        }
    }

    /// The time as seats note it.
    fn stamp(&self) -> u64 {
        micros(self.clock.monotonic()) + 1
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Whether we are at work for this client; a slow disk is no fault of its.
    fn is_served(&self, client: Client) -> bool {
        self.seats.values().any(|seat| seat.client == client && seat.since.load(Ordering::Relaxed) == 0)
    }

    fn free(&mut self, number: u64, now: u64) -> Option<Arc<Seat>> {
        let seat = self.seats.remove(&number)?;
        if let Some(of_client) = self.of_client.get_mut(&seat.client) {
            of_client.count -= 1;
            of_client.moved = now;
            of_client.freed.notify_one();
            if of_client.count == 0 {
                self.of_client.remove(&seat.client);
            }
        }
        Some(seat)
    }
}

impl Queued {
    /// The place, once there is one; none when its client still has too many and they have come to a standstill.
    pub(super) async fn place(self) -> Option<Place> {
        loop {
            let freed = match self.places.find(self.client) {
                Found::Place(place) => return Some(place),
                Found::Refused => return None,
                Found::ClientFull(freed) => freed,
                Found::Full => Arc::default(),
            };
            // Of many who wait, each looks now and then; whoever is told first is one of them.
            let _ = tokio::time::timeout(STANDSTILL, freed.notified()).await;
        }
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(queued) = taken.queued.get_mut(&self.client) {
            *queued -= 1;
            if *queued == 0 {
                taken.queued.remove(&self.client);
            }
        }
    }
}

impl Place {
    /// Waits until the connection has to give way.
    pub(super) async fn leave(&self) {
        self.seat.leave.notified().await;
    }

    /// How many bytes the header of a request may have.
    pub(super) fn header_bytes(&self) -> usize {
        self.places.settings.current().network.header_bytes
    }

    /// Whether a whole request has come over the connection.
    pub(super) fn has_served(&self) -> bool {
        self.seat.served.load(Ordering::Relaxed)
    }

    /// Counts the connection as one that was ended for this reason.
    pub(super) fn dropped(&self, reason: DropReason) {
        self.places.dropped(reason);
    }

    /// Notes that a request has begun, and watches its body.
    pub(super) fn begin<B: Body>(self: &Arc<Self>, body: B) -> Watched<B> {
        if body.is_end_stream() {
            self.works();
        } else {
            self.waits();
        }
        Watched { body, place: Arc::clone(self) }
    }

    /// Notes that it is the client's turn.
    pub(super) fn waits(&self) {
        self.seat.since.store(self.places.stamp(), Ordering::Relaxed);
    }

    fn works(&self) {
        self.seat.since.store(0, Ordering::Relaxed);
        self.seat.served.store(true, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.free(self.number, self.places.stamp());
        self.places.own.connections(taken.seats.len());
        drop(taken);
        self.places.freed.notify_waiters();
    }
}

/// The body of a request, at whose end it becomes our turn.
pub(super) struct Watched<B> {
    body: B,
    place: Arc<Place>,
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
            self.place.works();
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
