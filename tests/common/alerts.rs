//! The alerts in `prometheus/`, and their unit tests.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::repository_file;

/// A file of the project.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

pub(crate) fn yaml(path: &str) -> Value {
    yaml_serde::from_str(&repository_file(path)).unwrap()
}

pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn word(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Every alert of the rules.
pub(crate) fn alerts() -> Vec<Value> {
    let rules = yaml("prometheus/alerts.yml");
    let alerts: Vec<_> =
        items(&rules["groups"]).iter().flat_map(|group| items(&group["rules"])).cloned().collect();
    assert!(alerts.len() > 10, "{alerts:?}");
    alerts
}

/// The unit tests of the rules.
pub(crate) fn unit_tests() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prometheus/tests");
    let files = fs::read_dir(folder).unwrap();
    let files: Vec<_> =
        files.map(|file| format!("prometheus/tests/{}", file.unwrap().file_name().display())).collect();
    assert!(!files.is_empty());
    files
}
