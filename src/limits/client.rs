//! Which addresses count as one client.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// One IPv4 address, or one IPv6 /64 network, in which a single machine can use any address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

impl ClientNetwork {
    /// Its first address.
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(formatter, "{address}"),
            IpAddr::V6(network) => write!(formatter, "{network}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network() {
        let cases = [
            ("IPv4", "192.0.2.7", "192.0.2.7"),
            ("IPv4 on a socket of both families", "::ffff:192.0.2.7", "192.0.2.7"),
            ("IPv6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("this machine", "::1", "::/64"),
        ];
        for (name, address, client) in cases {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(ClientNetwork::from(address).to_string(), client, "{name}");
        }
    }
}
