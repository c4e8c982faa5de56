use std::path::Path;

use super::*;

fn read(arguments: &[&str]) -> Result<Args, CliExit> {
    Args::read(["printfarm_exporter"].iter().chain(arguments))
}

#[test]
fn the_flags_are_well_defined() {
    Args::command().debug_assert();
}

#[test]
fn without_flags_everything_has_its_default() {
    let args = read(&[]).unwrap();
    assert_eq!(args.listen, [":10064".parse().unwrap()]);
    assert_eq!(args.telemetry_path, "/metrics");
    assert!(!args.lifecycle && !args.admin_api && !args.check);
    assert_eq!(args.config, None);
    assert_eq!(args.storage, Path::new("data/printfarm.db"));
    assert_eq!(args.retention, None);
    assert!(args.command.is_none());
    assert_eq!(args.log_level, log::LogLevel::Info);
    assert_eq!(args.log_format, log::LogFormat::Logfmt);
}

#[test]
fn every_flag_takes_its_value_with_and_without_an_equals_sign() {
    let args = read(&[
        "--web.listen-address=127.0.0.1:1",
        "--web.listen-address",
        "[::1]:2",
        "--webhook.listen-address=:3",
        "--webhook.listen-address=127.0.0.1:4",
        "--web.config.file",
        "web.yml",
        "--web.telemetry-path=/probe",
        "--web.enable-lifecycle",
        "--web.enable-admin-api",
        "--storage.path=/srv/printfarm.db",
        "--storage.retention",
        "365d",
        "--config.file",
        "printfarm.yml",
        "--config.check",
        "--log.level=DEBUG",
        "--log.format",
        "JSON",
    ])
    .unwrap();
    let listen: Vec<_> = args.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["127.0.0.1:1", "[::1]:2"]);
    let listen: Vec<_> = args.webhook_listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, [":3", "127.0.0.1:4"]);
    assert_eq!(args.web_config, Some("web.yml".into()));
    assert_eq!(args.telemetry_path, "/probe");
    assert!(args.lifecycle && args.admin_api);
    assert_eq!(args.storage, Path::new("/srv/printfarm.db"));
    assert_eq!(args.retention, Some(Duration::from_secs(365 * 24 * 60 * 60)));
    assert_eq!(args.config, Some("printfarm.yml".into()));
    assert!(args.check);
    assert_eq!(args.log_level, log::LogLevel::Debug);
    assert_eq!(args.log_format, log::LogFormat::Json);
}

#[test]
fn a_wrong_command_line_is_refused_in_one_line_that_says_what_to_write() {
    let cases: [(&str, &[&str], &str); 16] = [
        ("an unknown flag", &["--foo"], "unexpected argument '--foo' found"),
        ("a misspelt flag", &["--log.levle=info"], "a similar argument exists: '--log.level'"),
        ("an unknown command", &["serve"], "unrecognized subcommand 'serve'"),
        ("a date that is none", &["prints", "--since=1.11.2026"], "write 2026-11-01, for midnight UTC,"),
        ("an unknown format", &["prints", "--format=xml"], "[possible values: table, csv, json]"),
        ("a backup to nowhere", &["backup"], "required arguments were not provided: <FILE>"),
        ("a retention without a unit", &["--storage.retention=365"], "write it as 365d"),
        ("a retention of nothing", &["--storage.retention=0d"], "it would keep nothing"),
        ("a flag without its value", &["--log.level"], "a value is required for '--log.level <LEVEL>'"),
        ("an unknown level", &["--log.level=loud"], "[possible values: debug, info, warn, error]"),
        ("one dash", &["-web.listen-address=:1"], "flags begin with two dashes: --web.listen-address; try"),
        ("one dash, and a value", &["-log.level", "info"], "flags begin with two dashes: --log.level; try"),
        ("a short flag that does not exist", &["-v"], "unexpected argument '-v' found"),
        ("a port alone", &["--web.listen-address=10064"], "write :10064, 127.0.0.1:10064 or [::1]:10064"),
        ("a relative path", &["--web.telemetry-path=metrics"], "it must start with /"),
        ("a flag given twice", &["--log.level=info", "--log.level=warn"], "cannot be used multiple times"),
    ];
    for (name, arguments, part) in cases {
        let Err(CliExit::Refuse(line)) = read(arguments) else { panic!("{name}: not refused") };
        assert!(line.contains(part), "{name}: {line}");
        assert!(line.ends_with("; try --help") && !line.contains('\n'), "{name}: {line}");
    }
}

#[test]
fn help_and_version_are_printed() {
    let Err(CliExit::Print(help)) = read(&["--help"]) else { panic!("no help") };
    assert!(help.contains("--web.listen-address <ADDRESS>"), "{help}");
    for variable in
        ["PRINTFARM_<SOURCE>_SECRET,", "PRINTFARM_<SOURCE>_SECRET_FILE", "PRINTFARM_STORAGE_PASSWORD_FILE"]
    {
        assert!(help.contains(variable), "{help}");
    }
    let Err(CliExit::Print(help)) = read(&["prints", "--help"]) else { panic!("no help") };
    assert!(help.contains("--since <DATE>") && help.contains("--storage.path <FILE>"), "{help}");
    let Err(CliExit::Print(version)) = read(&["--version"]) else { panic!("no version") };
    assert!(version.starts_with("printfarm_exporter, version "), "{version}");
}

#[test]
fn the_storage_path_may_stand_before_or_after_a_command() {
    for arguments in [["--storage.path=a.db", "prints"], ["prints", "--storage.path=a.db"]] {
        let args = read(&arguments).unwrap();
        assert_eq!(args.storage, Path::new("a.db"), "{arguments:?}");
        assert!(matches!(args.command, Some(Command::Prints(_))), "{arguments:?}");
    }
}

#[test]
fn the_metrics_path_is_not_that_of_another_endpoint() {
    let cases = [
        ("the default", "/metrics", None),
        ("deeper", "/farm/metrics", None),
        ("like a webhook, but not one", "/webhooks", None),
        ("no path", "", Some(TelemetryPathError::Relative)),
        ("a pattern", "/{path}", Some(TelemetryPathError::Character)),
        ("a query", "/metrics?x", Some(TelemetryPathError::Character)),
        ("a blank", "/my metrics", Some(TelemetryPathError::Character)),
        ("the landing page", "/", Some(TelemetryPathError::Taken)),
        ("the webhooks", "/webhook", Some(TelemetryPathError::Taken)),
        ("below the webhooks", "/webhook/octoprint", Some(TelemetryPathError::Taken)),
        ("health", "/-/healthy", Some(TelemetryPathError::Taken)),
    ];
    for (name, text, expected) in cases {
        assert_eq!(telemetry_path(text).err(), expected, "{name}");
    }
}
