//! Every metric, label and label value that a dashboard or a recording rule names exists.

use std::collections::BTreeSet;

use crate::common::dashboards::{self as model, label_values, text};
use crate::metric_names::{complaints, known, level, recorded};
use crate::promql;

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

#[test]
fn every_name_in_a_recording_rule_exists_and_the_name_of_the_rule_states_its_labels() {
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
        let labels = promql::references(&expression).labels;
        assert_eq!(labels.iter().map(String::as_str).collect::<BTreeSet<_>>(), level(&name), "{name}");
        assert!(used.contains(&name), "no dashboard uses {name}");
    }
}
