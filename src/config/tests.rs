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

fn load(path: Option<&Path>, environment: &Environment) -> Result<Settings, ConfigError> {
    super::load(path, environment, &Source::SAMPLES)
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

fn with_file(yaml: &str) -> Result<Settings, ConfigError> {
    load(Some(Path::new("/etc/pf.yml")), &machine(&[], &[("/etc/pf.yml", yaml.as_bytes())]))
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
    assert!(is_open(&load(None, &machine(&[], &[])).unwrap()), "no file");
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
    let settings = load(Some(Path::new("/etc/pf.yml")), &machine(&[], &files)).unwrap();
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
    let settings = load(Some(Path::new("/etc/pf.yml")), &machine(&[], &files)).unwrap();
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
    let settings = load(Some(Path::new("/etc/pf.yml")), &machine).unwrap();
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
        let settings = load(Some(Path::new("/etc/pf.yml")), &machine).unwrap();
        assert!(expects(&settings, Source::OCTOPRINT, expected), "{name}");
    }
}

#[test]
fn a_wrong_environment_is_refused() {
    let value = "PRINTFARM_OCTOPRINT_SECRET";
    let file = "PRINTFARM_OCTOPRINT_SECRET_FILE";
    let blanks = "PRINTFARM_OCTOPRINT_SECRET is an empty secret";
    let cases: [(&str, Variables, &str); 14] = [
        ("blanks alone", &[(value, " \t ")], blanks),
        ("a line end alone", &[(value, "\r\n")], blanks),
        ("a file of blanks", &[(file, "/blanks")], "PRINTFARM_OCTOPRINT_SECRET_FILE is an empty secret"),
        (
            "quotes",
            &[(value, "\"s\"")],
            "PRINTFARM_OCTOPRINT_SECRET is a secret in quotes, which would be part",
        ),
        (
            "other quotes in a file",
            &[(file, "/quoted")],
            "PRINTFARM_OCTOPRINT_SECRET_FILE is a secret in quotes",
        ),
        ("a blank before it", &[(value, " s")], "is a secret with a blank before or after it"),
        ("a blank after it", &[(file, "/trailing")], "is a secret with a blank before or after it"),
        ("two lines", &[(value, "s\nt")], "is a secret with a line break or another control character in it"),
        ("both forms", &[(value, "s"), (file, "/s")], "are both set; unset one of them"),
        ("an empty secret", &[(value, "")], "PRINTFARM_OCTOPRINT_SECRET is an empty secret"),
        ("an empty path", &[(file, "")], "PRINTFARM_OCTOPRINT_SECRET_FILE is empty"),
        (
            "a file that is not there",
            &[(file, "/nowhere")],
            "cannot be read (entity not found); check the path",
        ),
        ("an empty file", &[(file, "/empty")], "PRINTFARM_OCTOPRINT_SECRET_FILE is an empty secret"),
        ("a file that is not text", &[(file, "/binary")], "is not UTF-8; save it as UTF-8 text"),
    ];
    for (name, variables, part) in cases {
        let files: [(&str, &[u8]); 5] = [
            ("/empty", b"\n"),
            ("/binary", b"\xff"),
            ("/blanks", b" \t \n"),
            ("/quoted", b"'s'\n"),
            ("/trailing", b"s \n"),
        ];
        let error = load(None, &machine(variables, &files)).unwrap_err().to_string();
        assert!(error.starts_with("environment variable PRINTFARM_"), "{name}: {error}");
        assert!(error.contains(part), "{name}: {error}");
    }
}

