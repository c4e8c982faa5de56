//! The tools of Prometheus accept the rules and the examples.

use serde_json::Value;

use crate::common::alerts::{alerts, unit_tests, word};
use crate::common::program::file;
use crate::common::repository_file as text;
use crate::servers::tool;

const ALERTMANAGER: &str = "prometheus/alertmanager.yml";

#[test]
fn promtool_accepts_the_rules_and_the_example() {
    let rules = tool("promtool", &["check", "rules", "prometheus/alerts.yml"]);
    assert!(rules.contains(&format!("{} rules found", alerts().len())), "{rules}");
    let config = tool("promtool", &["check", "config", "prometheus/prometheus.yml"]);
    assert!(config.contains("Checking prometheus/alerts.yml"), "{config}");
}

#[test]
fn every_unit_test_of_the_rules_passes() {
    let files = unit_tests();
    let arguments: Vec<_> = ["test", "rules"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let said = tool("promtool", &arguments);
    assert_eq!(said.matches("SUCCESS").count(), files.len(), "{said}");
}

/// The example with the receivers that are only in comments.
fn with_what_is_shown(config: &str) -> String {
    let uncommented = |line: &str| {
        let Some((before, shown)) = line.split_once("# ").filter(|(before, _)| before.trim().is_empty())
        else {
            return line.to_owned();
        };
        let is_yaml = shown.starts_with(' ') || (shown.ends_with(':') && !shown.contains(' '));
        if is_yaml { format!("{before}{shown}") } else { String::new() }
    };
    config.lines().map(|line| uncommented(line) + "\n").collect()
}

#[test]
fn amtool_accepts_the_example_with_and_without_its_comments() {
    tool("amtool", &["check-config", ALERTMANAGER]);
    let config = with_what_is_shown(&text(ALERTMANAGER));
    let parsed: Value = yaml_serde::from_str(&config).unwrap();
    assert!(parsed["global"].is_object() && config.contains("\n    email_configs:\n"), "{config}");
    let path = file(&format!("alertmanager-{}.yml", std::process::id()), &config);
    tool("amtool", &["check-config", &path.display().to_string()]);
}

#[test]
fn every_alert_is_routed_to_its_receiver() {
    for alert in alerts() {
        let name = word(&alert["alert"]);
        let scope = word(&alert["labels"]["scope"]);
        let receiver = match (name, scope) {
            ("PrintFarmPrintFailed", _) => "failed-prints",
            ("PrintFarmWatchdog", _) => "watchdog",
            (_, "printer") => "printers",
            _ => "farm-health",
        };
        let file = format!("--config.file={ALERTMANAGER}");
        let labels = [format!("alertname={name}"), format!("scope={scope}")];
        let said = tool("amtool", &["config", "routes", "test", &file, &labels[0], &labels[1]]);
        assert_eq!(said.trim(), receiver, "{name}");
    }
}
