//! Proxies whose word about the client is believed.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use super::yaml;
use crate::limits::ClientNetwork;

/// The addresses of `trusted_proxies`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network(IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        yaml::text(
            deserializer,
            "an address or a network, such as 192.0.2.7, 10.0.0.0/8 or fd00::/8",
            |text| {
                let address = text.parse().map(|it: IpAddr| IpNet::from(it.to_canonical()));
                text.parse().or(address).ok().map(Self)
            },
        )
    }
}

impl TrustedProxies {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is the address of one.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.0.contains(&address))
    }

    /// Whether this is the client network of one.
    #[must_use]
    pub fn contain_client(&self, client: ClientNetwork) -> bool {
        self.contain(client.address()) || self.0.iter().any(|network| client == network.0.addr().into())
    }
}
