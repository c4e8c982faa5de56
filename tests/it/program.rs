//! The program: exit codes, the one line on stderr, signals.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use printfarm_exporter::labels::Source;
use printfarm_exporter::webhook::Senders;

use crate::certificates::{Authority, Folder};
use crate::client::Connection;
use crate::common::program::{Log, Running, file, in_own_folder, program, run, text};

#[test]
fn help_and_version_go_to_stdout() {
    let version = concat!("printfarm_exporter, version ", env!("CARGO_PKG_VERSION"), " (revision: ");
    for (argument, beginning) in [("--help", "Prometheus exporter for 3D printers"), ("--version", version)] {
        let output = run(&[argument]);
        assert_eq!(output.status.code(), Some(0), "{argument}");
        assert!(text(&output.stdout).starts_with(beginning), "{argument}: {}", text(&output.stdout));
        assert_eq!(text(&output.stderr), "", "{argument}");
    }
}

#[test]
fn a_start_that_fails_ends_with_one_line_and_its_exit_code() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let listen = format!("--web.listen-address={taken}");
    let bad = file("bad.yml", "limits:\n  printer: 5\n");
    let bad = bad.to_str().unwrap();
    let config = format!("--config.file={bad}");
    let web = file("bad-web.yml", "basic_auth_users: {alice: hunter2}\n");
    let web = web.to_str().unwrap();
    let web_config = format!("--web.config.file={web}");
    let webhooks = format!("--webhook.listen-address={taken}");
    let cases: [(&str, &str, i32, String); 9] = [
        ("an unknown flag", "--foo", 2, "unexpected argument '--foo' found; try --help".into()),
        (
            "a wrong value",
            "--log.level=loud",
            2,
            "[possible values: debug, info, warn, error]; try --help".into(),
        ),
        (
            "a folder as the store",
            "--storage.path=.",
            1,
            "the store . is a folder; name a file in it, such as --storage.path=./printfarm.db".into(),
        ),
        ("a taken port", &listen, 1, format!("cannot listen on {taken}: ")),
        ("a taken port for webhooks", &webhooks, 1, "another one with --webhook.listen-address".into()),
        (
            "no such web configuration",
            "--web.config.file=/nowhere/web.yml",
            64,
            "cannot read the web configuration file /nowhere/web.yml: ".into(),
        ),
        (
            "a bad web configuration",
            &web_config,
            64,
            format!("web configuration file {web}: basic_auth_users, entry 1: this is not a bcrypt hash; "),
        ),
        (
            "no such configuration",
            "--config.file=/nowhere/pf.yml",
            64,
            "cannot read the configuration file /nowhere/pf.yml: ".into(),
        ),
        (
            "a bad configuration",
            &config,
            64,
            format!("configuration file {bad}: line 2: in limits: unknown key printer;"),
        ),
    ];
    for (name, argument, code, part) in cases {
        let output = run(&["--web.listen-address=127.0.0.1:0", argument]);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {line}");
        assert!(line.starts_with("printfarm_exporter: ") && line.contains(&part), "{name}: {line}");
        assert_eq!(line.matches('\n').count(), 1, "{name}: {line}");
        assert_eq!(text(&output.stdout), "", "{name}");
    }
}

#[test]
fn config_check_reports_both_files_and_starts_nothing() {
    let good = file("checked.yml", "limits: {printers: 5}\n");
    let bad = file("checked-bad.yml", "limits: {printers: 0}\n");
    let bad_web = file("checked-bad-web.yml", "basic_auth_users: {alice: hunter2}\n");
    let good_web = file("checked-web.yml", "{}\n");
    let (zero, hash) = (
        "in limits.printers: this should be a whole number, 1 or more",
        "entry 1: this is not a bcrypt hash",
    );
    let cases = [
        ("both good", &good, &good_web, 0, vec![]),
        ("a bad configuration", &bad, &good_web, 64, vec![zero]),
        ("a bad web configuration", &good, &bad_web, 64, vec![hash]),
        ("both bad", &bad, &bad_web, 64, vec![zero, hash]),
    ];
    for (name, config, web, code, problems) in cases {
        let mut command = program();
        command.arg("--config.check").arg(format!("--config.file={}", config.display()));
        command.arg(format!("--web.config.file={}", web.display()));
        let output = command.output().unwrap();
        let log = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {log}");
        assert_eq!(log.lines().count(), problems.len(), "{name}: {log}");
        assert!(problems.iter().all(|problem| log.contains(problem)), "{name}: {log}");
        assert!(!command.get_current_dir().unwrap().join("data").exists(), "{name}: it opens no store");
    }
}

