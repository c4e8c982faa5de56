//! Where the exporter is for people and senders, behind a proxy with a path: `--web.external-url`, `--web.route-prefix`.

use std::str::FromStr;

use axum::http::Uri;

/// The URL under which the exporter can be reached from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalUrl {
    pub(super) https: bool,
    /// The host, with its port.
    pub(super) host: String,
    pub(super) path: RoutePrefix,
}

/// The path below which the endpoints are: empty, or with a slash at its beginning and none at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutePrefix(String);

/// Why a URL or a prefix cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ExternalError {
    #[error("it is not a URL; write it as https://farm.example.com/printers")]
    NotAUrl,
    #[error("only letters, digits and / - _ . ~ may be in the path")]
    Path,
}

impl ExternalUrl {
    /// Its path, which is the default of the route prefix.
    #[must_use]
    pub const fn path(&self) -> &RoutePrefix {
        &self.path
    }
}

impl RoutePrefix {
    /// The prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of a path below the prefix, which begins with a slash unless it is empty.
    pub(super) fn strip<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for ExternalUrl {
    type Err = ExternalError;

    fn from_str(text: &str) -> Result<Self, ExternalError> {
        let url: Uri = text.parse().map_err(|_| ExternalError::NotAUrl)?;
        let https = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(ExternalError::NotAUrl),
        };
        let host = url.authority().map(|host| host.as_str().to_owned()).filter(|host| !host.contains('@'));
        match (host, url.query()) {
            (Some(host), None) => Ok(Self { https, host, path: url.path().parse()? }),
            _ => Err(ExternalError::NotAUrl),
        }
    }
}

impl FromStr for RoutePrefix {
    type Err = ExternalError;

    fn from_str(text: &str) -> Result<Self, ExternalError> {
        let unescaped = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        let path = text.trim_matches('/');
        if !path.bytes().all(unescaped) || path.contains("//") {
            return Err(ExternalError::Path);
        }
        Ok(Self(if path.is_empty() { String::new() } else { format!("/{path}") }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_a_host_and_perhaps_a_path() {
        let parsed = |text: &str| text.parse::<ExternalUrl>().map(|it| (it.https, it.host, it.path.0));
        let cases = [
            ("https://farm.example.com", (true, "farm.example.com", "")),
            ("http://[::1]:8080/", (false, "[::1]:8080", "")),
            ("https://x/a/printers/", (true, "x", "/a/printers")),
        ];
        for (text, (https, host, path)) in cases {
            assert_eq!(parsed(text), Ok((https, host.to_owned(), path.to_owned())), "{text}");
        }
        for text in ["farm.example.com", "/printers", "ftp://x/", "https://u:p@x/", "https://x/?a=b", ""] {
            assert_eq!(parsed(text), Err(ExternalError::NotAUrl), "{text}");
        }
        assert_eq!(parsed("https://x/a%20b"), Err(ExternalError::Path));
    }

    #[test]
    fn a_prefix_has_one_slash_at_its_beginning() {
        for (text, prefix) in [("", ""), ("/", ""), ("farm", "/farm"), ("/farm/a/", "/farm/a")] {
            assert_eq!(text.parse::<RoutePrefix>().unwrap().as_str(), prefix, "{text}");
        }
        let prefix: RoutePrefix = "farm".parse().unwrap();
        for (path, rest) in [("/farm", Some("")), ("/farm/a", Some("/a")), ("/farmer", None), ("/", None)] {
            assert_eq!(prefix.strip(path), rest, "{path}");
        }
    }
}