/// What is wrong, the file, a part of the error.
const WRONG_FILES: &[(&str, &str, &str)] = &[
    ("not YAML", "limits: {", "line 2: it is not valid YAML; check indentation, colons and quotes"),
    (
        "a list",
        "- a",
        "line 1: this should be a mapping with webhook_secrets, printers, limits and trusted_proxies",
    ),
    ("two documents", "limits:\n---\nlimits:\n", "it is not valid YAML"),
    (
        "an unknown key",
        "printers: []\nlimit: {}\n",
        "line 2: unknown key limit; the keys here are webhook_secrets, printers, limits, trusted_proxies",
    ),
    (
        "an unknown key within",
        "limits:\n  max: 3\n",
        "line 2: in limits: unknown key max; the keys here are printers",
    ),
    ("a key given twice", "limits: {}\nlimits: {}\n", "pf.yml: the key limits is there twice; remove one"),
    (
        "a word for a number",
        "limits:\n  printers: many\n",
        "line 2: in limits.printers: this should be a whole number",
    ),
    (
        "a negative number",
        "limits:\n  printers: -1\n",
        "in limits.printers: this should be a whole number, 1 or more",
    ),
    (
        "a limit of nothing",
        "limits: {printers: 0}",
        "line 1: in limits.printers: this should be a whole number, 1 or more",
    ),
    (
        "a proxy's name",
        "trusted_proxies: [10.0.0.1, proxy.local]",
        "line 1: in trusted_proxies[1]: this should be an address or a network, such as 192.0.2.7",
    ),
    (
        "a network of too many bits",
        "trusted_proxies: [10.0.0.0/33]",
        "in trusted_proxies[0]: this should be an address",
    ),
    ("labels of nothing", "limits: {label_bytes: 0}", "limits.label_bytes is less than 32"),
    ("short labels", "limits: {label_bytes: 31}", "limits.label_bytes is less than 32"),
    (
        "a body of nothing",
        "limits: {body_bytes: 0}",
        "in limits.body_bytes: this should be a whole number, 1 or more",
    ),
    (
        "a number for a time",
        "limits: {silence: {grace: 60}}",
        "line 1: in limits.silence.grace: this should be a time of more than 0, such as 90m",
    ),
    (
        "no time at all",
        "limits: {silence: {without_estimate: 0s}}",
        "in limits.silence.without_estimate: this should be a time of more than 0",
    ),
    ("a secret of two forms", "webhook_secrets: {octoprint: {value: a, file: b}}", "has both value and file"),
    (
        "a secret of no form",
        "webhook_secrets: {octoprint: {}}",
        "webhook_secrets.octoprint has neither value nor file",
    ),
    (
        "an empty secret",
        "webhook_secrets: {octoprint: {value: ''}}",
        "webhook_secrets.octoprint.value is an empty secret",
    ),
    (
        "a secret file that is not there",
        "webhook_secrets: {octoprint: {file: a}}",
        "names a secret file that cannot be read",
    ),
    (
        "a secret without its key",
        "webhook_secrets: {octoprint: a}",
        "this should be either {value: \"...\"} or {file: path}, or a list of such",
    ),
    (
        "a list without a secret",
        "webhook_secrets: {octoprint: []}",
        "webhook_secrets.octoprint is an empty list; add a secret or remove the entry",
    ),
    (
        "a list with a secret of no form",
        "webhook_secrets: {octoprint: [{value: a}, {}]}",
        "webhook_secrets.octoprint[1] has neither value nor file",
    ),
    (
        "a list of bare texts",
        "webhook_secrets:\n  octoprint:\n    - a\n",
        "line 3: in webhook_secrets.octoprint[0]: this should be either {value:",
    ),
    (
        "a printer's empty secret",
        "printers: [{source: octoprint, id: a, secrets: [{value: ''}]}]",
        "printers[0].secrets[0].value is an empty secret",
    ),
    (
        "a rate of nothing",
        "limits: {requests_per_second: 0}",
        "in limits.requests_per_second: this should be a whole number, 1 or",
    ),
    (
        "no connections",
        "limits: {connections_per_address: 0}",
        "in limits.connections_per_address: this should be a whole number, 1 or",
    ),
    (
        "an unknown source of secrets",
        "webhook_secrets: {a: {value: b}}",
        "webhook_secrets has an unknown source; the sources are octoprint, octoeverywhere",
    ),
    (
        "a source of secrets twice",
        "webhook_secrets: {octoprint: {value: a}, octoprint: {value: b}}",
        "webhook_secrets.octoprint is there twice; remove one",
    ),
    (
        "an unknown source of a printer",
        "printers: [{source: a, id: b, name: c}]",
        "printers[0].source is unknown; the sources are octoprint, octoeverywhere",
    ),
    (
        "a printer without an id",
        "printers: [{source: octoprint, name: b}]",
        "in printers[0]: the key id is missing; add it",
    ),
    (
        "a printer of which nothing is said",
        "printers: [{source: octoprint, id: b}]",
        "printers[0] has neither name nor secrets; add one or remove",
    ),
    ("a blank name", "printers: [{source: octoprint, id: b, name: ' '}]", "printers[0].name is empty"),
    (
        "one printer twice",
        "printers: [{source: octoprint, id: a, name: n}, {source: octoprint, id: a, name: m}]",
        "printers[1] has the same source and id as printers[0]; remove one",
    ),
    (
        "one name twice",
        "printers: [{source: octoprint, id: a, name: n}, {source: octoeverywhere, id: a, name: n}]",
        "printers[1] has the same name as printers[0]; give each",
    ),
];

