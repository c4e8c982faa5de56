//! Where the exporter is, as the client of a request sees it: for links and for the URLs that people copy.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::AppState;
use super::client::{ThroughTrustedProxy, forwarded};
use super::external::RoutePrefix;

/// The longest name that a host can have, with a port.
const LONGEST_HOST: usize = 253 + ":65535".len();

/// Where the exporter is, as its client sees it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) https: bool,
    /// With its port.
    pub(super) host: String,
    /// What is before the path of each endpoint.
    pub(super) path: String,
}

impl FromRequestParts<Arc<AppState>> for Place {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<AppState>) -> Result<Self, Infallible> {
        let through_proxy = parts.extensions.get::<ThroughTrustedProxy>().is_some();
        let configured = web.options.external_url.as_ref().map(|url| Self {
            https: url.https,
            host: url.host.clone(),
            path: url.path().as_str().to_owned(),
        });
        Ok(configured.unwrap_or_else(|| place(web, &parts.headers, through_proxy)))
    }
}

impl Place {
    /// The URL below which webhooks are taken; `port` is the one of webhooks if they have their own.
    pub(super) fn webhooks(&self, port: Option<u16>) -> String {
        let host = port.map_or_else(|| self.host.clone(), |port| at_port(&self.host, port));
        format!("{}://{host}{}/webhook", if self.https { "https" } else { "http" }, self.path)
    }
}

/// The place that a request tells of. What a trusted proxy says goes before what the request itself says.
fn place(web: &AppState, headers: &HeaderMap, trusted: bool) -> Place {
    let first = |name: &str| {
        let values = headers.get(name).filter(|_| trusted)?.to_str().ok()?;
        values.split(',').next().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let of_forwarded = |wanted: &str| forwarded(&first("forwarded")?, wanted).map(str::to_owned);
    let forwarded_host = first("x-forwarded-host").or_else(|| of_forwarded("host"));
    let forwarded_https = of_forwarded("proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let prefix = first("x-forwarded-prefix").and_then(|path| path.parse::<RoutePrefix>().ok());
    Place {
        https: web.is_encrypted() || is_https(headers) || forwarded_https,
        host: forwarded_host.filter(|it| is_host(it)).unwrap_or_else(|| host(headers, web.ports.web)),
        path: format!("{}{}", prefix.unwrap_or_default().as_str(), web.options.route_prefix.as_str()),
    }
}

/// The name by which the exporter was reached, when it can be one; a name to be filled in otherwise.
fn host(headers: &HeaderMap, port: u16) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if is_host(host) { host.to_owned() } else { format!("this-host:{port}") }
}

fn is_host(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".:[]-_".contains(&byte);
    !text.is_empty() && text.len() <= LONGEST_HOST && text.bytes().all(allowed)
}

/// The same host at another port.
fn at_port(host: &str, port: u16) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, after)) if !after.contains(']') => name,
        _ => host,
    };
    format!("{name}:{port}")
}

/// Whether a proxy in front of us speaks HTTPS; of several the first one faces the client.
fn is_https(headers: &HeaderMap) -> bool {
    let scheme = headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok()).unwrap_or_default();
    scheme.split(',').next().is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: &'static str, value: &'static [u8]) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())])
    }

    #[test]
    fn a_host_is_used_only_when_it_can_be_one() {
        let cases: [(&str, &[u8], &str); 9] = [
            ("a name with a port", b"farm.local:10064", "farm.local:10064"),
            ("a name alone", b"exporter_1", "exporter_1"),
            ("IPv6", b"[::1]:10064", "[::1]:10064"),
            ("nothing", b"", "this-host:1"),
            ("a script", b"<script>alert(1)</script>", "this-host:1"),
            ("an attribute", b"a\" onmouseover=\"alert(1)", "this-host:1"),
            ("a template's own mark", b"{{base}}", "this-host:1"),
            ("a path", b"a/b", "this-host:1"),
            ("not text", b"a\xff", "this-host:1"),
        ];
        for (name, value, expected) in cases {
            assert_eq!(host(&headers("host", value), 1), expected, "{name}");
        }
        assert_eq!(host(&HeaderMap::new(), 1), "this-host:1", "no header");
        let long: &[u8] = &[b'a'; 300];
        assert_eq!(host(&headers("host", long), 1), "this-host:1", "too long");
    }

    #[test]
    fn https_is_what_the_first_proxy_says() {
        let cases: [(&str, &[u8], bool); 5] = [
            ("https", b"https", true),
            ("in capitals", b"HTTPS", true),
            ("http", b"http", false),
            ("two proxies", b"https, http", true),
            ("two proxies, plain in front", b"http, https", false),
        ];
        for (name, value, expected) in cases {
            assert_eq!(is_https(&headers("x-forwarded-proto", value)), expected, "{name}");
        }
        assert!(!is_https(&HeaderMap::new()), "no header");
    }
}
