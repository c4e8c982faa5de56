//! The client of a connection, as the endpoints see it.

use std::net::{IpAddr, SocketAddr};

/// The remote address of a connection, an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// The address of the client. An IPv4 address stays one on a socket of both families.
    #[must_use]
    pub const fn client(self) -> IpAddr {
        self.0.ip().to_canonical()
    }
}
