//! Behind a proxy: paths, the page for people, health checks.

use printfarm_exporter::http::Options;

use crate::app::{Setup, TestApp};

const STARTED: &str = include_str!("../data/examples/octoprint-started.json");

fn with(external_url: Option<&str>, route_prefix: &str, config: &'static str) -> TestApp {
    let external_url = external_url.map(|url| url.parse().unwrap());
    let route_prefix = route_prefix.parse().unwrap();
    TestApp::with(Setup {
        options: Options { external_url, route_prefix, ..Options::default() },
        config,
        ..Setup::default()
    })
}

#[test]
fn everything_is_below_the_route_prefix() {
    let app = with(None, "/farm", "");
    let cases = [
        ("GET", "/", 303),
        ("GET", "/farm", 303),
        ("GET", "/farm/", 200),
        ("HEAD", "/farm/", 200),
        ("GET", "/farm/metrics", 200),
        ("GET", "/farm/-/healthy", 200),
        ("GET", "/metrics", 404),
        ("GET", "/farmer/metrics", 404),
        ("GET", "/farm//metrics", 404),
        ("OPTIONS", "/", 200),
        ("OPTIONS", "/farm/", 200),
    ];
    for (method, target, status) in cases {
        let answer = app.request(method, target, "", b"");
        assert_eq!(answer.status, status, "{method} {target}");
        if status == 303 {
            assert_eq!(answer.header("location"), Some("/farm/"), "{method} {target}");
        }
    }
    assert_eq!(app.post_json("/farm/webhook/octoprint/a%2Fb", STARTED).json()["printer"], "a/b");
    assert_eq!(app.post_json("//farm//webhook/octoprint//mk3", STARTED).json()["printer"], "mk3");
    let refused = app.post_json("/webhook/octoprint", STARTED);
    assert_eq!(refused.status, 404);
    assert!(refused.text().contains("use /farm/webhook/octoprint or"), "{}", refused.text());
    let metrics = app.get("/farm/metrics").text();
    let counted = "printfarm_webhook_rejected_total{reason=\"not_found\",source=\"octoprint\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn the_page_shows_the_external_url() {
    for (prefix, target) in [("/farm", "/farm/"), ("/", "/")] {
        let app = with(Some("https://print.example.com:8443/farm/"), prefix, "");
        let page = app.get(&format!("{target}connect?sender=octoprint")).text();
        for part in [
            "https://print.example.com:8443/farm/webhook/octoprint/my-printer",
            "href=\"/farm/metrics\"",
            "href=\"/farm/-/ready\"",
            "scheme: https\n    metrics_path: /farm/metrics\n",
            "targets: [\"print.example.com:8443\"]",
        ] {
            assert!(page.contains(part), "{target}: {part}: {page}");
        }
    }
}

#[test]
fn the_page_believes_headers_of_trusted_proxies_alone() {
    const TRUSTED: &str = "trusted_proxies: [127.0.0.1]";
    let cases = [
        (
            "X-Forwarded-Host: farm.example\r\nX-Forwarded-Prefix: /x/\r\nX-Forwarded-Proto: https\r\n",
            "https://farm.example/x/webhook/octoprint",
        ),
        (
            "Forwarded: for=192.0.2.1;host=\"farm.example:81\";proto=https\r\n",
            "https://farm.example:81/webhook/octoprint",
        ),
        ("X-Forwarded-Host: <script>\r\nX-Forwarded-Prefix: /<x>\r\n", "http://exporter:1/webhook/octoprint"),
    ];
    for (headers, url) in cases {
        let target = "/connect?sender=octoprint";
        let shown = |config| with(None, "", config).request("GET", target, headers, b"").text();
        assert!(shown(TRUSTED).contains(&format!(">{url}/my-printer</code>")), "{headers}");
        assert!(shown("").contains("://exporter:1/webhook/octoprint/my-printer</code>"), "{headers}");
    }
}

#[test]
fn a_health_check_needs_no_password() {
    let folder = crate::certificates::Folder::new();
    let web_config = Some(folder.write("web.yml", &crate::app::users("alice")));
    let app = TestApp::with(Setup { web_config, ..Setup::default() });
    let answer = app.request("OPTIONS", "/", "", b"");
    assert_eq!((answer.status, answer.header("allow")), (200, Some("GET, HEAD, OPTIONS")));
    assert_eq!(app.get("/").status, 401);
}
