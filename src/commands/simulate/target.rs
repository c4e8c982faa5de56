//! The exporter that webhooks go to.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;

/// An exporter, by the URL of its landing page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Host and port, as the `Host` header names them.
    pub(super) authority: String,
    /// Host and port to connect to.
    pub(super) address: (String, u16),
}

/// Why a text is not the URL of an exporter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadTarget {
    #[error("it is not a URL; write http://HOST:PORT, such as http://127.0.0.1:10064")]
    NoUrl,
    #[error(
        "https is not supported here; send to the exporter's own port over http, from a machine that reaches it"
    )]
    Https,
    #[error("a name and a password do not belong into it")]
    Credentials,
    #[error("it has a path; write only http://HOST:PORT, and the webhooks find their own")]
    Path,
}

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let uri: Uri = text.parse().map_err(|_| BadTarget::NoUrl)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(BadTarget::Https),
            _ => return Err(BadTarget::NoUrl),
        }
        let authority = uri.authority().ok_or(BadTarget::NoUrl)?;
        if authority.as_str().contains('@') {
            return Err(BadTarget::Credentials);
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(BadTarget::Path);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self { authority: authority.as_str().to_owned(), address: (host, port) })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_exporters() {
        let cases = [
            ("http://127.0.0.1:10064", Ok(("127.0.0.1", 10064))),
            ("http://exporter:10064/", Ok(("exporter", 10064))),
            ("http://exporter", Ok(("exporter", 80))),
            ("http://[::1]:10064", Ok(("::1", 10064))),
            ("https://exporter:10064", Err(BadTarget::Https)),
            ("127.0.0.1:10064", Err(BadTarget::NoUrl)),
            ("exporter", Err(BadTarget::NoUrl)),
            ("", Err(BadTarget::NoUrl)),
            ("ftp://exporter", Err(BadTarget::NoUrl)),
            ("http://me:secret@exporter", Err(BadTarget::Credentials)),
            ("http://exporter/metrics", Err(BadTarget::Path)),
        ];
        for (text, expected) in cases {
            let address = text.parse::<Target>().map(|target| target.address);
            assert_eq!(address, expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
    }
}
