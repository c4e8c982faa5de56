//! The client of a request that came through a proxy, from the headers of proxies that are trusted.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};

use super::AppState;
use crate::config::TrustedProxies;
use crate::server::Peer;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// An extension of requests that a trusted proxy has passed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThroughTrustedProxy;

/// Replaces the [`Peer`] of a request from a trusted proxy by the client of the proxy.
pub(super) async fn resolve(State(web): State<Arc<AppState>>, mut request: Request) -> Request {
    let settings = web.settings.current();
    let proxies = &settings.trusted_proxies;
    if proxies.is_empty() {
        return request;
    }
    let peer = request.extensions().get::<Peer>().map(|peer| peer.client());
    if let Some(peer) = peer.filter(|peer| proxies.contain(*peer)) {
        let client = Peer(SocketAddr::new(client(peer, request.headers(), proxies), 0));
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(ThroughTrustedProxy);
    }
    request
}

/// The client of a request from a trusted proxy. A proxy writes one of the two headers and may pass on the other one as a
/// client made it up. If they disagree, neither is believed.
fn client(proxy: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    let elements = |name: &HeaderName| {
        let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
        lines.flat_map(|line| line.split(',')).map(str::trim).collect::<Vec<_>>()
    };
    let plain = elements(&X_FORWARDED_FOR).into_iter().map(address).collect::<Vec<_>>();
    let of_forwarded = |element| forwarded(element, "for").and_then(address);
    let standard = elements(&header::FORWARDED).into_iter().map(of_forwarded).collect::<Vec<_>>();
    match (plain.is_empty(), standard.is_empty()) {
        (_, true) => rightmost_untrusted(proxy, &plain, proxies),
        (true, false) => rightmost_untrusted(proxy, &standard, proxies),
        (false, false) => {
            let client = rightmost_untrusted(proxy, &plain, proxies);
            if client == rightmost_untrusted(proxy, &standard, proxies) { client } else { proxy }
        }
    }
}

/// Each proxy appends the address that it was called from, so what is left of an address that is not trusted may be made up.
fn rightmost_untrusted(proxy: IpAddr, hops: &[Option<IpAddr>], proxies: &TrustedProxies) -> IpAddr {
    let mut client = proxy;
    for hop in hops.iter().rev() {
        let Some(address) = *hop else { return client };
        client = address;
        if !proxies.contain(address) {
            return client;
        }
    }
    client
}

/// The value of `wanted` in one element of `Forwarded` (RFC 7239), such as `for="[2001:db8::1]:4711";proto=https`.
pub(super) fn forwarded<'e>(element: &'e str, wanted: &str) -> Option<&'e str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))?;
    Some(value.trim().trim_matches('"'))
}

/// An address, with or without brackets and a port.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().map(|socket: SocketAddr| socket.ip());
    let in_brackets = || text.trim_start_matches('[').trim_end_matches(']').parse();
    text.parse().or_else(|_| with_port()).or_else(|_| in_brackets()).ok().map(|it: IpAddr| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, SharedSettings};

    fn proxies() -> TrustedProxies {
        let yaml = b"trusted_proxies: [127.0.0.1, 10.0.0.0/8, 'fd00::/8', '::1']";
        let environment = Environment { variable: Box::new(|_| None), file: Box::new(|_| Ok(yaml.to_vec())) };
        let settings = SharedSettings::load(Some("farm.yml".into()), environment, Vec::new());
        settings.unwrap().current().trusted_proxies.clone()
    }

    fn resolved(headers: &[(&'static str, &'static str)]) -> String {
        let pairs =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name, value);
        }
        client([127, 0, 0, 1].into(), &map, &proxies()).to_string()
    }

    #[test]
    fn the_client_is_the_rightmost_address_that_is_no_trusted_proxy() {
        let cases = [
            ("one proxy", "192.0.2.7", "192.0.2.7"),
            ("a made-up address", "1.2.3.4, 192.0.2.7", "192.0.2.7"),
            ("a chain of proxies", "1.2.3.4,192.0.2.7 ,10.1.2.3,  10.0.0.1", "192.0.2.7"),
            ("an IPv6 proxy in between", "192.0.2.7, fd00::1, ::1", "192.0.2.7"),
            ("a port", "192.0.2.7:4711", "192.0.2.7"),
            ("IPv6", "2001:db8::1", "2001:db8::1"),
            ("IPv6 with a port", "[2001:db8::1]:4711", "2001:db8::1"),
            ("IPv6 in brackets", "[2001:db8::1]", "2001:db8::1"),
            ("IPv4 in IPv6", "::ffff:192.0.2.7", "192.0.2.7"),
            ("proxies alone", "10.0.0.2, 10.0.0.1", "10.0.0.2"),
            ("nothing", "", "127.0.0.1"),
            ("not an address", "192.0.2.7, unknown", "127.0.0.1"),
            ("not an address before a proxy", "evil, 10.0.0.1", "10.0.0.1"),
        ];
        for (name, value, expected) in cases {
            assert_eq!(resolved(&[("x-forwarded-for", value)]), expected, "{name}");
        }
        assert_eq!(
            resolved(&[("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "192.0.2.7")]),
            "192.0.2.7"
        );
        assert_eq!(resolved(&[]), "127.0.0.1");
    }

    #[test]
    fn the_standard_header_counts_alike() {
        let cases = [
            ("one proxy", "for=192.0.2.7", "192.0.2.7"),
            ("other parts", "by=10.0.0.1;proto=https; For=\"192.0.2.7:80\";host=x", "192.0.2.7"),
            ("IPv6", "for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("a chain", "for=1.2.3.4, for=192.0.2.7;proto=http, for=10.0.0.1", "192.0.2.7"),
            ("hidden", "for=_hidden", "127.0.0.1"),
            ("an open quote of the client", "for=\"1.2.3.4, for=192.0.2.7", "192.0.2.7"),
        ];
        for (name, value, expected) in cases {
            assert_eq!(resolved(&[("forwarded", value)]), expected, "{name}");
        }
    }

    #[test]
    fn headers_that_disagree_are_not_believed() {
        let both = |standard| resolved(&[("x-forwarded-for", "192.0.2.7"), ("forwarded", standard)]);
        assert_eq!(both("for=192.0.2.7"), "192.0.2.7");
        assert_eq!(both("for=192.0.2.8"), "127.0.0.1");
        assert_eq!(both("proto=https"), "127.0.0.1");
    }
}