#[test]
fn a_wrong_file_is_refused_with_what_and_where_and_what_to_do() {
    for (name, yaml, part) in WRONG_FILES {
        let Err(error) = with_file(yaml) else { panic!("{name}: not refused") };
        let error = error.to_string();
        assert!(error.starts_with("configuration file /etc/pf.yml: "), "{name}: {error}");
        assert!(error.contains(part) && !error.contains('\n'), "{name}: {error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = load(Some(Path::new("/nowhere.yml")), &machine(&[], &[])).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the configuration file /nowhere.yml: "), "{error}");
    let bytes: (&str, &[u8]) = ("/pf.yml", b"# fine\n\xff");
    let error = load(Some(Path::new("/pf.yml")), &machine(&[], &[bytes])).unwrap_err().to_string();
    assert!(error.ends_with("line 2: it is not UTF-8; save it as UTF-8 text"), "{error}");
}

const WHOLE: &str = r#"webhook_secrets:
  octoprint: {value: "x"}
  octoeverywhere:
    file: x
printers:
  - {source: octoeverywhere, id: "x", name: 'x'}
  - source: octoprint
    id: x
    name: x
    secrets: [{value: "x"}, {file: x}]
limits:
  printers: 1000
  body_bytes: 10
  silence: {grace: 1h, without_estimate: 24h}
"#;

#[test]
fn no_error_repeats_a_value_wherever_a_secret_was_put() {
    let templates = [
        "S",
        "- S",
        "webhook_secrets: S",
        "webhook_secrets: [S]",
        "webhook_secrets: {S}",
        "webhook_secrets: {S: {value: a}}",
        "webhook_secrets: {octoprint: S}",
        "webhook_secrets: {octoprint: {S}}",
        "webhook_secrets: {octoprint: {S: S}}",
        "webhook_secrets: {octoprint: {value: [S]}}",
        "webhook_secrets: {octoprint: {value: {S: S}}}",
        "webhook_secrets: {octoprint: {value: S, file: S}}",
        "webhook_secrets: {octoprint: {file: S}}",
        "webhook_secrets: {octoprint: {value: S}",
        "webhook_secrets: {octoprint: {value: *S}}",
        "webhook_secrets: {octoprint: [S]}",
        "webhook_secrets: {octoprint: [{S: S}]}",
        "webhook_secrets: {octoprint: [{value: S, file: S}]}",
        "webhook_secrets: {octoprint: [{value: a}, {file: S}]}",
        "printers: [{source: octoprint, id: a, secrets: S}]",
        "printers: [{source: octoprint, id: a, secrets: {S: a}}]",
        "printers: [{source: octoprint, id: a, secrets: [S]}]",
        "printers: [{source: octoprint, id: a, secrets: [{S: S}]}]",
        "printers: [{source: octoprint, id: a, secrets: [{value: S, file: S}]}]",
        "webhook_secrets: !S a",
        "webhook_secrets: {octoprint: {value: &S}}",
        "printers: S",
        "printers: [S]",
        "printers: {id: S}",
        "printers: [{source: S, id: a, name: b}]",
        "printers: [{source: octoprint, id: S, name: ''}]",
        "limits: S",
        "limits: {printers: S}",
        "limits: {body_bytes: S}",
        "limits: {silence: S}",
        "limits: {silence: {grace: S}}",
        "limits: {silence: {grace: [S]}}",
        "%S\n---\n",
    ];
    let disguises = [
        "hunter2",
        "\"hunter2\"",
        "\"hunter2, expected hunter2\"",
        "\"unknown field `hunter2`\"",
        "\"hunter2 at line 1\"",
    ];
    let mut refused = 0;
    for (template, disguise) in templates.iter().flat_map(|t| disguises.map(|d| (t, d))) {
        let yaml = template.replace('S', disguise);
        if let Err(error) = with_file(&yaml) {
            refused += 1;
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{yaml}: {error}");
        }
    }
    assert!(refused > 100, "only {refused} were refused");
}

