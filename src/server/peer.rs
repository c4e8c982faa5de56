//! The client of a connection, as endpoints see it.

use std::net::{IpAddr, SocketAddr};

/// Who sends a request; an extension of it: the remote address of its connection, or the client of a trusted proxy.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// The address without its port. A socket of both families shows an IPv4 address as such.
    pub const fn client(self) -> IpAddr {
        self.0.ip().to_canonical()
    }
}
