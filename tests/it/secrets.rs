//! Secrets: several at once, secrets of single printers, and the throttling of guesses.

use std::time::Duration;

use printfarm_exporter::clock::Clock;
use printfarm_exporter::http::Options;
use printfarm_exporter::timestamp::Timestamp;

use crate::app::{Setup, TestApp};
use crate::client::Response;
use crate::common::program::{Running, file};

const STARTED: &str = include_str!("../data/examples/octoprint-started.json");
const CONFIG: &str = "
webhook_secrets:
  octoprint: [{value: old}, {value: new}]
printers:
  - {source: octoprint, id: delta, secrets: {value: own}}
  - {source: octoprint, id: voron, secrets: [{value: one}, {value: two}]}
  - {source: octoeverywhere, id: abc, secrets: {value: cloud}}
";

fn post(app: &TestApp, target: &str, secret: &str, body: &str) -> Response {
    let headers = format!("Content-Type: application/json\r\nX-Webhook-Secret: {secret}\r\n");
    app.request("POST", target, &headers, body.as_bytes())
}

fn rejected(app: &TestApp, reason: &str) -> f64 {
    let series = format!("printfarm_webhook_rejected_total{{reason=\"{reason}\",source=\"octoprint\"}}");
    app.metric(&series).unwrap()
}

#[test]
fn a_printers_own_secrets_are_valid_for_it_and_for_nothing_else() {
    let clock = Clock::manual(Timestamp::from_micros(1_795_300_000_000_000));
    let app = TestApp::at(&clock, Setup { config: CONFIG, ..Setup::default() });
    let of_delta = STARTED.to_owned();
    let of_omega = STARTED.replace("\"delta\"", "\"omega\"");
    let cloud = r#"{"PrinterId": "abc", "PrinterName": "prusa", "EventType": 1}"#.to_owned();
    let other_cloud = cloud.replace("abc", "def");
    let no_topic = r#"{"deviceIdentifier": "delta"}"#.to_owned();
    let (octoprint, cloudy) = ("/webhook/octoprint", "/webhook/octoeverywhere");
    let cases: [(&str, &str, &String, &[&str]); 9] = [
        ("a printer named by its device", octoprint, &of_delta, &["own"]),
        ("a printer named by the path", "/webhook/octoprint/voron", &of_delta, &["one", "two"]),
        ("an escaped path", "/webhook/octoprint/%76oron/", &of_delta, &["one", "two"]),
        ("another printer", octoprint, &of_omega, &["old", "new"]),
        ("a path that names another printer", "/webhook/octoprint/omega", &of_delta, &["old", "new"]),
        ("a printer of the cloud", cloudy, &cloud, &["cloud"]),
        (
            "a path that takes its place",
            "/webhook/octoeverywhere/def",
            &cloud,
            &["old", "own", "cloud", "one"],
        ),
        ("a printer of the cloud without one", cloudy, &other_cloud, &["old", "own", "cloud", "one"]),
        ("a message that is no event", octoprint, &no_topic, &[]),
    ];
    for (name, target, body, right) in cases {
        for secret in ["old", "new", "own", "one", "two", "cloud"] {
            // By then a wrong secret no longer counts.
            clock.advance(Duration::from_secs(6));
            let answer = post(&app, target, secret, body);
            let open = right.contains(&secret) || right.len() == 4;
            let expected = match (open, name) {
                (true, _) => 200,
                // Only what is an event names a printer by its device, so the source's secrets count.
                (false, "a message that is no event") if ["old", "new"].contains(&secret) => 422,
                (false, _) => 401,
            };
            assert_eq!(answer.status, expected, "{name}, {secret}: {}", answer.text());
        }
    }
}

#[test]
fn an_old_secret_is_valid_until_it_is_removed() {
    let app = TestApp::with(Setup {
        options: Options { lifecycle: true, ..Options::default() },
        config: "webhook_secrets: {octoprint: {value: old}}",
        ..Setup::default()
    });
    let both = || ["old", "new"].map(|secret| post(&app, "/webhook/octoprint", secret, STARTED).status);
    let reload = |yaml: &str| {
        app.write_config(yaml);
        assert_eq!(app.request("POST", "/-/reload", "", b"").status, 200);
    };
    assert_eq!(both(), [200, 401]);
    reload("webhook_secrets: {octoprint: [{value: old}, {value: new}]}");
    assert_eq!(both(), [200, 200]);
    reload("webhook_secrets: {octoprint: [{value: new}]}");
    assert_eq!(both(), [401, 200]);
}

