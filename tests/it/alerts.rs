//! The alerts in prometheus/, and their way: from a webhook through Prometheus and Alertmanager to whoever receives them.

mod rules;
mod whole_way;

use std::fs;
use std::path::Path;

use serde_json::Value;

/// A file of the project.
fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn yaml(path: &str) -> Value {
    yaml_serde::from_str(&text(path)).unwrap()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Every alert of the rules.
fn alerts() -> Vec<Value> {
    let rules = yaml("prometheus/alerts.yml");
    let alerts: Vec<_> =
        items(&rules["groups"]).iter().flat_map(|group| items(&group["rules"])).cloned().collect();
    assert!(alerts.len() > 10, "{alerts:?}");
    alerts
}
