//! The pages for people.

use std::time::Duration;

use printfarm_exporter::clock::Clock;
use printfarm_exporter::http::Options;
use printfarm_exporter::timestamp::Timestamp;
use serde_json::json;

use crate::app::{Setup, TestApp, users};
use crate::certificates::Folder;
use crate::common::captures::{aimed, requests};

/// 2026-11-28, 12:00 UTC.
const NOON: Timestamp = Timestamp::from_micros(1_795_867_200_000_000);

const HOSTILE: &str = "🦄 <script>alert(1)</script> \"'&";
const HOSTILE_PATH: &str = "%F0%9F%A6%84%20%3Cscript%3Ealert(1)%3C%2Fscript%3E%20%22%27%26";
const ESCAPED: &str = "🦄 &#60;script&#62;alert(1)&#60;/script&#62; &#34;&#39;&#38;";

const PAGES: [&str; 4] = ["/", "/prints", "/connect", "/connect?sender=octoprint&printer=mk3"];

/// Sends a webhook about a file.
fn post(app: &TestApp, printer: &str, topic: &str, file: &str) {
    let body = json!({
        "topic": topic,
        "extra": {"name": file, "owner": file},
        "job": {"file": {"name": file, "origin": "local"}, "estimatedPrintTime": 7200},
        "progress": {"completion": 25.0, "printTime": 0, "printTimeLeft": 5400},
    });
    let answer = app.post_json(&format!("/webhook/octoprint/{printer}"), &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The values of these attributes in a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.split(&format!(" {name}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn every_page_forbids_all_that_is_not_its_own() {
    let app = TestApp::start();
    for target in [&PAGES[..], &["/?state=gone", "/prints?limit=0", "/connect?sender=none"]].concat() {
        let page = app.get(target);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{target}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{target}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{target}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'; "), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("data:") && !policy.contains('*'), "{policy}");
        let text = page.text();
        assert!(!text.contains(" style=") && !text.contains("<style"), "{text}");
        for handler in ["onclick", "onload", "onerror", "oninput", "onsubmit"] {
            assert!(!text.contains(handler), "{target}: {handler}");
        }
        for script in text.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/assets/script.js\" defer></script>"), "{script}");
        }
        let elsewhere = ["src", "href", "action"].into_iter().flat_map(|name| attributes(&text, name));
        for link in elsewhere {
            assert!(link.starts_with('/') || link.starts_with('#'), "{target}: {link}");
        }
    }
}

#[test]
fn every_link_and_asset_is_below_the_prefix_and_is_there() {
    for (prefix, external) in [("", None), ("/farm", None), ("/farm", Some("https://x.example/farm"))] {
        let app = TestApp::with(Setup {
            options: Options {
                route_prefix: prefix.parse().unwrap(),
                external_url: external.map(|url| url.parse().unwrap()),
                ..Options::default()
            },
            ..Setup::default()
        });
        post_at(&app, prefix, "mk3");
        for page in PAGES {
            let text = app.get(&format!("{prefix}{page}")).text();
            let links: Vec<_> =
                ["src", "href", "action"].into_iter().flat_map(|name| attributes(&text, name)).collect();
            assert!(links.len() > 10, "{text}");
            for link in links.into_iter().filter(|link| !link.starts_with('#')) {
                assert!(link.starts_with(&format!("{prefix}/")), "{page}: {link}");
                assert_eq!(app.get(&link.replace("&#38;", "&")).status, 200, "{page}: {link}");
            }
        }
    }
}

fn post_at(app: &TestApp, prefix: &str, printer: &str) {
    let body = include_str!("../data/examples/octoprint-started.json");
    assert_eq!(app.post_json(&format!("{prefix}/webhook/octoprint/{printer}"), body).status, 200);
}

#[test]
fn pages_assets_and_documents_need_a_user_like_the_rest() {
    let folder = Folder::new();
    let web_config = Some(folder.write("web.yml", &users("alice")));
    let app = TestApp::with(Setup { web_config, ..Setup::default() });
    let others =
        ["/assets/style.css", "/favicon.ico", "/docs/METRICS.md", "/api/v1/printers", "/api/v1/prints"];
    for target in [&PAGES[..], &others].concat() {
        assert_eq!(app.get(target).status, 401, "{target}");
        let authorization = "Authorization: Basic YWxpY2U6ZmVybg==\r\n";
        assert_eq!(app.request("GET", target, authorization, b"").status, 200, "{target}");
    }
}

