mod leaks;
mod refused;
mod reload;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::labels::Source;
use crate::limits::Rate;
use crate::webhook::BodyLimits;

fn load(path: Option<&Path>, environment: Environment) -> Result<Arc<Settings>, ConfigError> {
    let shared = SharedSettings::load(path.map(Path::to_owned), environment, Source::SAMPLES.to_vec())?;
    Ok(shared.current())
}

/// Names and values.
type Variables<'a> = &'a [(&'a str, &'a str)];

/// A machine with these environment variables and these files.
fn machine(variables: &[(&str, &str)], files: &[(&str, &[u8])]) -> Environment {
    let variables: HashMap<String, OsString> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let files: HashMap<PathBuf, Vec<u8>> =
        files.iter().map(|(path, bytes)| (PathBuf::from(path), bytes.to_vec())).collect();
    Environment {
        variable: Box::new(move |name| variables.get(name).cloned()),
        file: Box::new(move |path| files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())),
    }
}

fn with_file(yaml: &str) -> Result<Arc<Settings>, ConfigError> {
    load(Some(Path::new("/etc/pf.yml")), machine(&[], &[("/etc/pf.yml", yaml.as_bytes())]))
}

/// Whether webhooks of this source must carry this secret.
fn expects(settings: &Settings, source: Source, secret: &str) -> bool {
    opens(settings, source, None, secret)
}

/// Whether this secret is valid for this printer.
fn opens(settings: &Settings, source: Source, printer: Option<&str>, secret: &str) -> bool {
    let (_, secrets) = settings.secrets.scope(source, printer);
    secrets.iter().any(|expected| expected.matches(secret.as_bytes()))
}

/// Whether every source takes webhooks without a secret.
fn is_open(settings: &Settings) -> bool {
    Source::SAMPLES.iter().all(|source| settings.secrets.scope(*source, None).1.is_empty())
}

#[test]
fn whatever_says_nothing_gives_the_defaults() {
    let cases = [
        ("an empty file", ""),
        ("blank lines", "\n  \n"),
        ("comments alone", "# webhook_secrets:\n\n  # nothing yet\n"),
        ("an empty document", "---\n"),
        ("an empty mapping", "{}"),
        ("sections without content", "webhook_secrets:\nprinters:\nlimits:\n"),
        ("a limit section without content", "limits:\n  silence:\n"),
    ];
    for (name, yaml) in cases {
        let settings = with_file(yaml).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(is_open(&settings), "{name}");
        assert_eq!(settings.names, Names::default(), "{name}");
        assert_eq!(settings.limits.printers, 1000, "{name}");
        assert_eq!(settings.limits.silence_grace, Duration::from_secs(3600), "{name}");
        assert_eq!(settings.limits.silence_without_estimate, Duration::from_secs(86_400), "{name}");
        let body = BodyLimits { body_bytes: 262_144, multipart_bytes: 8_388_608, fields: 1_024 };
        assert_eq!(settings.body, body, "{name}");
        let network = NetworkLimits {
            header_bytes: 65_536,
            connections: 2_048,
            connections_per_address: 1_024,
            rate: None,
        };
        assert_eq!(settings.network, network, "{name}");
    }
    assert!(is_open(&load(None, machine(&[], &[])).unwrap()), "no file");
}

#[test]
fn every_key_arrives_where_it_belongs() {
    let yaml = r#"
webhook_secrets:
  octoprint: {value: "one"}
  octoeverywhere: {file: two.txt}
printers:
  - {source: octoeverywhere, id: "abc", name: "prusa-1"}
  - {source: octoprint, id: 7, name: "abc"}
limits:
  printers: 5
  body_bytes: 10
  multipart_body_bytes: 20
  fields: 30
  header_bytes: 40
  connections: 50
  connections_per_address: 60
  requests_per_second: 70
  silence: {grace: 90m, without_estimate: 1day 12h}
"#;
    let files: [(&str, &[u8]); 2] = [("/etc/pf.yml", yaml.as_bytes()), ("/etc/two.txt", b"two\r\n")];
    let settings = load(Some(Path::new("/etc/pf.yml")), machine(&[], &files)).unwrap();
    assert!(expects(&settings, Source::OCTOPRINT, "one"));
    assert!(expects(&settings, Source::OCTOEVERYWHERE, "two"));
    assert_eq!(settings.names.get(Source::OCTOEVERYWHERE, "abc"), Some("prusa-1"));
    assert_eq!(settings.names.get(Source::OCTOPRINT, "7"), Some("abc"));
    assert_eq!(settings.names.get(Source::OCTOPRINT, "abc"), None);
    assert_eq!(settings.limits.printers, 5);
    assert_eq!(settings.limits.silence_grace, Duration::from_secs(90 * 60));
    assert_eq!(settings.limits.silence_without_estimate, Duration::from_secs(36 * 3600));
    assert_eq!(settings.body, BodyLimits { body_bytes: 10, multipart_bytes: 20, fields: 30 });
    let network = NetworkLimits {
        header_bytes: 40,
        connections: 50,
        connections_per_address: 60,
        rate: Some(Rate::per_second(NonZeroU32::new(70).unwrap())),
    };
    assert_eq!(settings.network, network);
}

