//! Serves HTTP/1 over TCP or TLS, within limits of time and number. Knows no route.

mod connection;
mod connection_limit;
mod listen;
mod listener;
mod peer;
mod serve;
mod stream;
mod tls;

use std::time::Duration;

pub use connection_limit::ConnectionLimiter;
pub use listen::{BadAddress, BindError, ListenAddress, bind};
pub use listener::{Listener, ListenerKind};
pub use peer::Peer;
pub use serve::serve;

/// Deadlines of one connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// For the TLS handshake.
    pub handshake_deadline: Duration,
    /// For the header of a request, and for the idle time before it.
    pub header_deadline: Duration,
    /// For a write that makes no progress.
    pub write_deadline: Duration,
    /// How long bytes that the peer still sends are read and discarded after the last response.
    pub linger: Duration,
    /// How long a connection may be idle before it can be evicted in favour of another.
    pub idle_grace: Duration,
    /// For the requests in flight, once the server stops.
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
            // Docker kills ten seconds after it asked to stop.
            stop_deadline: Duration::from_secs(8),
        }
    }
}
