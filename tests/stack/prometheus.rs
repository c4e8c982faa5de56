//! A real Prometheus scrapes the exporter and returns the values that the exporter exposed.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::common::app::TestApp;
use crate::common::exposition::{Samples, read};
use crate::common::{captures, eventually};
use crate::servers::Prometheus;

const README: &str = include_str!("../../README.md");
const METRICS: &str = include_str!("../../docs/METRICS.md");

/// The longest text that the exporter keeps, in bytes.
const LONGEST_LABEL: usize = 200;

/// A Prometheus that scrapes this address every second, with the configuration of the README.
fn scraping(exporter: SocketAddr) -> Prometheus {
    let scrape = README.split("```yaml\n").find(|block| block.starts_with("scrape_configs:")).unwrap();
    let scrape = scrape.split("```").next().unwrap();
    let scrape = scrape.replace("EXPORTER:10064", &exporter.to_string());
    Prometheus::start(&format!("global: {{scrape_interval: 1s}}\n{scrape}"), &[])
}

/// The samples of the exporter in Prometheus, without the labels that Prometheus adds.
fn samples(prometheus: &Prometheus) -> Samples {
    let result = prometheus.query("{job=\"printfarm\", __name__=~\"(printfarm|process)_.*\"}");
    let sample = |sample: &Value| {
        let mut labels: BTreeMap<String, String> = serde_json::from_value(sample["metric"].clone()).unwrap();
        assert!(labels.remove("job").is_some() && labels.remove("instance").is_some(), "{labels:?}");
        (labels, sample["value"][1].as_str().unwrap().parse().unwrap())
    };
    result.as_array().unwrap().iter().map(sample).collect()
}

/// Unusual names of a printer or a file.
fn hostile() -> Vec<String> {
    let mut names: Vec<String> = [
        "quotes \" \"\" and ' and `",
        "backslashes \\ \\\\ C:\\parts\\new",
        "a backslash at the end \\",
        "two\nlines\r\nand a tab\t.",
        "what looks like escapes \\n \\\" \\x00 \\u0000 \\777 %0A %00 &amp; {{.}} ${HOME}",
        "\"} 1\nprintfarm_evil{a=\"b",
        "# HELP printfarm_prints_total nothing",
        "\u{1f5a8}\u{fe0f} \u{1f469}\u{200d}\u{1f527} \u{1d4ae}",
        "control \u{1} \u{7} \u{1b}[31m \u{7f} \u{85} .",
        "NUL \u{0} within",
        "right to left \u{202e}edocg.trap\u{202c} \u{200f}\u{5d0}\u{5d1}",
        "line separators \u{2028} and \u{2029}, a mark \u{feff}, a hole \u{fffd}, a nonsign \u{ffff}",
        "e\u{301} and \u{e9}, which are not the same",
        "\u{fdd0}\u{10ffff}",
        "=,;{}[]()<>|~^*?/",
        "..",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(10_000));
    names.push("\u{1f5a8}".repeat(2_500));
    names.push("\\\"\n.".repeat(2_500));
    names
}

/// What the exporter shows of a text in a label: its beginning, without characters that no reader sees.
fn kept(text: &str) -> String {
    let end = (0..=text.len().min(LONGEST_LABEL)).rev().find(|end| text.is_char_boundary(*end)).unwrap();
    let unseen = ['\u{200f}', '\u{202c}', '\u{202e}', '\u{2028}', '\u{2029}', '\u{feff}'];
    let shown =
        |character: char| if character.is_control() || unseen.contains(&character) { '_' } else { character };
    text[..end].chars().map(shown).collect()
}

/// A text as a segment of a path.
fn escaped(text: &str) -> String {
    // A form encodes a space as "+", and "+" itself as an escape.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn post(app: &TestApp, target: &str, message: &Value) {
    let answer = app.post_json(target, &message.to_string());
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("accepted")), "{target} {message}");
}

