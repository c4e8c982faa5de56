//! The examples in deploy/ agree with the program and with the repository. tests/stack checks them with other tools.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::contract::flags_in_help;

const COMPOSE: &str = include_str!("../../deploy/compose.yaml");
const PROMETHEUS: &str = include_str!("../../deploy/prometheus.yml");
const UNIT: &str = include_str!("../../deploy/printfarm_exporter.service");
const SETTINGS: &str = include_str!("../../deploy/printfarm_exporter.env");
const CONFIGURATION: &str = include_str!("../../docs/CONFIGURATION.md");

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

#[test]
fn every_mounted_file_exists() {
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
fn only_the_exporter_is_reachable_from_other_machines() {
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
fn the_prometheus_of_compose_finds_the_others_by_their_names() {
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
fn the_program_knows_every_setting() {
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
    // A text, not a list or a map: Compose before 2.24 and podman-compose 1.0 know nothing else.
    let of_compose = &services()["exporter"]["env_file"];
    assert!(deploy().join(of_compose.as_str().unwrap()).is_file(), "{of_compose}");
}

#[test]
fn the_unit_restarts_until_its_address_is_there_and_not_for_a_wrong_configuration() {
    let setting = |name: &str| UNIT.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    assert_eq!(setting("StartLimitIntervalSec"), Some("0"), "no number of failures ends the attempts");
    assert!(setting("RestartSec").unwrap().parse::<u32>().unwrap() >= 1);
    assert!(setting("After").unwrap().contains("time-sync.target"));
    assert_eq!(setting("RestartPreventExitStatus"), Some("2 64"));
}
