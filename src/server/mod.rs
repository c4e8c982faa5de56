//! Serves HTTP/1 over TCP or TLS, within limits of time and number. Knows no route.

mod connection_limit;
mod listen;
mod peer;
mod serve;
mod stream;
mod tls;

pub use connection_limit::ConnectionLimiter;
pub use listen::{BadAddress, BindError, ListenAddress, bind, bind_webhooks};
pub use peer::Peer;
pub use serve::{ConnectionLimits, Listener, ListenerKind, serve};
