//! The exporter that webhooks go to.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;

/// An exporter, by the URL of its landing page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Host and port, as the `Host` header names them.
    pub(crate) authority: String,
    /// Host and port to connect to.
    pub(crate) address: (String, u16),
}

/// Why a text is not the URL of an exporter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is not an http URL.
    #[error("it is not a URL; write http://HOST:PORT, such as http://127.0.0.1:10064")]
    NotUrl,
    /// The simulator has no TLS.
    #[error(
        "https is not supported here; send to the exporter's own port over http, from a machine that reaches it"
    )]
    Https,
    /// It has a user or a password.
    #[error("it has a user name or a password; leave them out")]
    Credentials,
    /// It has a path or a query.
    #[error("it has a path; write only http://HOST:PORT, and the webhooks find their own")]
    Path,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let uri: Uri = text.parse().map_err(|_| TargetError::NotUrl)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(TargetError::Https),
            _ => return Err(TargetError::NotUrl),
        }
        let authority = uri.authority().ok_or(TargetError::NotUrl)?;
        if authority.as_str().contains('@') {
            return Err(TargetError::Credentials);
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(TargetError::Path);
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
    fn a_target_is_a_plain_http_url_without_a_path() {
        let cases = [
            ("http://127.0.0.1:10064", Ok(("127.0.0.1", 10064))),
            ("http://exporter:10064/", Ok(("exporter", 10064))),
            ("http://exporter", Ok(("exporter", 80))),
            ("http://[::1]:10064", Ok(("::1", 10064))),
            ("https://exporter:10064", Err(TargetError::Https)),
            ("127.0.0.1:10064", Err(TargetError::NotUrl)),
            ("exporter", Err(TargetError::NotUrl)),
            ("", Err(TargetError::NotUrl)),
            ("ftp://exporter", Err(TargetError::NotUrl)),
            ("http://me:secret@exporter", Err(TargetError::Credentials)),
            ("http://exporter/metrics", Err(TargetError::Path)),
        ];
        for (text, expected) in cases {
            let address = text.parse::<Target>().map(|target| target.address);
            assert_eq!(address, expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
    }
}
