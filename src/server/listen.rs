//! Addresses to listen on, and how they are bound.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use super::ListenerKind;

/// Connections that the kernel holds until they are accepted. A client that finds the backlog full retries after one
/// second, then after two and four. The kernel caps the number at its own limit.
const BACKLOG: i32 = 4096;

/// `:10064` for every address of the machine, `HOST:PORT` or `[::1]:PORT` for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    host: Option<String>,
    port: u16,
}

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("it is a URL; write the address alone, as in 127.0.0.1:10064")]
    Url,
    #[error("it has no port; write :10064, 127.0.0.1:10064 or [::1]:10064")]
    NoPort,
    #[error("its port is not a number from 0 to 65535")]
    Port,
    #[error(
        "what is in the brackets is not an IPv6 address; write it as in [::1]:10064 or [fe80::1%eth0]:10064"
    )]
    Ipv6,
    #[error("an IPv6 address needs brackets, as in [::1]:10064")]
    Brackets,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}; {advice} {flag}")]
pub struct BindError {
    address: ListenAddress,
    cause: io::Error,
    advice: &'static str,
    flag: &'static str,
}

impl FromStr for ListenAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if text.contains("://") {
            return Err(BadAddress::Url);
        }
        let (host, port) = text.rsplit_once(':').ok_or(BadAddress::NoPort)?;
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inside) => ipv6(inside).ok_or(BadAddress::Ipv6)?,
            None if host.contains([':', '[', ']']) => return Err(BadAddress::Brackets),
            None => host.to_owned(),
        };
        // `u16` would also take "+80".
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = digits.then(|| port.parse().ok()).flatten().ok_or(BadAddress::Port)?;
        Ok(Self { host: Some(host).filter(|host| !host.is_empty()), port })
    }
}

impl ListenAddress {
    /// Where a client on this machine connects to.
    pub fn on_this_machine(&self) -> io::Result<impl Iterator<Item = SocketAddr>> {
        let host = self.host.as_deref().unwrap_or("127.0.0.1");
        (host, self.port).to_socket_addrs()
    }
}

/// The address in its usual form, with the zone that a link-local one needs.
fn ipv6(text: &str) -> Option<String> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    let address = address.parse::<Ipv6Addr>().ok()?;
    match zone {
        None => Some(address.to_string()),
        Some("") => None,
        Some(zone) => Some(format!("{address}%{zone}")),
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) if host.contains(':') => write!(formatter, "[{host}]:{}", self.port),
            Some(host) => write!(formatter, "{host}:{}", self.port),
            None => write!(formatter, ":{}", self.port),
        }
    }
}

/// Binds every address. Must be called within the runtime that will accept.
pub fn bind(addresses: &[ListenAddress], kind: ListenerKind) -> Result<Vec<TcpListener>, BindError> {
    let flag = match kind {
        ListenerKind::Web => "--web.listen-address",
        ListenerKind::Webhooks => "--webhook.listen-address",
    };
    let bind = |address: &ListenAddress| {
        bind_one(address).map_err(|cause| BindError {
            address: address.clone(),
            advice: advice(&cause),
            flag,
            cause,
        })
    };
    addresses.iter().map(bind).collect()
}

fn bind_one(address: &ListenAddress) -> io::Result<TcpListener> {
    let Some(host) = &address.host else {
        // One socket serves both families, unless the machine has no IPv6.
        return match listen((Ipv6Addr::UNSPECIFIED, address.port).into()) {
            Err(error) if no_ipv6(&error) => listen((Ipv4Addr::UNSPECIFIED, address.port).into()),
            result => result,
        };
    };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for resolved in (host.as_str(), address.port).to_socket_addrs()? {
        match listen(resolved) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == Ipv6Addr::UNSPECIFIED {
        socket.set_only_v6(false)?;
    }
    // Lets a restart bind a port whose old connections have not timed out yet.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// A machine without IPv6 gives one of several errors, depending on how it was disabled.
fn no_ipv6(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

fn advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse => "stop the program that uses the port or choose another one with",
        io::ErrorKind::PermissionDenied => "choose a port above 1023 with",
        _ => "check",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed() {
        let cases = [
            ("all addresses", ":10064", Ok(":10064")),
            ("any free port", ":0", Ok(":0")),
            ("IPv4", "127.0.0.1:80", Ok("127.0.0.1:80")),
            ("IPv6", "[::1]:80", Ok("[::1]:80")),
            ("IPv6, every address", "[::]:80", Ok("[::]:80")),
            ("a name", "localhost:9100", Ok("localhost:9100")),
            ("nothing", "", Err(BadAddress::NoPort)),
            ("a port alone", "10064", Err(BadAddress::NoPort)),
            ("no digits after the colon", "localhost:", Err(BadAddress::Port)),
            ("a word for a port", ":http", Err(BadAddress::Port)),
            ("a sign before the port", ":+80", Err(BadAddress::Port)),
            ("a port out of range", ":65536", Err(BadAddress::Port)),
            ("IPv6 without brackets", "::1:80", Err(BadAddress::Brackets)),
            ("IPv6 with a zone", "[fe80::1%lo]:80", Ok("[fe80::1%lo]:80")),
            ("IPv6 with an empty zone", "[fe80::1%]:80", Err(BadAddress::Ipv6)),
            ("a name in brackets", "[localhost]:80", Err(BadAddress::Ipv6)),
            ("a URL", "http://127.0.0.1:80", Err(BadAddress::Url)),
            ("a URL without a port", "http://localhost/", Err(BadAddress::Url)),
            ("half a bracket", "[::1:80", Err(BadAddress::Brackets)),
        ];
        for (name, text, expected) in cases {
            let read = text.parse::<ListenAddress>().map(|address| address.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{name}");
        }
    }

    #[tokio::test]
    async fn all_addresses_include_ipv4() {
        let listeners = bind(&[":0".parse().unwrap()], ListenerKind::Web).unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        let client = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let (_, peer) = listeners[0].accept().await.unwrap();
        assert_eq!(peer.port(), client.local_addr().unwrap().port());
    }

    #[tokio::test]
    async fn the_error_of_a_taken_port_says_what_to_do() {
        let taken = bind(&["127.0.0.1:0".parse().unwrap()], ListenerKind::Web).unwrap();
        let address = taken[0].local_addr().unwrap();
        let error = bind(&[address.to_string().parse().unwrap()], ListenerKind::Web).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
        assert!(error.contains("choose another one with --web.listen-address"), "{error}");
    }

    #[tokio::test]
    async fn the_error_of_a_foreign_address_names_it() {
        let error = bind(&["192.0.2.1:10064".parse().unwrap()], ListenerKind::Web).unwrap_err().to_string();
        assert!(error.starts_with("cannot listen on 192.0.2.1:10064: "), "{error}");
        assert!(error.ends_with("; check --web.listen-address"), "{error}");
    }
}
