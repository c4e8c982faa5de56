//! What a new sender gets from the rest by one folder and one line of the registry.

mod sender;

use printfarm_exporter::http::Options;
use printfarm_exporter::webhook::Senders;
use sender::Ping;

use crate::common::app::{Setup, TestApp};

const STARTED: &str = r#"{"event": "started"}"#;

fn app(config: &'static str) -> TestApp {
    let options = Options { senders: Senders::builtin().with(&Ping), ..Options::default() };
    TestApp::with(Setup { options, config, ..Setup::default() })
}

#[test]
fn its_webhooks_are_recorded_and_counted() {
    let app = app("");
    let created = [
        "printfarm_webhook_events_total{event=\"ended\",source=\"ping\"}",
        "printfarm_webhook_ignored_total{reason=\"duplicate\",source=\"ping\"}",
        "printfarm_webhook_rejected_total{reason=\"store\",source=\"ping\"}",
        "printfarm_webhook_duration_seconds_count{source=\"ping\"}",
    ];
    for series in created {
        assert_eq!(app.metric(series), Some(0.0), "{series}");
    }
    let answer = app.request("PUT", "/webhook/ping/voron", "", STARTED.as_bytes());
    assert_eq!(answer.text(), r#"{"status":"accepted","event":"started","printer":"voron"}"#);
    assert_eq!(app.metric("printfarm_webhook_events_total{event=\"started\",source=\"ping\"}"), Some(1.0));
    assert_eq!(app.metric("printfarm_printer_state{printer=\"voron\",state=\"printing\"}"), Some(1.0));
    let info = "printfarm_printer_info{id=\"voron\",name=\"voron\",printer=\"voron\",source=\"ping\"}";
    assert_eq!(app.metric(info), Some(1.0));
}

#[test]
fn its_test_button_may_name_no_printer() {
    let answer = app("").post_json("/webhook/ping", r#"{"event": "test"}"#);
    assert_eq!(answer.text(), r#"{"status":"ignored","reason":"test","message":"The set-up works."}"#);
}

#[test]
fn its_rejections_have_its_hints() {
    let app = app("");
    let cases = [
        ("/webhook/ping/voron", r#"{"event": "party"}"#, 422, "no_event", "a ping has an `event`"),
        ("/webhook/ping", STARTED, 422, "no_printer", "put the printer's name at the end of the URL"),
    ];
    for (target, body, status, reason, message) in cases {
        let answer = app.post_json(target, body);
        assert_eq!(answer.status, status, "{reason}");
        assert_eq!((&answer.json()["reason"], &answer.json()["message"]), (&reason.into(), &message.into()));
    }
    let form = app.request("POST", "/webhook/ping", "Content-Type: text/csv\r\n", b"a");
    assert_eq!(form.json()["message"], "bodies of this Content-Type are not read; send JSON");
    let get = app.get("/webhook/ping");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST, PUT")));
    let unknown = app.post_json("/webhook/pong", STARTED).json();
    assert!(unknown["message"].as_str().is_some_and(|text| text.contains("/webhook/ping")), "{unknown}");
}

#[test]
fn a_webhook_without_its_secret_is_refused() {
    let app = app("
webhook_secrets: {ping: {value: hunter2}}
printers: [{source: ping, id: mini, name: Mini, secrets: {value: own}}]
");
    let post = |target: &str, headers: &str, body: &str| {
        app.request("POST", target, &format!("Content-Type: application/json\r\n{headers}"), body.as_bytes())
    };
    let refused = post("/webhook/ping/voron", "", STARTED);
    assert_eq!(refused.status, 401);
    let message = "a secret is configured here and the webhook carries none: set the password of the ping";
    assert_eq!(refused.json()["message"], message);
    let rejected = "printfarm_webhook_rejected_total{reason=\"wrong_secret\",source=\"ping\"}";
    assert_eq!(app.metric(rejected), Some(1.0));
    let in_body = r#"{"event": "started", "password": "hunter2"}"#;
    let cases = [
        ("a field", "/webhook/ping/a", "", in_body, 200),
        ("a header of its own", "/webhook/ping/b", "X-Ping-Secret: hunter2\r\n", STARTED, 200),
        ("a header of all senders", "/webhook/ping/c", "Authorization: Bearer hunter2\r\n", STARTED, 200),
        ("the query", "/webhook/ping/d?secret=hunter2", "", STARTED, 200),
        ("a printer of its own secret", "/webhook/ping/mini", "X-Ping-Secret: own\r\n", STARTED, 200),
        ("another printer's secret", "/webhook/ping/mini", "X-Ping-Secret: hunter2\r\n", STARTED, 401),
    ];
    for (name, target, headers, body, status) in cases {
        assert_eq!(post(target, headers, body).status, status, "{name}");
    }
    assert_eq!(app.post_json("/webhook/octoprint", "{}").status, 422, "another sender needs no secret");
}

#[test]
fn the_page_says_how_to_connect_it() {
    let app = app("");
    let choice = "<a href=\"/connect?sender=ping\">Ping &#38; &#60;Pong&#62;</a>";
    assert!(app.get("/").text().contains(choice));
    let page = app.get("/connect?sender=ping").text();
    assert!(page.contains(">3. Point Ping &#38; &#60;Pong&#62; here</h2>"), "{page}");
    assert!(page.contains("<code data-copy>http://exporter:1/webhook/ping/my-printer</code>"), "{page}");
    let step = "<li>Several printers &#60;i&#62;may&#60;/i&#62; use <code data-copy>http://exporter:1/webhook/ping</code>.</li>";
    assert!(page.contains(step), "{page}");
}
