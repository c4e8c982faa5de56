//! Everything but the webhooks.

use std::io::Read;

use flate2::read::GzDecoder;
use printfarm_exporter::http::Options;

use crate::app::{Setup, TestApp};
use crate::client::Response;

#[test]
fn metrics_are_in_the_text_format() {
    let app = TestApp::start();
    let response = app.get("/metrics");
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.header("vary"), Some("Accept-Encoding"));
    assert!(response.text().contains("\nprintfarm_config_last_reload_successful 1\n"));
}

#[test]
fn metrics_are_compressed_when_asked_for() {
    let app = TestApp::start();
    let response = app.request("GET", "/metrics", "Accept-Encoding: gzip;q=1, *;q=0\r\n", b"");
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(response.header("vary"), Some("Accept-Encoding"));
    let mut text = String::new();
    GzDecoder::new(response.body.as_slice()).read_to_string(&mut text).unwrap();
    assert!(text.contains("printfarm_config_last_reload_successful 1\n"), "{text}");
    let response = app.request("GET", "/metrics", "Accept-Encoding: gzip;q=0\r\n", b"");
    assert_eq!(response.header("content-encoding"), None);
}

#[test]
fn the_path_of_the_metrics_can_be_another_one() {
    let app = TestApp::with(Setup {
        options: Options { telemetry_path: "/farm/metrics".to_owned(), ..Options::default() },
        ..Setup::default()
    });
    assert_eq!(app.get("/farm/metrics").status, 200);
    assert_eq!(app.get("/metrics").status, 404);
    assert!(app.get("/").text().contains("href=\"/farm/metrics\""));
}

#[test]
fn statuses_and_methods_are_as_documented() {
    let app = TestApp::start();
    let cases = [
        ("GET", "/-/healthy", 200),
        ("HEAD", "/-/healthy", 200),
        ("GET", "/-/ready", 200),
        ("HEAD", "/-/ready", 200),
        ("HEAD", "/metrics", 200),
        ("HEAD", "/", 200),
        ("POST", "/metrics", 405),
        ("FOO", "/metrics", 405),
        ("POST", "/", 404),
        ("DELETE", "/", 405),
        ("GET", "/-/reload", 405),
        ("POST", "/-/reload", 403),
        ("GET", "/-/", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/favicon.ico", 200),
        ("HEAD", "/prints", 200),
        ("POST", "/prints", 405),
        ("GET", "/connect/", 404),
        ("POST", "/api/v1/prints", 405),
        ("DELETE", "/api/v1/printers", 405),
    ];
    for (method, target, status) in cases {
        let response = app.request(method, target, "", b"");
        assert_eq!(response.status, status, "{method} {target}");
        assert_eq!(response.header("allow").is_some(), status == 405, "{method} {target}");
    }
}

#[test]
fn head_tells_what_get_would() {
    let app = TestApp::start();
    let response = app.request("HEAD", "/metrics", "", b"");
    let headers = |response: &Response| {
        let mut headers = response.headers.clone();
        headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "transfer-encoding"));
        headers
    };
    assert_eq!(headers(&response), headers(&app.get("/metrics")));
    assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
}

#[test]
fn reloading_is_off_and_says_how_to_switch_it_on() {
    let app = TestApp::start();
    assert!(app.request("POST", "/-/reload", "", b"").text().contains("--web.enable-lifecycle"));
}
