//! The files themselves: what the tools of Prometheus say of them, and whether they agree with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{alerts, items, text, word, yaml};
use crate::metric_names::{complaints, known};
use crate::program::file;
use crate::stack::tool;

const ALERTMANAGER: &str = "prometheus/alertmanager.yml";
const RUNBOOK: &str = "docs/RUNBOOK.md";

/// The unit tests of the rules.
fn unit_tests() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prometheus/tests");
    let files = fs::read_dir(folder).unwrap();
    let files: Vec<_> =
        files.map(|file| format!("prometheus/tests/{}", file.unwrap().file_name().display())).collect();
    assert!(!files.is_empty());
    files
}

#[test]
fn prometheus_takes_the_rules_and_the_example() {
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

#[test]
fn every_alert_has_unit_tests_in_which_it_fires_and_in_which_it_is_quiet() {
    let mut tested: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    for file in unit_tests() {
        let file = yaml(&file);
        for test in items(&file["tests"]).iter().flat_map(|test| items(&test["alert_rule_test"])) {
            let fires = !items(&test["exp_alerts"]).is_empty();
            tested.entry(word(&test["alertname"]).to_owned()).or_default().insert(fires);
        }
    }
    let both = BTreeSet::from([false, true]);
    let expected = alerts().iter().map(|alert| (word(&alert["alert"]).to_owned(), both.clone())).collect();
    assert_eq!(tested, expected);
}

#[test]
fn every_alert_says_what_is_wrong_how_bad_it_is_and_where_to_read_on() {
    let mut names = BTreeSet::new();
    for alert in alerts() {
        let name = word(&alert["alert"]);
        assert!(name.starts_with("PrintFarm") && names.insert(name.to_owned()), "{name}");
        let (labels, annotations) = (&alert["labels"], &alert["annotations"]);
        assert!(["critical", "warning", "info"].contains(&word(&labels["severity"])), "{name}");
        assert!(["printer", "exporter"].contains(&word(&labels["scope"])), "{name}");
        let [summary, description] = ["summary", "description"].map(|key| word(&annotations[key]));
        assert!(!summary.contains("{{") && summary.ends_with('.'), "{name}: {summary}");
        assert!(description.contains("{{ $labels.") && description.ends_with('.'), "{name}: {description}");
        let heading = format!("{RUNBOOK}#{}", name.to_lowercase());
        assert_eq!(word(&annotations["runbook_url"]), heading);
    }
}

#[test]
fn the_runbook_has_one_heading_for_each_alert() {
    let runbook = text(RUNBOOK);
    let headings: Vec<_> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let alerts = alerts();
    let names: Vec<_> = alerts.iter().map(|alert| word(&alert["alert"])).collect();
    assert_eq!(headings, names);
    for section in runbook.split("\n## ").skip(1) {
        let name = section.lines().next().unwrap();
        for part in ["**Meaning.**", "**Impact.**", "**Look.**", "**Do.**", "**Tune.**"] {
            assert_eq!(section.matches(part).count(), 1, "{name}: {part}");
        }
    }
}

/// The queries that a description looks something up with, as they are once the labels stand in them.
fn queries_in(description: &str) -> impl Iterator<Item = String> {
    let quoted = description.split('`').skip(1).step_by(2);
    quoted.map(|query| query.replace("%q", "\"\"").replace("%f", "0"))
}

#[test]
fn every_name_in_the_rules_and_in_the_runbook_is_in_the_catalogue() {
    let alerts = alerts();
    let mut queries: Vec<String> = Vec::new();
    for alert in &alerts {
        queries.push(word(&alert["expr"]).to_owned());
        queries.extend(queries_in(word(&alert["annotations"]["description"])));
    }
    assert!(queries.len() > alerts.len(), "descriptions look up the file");
    let runbook = text(RUNBOOK);
    let blocks = runbook.split("```promql\n").skip(1);
    queries.extend(blocks.map(|rest| rest.split("```").next().unwrap().to_owned()));
    let known = known();
    for query in queries {
        assert_eq!(complaints(&query, &known), [""; 0], "{query}");
    }
}

/// A template that fails, or uses a label that is not there, says so between angle brackets instead of failing the rule.
#[test]
fn no_unit_test_expects_a_description_with_a_hole() {
    for file in unit_tests() {
        let file = yaml(&file);
        let tests = items(&file["tests"]).iter().flat_map(|test| items(&test["alert_rule_test"]));
        for expected in tests.flat_map(|test| items(&test["exp_alerts"])) {
            let description = word(&expected["exp_annotations"]["description"]);
            assert!(!description.contains('<') && !description.contains("  "), "{description}");
        }
    }
}

/// The example with the receivers that are only shown.
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
fn alertmanager_takes_the_example_and_what_it_shows_in_comments() {
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
            (_, "printer") => "printers",
            _ => "farm-health",
        };
        let file = format!("--config.file={ALERTMANAGER}");
        let labels = [format!("alertname={name}"), format!("scope={scope}")];
        let said = tool("amtool", &["config", "routes", "test", &file, &labels[0], &labels[1]]);
        assert_eq!(said.trim(), receiver, "{name}");
    }
}

/// The names of alerts that a list of matchers writes out.
fn named(matchers: &Value) -> impl Iterator<Item = &str> {
    let matchers = items(matchers).iter().map(word).filter(|matcher| matcher.starts_with("alertname"));
    matchers
        .flat_map(|matcher| matcher.split('"').nth(1).unwrap().split('|'))
        .filter(|name| !name.contains('.'))
}

#[test]
fn the_alertmanager_example_names_no_alert_that_does_not_exist() {
    let config = yaml(ALERTMANAGER);
    let alerts = alerts();
    let known: BTreeSet<_> = alerts.iter().map(|alert| word(&alert["alert"])).collect();
    let rules = items(&config["inhibit_rules"]);
    let inhibiting = rules.iter().flat_map(|rule| [&rule["source_matchers"], &rule["target_matchers"]]);
    let routing = items(&config["route"]["routes"]).iter().map(|route| &route["matchers"]);
    let used: BTreeSet<_> = inhibiting.chain(routing).flat_map(named).collect();
    assert!(used.len() > 3 && used.is_subset(&known), "{used:?}");
}
