//! docs/CONFIGURATION.md and docs/HARDENING.md agree with the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use printfarm_exporter::config::{Environment, NetworkLimits, Settings, SharedSettings};
use printfarm_exporter::farm::Limits;
use printfarm_exporter::http::Options;
use printfarm_exporter::labels::Source;
use printfarm_exporter::metrics::catalogue;
use printfarm_exporter::webhook::{BodyLimits, Senders};

const SOURCES: [Source; 2] = [Source::new("octoprint"), Source::new("octoeverywhere")];

use crate::app::{Setup, TestApp};
use crate::client::Connection;
use crate::common::program::{Running, file, run};

const HARDENING: &str = include_str!("../../docs/HARDENING.md");
const CONFIGURATION: &str = include_str!("../../docs/CONFIGURATION.md");
const STARTED: &str = include_str!("../data/examples/octoprint-started.json");

/// The text under a heading.
fn section(heading: &str) -> &'static str {
    let after = CONFIGURATION.split_once(&format!("\n## {heading}\n")).unwrap().1;
    after.split("\n## ").next().unwrap()
}

/// The cells of the table under a heading, without its header.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let rows = section(heading).lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The texts between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The first block of this language.
fn block<'a>(text: &'a str, language: &str) -> &'a str {
    let after = text.split_once(&format!("```{language}\n")).unwrap().1;
    after.split_once("```").unwrap().0
}

/// The whole numbers in a text.
fn numbers(text: &str) -> BTreeSet<u16> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

/// The long flags in the output of `--help`, with their defaults.
pub(crate) fn flags_in_help() -> BTreeMap<String, Option<String>> {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    // The description of a flag is on the same line or on the next, depending on the length of the flags.
    let flag = |rest: &str| {
        let name = rest.split_whitespace().next().unwrap();
        let default =
            rest.split_once("[default: ").map(|(_, rest)| rest.split(']').next().unwrap().to_owned());
        (format!("--{name}"), default)
    };
    help.split(" --").skip(1).map(flag).collect()
}

#[test]
fn the_flags_of_the_document_are_those_of_the_program() {
    let mut documented = BTreeMap::new();
    for row in table("Flags").iter().filter(|row| row.len() == 3) {
        let default = code(row[1]).next().map(str::to_owned);
        assert!(default.is_some() || ["", "none", "off"].contains(&row[1]), "{row:?}");
        documented.extend(code(row[0]).map(|flag| (flag.to_owned(), default.clone())));
    }
    assert_eq!(documented, flags_in_help());
}

#[test]
fn the_commands_of_the_document_are_those_of_the_program() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: BTreeSet<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let commands = table("Flags").into_iter().filter(|row| row.len() == 2 && row[0].starts_with('`'));
    assert_eq!(commands.map(|row| row[0].trim_matches('`')).collect::<BTreeSet<_>>(), listed);
}

#[test]
fn the_endpoints_of_the_document_are_the_routes() {
    let mut documented = BTreeSet::new();
    let sources: Vec<_> = Senders::builtin().sources().into_iter().map(Source::as_str).collect();
    let rows = table("Endpoints");
    for source in &sources {
        assert!(rows.iter().any(|row| row[0].contains(&format!("/webhook/{source}"))), "{source}");
    }
    let app = TestApp::start();
    for row in rows {
        for endpoint in code(row[0]) {
            let (method, path) = endpoint.split_once(' ').unwrap_or(("GET", endpoint));
            documented.insert(sources.iter().fold(path.to_owned(), |path, source| {
                path.replace(&format!("/webhook/{source}"), "/webhook/{source}")
            }));
            let target = path.replace("{printer}", "mk3").replace("{asset}", "style.css");
            let target = target.replace("{document}", "METRICS.md");
            let status = app.request(method, &target, "", b"").status;
            if path.starts_with("/webhook/") {
                let refused = app.request("OPTIONS", &target, "", b"");
                assert_eq!(refused.header("allow"), row[1].strip_suffix('.').or(Some(row[1])), "{endpoint}");
            } else {
                assert!([200, 403].contains(&status), "{endpoint}: {status}");
            }
        }
    }
    let lines = include_str!("../../src/http/router.rs").split(".route(\"").skip(1);
    let routes = lines.map(|rest| rest.split('"').next().unwrap()).filter(|path| !is_variant(path));
    assert_eq!(documented, routes.chain(["/metrics"]).map(str::to_owned).collect());
}

/// The path of a webhook with a trailing slash.
fn is_variant(path: &str) -> bool {
    path.len() > 1 && path.ends_with('/')
}

#[test]
fn the_exit_codes_of_the_document_are_those_of_the_program() {
    let sentence = section("Flags").split("The exit code is").nth(1).unwrap().split(".\n").next().unwrap();
    let stopped = Running::start(&[]);
    stopped.signal("TERM");
    let produced = [
        stopped.ended().0,
        run(&["--storage.path=/proc/none/state.db"]).status.code(),
        run(&["--none"]).status.code(),
        run(&["--config.file=/proc/none"]).status.code(),
    ];
    assert_eq!(produced, [0, 1, 2, 64].map(Some));
    assert_eq!(numbers(sentence), BTreeSet::from([0, 1, 2, 64]));
}

fn post_status(app: &TestApp, headers: &str, body: &[u8]) -> u16 {
    app.request("POST", "/webhook/octoprint", headers, body).status
}