#[test]
fn an_asset_is_sent_again_only_when_it_has_changed() {
    let app = TestApp::start();
    for (target, kind) in [
        ("/assets/style.css", "text/css; charset=utf-8"),
        ("/assets/script.js", "text/javascript; charset=utf-8"),
        ("/favicon.ico", "image/svg+xml"),
    ] {
        let asset = app.get(target);
        assert_eq!((asset.status, asset.header("content-type")), (200, Some(kind)), "{target}");
        assert_eq!(asset.header("cache-control"), Some("no-cache"), "{target}");
        let tag = asset.header("etag").unwrap();
        let again = app.request("GET", target, &format!("If-None-Match: {tag}\r\n"), b"");
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag)), "{target}");
        assert_eq!(app.request("GET", target, "If-None-Match: \"0\"\r\n", b"").status, 200, "{target}");
    }
    assert_eq!(app.get("/assets/none.css").status, 404);
    assert_eq!(app.get("/docs/..%2FCargo.toml").status, 404);
}

#[test]
fn a_farm_without_printers_asks_which_software_sends() {
    let page = TestApp::start().get("/").text();
    assert!(page.contains("No printer has been heard of yet"), "{page}");
    assert!(page.contains("<a href=\"/connect?sender=octoprint\">OctoPrint</a>"), "{page}");
    assert!(page.contains("No webhook has come in since the exporter started."), "{page}");
    assert!(!page.contains("needs a person"), "{page}");
}

#[test]
fn names_of_printers_files_and_owners_are_text_on_every_page() {
    let folder = Folder::new();
    let app = TestApp::with(Setup { store: Some(folder.path("farm.db")), ..Setup::default() });
    post(&app, HOSTILE_PATH, "Print Started", HOSTILE);
    post(&app, HOSTILE_PATH, "Print Done", HOSTILE);
    post(&app, HOSTILE_PATH, "Print Started", HOSTILE);
    let query = format!("printer={HOSTILE_PATH}");
    let owner = format!("owner={HOSTILE_PATH}");
    for (target, least) in [
        ("/".to_owned(), 3),
        (format!("/?name={HOSTILE_PATH}"), 4),
        (format!("/prints?{query}"), 4),
        (format!("/prints?{owner}"), 4),
        (format!("/connect?sender=octoprint&{query}"), 2),
    ] {
        let page = app.get(&target).text();
        assert!(page.matches(ESCAPED).count() >= least, "{target}: {page}");
        assert!(!page.contains("<script>alert"), "{target}: {page}");
    }
    let page = app.get(&format!("/connect?sender=octoprint&{query}")).text();
    assert!(
        page.contains("/webhook/octoprint/%F0%9F%A6%84%20%3Cscript%3Ealert%281%29%3C%2Fscript%3E"),
        "{page}"
    );
    for target in ["/?%3Cscript%3E=1", "/prints?%3Cscript%3E=1", "/connect?%3Cscript%3E=1"] {
        let page = app.get(target);
        assert_eq!(page.status, 400, "{target}");
        assert!(page.text().contains("&#60;script&#62;") && !page.text().contains("<script>"), "{target}");
    }
}

