//! Checks the metrics, labels and label values in an expression against the catalogue and the recording rules.

use std::collections::{BTreeMap, BTreeSet};

use printfarm_exporter::metrics::catalogue::{ALL, Kind};
use printfarm_exporter::webhook::Senders;
use serde_json::Value;

use crate::promql::{self, References};

/// The recording rules of the repository.
const RECORDING_RULES: &str = include_str!("../../prometheus/recording_rules.yml");

/// The labels of a metric, with all values of the closed ones.
type Labels = BTreeMap<&'static str, Option<Vec<&'static str>>>;

/// Every metric that an expression may use, with its labels.
pub(crate) type Known = BTreeMap<String, Labels>;

/// The name and the expression of every recording rule.
pub(crate) fn recorded() -> Vec<(String, String)> {
    let file: Value = yaml_serde::from_str(RECORDING_RULES).unwrap();
    let rules =
        file["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rules.map(|rule| (text(&rule["record"]), text(&rule["expr"]))).collect()
}

/// The labels in the name of a recording rule.
pub(crate) fn level(name: &str) -> BTreeSet<&str> {
    name.split(':').next().unwrap().split('_').collect()
}

/// Every metric of the catalogue and of the recording rules, with the labels `job` and `instance` and the metrics `up` and
/// `ALERTS`, which Prometheus adds.
pub(crate) fn known() -> Known {
    let of_alerts = ["alertname", "alertstate", "severity", "printer"].map(|label| (label, None));
    let mut known = Known::from([("up".to_owned(), Labels::new()), ("ALERTS".to_owned(), of_alerts.into())]);
    let sources = Senders::builtin().sources();
    for metric in ALL {
        let labels: Labels =
            metric.labels.iter().map(|label| (label.name, label.values_with(&sources))).collect();
        if metric.kind == Kind::Histogram {
            let with_bounds =
                labels.iter().map(|(name, values)| (*name, values.clone())).chain([("le", None)]);
            known.insert(format!("{}_bucket", metric.name), with_bounds.collect());
            known.extend(["sum", "count"].map(|end| (format!("{}_{end}", metric.name), labels.clone())));
        } else {
            known.insert(metric.name.to_owned(), labels);
        }
    }
    for labels in known.values_mut() {
        labels.extend([("job", None), ("instance", None)]);
    }
    for (name, expression) in recorded() {
        let metrics = promql::references(&expression).selectors.into_iter().map(|selector| selector.metric);
        let labels = metrics.flat_map(|metric| known[&metric].clone());
        let labels = labels.filter(|(label, _)| level(&name).contains(label)).collect();
        known.insert(name, labels);
    }
    known
}

/// The errors in the names of an expression.
pub(crate) fn complaints(expression: &str, known: &Known) -> Vec<String> {
    let References { selectors, labels, texts } = promql::references(expression);
    let mut wrong = Vec::new();
    let mut there: BTreeSet<&str> = texts.iter().map(String::as_str).collect();
    for selector in &selectors {
        let metric = &selector.metric;
        let Some(of_metric) = known.get(metric) else {
            wrong.push(format!("there is no metric {metric}"));
            continue;
        };
        there.extend(of_metric.keys());
        for (label, _, value) in &selector.matchers {
            match of_metric.get(label.as_str()) {
                None => wrong.push(format!("{metric} has no label {label}")),
                Some(Some(values)) => {
                    let unknown = value.split('|').filter(|value| !values.contains(value));
                    wrong.extend(unknown.map(|value| format!("{label} of {metric} is never {value}")));
                }
                Some(None) => {}
            }
        }
    }
    let nowhere = labels.iter().filter(|label| !there.contains(label.as_str()));
    wrong.extend(nowhere.map(|label| format!("nothing there has a label {label}")));
    wrong
}

#[test]
fn every_name_in_the_queries_of_the_document_exists() {
    let document = include_str!("../../docs/METRICS.md");
    let queries: Vec<_> =
        document.split("```promql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(queries.len() > 10, "{queries:?}");
    for query in queries {
        assert_eq!(complaints(query, &known()), [""; 0], "{query}");
    }
}

#[test]
fn unknown_metrics_labels_and_values_are_reported() {
    let known = known();
    let cases = [
        ("sum(printfarm_prints)", "there is no metric printfarm_prints"),
        ("printfarm_webhook_duration_seconds", "there is no metric printfarm_webhook_duration_seconds"),
        ("printer:days:sum", "there is no metric printer:days:sum"),
        ("printfarm_prints_total{reason=\"test\"}", "printfarm_prints_total has no label reason"),
        (
            "printfarm_prints_total{outcome=~\"failed|lost\"}",
            "outcome of printfarm_prints_total is never lost",
        ),
        ("sum by (state) (printfarm_prints_total)", "nothing there has a label state"),
    ];
    for (expression, complaint) in cases {
        assert_eq!(complaints(expression, &known), [complaint]);
    }
    let right = "sum by (le) (rate(printfarm_webhook_duration_seconds_bucket{le=\"1\", source=\"octoprint\"}[1h])) + up";
    assert_eq!(complaints(right, &known), [""; 0]);
}