fn slow_body() -> u16 {
    let options = Options { body_deadline: Duration::from_millis(200), ..Options::default() };
    let app = TestApp::with(Setup { options, ..Setup::default() });
    let mut connection = app.connect();
    connection.send("POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
    connection.receive("POST").status
}

/// Another program locks the store for longer than the exporter waits.
fn not_stored() -> u16 {
    let path = file(&format!("locked-{}.db", std::process::id()), "");
    let exporter = Running::start(&[&format!("--storage.path={}", path.display())]);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut connection = Connection::open(exporter.address);
    let json = "Content-Type: application/json\r\n";
    connection.send_request("POST", "/webhook/octoprint", json, STARTED.as_bytes());
    connection.receive("POST").status
}

#[test]
fn every_status_of_the_document_occurs() {
    let json = "Content-Type: application/json\r\n";
    let with = |config| TestApp::with(Setup { config, ..Setup::default() });
    let app = with("limits: {printers: 1, multipart_body_bytes: 9000}");
    let secret = with("webhook_secrets: {octoprint: {value: hunter2}}");
    let other = STARTED.replace("\"delta\"", "\"omega\"");
    let produced = [
        post_status(&app, json, STARTED.as_bytes()),
        post_status(&app, json, b"{"),
        post_status(&secret, json, STARTED.as_bytes()),
        app.post_json("/webhook/none", STARTED).status,
        app.request("OPTIONS", "/webhook/octoprint", "", b"").status,
        slow_body(),
        post_status(&app, json, &[b' '; 9001]),
        post_status(&app, "Content-Type: text/html\r\n", STARTED.as_bytes()),
        post_status(&app, json, b"{}"),
        post_status(&app, json, other.as_bytes()),
        not_stored(),
    ];
    assert_eq!(produced, [200, 400, 401, 404, 405, 408, 413, 415, 422, 429, 503]);
    let sentence =
        section("Endpoints").split("A webhook is answered").nth(1).unwrap().split("\n\n").next().unwrap();
    assert_eq!(numbers(sentence), BTreeSet::from(produced));
}

#[test]
fn the_configuration_of_the_document_is_valid_and_shows_the_defaults() {
    let text = section("Configuration file");
    let example = block(text, "yaml");
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let variables = Arc::clone(&asked);
    let environment = Environment {
        variable: Box::new(move |name| {
            variables.lock().unwrap().insert(name.to_owned());
            None
        }),
        file: Box::new(move |path| {
            let of_readme = path == Path::new("printfarm.yml");
            Ok(if of_readme { example } else { "a secret" }.as_bytes().to_vec())
        }),
    };
    let settings = load(environment);
    for source in SOURCES {
        assert!(!settings.secrets.scope(source, None).1.is_empty(), "{source:?}");
    }
    assert_eq!(settings.names.get(SOURCES[1], "abc123"), Some("prusa-1"));
    assert_eq!(settings.limits, Limits::default());
    assert_eq!(settings.body, BodyLimits::default());
    assert_eq!(settings.network, NetworkLimits::default());

    let named: BTreeSet<_> =
        code(text).filter(|code| code.starts_with("PRINTFARM_") && code.ends_with("_SECRET")).collect();
    let with_files: BTreeSet<_> =
        named.iter().flat_map(|name| [(*name).to_owned(), format!("{name}_FILE")]).collect();
    assert_eq!(with_files, *asked.lock().unwrap());
}

fn configured(yaml: String) -> Arc<Settings> {
    let environment = Environment {
        variable: Box::new(|_| None),
        file: Box::new(move |path| {
            let of_test = path == Path::new("printfarm.yml");
            Ok(if of_test { yaml.as_str() } else { "a secret" }.as_bytes().to_vec())
        }),
    };
    load(environment)
}

fn load(environment: Environment) -> Arc<Settings> {
    SharedSettings::load(Some("printfarm.yml".into()), environment, SOURCES.to_vec()).unwrap().current()
}

#[test]
fn the_limits_of_the_document_are_those_of_the_program() {
    let rows = HARDENING.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 5);
    let mut yaml = "limits:\n".to_owned();
    for row in rows.filter(|row| !row.starts_with("| `/")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        if cells[1] != "none" {
            writeln!(yaml, "  {}: {}", cells[0].trim_matches('`'), cells[1]).unwrap();
        }
    }
    assert!(yaml.lines().count() > 7, "{yaml}");
    let settings = configured(yaml);
    assert_eq!(settings.limits, Limits::default());
    assert_eq!(settings.body, BodyLimits::default());
    assert_eq!(settings.network, NetworkLimits::default());
    for metric in code(HARDENING).filter(|code| code.starts_with("printfarm_") && code.contains("{reason=")) {
        let (name, reason) = metric.split_once("{reason=\"").unwrap();
        let known = catalogue::ALL.iter().find(|metric| metric.name == name).unwrap();
        let reasons = known.labels.iter().find(|label| label.name == "reason").unwrap().values.unwrap();
        assert!(reasons.contains(&reason.trim_end_matches("\"}")), "{metric}");
    }
}

#[test]
fn the_secrets_of_the_document_apply_to_the_sources_and_printers_it_names() {
    let (_, secrets) = HARDENING.split_once("\n## Secrets\n").unwrap();
    let settings = configured(block(secrets, "yaml").to_owned());
    let [local, cloud] = SOURCES;
    for (source, printer, count) in
        [(local, None, 2), (local, Some("voron"), 1), (cloud, None, 1), (cloud, Some("abc123"), 2)]
    {
        let (scope, secrets) = settings.secrets.scope(source, printer);
        assert_eq!((scope.printer, secrets.len()), (printer, count), "{source:?} {printer:?}");
    }
}

#[test]
fn the_files_linked_in_the_documents_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let documents = documents.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    for document in documents.chain(["README.md", "CHANGELOG.md", "SECURITY.md"].map(|name| root.join(name)))
    {
        let text = std::fs::read_to_string(&document).unwrap();
        let links = text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://")) {
            let target = document.with_file_name(link);
            assert!(target.exists(), "{} links to {link}", document.display());
        }
    }
}