#[test]
fn the_printer_that_waits_longest_is_on_top() {
    let clock = Clock::manual(NOON);
    let app = TestApp::at(&clock, Setup::default());
    for printer in ["idle", "slow", "fast", "failed", "paused", "waiting"] {
        post(&app, printer, "Print Started", "cube.gcode");
        clock.advance(Duration::from_secs(60));
    }
    post(&app, "idle", "Print Done", "cube.gcode");
    post(&app, "failed", "Print Failed", "cube.gcode");
    clock.advance(Duration::from_secs(600));
    post(&app, "waiting", "User Action Needed", "cube.gcode");
    clock.advance(Duration::from_secs(600));
    post(&app, "paused", "Print Paused", "cube.gcode");
    clock.advance(Duration::from_secs(120));
    let page = app.get("/").text();
    let order: Vec<_> = page.split("<h3><a").skip(1).map(|rest| between(rest, ">", "</a>")).collect();
    assert_eq!(order, ["failed", "waiting", "paused", "slow", "fast", "idle"], "{page}");
    assert!(page.contains("3 of 6 printers need a person"), "{page}");
    for part in [
        "Its print failed<span>waits 22 min</span>",
        "Asks for a person<span>waits 12 min</span>",
        "2 min ago",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let shown = |target| {
        let page = app.get(target).text();
        page.split("<h3><a").skip(1).map(|rest| between(rest, ">", "</a>").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shown("/?state=needs_person"), ["failed", "waiting", "paused"]);
    assert_eq!(shown("/?state=printing&name=F"), ["fast"]);
    assert!(shown("/?name=none").is_empty());
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

#[test]
fn a_card_tells_progress_times_and_what_was_printed_today() {
    let clock = Clock::manual(NOON);
    let folder = Folder::new();
    let store = Some(folder.path("farm.db"));
    let app = TestApp::at(&clock, Setup { store, ..Setup::default() });
    post(&app, "mk3", "Print Started", "cube.gcode");
    clock.advance(Duration::from_secs(1200));
    post(&app, "mk3", "Print Done", "cube.gcode");
    post(&app, "mk3", "Print Started", "plate.gcode");
    clock.advance(Duration::from_secs(1800));
    let page = app.get("/").text();
    for part in [
        "plate.gcode",
        "<progress max=\"100\" value=\"25\" aria-label=\"Progress of mk3\"></progress><span>25 %</span>",
        "<dt>Left</dt><dd>1 h</dd>",
        "<dt>Ready</dt><dd><time datetime=\"2026-11-28T13:50:00Z\">2026-11-28 13:50 UTC</time></dd>",
        "<dt>Last heard</dt><dd>30 min ago</dd>",
        "<dt>Today (UTC)</dt><dd>1 print, 50 min</dd>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = app.get("/?today=2026-11-28T13:10:00%2B01:00").text();
    assert!(page.contains("<dt>Today</dt><dd>1 print, 40 min</dd>"), "{page}");
}

#[test]
fn five_hundred_printers_are_one_page_and_more_are_counted() {
    let app = TestApp::with(Setup { config: "limits: {printers: 1100}", ..Setup::default() });
    let mut connection = app.connect();
    for number in 0..1010 {
        let body = include_str!("../data/examples/octoprint-started.json").as_bytes();
        let target = format!("/webhook/octoprint/p{number:04}");
        connection.send_request("POST", &target, "Content-Type: application/json\r\n", body);
        assert_eq!(connection.receive("POST").status, 200);
    }
    let page = app.get("/?name=p0").text();
    assert_eq!(page.matches("<h3>").count(), 1000);
    let page = app.get("/").text();
    assert_eq!(page.matches("<h3>").count(), 1000);
    assert!(page.contains("10 more printers fit."), "{page}");
    let packed = app.request("GET", "/?name=p04", "Accept-Encoding: gzip\r\n", b"");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < 15_000, "{}", packed.body.len());
}

/// The rows of "What came in last": printer, event, answer and status.
fn arrivals(page: &str) -> Vec<String> {
    let rows =
        page.split("<tbody").nth(1).unwrap_or_default().split("</tr>").filter(|row| row.contains("<td"));
    let words = |row: &str| {
        let text: String =
            row.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect();
        text
    };
    rows.map(words).collect()
}

#[test]
fn what_came_in_last_is_bounded_and_holds_no_secret_and_no_path() {
    let app =
        TestApp::with(Setup { config: "webhook_secrets: {octoprint: {value: hunter2}}", ..Setup::default() });
    let started = include_str!("../data/examples/octoprint-started.json");
    let with_secret = started.replace("\"apiSecret\": \"\"", "\"apiSecret\": \"hunter2\"");
    assert_eq!(app.post_json("/webhook/octoprint/mk3", &with_secret).status, 200);
    assert_eq!(
        app.post_json("/webhook/octoprint/mk3", &started.replace("\"\"", "\"swordfish\"")).status,
        401
    );
    assert_eq!(app.post_json("/webhook/octoprint/swordfish", started).status, 401);
    assert_eq!(app.post_json("/webhook/octoprint/mk3/swordfish?secret=hunter2", started).status, 404);
    assert_eq!(app.post_json("/webhook/swordfish", started).status, 404);
    for target in ["/", "/connect", "/connect?sender=octoprint&printer=mk3"] {
        let page = app.get(target).text();
        assert!(!page.contains("hunter2") && !page.contains("swordfish"), "{page}");
        let rows = arrivals(&page);
        assert_eq!(rows.len(), 5, "{rows:?}");
        assert!(rows[0].contains("unknown––rejected 404 not_found"), "{rows:?}");
        assert!(rows[1].contains("octoprint––rejected 404 not_found"), "{rows:?}");
        assert!(rows[2].contains("octoprint––rejected 401 wrong_secret"), "{rows:?}");
        assert!(rows[3].contains("octoprintmk3–rejected 401 wrong_secret"), "{rows:?}");
        assert!(rows[3].contains("the webhook carries a wrong secret"), "{rows:?}");
        assert!(rows[4].contains("octoprintmk3startedaccepted 200"), "{rows:?}");
    }
    for _ in 0..150 {
        app.post_json("/webhook/octoprint/mk3", &with_secret);
    }
    assert_eq!(arrivals(&app.get("/connect").text()).len(), 100);
}

#[test]
fn the_page_shows_the_address_to_paste_and_where_a_secret_goes() {
    let config = "webhook_secrets: {octoprint: {value: hunter2}}";
    let app = TestApp::with(Setup { config, ..Setup::default() });
    let page = app.get("/connect?sender=octoprint").text();
    for part in [
        "<code data-copy>http://exporter:1/webhook/octoprint/my-printer</code>",
        "<dt>Secret</dt><dd><code>YOUR-SECRET</code></dd>",
        "set API SECRET in the plugin",
        "targets: [\"exporter:1\"]",
        concat!("printfarm_exporter ", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("hunter2"));
    let page =
        app.request("GET", "/connect?sender=octoeverywhere", "X-Forwarded-Proto: https\r\n", b"").text();
    assert!(page.contains("<code data-copy>https://exporter:1/webhook/octoeverywhere</code>"), "{page}");
    assert!(!page.contains("YOUR-SECRET"), "{page}");
    let page = app.get("/connect?sender=octoeverywhere&printer=a%2Fb+c").text();
    assert!(
        page.contains("<code data-copy>http://exporter:1/webhook/octoeverywhere/a%2Fb%20c</code>"),
        "{page}"
    );
}

#[test]
fn the_page_repeats_no_hostile_host() {
    let app = TestApp::start();
    let fallback = format!("http://this-host:{}/webhook/octoprint/my-printer", app.address.port());
    for host in
        ["<script>alert(1)</script>", "a\"onload=\"alert(1)", "a'b", "a&b", "a/b", "{{base}}", "", "\u{e4}"]
    {
        let mut connection = app.connect();
        connection.send(format!("GET /connect?sender=octoprint HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let response = connection.receive("GET");
        assert_eq!(response.status, 200, "{host}");
        assert!(response.text().contains(&fallback), "{host}");
        assert!(!response.text().contains("alert(1)"), "{host}");
    }
}

#[test]
fn the_page_tells_whether_the_printer_has_been_heard_of() {
    let app = TestApp::start();
    let status = |printer: &str| {
        let page = app.get(&format!("/connect?sender=octoprint&printer={printer}")).text();
        between(&page, "id=\"status\"", "</p>").to_owned()
    };
    assert!(status("mk3").contains("Nothing has come yet."), "{}", status("mk3"));
    let (_, test) = requests("testhook-file-selected/json").remove(0);
    let mut connection = app.connect();
    connection.send(aimed(&test, "/webhook/octoprint/mk3"));
    assert_eq!(connection.receive("POST").status, 200);
    let told = status("mk3");
    assert!(told.contains("A webhook of OctoPrint arrived") && told.contains("The set-up works."), "{told}");
    assert!(status("mk4").contains("Nothing has come yet."), "{}", status("mk4"));
    app.post_json("/webhook/octoprint/mk3", "{}");
    let told = status("mk3");
    assert!(told.contains("was refused") && told.contains("has no <code>topic</code>"), "{told}");
    post_at(&app, "", "mk3");
    let told = status("mk3");
    assert!(told.contains("mk3 was heard of") && told.contains("href=\"/?name=mk3\""), "{told}");
}
