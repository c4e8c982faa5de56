//! `GET /`: a page for people, with how to point each sender here.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

use super::AppState;
use super::client::ThroughTrustedProxy;
use super::external::RoutePrefix;
use crate::version::VERSION;
use crate::webhook::{Profile, Senders};

const PAGE: &str = include_str!("landing.html");

/// The longest name that a host can have, with a port.
const LONGEST_HOST: usize = 253 + ":65535".len();

const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        header::VARY,
        HeaderValue::from_static("Forwarded, X-Forwarded-Host, X-Forwarded-Prefix, X-Forwarded-Proto"),
    ),
];

/// See the module.
pub(super) async fn landing(
    State(web): State<Arc<AppState>>,
    proxy: Option<Extension<ThroughTrustedProxy>>,
    headers: HeaderMap,
) -> Response {
    let place = web.options.external_url.as_ref().map_or_else(
        || place(&web, &headers, proxy.is_some()),
        |url| Place { https: url.https, host: url.host.clone(), path: url.path().as_str().to_owned() },
    );
    let webhooks = web.ports.webhooks.map_or_else(|| place.host.clone(), |port| at_port(&place.host, port));
    (HEADERS, Html(page(&place, &webhooks, &web.options.telemetry_path, &web.options.senders)))
        .into_response()
}

/// Where the exporter is, as its client sees it.
struct Place {
    https: bool,
    host: String,
    /// What is before the path of each endpoint.
    path: String,
}

/// The place that a request tells of. What a trusted proxy says goes before what the request itself says.
fn place(web: &AppState, headers: &HeaderMap, trusted: bool) -> Place {
    let first = |name: &str| {
        let values = headers.get(name).filter(|_| trusted)?.to_str().ok()?;
        values.split(',').next().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let of_forwarded = |wanted: &str| {
        let element = first("forwarded")?;
        let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))?;
        Some(value.trim().trim_matches('"').to_owned())
    };
    let forwarded_host = first("x-forwarded-host").or_else(|| of_forwarded("host"));
    let forwarded_https = of_forwarded("proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let prefix = first("x-forwarded-prefix").and_then(|path| path.parse::<RoutePrefix>().ok());
    Place {
        https: web.is_encrypted() || is_https(headers) || forwarded_https,
        host: forwarded_host.filter(|it| is_host(it)).unwrap_or_else(|| host(headers, web.ports.web)),
        path: format!("{}{}", prefix.unwrap_or_default().as_str(), web.options.route_prefix.as_str()),
    }
}

fn page(place: &Place, webhooks: &str, telemetry_path: &str, senders: &Senders) -> String {
    let (host, path) = (escape(&place.host), escape(&place.path));
    let metrics = format!("{path}{}", escape(telemetry_path));
    let base = format!("{}://{webhooks}{}", if place.https { "https" } else { "http" }, place.path);
    let senders: String = senders.iter().map(|sender| section(sender.profile(), &base)).collect();
    let scheme = if place.https { "\n    scheme: https" } else { "" };
    let metrics_path =
        if metrics == "/metrics" { String::new() } else { format!("\n    metrics_path: {metrics}") };
    PAGE.replace("{{version}}", VERSION)
        .replace("{{scheme}}", scheme)
        .replace("{{metrics_path}}", &metrics_path)
        .replace("{{metrics}}", &metrics)
        .replace("{{path}}", &path)
        .replace("{{host}}", &host)
        .replace("{{senders}}", &senders)
}

/// How to point one sender here; `base` is where webhooks are taken.
fn section(Profile { source, title, guide, .. }: &Profile, base: &str) -> String {
    let url = format!("{base}/webhook/{}", source.as_str());
    let printer = if guide.names_printer { "/my-printer" } else { "" };
    let steps = guide.steps.iter().map(|step| prose(step, &url)).collect::<Vec<_>>().join("</li>\n<li>");
    let (title, intro, url) = (escape(title), prose(guide.intro, &url), escape(&url));
    format!(
        "<h2>Point {title} here</h2>\n<p>{intro}</p>\n<pre>{url}{printer}</pre>\n<ul>\n<li>{steps}</li>\n</ul>\n\n"
    )
}

/// A text of a sender as HTML: text between backticks is code, `{url}` is the sender's URL.
fn prose(text: &str, url: &str) -> String {
    let parts = text.split('`').map(|part| escape(&part.replace("{url}", url)));
    let marked =
        parts.enumerate().map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part });
    marked.collect()
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static [u8]) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())])
    }

    fn at(host: &str, https: bool) -> Place {
        Place { https, host: host.to_owned(), path: String::new() }
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

    #[test]
    fn everything_on_the_page_is_filled_in_and_escaped() {
        let page = page(&at("<i>", true), "<b>\"&'", "/farm/metrics", &Senders::builtin());
        assert!(page.contains("https://&lt;b&gt;&quot;&amp;&#39;/webhook/octoprint/my-printer"), "{page}");
        assert!(page.contains("scheme: https\n    metrics_path: /farm/metrics\n"), "{page}");
        assert!(page.contains("<a href=\"/farm/metrics\">"), "{page}");
        assert!(!page.contains("{{") && !page.contains("<b>"), "{page}");
    }

    #[test]
    fn defaults_stay_out_of_the_scrape_config() {
        let page = page(&at("farm:10064", false), "farm:10065", "/metrics", &Senders::builtin());
        assert!(
            page.contains("job_name: printfarm\n    static_configs:\n      - targets: [\"farm:10064\"]"),
            "{page}"
        );
    }

    #[test]
    fn a_senders_text_is_escaped_and_its_code_is_marked() {
        let text = prose("a < b, `<i>{url}</i>`, and `c`", "http://x/webhook/y?a&b");
        let expected =
            "a &lt; b, <code>&lt;i&gt;http://x/webhook/y?a&amp;b&lt;/i&gt;</code>, and <code>c</code>";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_page_loads_nothing_and_runs_nothing() {
        for forbidden in ["<script", "<link", "<img", "@import", "url(", "src="] {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
    }
}
