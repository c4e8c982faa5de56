//! The files for other programs, in deploy/ and .github/, by the tools that know their formats.

use std::fs;
use std::process::Command;

use crate::common::program::text;
use crate::servers::{folder_with, installed, tool};

const UNIT: &str = include_str!("../../deploy/printfarm_exporter.service");
/// Checkers with the schemas that they bring along.
const CHECKERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/checkers/bin");

/// The highest exposure that `systemd-analyze security` may state, of 10. A service on the network cannot get below 1.
const EXPOSURE: f64 = 1.1;

fn check_schema(schema: &str, file: &str) {
    let schema = format!("vendor.{schema}");
    tool(&format!("{CHECKERS}/check-jsonschema"), &["--builtin-schema", &schema, file]);
}

#[test]
fn the_compose_files_follow_the_specification() {
    for file in ["deploy/compose.yaml", "deploy/compose.replicas.yaml"] {
        check_schema("compose-spec", file);
    }
}

#[test]
fn the_manifests_follow_the_schemas_of_kubernetes() {
    tool(&format!("{CHECKERS}/kubernetes-validate"), &["--strict", "deploy/kubernetes.yaml"]);
}

#[test]
fn haproxy_accepts_its_configuration() {
    tool("/usr/sbin/haproxy", &["-c", "-f", "deploy/haproxy.cfg"]);
}

#[test]
fn compose_and_podman_compose_of_debian_read_the_compose_file() {
    tool("docker-compose", &["-f", "deploy/compose.yaml", "--profile", "demo", "config", "--quiet"]);
    // `echo` in the place of podman: a dry run creates networks and volumes all the same.
    let dry_run = ["--podman-path", "echo", "-f", "deploy/compose.yaml", "--dry-run", "up", "--no-start"];
    let steps = tool("podman-compose", &dry_run);
    assert!(steps.contains("deploy/printfarm_exporter.env"), "{steps}");
}

#[test]
fn the_files_for_github_follow_its_schemas() {
    let files = [
        ("github-workflows", ".github/workflows/ci.yml"),
        ("github-workflows", ".github/workflows/daily.yml"),
        ("github-workflows", ".github/workflows/release.yml"),
        ("dependabot", ".github/dependabot.yml"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/new_sender.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/refused_webhooks.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/wrong_numbers.yml"),
    ];
    for (schema, file) in files {
        check_schema(schema, file);
    }
}

#[test]
fn promtool_accepts_the_configuration_of_prometheus() {
    for file in ["deploy/prometheus.yml", "deploy/prometheus.replicas.yml"] {
        tool("promtool", &["check", "config", "--syntax-only", file]);
    }
}

#[test]
fn systemd_accepts_the_unit_and_rates_it_as_safe() {
    let program = env!("CARGO_BIN_EXE_printfarm_exporter");
    let unit = UNIT.replace("/usr/local/bin/printfarm_exporter", program);
    let folder = folder_with(&[("printfarm_exporter.service", &unit)]);
    let path = folder.join("printfarm_exporter.service");
    let analyze = |arguments: &[&str]| {
        let output = Command::new("systemd-analyze").args(arguments).arg(&path).output();
        let output = installed("systemd-analyze", output);
        let printed = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {printed}");
        printed
    };
    let printed = analyze(&["verify", "--man=no"]);
    assert!(!printed.contains("printfarm_exporter.service"), "{printed}");

    let printed = analyze(&["security", "--offline=true", "--no-pager"]);
    let overall = printed.split("Overall exposure level").nth(1).unwrap().split(": ").nth(1).unwrap();
    let exposure: f64 = overall.split(' ').next().unwrap().parse().unwrap();
    assert!(exposure <= EXPOSURE, "{printed}");
    fs::remove_dir_all(folder).unwrap();
}