#[test]
fn guesses_are_throttled_and_right_secrets_are_not() {
    let clock = Clock::manual(Timestamp::from_micros(1_795_300_000_000_000));
    let app = TestApp::at(&clock, Setup { config: CONFIG, ..Setup::default() });
    let guess = |secret: &str| post(&app, "/webhook/octoprint/x", secret, STARTED);
    for number in 0..10 {
        assert_eq!(guess(&format!("guess{number}")).status, 401, "{number}");
    }
    let slowed = guess("guess");
    assert_eq!((slowed.status, slowed.json()["reason"].as_str()), (429, Some("too_many_attempts")));
    assert_eq!(slowed.header("retry-after"), Some("6"));
    assert_eq!(guess("old").status, 200, "a right one passes, whatever came before it");
    for number in 0..200 {
        assert_eq!(guess("guess").status, 429, "{number}");
    }
    assert_eq!(guess("new").status, 200);
    assert_eq!(post(&app, "/webhook/octoprint/voron", "guess", STARTED).status, 401, "another scope");
    assert_eq!((rejected(&app, "wrong_secret"), rejected(&app, "too_many_attempts")), (11.0, 201.0));
    clock.advance(Duration::from_secs(660));
    assert_eq!(guess("guess").status, 401);
}

#[test]
fn a_right_secret_is_taken_whoever_guesses_from_the_same_address() {
    let clock = Clock::manual(Timestamp::from_micros(1_795_300_000_000_000));
    let app = TestApp::at(&clock, Setup { config: CONFIG, ..Setup::default() });
    for second in 0..300 {
        clock.advance(Duration::from_secs(second % 2));
        post(&app, "/webhook/octoprint/x", &format!("guess{second}"), STARTED);
        assert!(
            second % 50 > 0 || post(&app, "/webhook/octoprint/x", "old", STARTED).status == 200,
            "{second}"
        );
    }
}

#[test]
fn a_webhook_without_a_secret_does_not_count_as_a_guess() {
    let app = TestApp::with(Setup { config: CONFIG, ..Setup::default() });
    for _ in 0..30 {
        assert_eq!(app.post_json("/webhook/octoprint", STARTED).status, 401);
    }
    assert_eq!(post(&app, "/webhook/octoprint", "guess", STARTED).status, 401);
}

/// The statuses of guesses from these clients of a proxy, after eleven of 192.0.2.1.
fn guesses(config: &'static str, clients: &[&str]) -> Vec<u16> {
    let app = TestApp::with(Setup { config, ..Setup::default() });
    let guess = |client: &str| {
        let headers = format!(
            "Content-Type: application/json\r\nX-Webhook-Secret: guess\r\nX-Forwarded-For: {client}\r\n"
        );
        app.request("POST", "/webhook/octoprint", &headers, STARTED.as_bytes()).status
    };
    for _ in 0..11 {
        guess("192.0.2.1");
    }
    clients.iter().map(|client| guess(client)).collect()
}

#[test]
fn clients_of_a_trusted_proxy_are_told_apart() {
    const SECRET: &str = "webhook_secrets: {octoprint: {value: right}}\n";
    const TRUSTED: &str = "webhook_secrets: {octoprint: {value: right}}\ntrusted_proxies: [127.0.0.0/8]";
    let clients = ["192.0.2.1", "192.0.2.2", "192.0.2.2, 192.0.2.1", "192.0.2.1, 127.0.0.9", "unknown"];
    assert_eq!(guesses(TRUSTED, &clients), [429, 401, 429, 429, 401]);
    assert_eq!(guesses(SECRET, &clients), [429; 5], "nobody is trusted");
}

#[test]
fn a_throttle_that_begins_is_logged_once() {
    let path =
        file(&format!("throttle-{}.yml", std::process::id()), "webhook_secrets: {octoprint: {value: right}}");
    let exporter = Running::start(&[&format!("--config.file={}", path.display())]);
    for _ in 0..30 {
        exporter.request("POST", "/webhook/octoprint?secret=wrong", STARTED);
    }
    exporter.signal("TERM");
    let log = exporter.ended().1;
    let lines: Vec<_> = log.lines().filter(|line| line.contains("too_many_attempts")).collect();
    assert!(
        matches!(lines[..], [line] if line.contains("level=warn") && line.contains("127.0.0.1")),
        "{log}"
    );
}
