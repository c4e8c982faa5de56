//! Every metric, label and label value that a dashboard or a rule names exists.

use std::collections::{BTreeMap, BTreeSet};

use printfarm_exporter::metrics::catalogue::{ALL, Kind};

use super::model::{self, list, text};
use super::promql::{self, References};

pub(super) const RULES: &str = include_str!("../../../prometheus/recording_rules.yml");

/// The labels of a metric; those of a closed set with all their values.
type Labels = BTreeMap<&'static str, Option<&'static [&'static str]>>;

/// The recording rules: name and expression.
fn recorded() -> Vec<(String, String)> {
    let file: serde_json::Value = yaml_serde::from_str(RULES).unwrap();
    let rules = list(&file, "groups").iter().flat_map(|group| list(group, "rules"));
    rules.map(|rule| (text(rule, "record").to_owned(), text(rule, "expr").to_owned())).collect()
}

/// Every metric that may be asked for. Prometheus adds `job` and `instance`, and `up` of its own.
fn known() -> BTreeMap<String, Labels> {
    let mut known = BTreeMap::from([("up".to_owned(), Labels::new())]);
    for metric in ALL {
        let labels: Labels = metric.labels.iter().map(|label| (label.name, label.values)).collect();
        if metric.kind == Kind::Histogram {
            let with_bounds = labels.iter().map(|(name, values)| (*name, *values)).chain([("le", None)]);
            known.insert(format!("{}_bucket", metric.name), with_bounds.collect());
        } else {
            known.insert(metric.name.to_owned(), labels);
        }
    }
    for labels in known.values_mut() {
        labels.extend([("job", None), ("instance", None)]);
    }
    for (name, expression) in recorded() {
        let level: Vec<_> = name.split(':').next().unwrap().split('_').collect();
        let metrics = promql::references(&expression).selectors.into_iter().map(|selector| selector.metric);
        let labels =
            metrics.flat_map(|metric| known[&metric].clone()).filter(|(label, _)| level.contains(label));
        let labels = labels.collect();
        known.insert(name, labels);
    }
    known
}

/// What is wrong with the names in an expression.
fn complaints(expression: &str, known: &BTreeMap<String, Labels>) -> Vec<String> {
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
fn every_name_in_a_dashboard_exists() {
    let known = known();
    for dashboard in model::all() {
        for target in dashboard.targets() {
            let wrong = complaints(target.expression(), &known);
            assert_eq!(wrong, [""; 0], "{}: {}: {}", dashboard.file, target.place(), target.expression());
        }
        for variable in dashboard.variables() {
            let query = text(&variable["query"], "query");
            if let Some((metric, label)) = label_values(query) {
                let by_label = format!("count by ({label}) ({metric})");
                assert_eq!(complaints(&by_label, &known), [""; 0], "{}: {query}", dashboard.file);
            }
        }
    }
}

/// The selector and the label of `label_values(selector, label)`.
pub(super) fn label_values(query: &str) -> Option<(&str, &str)> {
    let (selector, label) = query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(',')?;
    Some((selector.trim(), label.trim()))
}

#[test]
fn every_name_in_a_recording_rule_exists_and_its_own_name_tells_its_labels() {
    let known = known();
    let used: BTreeSet<_> = model::all()
        .iter()
        .flat_map(|dashboard| {
            dashboard.targets().map(|target| target.expression().to_owned()).collect::<Vec<_>>()
        })
        .flat_map(|expression| promql::references(&expression).selectors)
        .map(|selector| selector.metric)
        .collect();
    for (name, expression) in recorded() {
        assert_eq!(complaints(&expression, &known), [""; 0], "{name}");
        let level = name.split(':').next().unwrap().split('_').map(str::to_owned).collect();
        assert_eq!(promql::references(&expression).labels, level, "{name}");
        assert!(used.contains(&name), "no dashboard uses {name}");
    }
}

#[test]
fn names_that_do_not_exist_are_found() {
    let known = known();
    let cases = [
        ("sum(printfarm_prints)", "there is no metric printfarm_prints"),
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
}