proptest! {
    /// The whole file with a secret pushed in anywhere, in place of anything.
    #[test]
    fn no_error_repeats_a_value_of_a_damaged_file(at in 0..WHOLE.len(), cut in 0..12_usize, glue in "[-:{}\\[\\]\"'`,&*!|> \n]{0,2}") {
        prop_assume!(WHOLE.is_char_boundary(at));
        let rest = WHOLE.get(at + cut..).unwrap_or_default();
        let yaml = format!("{}{glue}hunter2{glue}{rest}", &WHOLE[..at]);
        if let Err(error) = with_file(&yaml) {
            let error = error.to_string();
            // A key is named, so that people find it; but never one beside secrets.
            let place = error.split_once(": unknown key ").map(|(place, _)| place);
            let named = place.is_some_and(|place| !place.contains("secrets"));
            prop_assert!(named || !error.contains("hunter2"), "{yaml}\n{error}");
        }
    }
}

#[test]
fn a_bad_file_leaves_what_is_in_force_and_a_good_one_replaces_it() {
    let content = Arc::new(Mutex::new("limits: {printers: 1}".to_owned()));
    let file = Arc::clone(&content);
    let environment = Environment {
        variable: Box::new(|_| None),
        file: Box::new(move |_| Ok(file.lock().unwrap().clone().into_bytes())),
    };
    let settings =
        SharedSettings::load(Some("pf.yml".into()), environment, Source::SAMPLES.to_vec()).unwrap();
    let before = settings.current();
    assert_eq!(before.limits.printers, 1);
    "limits: {printers: 0}".clone_into(&mut content.lock().unwrap());
    assert!(
        settings
            .reload()
            .unwrap_err()
            .to_string()
            .contains("in limits.printers: this should be a whole number, 1 or more")
    );
    assert_eq!(settings.current().limits.printers, 1);
    "limits: {printers: 2}".clone_into(&mut content.lock().unwrap());
    settings.reload().unwrap();
    assert_eq!(settings.current().limits.printers, 2);
    assert_eq!(before.limits.printers, 1, "a request keeps the settings that it began with");
}

/// A configuration that can be replaced.
fn reloadable(variables: &'static [(&str, &str)]) -> (Arc<Mutex<String>>, impl Fn() -> SharedSettings) {
    let content = Arc::new(Mutex::new(String::new()));
    let file = Arc::clone(&content);
    let load = move || {
        let file = Arc::clone(&file);
        let environment = Environment {
            variable: Box::new(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into())),
            file: Box::new(move |_| Ok(file.lock().unwrap().clone().into_bytes())),
        };
        SharedSettings::load(Some("pf.yml".into()), environment, Source::SAMPLES.to_vec()).unwrap()
    };
    (content, load)
}