#[test]
fn any_secret_of_a_list_opens_and_a_printers_own_stand_alone() {
    let yaml = r"
webhook_secrets:
  octoprint: [{value: old}, {file: new.txt}]
printers:
  - {source: octoprint, id: ' delta ', secrets: {value: own}}
  - {source: octoprint, id: omega, name: kossel}
  - {source: octoeverywhere, id: abc, name: prusa, secrets: [{value: a}, {value: b}]}
";
    let files: [(&str, &[u8]); 2] = [
        ("/etc/pf.yml", yaml.as_bytes()),
        (
            "/etc/new.txt",
            b"new
",
        ),
    ];
    let settings = load(Some(Path::new("/etc/pf.yml")), machine(&[], &files)).unwrap();
    let (local, cloud) = (Source::OCTOPRINT, Source::OCTOEVERYWHERE);
    let cases: [(&str, Source, Option<&str>, &[&str]); 6] = [
        ("a source", local, None, &["old", "new"]),
        ("a printer of its own", local, Some("delta"), &["own"]),
        ("a printer that only has a name", local, Some("omega"), &["old", "new"]),
        ("a printer that nobody wrote down", local, Some("other"), &["old", "new"]),
        ("a printer of the other source", cloud, Some("abc"), &["a", "b"]),
        ("the same id at the other source", cloud, Some("delta"), &[]),
    ];
    for (name, source, printer, right) in cases {
        for secret in ["old", "new", "own", "a", "b"] {
            assert_eq!(
                opens(&settings, source, printer, secret),
                right.contains(&secret),
                "{name}: {secret}"
            );
        }
    }
    assert_eq!(settings.names.get(local, "omega"), Some("kossel"));
    assert_eq!(settings.names.get(local, "delta"), None);
    assert!(!is_open(&settings) && settings.secrets.has_printers(cloud));
}

#[test]
fn the_environment_takes_the_place_of_all_secrets_of_its_source() {
    let yaml = "webhook_secrets: {octoprint: [{value: a}, {value: b}]}\n\
                printers: [{source: octoprint, id: delta, secrets: {value: c}}]";
    let machine = machine(&[("PRINTFARM_OCTOPRINT_SECRET", "e")], &[("/etc/pf.yml", yaml.as_bytes())]);
    let settings = load(Some(Path::new("/etc/pf.yml")), machine).unwrap();
    for (secret, of_source, of_printer) in [("a", false, false), ("e", true, false), ("c", false, true)] {
        assert_eq!(opens(&settings, Source::OCTOPRINT, None, secret), of_source, "{secret}");
        assert_eq!(opens(&settings, Source::OCTOPRINT, Some("delta"), secret), of_printer, "{secret}");
    }
}

#[test]
fn secrets_come_from_the_environment_first() {
    let yaml = "webhook_secrets: {octoprint: {value: file}}";
    let in_file: (&str, &[u8]) = ("/etc/pf.yml", yaml.as_bytes());
    let value = ("PRINTFARM_OCTOPRINT_SECRET", "environment");
    let path = ("PRINTFARM_OCTOPRINT_SECRET_FILE", "/run/secret");
    let cases: [(&str, Variables, &[u8], &str); 10] = [
        ("no variable", &[], b"unread", "file"),
        ("a variable with a value", &[value], b"unread", "environment"),
        ("a variable with a path", &[path], b"from a file", "from a file"),
        ("a line end is dropped", &[path], b"s\n", "s"),
        ("a line end of the other kind too", &[path], b"s\r\n", "s"),
        ("all line ends, but no blank within", &[path], b"s t\n\r\n\n", "s t"),
        ("a byte order mark is dropped", &[path], b"\xef\xbb\xbfs\n", "s"),
        ("a line end in a variable", &[("PRINTFARM_OCTOPRINT_SECRET", "s\r\n")], b"", "s"),
        ("one quote is part of the secret", &[path], b"'s\n", "'s"),
        ("the variable of the other source", &[("PRINTFARM_OCTOEVERYWHERE_SECRET", "x")], b"", "file"),
    ];
    for (name, variables, content, expected) in cases {
        let machine = machine(variables, &[in_file, ("/run/secret", content)]);
        let settings = load(Some(Path::new("/etc/pf.yml")), machine).unwrap();
        assert!(expects(&settings, Source::OCTOPRINT, expected), "{name}");
    }
}
