//! The examples in deploy/ agree with the program and with the repository. tests/stack checks them with other tools.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::repository_file;
use crate::contract::flags_in_help;

const COMPOSE: &str = include_str!("../../deploy/compose.yaml");
const REPLICAS: &str = include_str!("../../deploy/compose.replicas.yaml");
const KUBERNETES: &str = include_str!("../../deploy/kubernetes.yaml");
const PROMETHEUS: &str = include_str!("../../deploy/prometheus.yml");
const PROMETHEUS_OF_REPLICAS: &str = include_str!("../../deploy/prometheus.replicas.yml");
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

fn services(compose: &str) -> serde_json::Map<String, Value> {
    yaml(compose)["services"].as_object().unwrap().clone()
}

fn all_services() -> impl Iterator<Item = (String, Value)> {
    [COMPOSE, REPLICAS].into_iter().flat_map(services)
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn every_mounted_file_exists() {
    for compose in [COMPOSE, REPLICAS] {
        let named = yaml(compose)["volumes"].clone();
        for (service, settings) in services(compose) {
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
}

#[test]
fn images_are_pinned_and_run_without_rights() {
    for (service, settings) in all_services() {
        let (name, tag) = settings["image"].as_str().unwrap().rsplit_once(':').unwrap();
        let numbers: Vec<_> = tag.trim_start_matches('v').split('.').collect();
        assert!(
            numbers.len() >= 2 && numbers.iter().all(|part| part.parse::<u32>().is_ok()),
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
fn only_what_senders_need_is_reachable_from_other_machines() {
    let default = flags_in_help()["--web.listen-address"].clone().unwrap();
    let port = default.trim_start_matches(':');
    for (service, settings) in all_services() {
        for published in strings(&settings["ports"]) {
            if ["exporter", "haproxy"].contains(&service.as_str()) {
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
    let services = services(COMPOSE);
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
    let simulator = services(COMPOSE)["simulator"].clone();
    let command = strings(&simulator["command"]);
    assert_eq!(command[..2], ["--target", "http://exporter:10064"]);
    assert_eq!(
        simulator["env_file"],
        services(COMPOSE)["exporter"]["env_file"],
        "it needs the exporter's secrets"
    );
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
    for exporter in [&services(COMPOSE)["exporter"], &services(REPLICAS)["exporter-a"]] {
        let settings = &exporter["env_file"];
        assert!(deploy().join(settings.as_str().unwrap()).is_file(), "{settings}");
    }
}

#[test]
fn the_unit_restarts_until_its_address_is_there_and_not_for_a_wrong_configuration() {
    let setting = |name: &str| UNIT.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    assert_eq!(setting("StartLimitIntervalSec"), Some("0"), "no number of failures ends the attempts");
    assert!(setting("RestartSec").unwrap().parse::<u32>().unwrap() >= 1);
    assert!(setting("After").unwrap().contains("time-sync.target"));
    assert_eq!(setting("RestartPreventExitStatus"), Some("2 64"));
}

#[test]
fn the_replicas_of_compose_find_their_database_and_are_scraped() {
    let services = services(REPLICAS);
    for replica in ["exporter-a", "exporter-b"] {
        let settings = &services[replica];
        let flags = strings(&settings["command"]);
        assert!(flags[0].starts_with("--storage.url=postgresql://printfarm@postgres/printfarm"), "{flags:?}");
        let password = &settings["environment"]["PRINTFARM_STORAGE_PASSWORD"];
        assert_eq!(password, &services["postgres"]["environment"]["POSTGRES_PASSWORD"]);
    }
    let outboxes = ["exporter-a", "exporter-b"].map(|replica| services[replica]["volumes"].clone());
    assert_ne!(outboxes[0], outboxes[1], "each needs an outbox of its own");
    let prometheus = yaml(PROMETHEUS_OF_REPLICAS);
    let jobs = prometheus["scrape_configs"].as_array().unwrap();
    let targets = jobs.iter().flat_map(|job| strings(&job["static_configs"][0]["targets"]));
    let targets: Vec<_> = targets.map(|target| target.split_once(':').unwrap()).collect();
    assert_eq!(targets, [("haproxy", "10064"), ("exporter-a", "10064"), ("exporter-b", "10064")]);
}

#[test]
fn haproxy_and_prometheus_are_configured_as_documented() {
    let documentation = repository_file("docs/REPLICAS.md");
    let block = |begin: &str| {
        let after = documentation.split_once(&format!("\n```{begin}")).unwrap().1;
        after.split_once("```").unwrap().0
    };
    assert_eq!(block("haproxy\n"), repository_file("deploy/haproxy.cfg"));
    let documented = format!("scrape_configs:{}", block("yaml\nscrape_configs:"));
    let documented = yaml(&documented.replace("LOADBALANCER", "haproxy"));
    let deployed = yaml(PROMETHEUS_OF_REPLICAS);
    assert_eq!(documented["scrape_configs"], deployed["scrape_configs"]);
}

/// The manifests of this kind.
fn manifests(kind: &str) -> Vec<Value> {
    let documents = KUBERNETES.split("\n---\n").map(yaml);
    documents.filter(|document| document["kind"] == kind).collect()
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[test]
fn the_manifests_of_kubernetes_agree_with_the_program() {
    let replicas = &manifests("StatefulSet")[0];
    assert_eq!(replicas["spec"]["replicas"], 2);
    let template = &replicas["spec"]["template"];
    let container = &template["spec"]["containers"][0];
    assert_eq!(container["image"], format!("printfarm_exporter:{}", env!("CARGO_PKG_VERSION")));
    let flags = flags_in_help();
    for argument in strings(&container["args"]) {
        assert!(flags.contains_key(argument.split('=').next().unwrap()), "{argument}");
    }
    for variable in names(&container["env"]) {
        assert!(CONFIGURATION.contains(&format!("`{variable}`")), "{variable}");
    }
    let port = flags["--web.listen-address"].clone().unwrap();
    assert_eq!(format!(":{}", container["ports"][0]["containerPort"]), port);
    let services = manifests("Service");
    assert_eq!(services.len(), 2);
    for service in services {
        let served = &service["spec"]["ports"][0];
        assert_eq!(format!(":{}", served["port"]), port);
        assert_eq!(served["targetPort"], container["ports"][0]["name"]);
        assert_eq!(service["spec"]["selector"], template["metadata"]["labels"]);
    }
    let path = |probe: &str| &container[probe]["httpGet"]["path"];
    assert_eq!([path("livenessProbe"), path("readinessProbe")], ["/-/healthy", "/-/ready"]);
    let claim = replicas["spec"]["volumeClaimTemplates"][0]["metadata"]["name"].as_str().unwrap();
    let volumes = names(&template["spec"]["volumes"]);
    assert_eq!(names(&container["volumeMounts"]), volumes.into_iter().chain([claim]).collect());
}