#[test]
fn a_misspelt_environment_variable_is_warned_of() {
    let warning = "the environment variable PRINTFARM_OCTOPRINT_SECRETS has no effect";
    let mut command = program();
    command.env("PRINTFARM_OCTOPRINT_SECRETS", "hunter2").arg("--web.listen-address=127.0.0.1:0");
    let log = log_of(command);
    assert!(log.contains(warning) && !log.contains("hunter2"), "{log}");
    let output =
        program().env("PRINTFARM_OCTOPRINT_SECRETS", "hunter2").arg("--config.check").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains(warning), "{}", text(&output.stderr));
}

#[test]
fn a_reload_keeps_secrets_that_the_file_lost_and_warns_of_open_webhooks() {
    let name = "emptied.yml";
    let path =
        file(name, "webhook_secrets: {octoprint: {value: hunter2}, octoeverywhere: {value: hunter2}}\n");
    let config = format!("--config.file={}", path.display());
    let program = Running::start(&[&config, "--web.listen-address=:0"]);
    let status = || program.request("POST", "/webhook/octoprint", "{}").status;
    for emptied in ["", "webhook_secrets: {octoprint: , octoeverywhere: {value: hunter2}}\n", "limits: {}\n"]
    {
        file(name, emptied);
        program.signal("HUP");
        program.wait_for("configuration not reloaded; the earlier one stays in force");
        assert_eq!(status(), 401, "{emptied}");
    }
    file(name, "webhook_secrets: {}\n");
    program.signal("HUP");
    program.wait_for("configuration reloaded");
    program.wait_for("anybody who reaches this port can send webhooks");
    assert_eq!(status(), 422);
}

#[test]
fn a_bad_environment_is_a_bad_configuration() {
    let output = program().env("PRINTFARM_OCTOPRINT_SECRET", "").output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    let line = text(&output.stderr);
    assert!(
        line.starts_with(
            "printfarm_exporter: environment variable PRINTFARM_OCTOPRINT_SECRET is an empty secret"
        ),
        "{line}"
    );
}

