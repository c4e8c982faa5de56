//! The Dockerfile agrees with the repository and the program. tests/image builds and runs its images.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::contract::flags_in_help;

const DOCKERFILE: &str = include_str!("../../Dockerfile");
const IGNORED: &str = include_str!("../../.dockerignore");
const MANIFEST: &str = include_str!("../../Cargo.toml");
const FUZZ_MANIFEST: &str = include_str!("../../fuzz/Cargo.toml");
const BUILD: &str = include_str!("../../scripts/build-static");

/// The instructions of every stage, by its name, one instruction a line.
fn stages() -> BTreeMap<String, Vec<String>> {
    let joined = DOCKERFILE.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut stages = BTreeMap::new();
    let mut name = String::new();
    for line in lines {
        if line.starts_with("FROM ") {
            line.rsplit_once(" AS ").unwrap().1.clone_into(&mut name);
        }
        let instructions: &mut Vec<String> = stages.entry(name.clone()).or_default();
        instructions.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    stages
}

fn stage(name: &str) -> Vec<String> {
    stages().remove(name).unwrap()
}

/// The arguments of the instructions of this name.
fn all(stage: &[String], name: &str) -> Vec<String> {
    stage.iter().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::to_owned).collect()
}

/// What the builds copy out of the repository.
fn copied() -> BTreeSet<String> {
    let lines = stages().into_values().flat_map(|stage| all(&stage, "COPY")).collect::<Vec<_>>();
    let of_repository = lines.iter().filter(|line| !line.contains("--from="));
    let sources = |line: &String| {
        let words: Vec<_> = line.split(' ').filter(|word| !word.starts_with("--")).collect();
        words[..words.len() - 1].iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    of_repository.flat_map(sources).collect()
}

#[test]
fn everything_that_it_copies_exists_and_reaches_the_builder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rules = IGNORED.lines();
    assert_eq!(rules.next(), Some("*"));
    let reaches: BTreeSet<_> = rules.map(|rule| rule.strip_prefix('!').unwrap().to_owned()).collect();
    let copied = copied();
    for source in &copied {
        assert!(root.join(source).exists(), "{source}");
    }
    assert_eq!(copied, reaches);
}

/// Cargo looks for the file of a target without a path and refuses the manifest when the file is missing.
#[test]
fn every_target_that_a_manifest_names_has_a_path() {
    for manifest in [MANIFEST, FUZZ_MANIFEST] {
        let targets = ["[[bench]]", "[[test]]", "[[example]]", "[[bin]]"];
        for target in targets.iter().flat_map(|kind| manifest.split(kind).skip(1)) {
            let target = target.split("\n[").next().unwrap();
            assert!(target.contains("\npath = "), "{target}");
        }
    }
}

#[test]
fn it_builds_in_the_way_of_a_release_and_with_the_lock_file() {
    for program in ["exporter", "simulator"] {
        let runs = all(&stage(&format!("build-{program}")), "RUN");
        let build = format!("scripts/build-static printfarm_{program} ");
        assert!(runs.iter().any(|line| line.contains(&build)), "{runs:?}");
        assert_eq!(all(&stage(program), "FROM"), [format!("scratch AS {program}")]);
    }
    let build = BUILD.lines().find(|line| line.starts_with("cargo build")).unwrap();
    assert!(build.contains("--release --locked"), "{build}");
}

#[test]
fn its_labels_are_those_of_the_package() {
    let labels = all(&stage("exporter"), "LABEL").pop().unwrap();
    let cases = [
        ("title", env!("CARGO_PKG_NAME")),
        ("description", env!("CARGO_PKG_DESCRIPTION")),
        ("version", env!("CARGO_PKG_VERSION")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
        ("revision", "$PRINTFARM_REVISION"),
        ("source", "$PRINTFARM_SOURCE"),
    ];
    for (name, value) in cases {
        assert!(labels.contains(&format!("org.opencontainers.image.{name}=\"{value}\"")), "{name}: {labels}");
    }
}

#[test]
fn every_image_runs_as_nobody_and_without_a_shell() {
    for name in ["exporter", "simulator"] {
        let last = stage(name);
        let user = all(&last, "USER").pop().unwrap();
        assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
        let program = format!("/usr/local/bin/printfarm_{name}");
        assert_eq!(all(&last, "ENTRYPOINT"), [format!("[\"{program}\"]")]);
        assert!(all(&last, "COPY").iter().any(|line| line.ends_with(&format!(" {program}"))));
        assert_eq!(all(&last, "RUN"), [""; 0]);
    }
}

#[test]
fn the_exporter_checks_its_health_without_a_shell() {
    let check = all(&stage("exporter"), "HEALTHCHECK").pop().unwrap();
    let command = "CMD [\"/usr/local/bin/printfarm_exporter\", \"healthcheck\"]";
    assert!(check.ends_with(command), "{check}");
    assert_eq!(all(&stage("simulator"), "HEALTHCHECK"), [""; 0]);
}

#[test]
fn the_exporter_is_the_stage_that_is_built_by_default() {
    let last = DOCKERFILE.lines().rfind(|line| line.starts_with("FROM "));
    assert_eq!(last, Some("FROM scratch AS exporter"));
}

#[test]
fn its_port_and_its_folder_are_the_defaults() {
    let last = stage("exporter");
    let flags = flags_in_help();
    let default = |flag: &str| flags[flag].clone().unwrap();
    assert_eq!(all(&last, "EXPOSE"), [default("--web.listen-address").trim_start_matches(':')]);

    let home = all(&last, "WORKDIR").pop().unwrap();
    let state = Path::new(&home).join(default("--storage.path"));
    let folder = state.parent().unwrap().to_str().unwrap();
    assert_eq!(all(&last, "VOLUME"), [format!("[\"{folder}\"]")]);
    let owner = all(&last, "USER").pop().unwrap();
    let made = format!("--from=build-exporter --chown={owner} /image{folder} {folder}");
    assert!(all(&last, "COPY").contains(&made), "{folder} must belong to {owner}");
    assert!(
        all(&stage("build-exporter"), "RUN")
            .iter()
            .any(|line| line.ends_with(&format!("mkdir /image{folder}")))
    );
}
