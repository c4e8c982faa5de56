//! The dashboards against the types that Grafana publishes of its schema, from 9.3 on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use crate::common::dashboards as model;
use crate::servers::{folder_with, installed};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn check(dashboards: &[PathBuf]) -> Output {
    let modules = root().join("target/grafana-schema");
    let wanted = fs::read(root().join("tests/grafana/package-lock.json")).unwrap();
    let there = fs::read(modules.join("installed.json")).unwrap_or_default();
    assert!(wanted == there, "Grafana's schema is not installed; run scripts/install-test-tools");
    let mut node = Command::new("node");
    installed("node", node.arg(root().join("tests/grafana/check.mjs")).arg(modules).args(dashboards).output())
}

#[test]
fn every_dashboard_fits_the_schema_of_every_grafana() {
    let output = check(&model::files());
    let errors = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{errors}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_dashboard_that_does_not_fit_is_refused() {
    let breaches = [
        ("/refresh", json!(30), "Type 'number' is not assignable to type 'string'"),
        ("/templating/list/1/refresh", json!(7), "Type '7' is not assignable"),
        ("/templating/list/2/sort", json!("up"), "Type 'string' is not assignable to type '0 |"),
        ("/panels/0/options/colorMode", json!("bright"), "Type '\"bright\"' is not assignable"),
        ("/panels/2/options/colour", json!("value"), "'\"colour\"' does not exist"),
        ("/panels/3/fieldConfig/defaults/decimal", json!(1), "'\"decimal\"' does not exist"),
        ("/panels/0/fieldConfig/defaults/color/mode", json!("state"), "Type '\"state\"' is not assignable"),
        ("/panels/0/targets/0/format", json!("tables"), "Type '\"tables\"' is not assignable"),
        (
            "/panels/1/fieldConfig/defaults/mappings/0/type",
            json!("text"),
            "Type '\"text\"' is not assignable",
        ),
        ("/panels/5/transformations/0/id", json!("join"), "Type '\"join\"' is not assignable"),
        ("/panels/5/fieldConfig/overrides/1/properties/0/id", json!("map"), "'\"map\"' does not exist"),
        ("/panels/5/fieldConfig/overrides/0/properties/1/value", json!("wide"), "Type 'string' is not"),
        ("/panels/7/options/alignValue", json!("top"), "Type '\"top\"' is not assignable"),
        (
            "/panels/13/fieldConfig/defaults/custom/drawStyle",
            json!("bar"),
            "Type '\"bar\"' is not assignable",
        ),
        ("/panels/13/interval", json!(1), "Type 'number' is not assignable"),
    ];
    let mut broken = model::fleet().json;
    let history = model::all().into_iter().find(|dashboard| dashboard.file.contains("history")).unwrap();
    let graph = history.data_panels().find(|panel| model::text(panel, "type") == "timeseries").unwrap();
    broken["panels"].as_array_mut().unwrap().push(graph.clone());
    for (pointer, value, _) in &breaches {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        broken.pointer_mut(parent).unwrap()[key] = value.clone();
    }
    let folder = folder_with(&[("broken.json", &serde_json::to_string_pretty(&broken).unwrap())]);
    let output = check(&[folder.join("broken.json")]);
    let _ = fs::remove_dir_all(folder);
    let errors = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    for (pointer, _, error) in breaches {
        let found = errors
            .split("\nGrafana ")
            .any(|found| found.contains("13.2: broken.json") && found.contains(error));
        assert!(found, "{pointer}: {error} is not among\n{errors}");
    }
}
