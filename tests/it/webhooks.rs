//! From a webhook to its answer.

use printfarm_exporter::http::Options;

use crate::app::{Setup, TestApp};

const STARTED: &str = include_str!("../data/examples/octoprint-started.json");
const DONE: &str = include_str!("../data/examples/octoprint-done.json");
const TEST: &str = r#"{"topic": "Print Done", "deviceIdentifier": "delta", "extra": {"popup": true}}"#;
const UNKNOWN: &str = r#"{"topic": "Coffee Ready", "deviceIdentifier": "delta"}"#;

fn events(event: &str) -> String {
    format!("printfarm_webhook_events_total{{event=\"{event}\",source=\"octoprint\"}}")
}

fn ignored(reason: &str) -> String {
    format!("printfarm_webhook_ignored_total{{reason=\"{reason}\",source=\"octoprint\"}}")
}

fn rejected(reason: &str) -> String {
    format!("printfarm_webhook_rejected_total{{reason=\"{reason}\",source=\"octoprint\"}}")
}

#[test]
fn an_event_is_accepted_once_and_a_repeat_is_a_duplicate() {
    let app = TestApp::start();
    let answer = app.post_json("/webhook/octoprint", STARTED);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), r#"{"status":"accepted","event":"started","printer":"delta"}"#);
    let answer = app.post_json("/webhook/octoprint", STARTED);
    assert_eq!(answer.status, 200);
    let repeated = r#"{"status":"ignored","reason":"duplicate","event":"started","printer":"delta"}"#;
    assert_eq!(answer.text(), repeated);
    let answer = app.post_json("/webhook/octoprint", DONE);
    assert_eq!(answer.json()["event"], "ended");
    assert_eq!(app.metric(&events("started")), Some(2.0));
    assert_eq!(app.metric(&ignored("duplicate")), Some(1.0));
    assert_eq!(app.metric("printfarm_webhook_duration_seconds_count{source=\"octoprint\"}"), Some(3.0));
}

#[test]
fn the_test_button_gets_an_answer_for_a_person() {
    let app = TestApp::start();
    let answer = app.post_json("/webhook/octoprint", TEST);
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!((answer["status"].as_str(), answer["reason"].as_str()), (Some("ignored"), Some("test")));
    assert_eq!(answer["message"], "The set-up works. This printer's label will be printer=\"delta\".");
    assert_eq!(app.metric(&ignored("test")), Some(1.0));
}

#[test]
fn what_is_not_known_is_ignored_and_counted() {
    let app = TestApp::start();
    let answer = app.post_json("/webhook/octoeverywhere", r#"{"PrinterId": "p1", "EventType": 99}"#);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), r#"{"status":"ignored","reason":"unknown_event"}"#);
    assert_eq!(app.metric(&ignored("unknown_event").replace("octoprint", "octoeverywhere")), Some(1.0));
    assert_eq!(app.metric(&events("unknown").replace("octoprint", "octoeverywhere")), Some(1.0));
}

#[test]
fn the_name_in_the_path_is_the_label() {
    let app = TestApp::start();
    let cases = [
        ("plain", "/webhook/octoprint/voron", "voron"),
        ("with a slash at the end", "/webhook/octoprint/mini/", "mini"),
        ("with escapes", "/webhook/octoprint/gr%C3%BCn%20%231", "gr\u{fc}n #1"),
        ("with an escaped slash", "/webhook/octoprint/rack%2F2", "rack/2"),
        ("with a plus, which is no blank in a path", "/webhook/octoprint/a+b", "a+b"),
    ];
    for (name, target, label) in cases {
        let body = STARTED.replace("\"delta\"", &format!("{name:?}"));
        assert_eq!(app.post_json(target, &body).json()["printer"], label, "{name}");
    }
    for target in ["/webhook/octoprint/", "/webhook/octoprint//"] {
        assert_eq!(app.post_json(target, STARTED).json()["printer"], "delta", "{target}");
    }
}

#[test]
fn a_name_that_is_not_text_is_refused_and_counted() {
    let app = TestApp::start();
    let answer = app.post_json("/webhook/octoprint/%FF", STARTED);
    assert_eq!(answer.status, 400);
    let answer = answer.json();
    assert_eq!((answer["status"].as_str(), answer["reason"].as_str()), (Some("rejected"), Some("malformed")));
    assert_eq!(app.metric(&rejected("malformed")), Some(1.0));
}

#[test]
fn a_configured_name_is_the_label() {
    let app = TestApp::with(Setup {
        config: "printers: [{source: octoprint, id: delta, name: kossel}]",
        ..Setup::default()
    });
    assert_eq!(app.post_json("/webhook/octoprint", STARTED).json()["printer"], "kossel");
}

#[test]
fn a_secret_is_asked_for_when_one_is_configured() {
    let app =
        TestApp::with(Setup { config: "webhook_secrets: {octoprint: {value: hunter2}}", ..Setup::default() });
    let post = |secret: &str| {
        let headers = format!("Content-Type: application/json\r\nX-Webhook-Secret: {secret}\r\n");
        app.request("POST", "/webhook/octoprint", &headers, STARTED.as_bytes())
    };
    let refused = post("hunter3");
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (401, Some("wrong_secret")));
    assert!(!refused.text().contains("hunter"));
    assert_eq!(post("hunter2").json()["status"], "accepted");
    assert_eq!(app.metric(&rejected("wrong_secret")), Some(1.0));
}

