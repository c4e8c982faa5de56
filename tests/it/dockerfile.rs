//! The recipe of the container, as far as it can be read; tests/image builds and runs it.

use std::path::Path;

use crate::contract::flags_in_help;

const DOCKERFILE: &str = include_str!("../../Dockerfile");
const IGNORED: &str = include_str!("../../.dockerignore");
const MANIFEST: &str = include_str!("../../Cargo.toml");
const BUILD: &str = include_str!("../../scripts/build-static");

/// The instructions of a stage, in one line each.
fn stage(number: usize) -> Vec<String> {
    let joined = DOCKERFILE.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut stages: Vec<Vec<String>> = Vec::new();
    for line in lines {
        if line.starts_with("FROM ") {
            stages.push(Vec::new());
        }
        stages.last_mut().unwrap().push(line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    assert_eq!(stages.len(), 2);
    stages.swap_remove(number)
}

/// The arguments of the instructions of this name.
fn all(stage: &[String], name: &str) -> Vec<String> {
    stage.iter().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::to_owned).collect()
}

/// What the build takes out of the repository.
fn copied() -> Vec<String> {
    let lines = [stage(0), stage(1)].iter().flat_map(|stage| all(stage, "COPY")).collect::<Vec<_>>();
    let of_repository = lines.iter().filter(|line| !line.contains("--from="));
    let sources = |line: &String| {
        let words: Vec<_> = line.split(' ').filter(|word| !word.starts_with("--")).collect();
        words[..words.len() - 1].iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    of_repository.flat_map(sources).collect()
}

#[test]
fn everything_that_it_copies_is_there_and_reaches_the_builder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rules = IGNORED.lines();
    assert_eq!(rules.next(), Some("*"));
    let let_through: Vec<_> = rules.map(|rule| rule.strip_prefix('!').unwrap()).collect();
    let copied = copied();
    for source in &copied {
        assert!(root.join(source).exists(), "{source}");
    }
    assert_eq!(copied, let_through);
}

/// Cargo refuses a manifest that names a target whose file is not there.
#[test]
fn everything_that_the_manifest_names_is_copied() {
    let copied = copied();
    for (kind, folder) in [("bench", "benches"), ("test", "tests"), ("example", "examples")] {
        let named = MANIFEST.contains(&format!("[[{kind}]]"));
        assert!(!named || copied.iter().any(|source| source == folder), "COPY {folder}, and let it through");
    }
}

#[test]
fn it_builds_what_a_release_is_and_keeps_to_the_lock_file() {
    let runs = all(&stage(0), "RUN");
    assert!(runs.iter().any(|line| line.contains(" scripts/build-static ")), "{runs:?}");
    let build = BUILD.lines().find(|line| line.starts_with("cargo build")).unwrap();
    assert!(build.contains("--release --locked"), "{build}");
    assert_eq!(all(&stage(1), "FROM"), ["scratch"]);
}

#[test]
fn its_labels_are_those_of_the_package() {
    let labels = all(&stage(1), "LABEL").pop().unwrap();
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
fn it_runs_as_nobody_and_without_a_shell() {
    let last = stage(1);
    let user = all(&last, "USER").pop().unwrap();
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    let program = "/usr/local/bin/printfarm_exporter";
    assert_eq!(all(&last, "ENTRYPOINT"), [format!("[\"{program}\"]")]);
    assert!(all(&last, "COPY").iter().any(|line| line.ends_with(&format!(" {program}"))));
    assert_eq!(all(&last, "HEALTHCHECK"), [""; 0]);
    assert_eq!(all(&last, "RUN"), [""; 0]);
}

#[test]
fn its_port_and_its_folder_are_the_defaults() {
    let last = stage(1);
    let flags = flags_in_help();
    let default = |flag: &str| flags[flag].clone().unwrap();
    assert_eq!(all(&last, "EXPOSE"), [default("--web.listen-address").trim_start_matches(':')]);

    let home = all(&last, "WORKDIR").pop().unwrap();
    let state = Path::new(&home).join(default("--storage.path"));
    let folder = state.parent().unwrap().to_str().unwrap();
    assert_eq!(all(&last, "VOLUME"), [format!("[\"{folder}\"]")]);
    let owner = all(&last, "USER").pop().unwrap();
    let made = format!("--from=build --chown={owner} /image{folder} {folder}");
    assert!(all(&last, "COPY").contains(&made), "{folder} must belong to {owner}");
    assert!(all(&stage(0), "RUN").iter().any(|line| line.ends_with(&format!("mkdir /image{folder}"))));
}
