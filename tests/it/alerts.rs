//! The alerts, their unit tests, the runbook and the example of Alertmanager agree with each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::common::alerts::{alerts, items, unit_tests, word, yaml};
use crate::common::repository_file as text;
use crate::metric_names::{complaints, known};

const ALERTMANAGER: &str = "prometheus/alertmanager.yml";
const RUNBOOK: &str = "docs/RUNBOOK.md";

/// It fires always, and about no printer and no exporter.
const WATCHDOG: &str = "PrintFarmWatchdog";

#[test]
fn every_alert_has_unit_tests_that_fire_and_that_stay_quiet() {
    let mut tested: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    for file in unit_tests() {
        let file = yaml(&file);
        for test in items(&file["tests"]).iter().flat_map(|test| items(&test["alert_rule_test"])) {
            let fires = !items(&test["exp_alerts"]).is_empty();
            tested.entry(word(&test["alertname"]).to_owned()).or_default().insert(fires);
        }
    }
    let both = BTreeSet::from([false, true]);
    let mut expected: BTreeMap<_, _> =
        alerts().iter().map(|alert| (word(&alert["alert"]).to_owned(), both.clone())).collect();
    expected.insert(WATCHDOG.to_owned(), BTreeSet::from([true]));
    assert_eq!(tested, expected);
}

#[test]
fn every_alert_has_a_severity_a_description_and_a_link_to_the_runbook() {
    let mut names = BTreeSet::new();
    for alert in alerts() {
        let name = word(&alert["alert"]);
        assert!(name.starts_with("PrintFarm") && names.insert(name.to_owned()), "{name}");
        let (labels, annotations) = (&alert["labels"], &alert["annotations"]);
        assert!(["critical", "warning", "info"].contains(&word(&labels["severity"])), "{name}");
        assert!(["printer", "exporter"].contains(&word(&labels["scope"])), "{name}");
        let [summary, description] = ["summary", "description"].map(|key| word(&annotations[key]));
        for text in [summary, description] {
            assert!(text.ends_with('.'), "{name}: {text}");
            assert!(
                text.contains("$labels.") || name == WATCHDOG,
                "{name} does not say whom it is about: {text}"
            );
        }
        let of_printer = word(&labels["scope"]) == "printer";
        assert!(!of_printer || summary.contains("{{ $labels.printer }}"), "{name}: {summary}");
        let link = format!("/RUNBOOK.md#{}{{{{ else }}}}{{{{ $externalURL }}}}/alerts", name.to_lowercase());
        assert!(word(&annotations["runbook_url"]).contains(&link), "{name}");
        let dashboard = annotations["dashboard_url"].as_str().unwrap_or_default();
        assert_eq!(dashboard.contains("/d/printfarm-printer/"), of_printer, "{name}");
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
        let parts = ["**Meaning.**", "**When.**", "**Do.**", "**Look.**", "**Tune.**"];
        let places: Vec<_> = parts.iter().filter_map(|part| section.find(part)).collect();
        assert!(places.len() == parts.len() && places.is_sorted(), "{name}: the parts are {parts:?}");
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
fn no_unit_test_expects_a_description_with_a_missing_value() {
    for file in unit_tests() {
        let file = yaml(&file);
        let tests = items(&file["tests"]).iter().flat_map(|test| items(&test["alert_rule_test"]));
        for expected in tests.flat_map(|test| items(&test["exp_alerts"])) {
            let description = word(&expected["exp_annotations"]["description"]);
            assert!(!description.contains('<') && !description.contains("  "), "{description}");
        }
    }
}

/// The names of alerts that a list of matchers writes out.
fn named(matchers: &Value) -> impl Iterator<Item = &str> {
    let matchers = items(matchers).iter().map(word).filter(|matcher| matcher.starts_with("alertname"));
    matchers
        .flat_map(|matcher| matcher.split('"').nth(1).unwrap().split('|'))
        .filter(|name| !name.contains('.'))
}

/// A power cut stops every printer, and tells so once.
#[test]
fn no_notification_is_of_one_printer_alone() {
    let config = yaml(ALERTMANAGER);
    for route in items(&config["route"]["routes"]).iter().chain([&config["route"]]) {
        assert!(!items(&route["group_by"]).iter().any(|label| label == "printer"), "{route}");
    }
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