#[test]
fn what_is_wrong_is_refused_with_a_reason_for_a_person() {
    let app = TestApp::with(Setup {
        config: "limits: {printers: 1, multipart_body_bytes: 9000}",
        ..Setup::default()
    });
    assert_eq!(app.post_json("/webhook/octoprint", STARTED).status, 200);
    let large = "x".repeat(9001);
    let other = STARTED.replace("\"delta\"", "\"another\"");
    let cases = [
        ("not JSON", "{", 400, "malformed"),
        ("too large", &large, 413, "too_large"),
        ("no event", "{\"deviceIdentifier\": \"delta\"}", 422, "no_event"),
        ("one printer too many", &other, 429, "printer_limit"),
    ];
    for (name, body, status, reason) in cases {
        let answer = app.post_json("/webhook/octoprint", body);
        assert_eq!(answer.status, status, "{name}");
        let answer = answer.json();
        assert_eq!(answer["status"], "rejected", "{name}");
        assert_eq!(answer["reason"], reason, "{name}");
        assert!(answer["message"].as_str().is_some_and(|message| message.len() > 10), "{name}: {answer}");
        assert_eq!(app.metric(&rejected(reason)), Some(1.0), "{name}");
    }
}

#[test]
fn other_methods_are_refused_and_say_which_there_are() {
    let app = TestApp::start();
    let cases = [
        ("/webhook/octoprint", "FOO", "POST, PUT, PATCH, DELETE, GET"),
        ("/webhook/octoprint/delta", "OPTIONS", "POST, PUT, PATCH, DELETE, GET"),
        ("/webhook/octoeverywhere", "GET", "POST"),
        ("/webhook/octoeverywhere/delta/", "PUT", "POST"),
    ];
    for (target, method, allowed) in cases {
        let answer = app.request(method, target, "", b"");
        assert_eq!(answer.status, 405, "{method} {target}");
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {target}");
        assert_eq!(answer.json()["reason"], "method", "{method} {target}");
    }
    assert_eq!(app.request("HEAD", "/webhook/octoprint", "", b"").status, 405);
}

#[test]
fn every_method_of_the_plugin_is_taken() {
    let app = TestApp::start();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let headers = "Content-Type: application/json\r\n";
        let answer = app.request(method, "/webhook/octoprint", headers, UNKNOWN.as_bytes());
        assert_eq!(answer.json()["reason"], "no_event", "{method}");
    }
}

#[test]
fn other_paths_below_the_webhooks_are_explained_and_counted() {
    let app = TestApp::start();
    let cases = [
        ("/webhook", "unknown", 1.0),
        ("/webhook/", "unknown", 2.0),
        ("/webhook/bambu", "unknown", 3.0),
        ("//webhook//bambu//", "unknown", 4.0),
        ("/Webhook/octoprint", "octoprint", 1.0),
        ("/webhook/octoprint/rack/2", "octoprint", 2.0),
        ("/webhook/octoeverywhere//rack//2?secret=a//b", "octoeverywhere", 1.0),
    ];
    for (target, source, count) in cases {
        let answer = app.post_json(target, STARTED);
        assert_eq!(answer.status, 404, "{target}");
        assert_eq!(answer.json()["reason"], "not_found", "{target}");
        let series = format!("printfarm_webhook_rejected_total{{reason=\"not_found\",source=\"{source}\"}}");
        assert_eq!(app.metric(&series), Some(count), "{target}");
    }
    assert_eq!(app.get("/webhooks").header("content-type"), Some("text/plain; charset=utf-8"));
}