/// Three printers of each name: named by the path, by the plugin, by OctoEverywhere. Each prints a file of that name and is
/// paused, so that its seconds printed do not change.
fn open_prints(app: &TestApp) {
    for name in hostile() {
        let at_path = format!("/webhook/octoprint/{}", escaped(&format!("path {name}")));
        for topic in ["Print Started", "Print Paused"] {
            let extra = json!({"name": name, "origin": "local"});
            let identifier = format!("plugin {name}");
            post(app, &at_path, &json!({"topic": topic, "extra": extra}));
            post(
                app,
                "/webhook/octoprint",
                &json!({"topic": topic, "extra": extra, "deviceIdentifier": identifier}),
            );
        }
        for kind in [1, 4] {
            let message = json!({
                "EventType": kind, "PrinterId": format!("id {name}"), "PrinterName": format!("cloud {name}"),
                "PrintId": name, "FileName": name, "Progress": 37.5, "TimeRemainingSec": 605, "CurrentLayer": 2,
            });
            post(app, "/webhook/octoeverywhere", &message);
        }
    }
}

fn replay(app: &TestApp) {
    for folder in
        ["pause-resume-done/default-progress", "cancel/json", "error-fatal/json", "sd-complete/json"]
    {
        let mut connection = app.connect();
        for (_, request) in captures::requests(folder) {
            let target = format!("/webhook/octoprint/{}", escaped(folder));
            connection.send(captures::aimed(&request, &target));
            assert_eq!(connection.receive("POST").status, 200, "{folder}");
        }
    }
}

/// Whether the value is constant while no webhook arrives.
fn is_constant(labels: &BTreeMap<String, String>) -> bool {
    let name = labels["__name__"].as_str();
    let moves = ["printfarm_connections", "printfarm_paused_seconds_total"];
    !name.starts_with("process_") && !moves.contains(&name)
}

#[test]
fn prometheus_stores_every_sample_of_the_exporter() {
    let app = TestApp::start();
    replay(&app);
    open_prints(&app);
    let text = app.get("/metrics").text();
    let stated = read(&text);
    for name in hostile() {
        for source in ["path", "plugin", "cloud"] {
            let printer = format!("{source} {name}");
            let labels = [
                ("__name__", "printfarm_print_info".to_owned()),
                ("file", kept(&name)),
                ("origin", if source == "cloud" { "unknown" } else { "local" }.to_owned()),
                ("printer", kept(&printer)),
            ];
            let labels = labels.map(|(label, value)| (label.to_owned(), value));
            assert_eq!(stated.get(&BTreeMap::from(labels)), Some(&1.0), "{source} {name:?}");
        }
    }
    let lines = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(stated.len(), lines, "two samples have the same labels");

    let prometheus = scraping(app.address);
    let known = eventually("Prometheus has scraped", || {
        Some(samples(&prometheus)).filter(|samples| samples.len() >= stated.len())
    });
    assert!(known.keys().eq(stated.keys()));
    for (labels, value) in stated.iter().filter(|(labels, _)| is_constant(labels)) {
        assert_eq!(known[labels].to_bits(), value.to_bits(), "{labels:?}: {} {value}", known[labels]);
    }

    // On a busy machine a scrape may exceed its timeout of a second.
    eventually("a scrape without an error", || {
        let targets = prometheus.api("targets", &[("state", "active")]);
        let target = &targets["activeTargets"][0];
        (target["health"] == "up" && target["lastError"] == "").then_some(())
    });
    eventually("it is up", || {
        (prometheus.query("up{job=\"printfarm\"}")[0]["value"][1] == "1").then_some(())
    });
    let count = prometheus.query("scrape_samples_scraped{job=\"printfarm\"}");
    assert_eq!(count[0]["value"][1], lines.to_string());

    let queries: Vec<_> =
        METRICS.split("```promql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(queries.len() > 10, "{queries:?}");
    for query in queries {
        prometheus.query(query);
        prometheus.query_range(query, 0.0, 600.0, 60.0);
    }
}
