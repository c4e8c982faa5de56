//! The command line, by the conventions of Prometheus exporters.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Parser};

use crate::commands::Command;
use crate::log;
use crate::server::ListenAddress;
use crate::version;

/// What the command line says.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "printfarm_exporter",
    about = "Prometheus exporter for 3D printers: OctoPrint and OctoEverywhere webhooks in, usage metrics out.",
    disable_help_flag = true,
    disable_help_subcommand = true,
    disable_version_flag = true
)]
pub struct Args {
    /// What to do instead of exporting.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Address to listen on: :PORT for all addresses of this machine, or HOST:PORT. Repeatable.
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = ":10064")]
    pub listen: Vec<ListenAddress>,
    /// Address for webhooks alone; the others then take none. Repeatable.
    #[arg(long = "webhook.listen-address", value_name = "ADDRESS")]
    pub webhook_listen: Vec<ListenAddress>,
    /// YAML file with encryption, users and headers, in the exporter-toolkit's format.
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub web_config: Option<PathBuf>,
    /// Path under which to expose metrics.
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value = "/metrics")]
    pub telemetry_path: TelemetryPath,
    /// Let POST /-/reload reload the configuration. SIGHUP always does.
    #[arg(long = "web.enable-lifecycle")]
    pub lifecycle: bool,
    /// Where the state is kept. The exporter makes it, with its folder, when it is missing.
    #[arg(long = "storage.path", value_name = "FILE", default_value = "data/printfarm.db", global = true)]
    pub storage: PathBuf,
    /// How long to keep ended prints in the print history, such as 365d. Without it, for ever.
    #[arg(long = "storage.retention", value_name = "TIME")]
    pub retention: Option<Retention>,
    /// YAML file with webhook secrets, printer names and limits.
    #[arg(long = "config.file", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only log lines of this level or above.
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info")]
    pub log_level: log::LogLevel,
    /// How log lines are written.
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt")]
    pub log_format: log::LogFormat,
    /// Print this.
    #[arg(long, short, action = ArgAction::HelpShort, global = true)]
    help: Option<bool>,
    /// Print the version.
    #[arg(long)]
    version: bool,
}

/// The path of the metrics: absolute, and not one of another endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryPath(String);

/// Why a text is not a path for the metrics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// It is relative.
    #[error("it must start with /")]
    Relative,
    /// It has a character that would have to be escaped in a URL.
    #[error("only letters, digits and / - _ . ~ may be in it")]
    Character,
    /// It is the path of another endpoint.
    #[error("that path belongs to another endpoint; choose one outside of /, /webhook and /-/")]
    Taken,
}

/// How long ended prints are kept: more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention(Duration);

/// Why a text is not a time for which to keep prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRetention {
    /// It is no span of time.
    #[error("it is not a time; write it as 365d, 2years or 26weeks")]
    Unreadable,
    /// It would keep nothing.
    #[error("it would keep nothing; set it to more, or leave it out to keep everything")]
    Zero,
}

/// Why the command line does not lead to a running exporter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CliExit {
    /// It asks for this text on stdout.
    Print(String),
    /// It is wrong; the text is one line that says how.
    Refuse(String),
}

impl Args {
    /// Reads the command line; the first argument is the program's name.
    ///
    /// # Errors
    /// When it asks for help or the version, or is wrong.
    pub fn read(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, CliExit> {
        let args = Self::try_parse_from(arguments).map_err(|error| exit(&error))?;
        if args.version { Err(CliExit::Print(version::line())) } else { Ok(args) }
    }
}

impl TelemetryPath {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TelemetryPath {
    type Err = BadPath;