#[test]
fn sigterm_and_sigint_stop_it_cleanly() {
    for signal in ["TERM", "INT"] {
        let program = Running::start(&[]);
        let mut connection = Connection::open(program.address);
        connection.send_request("GET", "/-/ready", "", b"");
        assert_eq!(connection.receive("GET").text(), "ready\n");
        program.signal(signal);
        let (code, log) = program.ended();
        assert_eq!(code, Some(0), "{signal}: {log}");
        assert!(log.contains("message=stopped\n"), "{signal}: {log}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let program = Running::start(&[]);
    let mut connection = Connection::open(program.address);
    connection.send(
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    );
    assert_eq!(connection.receive("POST").status, 100);
    program.signal("TERM");
    program.wait_for("stopping");
    program.signal("TERM");
    let (code, log) = program.ended();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("printfarm_exporter: a second signal ended it"), "{log}");
}

#[test]
fn sighup_reloads_the_configuration() {
    let path = file("reloaded.yml", "limits: {printers: 1}\n");
    let config = format!("--config.file={}", path.display());
    let program = Running::start(&[&config]);
    program.signal("HUP");
    program.wait_for("message=\"configuration reloaded\"");
    file("reloaded.yml", "limits: {printers: 0}\n");
    program.signal("HUP");
    let line = program.wait_for("level=error");
    assert!(line.contains("in limits.printers: this should be a whole number, 1 or more"), "{line}");
    program.signal("TERM");
    assert_eq!(program.ended().0, Some(0));
}

#[test]
fn a_refused_webhook_is_logged_in_one_line_without_its_content() {
    let program = Running::start(&[]);
    let mut connection = Connection::open(program.address);
    let json = "Content-Type: application/json\r\nAuthorization: Bearer hunter2\r\n";
    connection.send_request(
        "POST",
        "/webhook/octoprint/delta?secret=hunter2",
        json,
        b"{\"hunter2\": hunter2}",
    );
    assert_eq!(connection.receive("POST").status, 400);
    let line = program.wait_for("webhook rejected");
    for part in ["level=warn", "reason=malformed", "source=octoprint", "client=127.0.0.1", "printer=delta"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    program.signal("TERM");
    let (_, log) = program.ended();
    assert!(!format!("{line}{log}").contains("hunter2"), "{line}{log}");
    assert!(!log.contains("reason=malformed"), "{log}");
}

#[test]
fn it_survives_a_lack_of_file_descriptors() {
    let mut command = in_own_folder(Command::new("sh"));
    command.args(["-c", "ulimit -n 32; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_printfarm_exporter")]);
    let program = Running::start_as(command, &[]);
    let connections: Vec<_> = (0..50).map(|_| Connection::open(program.address)).collect();
    program.wait_for("cannot accept connections");
    drop(connections);
    let next = program.wait_for("accept");
    assert!(next.contains("accepting connections again"), "{next}");
    let mut connection = Connection::open(program.address);
    connection.send_request("GET", "/-/healthy", "", b"");
    assert_eq!(connection.receive("GET").status, 200);
}

#[test]
fn a_closed_log_stops_nothing() {
    let mut program = Running::start(&[]);
    program.log = None;
    let mut connection = Connection::open(program.address);
    for _ in 0..2 {
        connection.send_request("POST", "/webhook/octoprint", "Content-Type: application/json\r\n", b"{}");
        assert_eq!(connection.receive("POST").status, 422);
    }
}

#[test]
fn a_log_that_nobody_reads_blocks_nothing_and_its_dropped_lines_are_counted() {
    let config =
        format!("--config.file={}", file("flooded.yml", "limits: {requests_per_second: 1}").display());
    let mut command = program();
    command.args(["--web.listen-address=127.0.0.1:0", "--log.level=debug", &config]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut unread = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening=") {
        unread.read_line(&mut line).unwrap();
    }
    let address = line.split("listening=").nth(1).unwrap().split_whitespace().next().unwrap();
    let mut connection = Connection::open(address.parse().unwrap());
    // Each is a line, and together they are more than the pipe and the queue hold.
    for _ in 0..4_000 {
        connection.send_request("POST", "/webhook/octoprint", "", b"");
        assert!([415, 422, 429].contains(&connection.receive("POST").status));
    }
    let log = Some(Log::of(unread.into_inner()));
    let program = Running { child, log, address: address.parse().unwrap() };
    let line = program.wait_for("the log was not read in time; lines were dropped");
    let dropped: u64 = line.trim().rsplit_once("dropped=").unwrap().1.parse().unwrap();
    let metrics = program.request("GET", "/metrics", "").text();
    let counted = metrics.lines().find_map(|line| line.strip_prefix("printfarm_log_lines_dropped_total "));
    assert!(dropped > 0 && dropped <= counted.unwrap().parse().unwrap(), "{line}{counted:?}");
    program.signal("TERM");
    assert_eq!(program.ended().0, Some(0));
}

/// The log from start to end.
fn log_of(mut command: Command) -> String {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let log = Log::of(child.stderr.take().unwrap());
    let start = log.until("listening=");
    let program = Running { child, log: Some(log), address: "127.0.0.1:1".parse().unwrap() };
    program.signal("TERM");
    start + &program.ended().1
}

/// A name, the command line, the senders with a secret, and whether others can be sent from other machines.
type OpenWebhooks<'a> = (&'a str, &'a [&'a str], &'a [&'a str], bool);

