//! The examples of deployment: as far as they can be held against the program and the repository without an engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::contract::flags_in_help;
use crate::program::text;

const COMPOSE: &str = include_str!("../../deploy/compose.yaml");
const PROMETHEUS: &str = include_str!("../../deploy/prometheus.yml");
const UNIT: &str = include_str!("../../deploy/printfarm_exporter.service");
const SETTINGS: &str = include_str!("../../deploy/printfarm_exporter.env.example");
const CONFIGURATION: &str = include_str!("../../docs/CONFIGURATION.md");

/// The highest figure that `systemd-analyze security` may give, of 10; what reaches the network does not come below 1.
const EXPOSURE: f64 = 1.1;

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

fn yaml(content: &str) -> Value {
    let mut value: yaml_serde::Value = yaml_serde::from_str(content).unwrap();
    value.apply_merge().unwrap();
    serde_json::to_value(value).unwrap()
}

fn services() -> serde_json::Map<String, Value> {
    yaml(COMPOSE)["services"].as_object().unwrap().clone()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|item| item.as_str().unwrap()).collect()
}

/// What a command that must succeed printed.
fn succeed(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; run scripts/install-test-tools"));
    let printed = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}: {printed}");
    printed
}

/// A folder of this test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_compose_file_follows_the_specification() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checker = root.join("target/tools/check-jsonschema/bin/check-jsonschema");
    succeed(
        Command::new(checker)
            .args(["--builtin-schema", "vendor.compose-spec"])
            .arg(deploy().join("compose.yaml")),
    );
}

#[test]
fn all_that_is_mounted_is_there() {
    let named = yaml(COMPOSE)["volumes"].clone();
    for (service, settings) in services() {
        for volume in strings(&settings["volumes"]) {
            let source = volume.split(':').next().unwrap();
            if source.starts_with('.') {
                assert!(deploy().join(source).is_file(), "{service}: {volume}");
                assert!(volume.ends_with(":ro"), "{service}: {volume}");
            } else {
                assert!(named.get(source).is_some(), "{service}: {volume}");
            }
        }
    }
}

#[test]
fn images_are_pinned_and_run_without_rights() {
    for (service, settings) in services() {
        let (name, tag) = settings["image"].as_str().unwrap().rsplit_once(':').unwrap();
        let numbers: Vec<_> = tag.trim_start_matches('v').split('.').collect();
        assert!(
            numbers.len() == 3 && numbers.iter().all(|part| part.parse::<u32>().is_ok()),
            "{service}: {tag}"
        );
        if name.starts_with("printfarm_") {
            assert_eq!(tag, env!("CARGO_PKG_VERSION"), "{service}");
        }
        assert_eq!(settings["read_only"], true, "{service}");
        assert_eq!(strings(&settings["cap_drop"]), ["ALL"], "{service}");
        assert_eq!(strings(&settings["security_opt"]), ["no-new-privileges:true"], "{service}");
    }
}

#[test]
fn only_the_exporter_is_open_to_others() {
    let default = flags_in_help()["--web.listen-address"].clone().unwrap();
    let port = default.trim_start_matches(':');
    for (service, settings) in services() {
        for published in strings(&settings["ports"]) {
            if service == "exporter" {
                assert_eq!(published, format!("{port}:{port}"));
            } else {
                assert!(published.starts_with("127.0.0.1:"), "{service}: {published}");
            }
        }
    }
}

#[test]
fn its_prometheus_finds_the_others_by_their_names() {
    succeed(
        Command::new("promtool")
            .args(["check", "config", "--syntax-only"])
            .arg(deploy().join("prometheus.yml")),
    );
    let prometheus = yaml(PROMETHEUS);
    let scraped = &prometheus["scrape_configs"][0]["static_configs"][0]["targets"];
    let alerted = &prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"];
    let services = services();
    for target in [scraped, alerted].into_iter().flat_map(strings) {
        let (service, port) = target.split_once(':').unwrap();
        let published = strings(&services[service]["ports"]);
        assert!(published.iter().any(|published| published.ends_with(&format!(":{port}"))), "{target}");
    }
    let mounts = strings(&services["prometheus"]["volumes"]);
    for rules in ["alerts.yml", "recording_rules.yml"] {
        assert!(
            mounts.contains(&format!("../prometheus/{rules}:/etc/prometheus/{rules}:ro").as_str()),
            "{rules}"
        );
    }
}

#[test]
fn the_simulator_sends_to_the_exporter_with_its_secrets() {
    let simulator = services()["simulator"].clone();
    let command = strings(&simulator["command"]);
    assert_eq!(command[..2], ["--target", "http://exporter:10064"]);
    assert_eq!(simulator["env_file"], services()["exporter"]["env_file"], "it needs the exporter's secrets");
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let folder = folder("unit");
    let path = folder.join("printfarm_exporter.service");
    let program = env!("CARGO_BIN_EXE_printfarm_exporter");
    fs::write(&path, UNIT.replace("/usr/local/bin/printfarm_exporter", program)).unwrap();
    let printed = succeed(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path));
    assert!(!printed.contains("printfarm_exporter.service"), "{printed}");

    let offline = ["security", "--offline=true", "--no-pager"];
    let printed = succeed(Command::new("systemd-analyze").args(offline).arg(&path));
    let overall = printed.split("Overall exposure level").nth(1).unwrap().split(": ").nth(1).unwrap();
    let exposure: f64 = overall.split(' ').next().unwrap().parse().unwrap();
    assert!(exposure <= EXPOSURE, "{printed}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_settings_are_known_to_the_program() {
    let flags = flags_in_help();
    let start = UNIT.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    let further = SETTINGS.lines().find_map(|line| line.strip_prefix("#ARGS=")).unwrap();
    let words = start.split(' ').chain(further.split(' ')).filter(|word| word.starts_with("--"));
    for flag in words.map(|word| word.split('=').next().unwrap()) {
        assert!(flags.contains_key(flag), "{flag}");
    }
    let variables: Vec<_> = SETTINGS.lines().filter_map(|line| line.strip_prefix("#PRINTFARM_")).collect();
    assert_eq!(variables.len(), 2);
    for name in variables {
        let name = format!("PRINTFARM_{}", name.trim_end_matches('='));
        assert!(CONFIGURATION.contains(&format!("`{name}`")), "{name}");
    }
    for place in ["EnvironmentFile=-/etc/default/printfarm_exporter", "StateDirectory=printfarm_exporter"] {
        assert!(UNIT.contains(place), "{place}");
    }
    let of_compose = &services()["exporter"]["env_file"][0]["path"];
    assert_eq!(of_compose, "printfarm_exporter.env");
}