#[test]
fn a_reload_removes_no_protection_unless_the_file_says_so() {
    let both = "webhook_secrets: {octoprint: {value: a}, octoeverywhere: {value: b}}\n";
    let one = "webhook_secrets: {octoprint: {value: a}}\n";
    let own = "printers: [{source: octoprint, id: delta, secrets: {value: c}}]\n";
    let cases = [
        ("an emptied file", one, "", Some("the file is empty, and the one in force is not")),
        ("an emptied file without secrets", "limits: {printers: 5}", "", Some("the file is empty")),
        ("comments alone", one, "# soon\n", Some("the file is empty")),
        ("a file that was empty before", "", "# soon\n", None),
        (
            "a source without a value",
            one,
            "webhook_secrets: {octoprint: }",
            Some("this should be either {value: "),
        ),
        (
            "a section without a value",
            one,
            "webhook_secrets:\n",
            Some("webhook_secrets is there, but has no value"),
        ),
        ("another section without one", "", "limits:\n", Some("limits is there, but has no value")),
        (
            "a limit without a value",
            "",
            "limits: {printers: }",
            Some("limits.printers is there, but has no value"),
        ),
        ("an empty mapping", one, "{}", Some("webhook_secrets.octoprint has no secret any more")),
        (
            "another section alone",
            one,
            "limits: {printers: 5}",
            Some("webhook_secrets.octoprint has no secret"),
        ),
        ("one of two sources", both, one, Some("webhook_secrets.octoeverywhere has no secret any more")),
        ("all, in so many words", both, "webhook_secrets: {}", None),
        ("another secret", one, "webhook_secrets: {octoprint: {value: c}}", None),
        (
            "a printer's own, without one of its source",
            own,
            "printers: []",
            Some("a printer of the source octoprint"),
        ),
        ("a printer's own, in so many words", own, "webhook_secrets: {}", None),
    ];
    for (name, first, second, refusal) in cases {
        let (content, load) = reloadable(&[]);
        first.clone_into(&mut content.lock().unwrap());
        let settings = load();
        let before = settings.current();
        second.clone_into(&mut content.lock().unwrap());
        let error = settings.reload().err().map(|error| error.to_string());
        assert_eq!(Arc::ptr_eq(&before, &settings.current()), refusal.is_some(), "{name}: {error:?}");
        assert!(error.unwrap_or_default().contains(refusal.unwrap_or_default()), "{name}");
    }
}

#[test]
fn a_secret_of_the_environment_protects_whatever_the_file_says() {
    let (content, load) = reloadable(&[("PRINTFARM_OCTOPRINT_SECRET", "e")]);
    "webhook_secrets: {octoprint: {value: a}}".clone_into(&mut content.lock().unwrap());
    let settings = load();
    "limits: {printers: 5}".clone_into(&mut content.lock().unwrap());
    settings.reload().unwrap();
    assert!(expects(&settings.current(), Source::OCTOPRINT, "e"));
}

#[test]
fn a_printer_without_its_own_secret_falls_back_to_that_of_its_source() {
    let (content, load) = reloadable(&[]);
    let source = "webhook_secrets: {octoprint: {value: a}}\n";
    *content.lock().unwrap() =
        format!("{source}printers: [{{source: octoprint, id: delta, secrets: {{value: c}}}}]");
    let settings = load();
    source.clone_into(&mut content.lock().unwrap());
    settings.reload().unwrap();
    assert!(opens(&settings.current(), Source::OCTOPRINT, Some("delta"), "a"));
}

#[test]
fn without_a_file_a_reload_reads_the_secret_again() {
    let content = Arc::new(Mutex::new("old"));
    let file = Arc::clone(&content);
    let environment = Environment {
        variable: Box::new(|name| (name == "PRINTFARM_OCTOPRINT_SECRET_FILE").then(|| "/secret".into())),
        file: Box::new(move |_| Ok(file.lock().unwrap().as_bytes().to_vec())),
    };
    let settings = SharedSettings::load(None, environment, Source::SAMPLES.to_vec()).unwrap();
    *content.lock().unwrap() = "new";
    settings.reload().unwrap();
    assert!(expects(&settings.current(), Source::OCTOPRINT, "new"));
}