#[test]
fn a_start_warns_once_of_webhooks_without_a_secret() {
    let warning = "anybody who reaches this port can send webhooks";
    let (local, open) = ("--web.listen-address=127.0.0.1:0", "--web.listen-address=:0");
    let all: Vec<_> = Senders::builtin().sources().into_iter().map(Source::as_str).collect();
    let cases: [OpenWebhooks; 7] = [
        ("on every address, without a secret", &[open], &[], true),
        ("on every address, with all secrets but one", &[open], &all[1..], true),
        ("on every address, with all", &[open], &all, true),
        ("on this machine only", &[local], &[], false),
        ("webhooks on every address", &[local, "--webhook.listen-address=:0"], &[], true),
        ("the rest on every address", &[open, "--webhook.listen-address=127.0.0.1:0"], &[], false),
        ("on one of two", &[local, "--web.listen-address=:0"], &all[1..], true),
    ];
    for (name, arguments, with_secret, is_reachable) in cases {
        let variable = |source: &&str| format!("PRINTFARM_{}_SECRET", source.to_uppercase());
        let mut command = program();
        command.args(arguments).envs(with_secret.iter().map(|source| (variable(source), "hunter2")));
        let without: Vec<_> = all.iter().copied().filter(|source| !with_secret.contains(source)).collect();
        let sources = match without[..] {
            [] => None,
            [one] => Some(format!("sources={one}\n")),
            _ => Some(format!("sources=\"{}\"\n", without.join(" "))),
        };
        let sources = sources.filter(|_| is_reachable);
        let log = log_of(command);
        assert_eq!(log.matches(warning).count(), usize::from(sources.is_some()), "{name}: {log}");
        assert!(sources.is_none_or(|sources| log.contains(&sources)), "{name}: {log}");
        assert!(!log.contains("hunter2"), "{name}: {log}");
    }
}

#[test]
fn a_start_warns_of_passwords_in_clear_text_and_of_webhooks_that_are_shut_out() {
    let (folder, authority) = (Folder::new(), Authority::new("Servers"));
    folder.write_pair("server", &authority.server());
    folder.write("clients.pem", &authority.pem());
    let hash = bcrypt::hash("fern", 4).unwrap();
    let users = folder.write("users.yml", &format!("basic_auth_users: {{alice: '{hash}'}}"));
    let tls = "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: clients.pem, \
               client_auth_type: RequireAndVerifyClientCert}";
    let mutual = folder.write("mutual.yml", tls);
    let webhooks = Some("--webhook.listen-address=127.0.0.1:0");
    let (readable, shut_out) = ("passwords can be read on their way", "webhooks cannot come in");
    let cases = [
        ("users without TLS", &users, "--web.listen-address=:0", None, Some(readable)),
        ("users on this machine", &users, "--web.listen-address=127.0.0.1:0", None, None),
        ("certificates of senders", &mutual, "--web.listen-address=:0", None, Some(shut_out)),
        ("a port for webhooks", &mutual, "--web.listen-address=:0", webhooks, None),
    ];
    for (name, file, listen, webhooks, warning) in cases {
        let mut command = program();
        command.arg(format!("--web.config.file={}", file.display())).arg(listen).args(webhooks);
        let log = log_of(command);
        for known in [readable, shut_out] {
            assert_eq!(log.contains(known), warning == Some(known), "{name}: {log}");
        }
    }
}

#[test]
fn a_web_configuration_that_cannot_be_used_is_logged_once() {
    let folder = Folder::new();
    let hash = bcrypt::hash("fern", 4).unwrap();
    let good = format!("basic_auth_users: {{alice: '{hash}'}}");
    let path = folder.write("web.yml", &good);
    let program = Running::start(&[&format!("--web.config.file={}", path.display())]);
    folder.write("web.yml", "basic_auth_users: {alice: hunter2}");
    let line = program.wait_for("web configuration not reloaded");
    assert!(line.contains("level=error") && line.contains("entry 1: this is not a bcrypt hash"), "{line}");
    folder.write("web.yml", &good);
    let line = program.wait_for("web configuration");
    assert!(line.contains("web configuration reloaded, with the files that it names"), "{line}");
    program.signal("HUP");
    program.wait_for("web configuration reloaded");
    program.signal("TERM");
    let (code, log) = program.ended();
    assert_eq!(code, Some(0));
    assert!(!log.contains("hunter2") && !log.contains("alice"), "{log}");
}

#[test]
fn cargo_run_without_a_name_runs_the_exporter() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let members = metadata["workspace_default_members"].as_array().unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let run: Vec<_> = packages
        .filter(|package| members.contains(&package["id"]))
        .filter_map(|package| package["default_run"].as_str())
        .collect();
    assert_eq!(run, ["printfarm_exporter"]);
}
