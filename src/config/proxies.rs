//! Proxies whose word about the client is believed.

use std::net::IpAddr;

use ipnet::IpNet;

use super::SettingsError;
use crate::limits::ClientNetwork;

/// The addresses of `trusted_proxies`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Addresses, and networks such as `10.0.0.0/8`.
    pub(super) fn parse(texts: &[String]) -> Result<Self, SettingsError> {
        let parse = |(at, text): (usize, &String)| {
            let network =
                text.parse().or_else(|_| text.parse().map(|it: IpAddr| IpNet::from(it.to_canonical())));
            network.map_err(|_| SettingsError::NotANetwork(at))
        };
        texts.iter().enumerate().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is the address of one.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether this is the client network of one.
    #[must_use]
    pub fn contain_client(&self, client: ClientNetwork) -> bool {
        self.contain(client.address()) || self.0.iter().any(|network| client == network.addr().into())
    }
}