#[test]
fn what_is_sent_to_a_url_that_ends_too_early_or_names_no_webhook_is_counted() {
    let app = TestApp::start();
    let counted = || {
        let metrics = app.get("/metrics").text();
        let refused = |line: &&str| line.starts_with("printfarm_webhook_rejected_total{reason=\"not_found\"");
        metrics
            .lines()
            .filter(refused)
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok())
            .sum::<u32>()
    };
    let targets = [
        "/",
        "/webhooks/octoprint",
        "/octoprint",
        "/OctoPrint/mk3",
        "/api/webhook/octoprint",
        "/webhook%2Fx",
    ];
    for (target, count) in targets.into_iter().zip(1_u32..) {
        let answer = app.post_json(target, STARTED);
        assert_eq!((answer.status, &answer.json()["reason"]), (404, &"not_found".into()), "{target}");
        assert_eq!(counted(), count, "{target}");
    }
    for target in ["/metrics", "/api/v1/printers/octoprint", "/login.php"] {
        assert_ne!(app.post_json(target, STARTED).status, 200, "{target}");
    }
    assert_eq!(counted(), 6, "what is no webhook is not counted");

    let options = Options { route_prefix: "/farm".parse().unwrap(), ..Options::default() };
    let below = TestApp::with(Setup { options, ..Setup::default() });
    for target in ["/", "/farm", "/farm/", "/farm/webhooks/octoprint", "/octoprint"] {
        let answer = below.post_json(target, STARTED);
        assert!(answer.text().contains("/farm/webhook/octoprint"), "{target}: {}", answer.text());
    }
}

#[test]
fn webhooks_at_the_wrong_port_are_counted() {
    let app = TestApp::with(Setup { webhooks_apart: true, ..Setup::default() });
    assert_eq!(app.post_json("/webhook/octoprint/mk3", STARTED).status, 404);
    assert_eq!(app.metric(&rejected("not_found")), Some(1.0));
}

#[test]
fn doubled_slashes_are_merged() {
    let app = TestApp::start();
    for target in
        ["//webhook/octoprint", "/webhook//octoprint", "///webhook///octoprint//", "/webhook/octoprint//"]
    {
        assert_eq!(app.post_json(target, STARTED).json()["printer"], "delta", "{target}");
    }
    assert_eq!(app.post_json("//webhook//octoprint//rack%2F%2F2", STARTED).json()["printer"], "rack//2");
    let query = "//webhook/octoprint?topic=Print+Started&deviceIdentifier=a//b";
    assert_eq!(app.get(query).json()["printer"], "a//b");
    assert_eq!(app.get("//metrics").status, 404, "other paths stay as they are");
}

#[test]
fn a_post_that_a_redirect_made_a_get_is_told_so() {
    let app =
        TestApp::with(Setup { config: "webhook_secrets: {octoprint: {value: hunter2}}", ..Setup::default() });
    let cases = [
        ("/webhook/octoeverywhere/mk3", 405),
        ("/webhook/octoprint", 401),
        ("/webhook/octoprint/mk3?secret=hunter2", 422),
        ("/webhook/octoprint/rack/3", 404),
    ];
    for (target, status) in cases {
        let told = |method| {
            app.request(method, target, "", b"").text().contains("a redirect turns a POST into a GET")
        };
        assert_eq!(app.get(target).status, status, "{target}");
        assert!(told("GET") && !told("POST"), "{target}");
    }
    assert_eq!(app.metric(&rejected("method").replace("octoprint", "octoeverywhere")), Some(2.0));
}

#[test]
fn labels_have_no_control_characters_and_a_limit() {
    let app = TestApp::start();
    let long = "x".repeat(250);
    let cases = [
        ("a%00b%1B[31m", "a_b_[31m".to_owned()),
        ("a%01b%07[31m", "a_b_[31m-2".to_owned()),
        (&format!("{long}1"), "x".repeat(200)),
        (&format!("{long}2"), format!("{}-2", "x".repeat(198))),
    ];
    for (number, (name, label)) in cases.into_iter().enumerate() {
        let body = STARTED
            .replace("\"delta\"", &format!("\"{number}\""))
            .replace("cube_1.8n_0.4mm_PETG_235C", &"\u{e4}".repeat(150));
        let target = format!("/webhook/octoprint/{name}");
        assert_eq!(app.post_json(&target, &body).json()["printer"], label, "{name}");
    }
    let text = app.get("/metrics").text();
    assert!(!text.contains(|character: char| character.is_control() && character != '\n'), "{text}");
    let values = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| line.split('"').skip(1).step_by(2));
    assert_eq!(values.map(str::len).max(), Some(200), "{text}");
}