    fn from_str(text: &str) -> Result<Self, BadPath> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        if !text.starts_with('/') {
            return Err(BadPath::Relative);
        }
        if !text.bytes().all(plain) {
            return Err(BadPath::Character);
        }
        let within = |taken: &str| {
            text.strip_prefix(taken).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if text == "/" || within("/webhook") || within("/-") {
            return Err(BadPath::Taken);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Retention {
    /// The time.
    #[must_use]
    pub const fn span(self) -> Duration {
        self.0
    }
}

impl FromStr for Retention {
    type Err = BadRetention;

    fn from_str(text: &str) -> Result<Self, BadRetention> {
        let span = humantime::parse_duration(text).map_err(|_| BadRetention::Unreadable)?;
        if span.is_zero() { Err(BadRetention::Zero) } else { Ok(Self(span)) }
    }
}

/// The parser explains itself in paragraphs; the first says what is wrong, and a tip may follow.
fn exit(error: &clap::Error) -> CliExit {
    let text = error.render().to_string();
    if error.kind() == ErrorKind::DisplayHelp {
        return CliExit::Print(text);
    }
    let line = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut paragraphs = text.split("\n\n").map(line);
    let problem = paragraphs.next().unwrap_or_default();
    let problem = problem.strip_prefix("error: ").unwrap_or(&problem);
    let tips =
        paragraphs.filter_map(|paragraph| paragraph.strip_prefix("tip: ").map(|tip| format!("; {tip}")));
    CliExit::Refuse(format!("{problem}{}; try --help", tips.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;

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
        assert_eq!(args.telemetry_path.as_str(), "/metrics");
        assert!(!args.lifecycle);
        assert_eq!(args.config, None);
        assert_eq!(args.storage, Path::new("data/printfarm.db"));
        assert_eq!(args.retention, None);
        assert!(args.command.is_none());
        assert_eq!(args.log_level, log::LogLevel::Info);
        assert_eq!(args.log_format, log::LogFormat::Logfmt);
    }

    #[test]
    fn every_flag_takes_its_value_in_both_spellings() {
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
            "--storage.path=/srv/printfarm.db",
            "--storage.retention",
            "365d",
            "--config.file",
            "printfarm.yml",
            "--log.level=debug",
            "--log.format",
            "json",
        ])
        .unwrap();
        let listen: Vec<_> = args.listen.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["127.0.0.1:1", "[::1]:2"]);
        let listen: Vec<_> = args.webhook_listen.iter().map(ToString::to_string).collect();
        assert_eq!(listen, [":3", "127.0.0.1:4"]);
        assert_eq!(args.web_config, Some("web.yml".into()));
        assert_eq!(args.telemetry_path.as_str(), "/probe");
        assert!(args.lifecycle);
        assert_eq!(args.storage, Path::new("/srv/printfarm.db"));
        assert_eq!(args.retention.map(Retention::span), Some(Duration::from_secs(365 * 24 * 60 * 60)));
        assert_eq!(args.config, Some("printfarm.yml".into()));
        assert_eq!(args.log_level, log::LogLevel::Debug);
        assert_eq!(args.log_format, log::LogFormat::Json);
    }

    #[test]
    fn a_wrong_command_line_is_refused_in_one_line() {
        let cases: [(&str, &[&str], &str); 13] = [
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
            ("a port alone", &["--web.listen-address=10064"], "write :10064, 127.0.0.1:10064 or [::1]:10064"),
            ("a relative path", &["--web.telemetry-path=metrics"], "it must start with /"),
            (
                "a flag given twice",
                &["--log.level=info", "--log.level=warn"],
                "cannot be used multiple times",
            ),
        ];
        for (name, arguments, part) in cases {
            let Err(CliExit::Refuse(line)) = read(arguments) else { panic!("{name}: not refused") };
            assert!(line.contains(part), "{name}: {line}");
            assert!(line.ends_with("; try --help") && !line.contains('\n'), "{name}: {line}");
        }
    }

    #[test]
    fn help_and_version_are_texts_for_stdout() {
        let Err(CliExit::Print(help)) = read(&["--help"]) else { panic!("no help") };
        assert!(help.contains("--web.listen-address <ADDRESS>"), "{help}");
        let Err(CliExit::Print(help)) = read(&["prints", "--help"]) else { panic!("no help") };
        assert!(help.contains("--since <DATE>") && help.contains("--storage.path <FILE>"), "{help}");
        let Err(CliExit::Print(version)) = read(&["--version"]) else { panic!("no version") };
        assert!(version.starts_with("printfarm_exporter, version "), "{version}");
    }

    #[test]
    fn a_command_takes_the_path_of_the_store_before_or_after_it() {
        for arguments in [["--storage.path=a.db", "prints"], ["prints", "--storage.path=a.db"]] {
            let args = read(&arguments).unwrap();
            assert_eq!(args.storage, Path::new("a.db"), "{arguments:?}");
            assert!(matches!(args.command, Some(Command::Prints(_))), "{arguments:?}");
        }
    }

    #[test]
    fn the_path_of_the_metrics_leaves_the_other_endpoints_alone() {
        let cases = [
            ("the default", "/metrics", None),
            ("deeper", "/farm/metrics", None),
            ("like a webhook, but not one", "/webhooks", None),
            ("no path", "", Some(BadPath::Relative)),
            ("a pattern", "/{path}", Some(BadPath::Character)),
            ("a query", "/metrics?x", Some(BadPath::Character)),
            ("a blank", "/my metrics", Some(BadPath::Character)),
            ("the landing page", "/", Some(BadPath::Taken)),
            ("the webhooks", "/webhook", Some(BadPath::Taken)),
            ("below the webhooks", "/webhook/octoprint", Some(BadPath::Taken)),
            ("health", "/-/healthy", Some(BadPath::Taken)),
        ];
        for (name, text, expected) in cases {
            assert_eq!(text.parse::<TelemetryPath>().err(), expected, "{name}");
        }
    }
}
