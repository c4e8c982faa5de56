//! The command line, by the conventions of Prometheus exporters.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser};

use crate::app::{Config, Storage};
use crate::clock::Clock;
use crate::commands::{Command, Probe};
use crate::config::web::SharedWebConfig;
use crate::config::{self, Environment, SharedSettings};
use crate::http::{ExternalUrl, Options, RoutePrefix};
use crate::log;
use crate::server::ListenAddress;
use crate::store::{DatabaseUrl, Password};
use crate::version;
use crate::webhook::Senders;

/// Paths below which the metrics cannot be.
const TAKEN: [&str; 8] =
    ["/webhook", "/-", "/api", "/assets", "/connect", "/docs", "/favicon.ico", "/prints"];

const ENVIRONMENT: &str = "\
Environment variables:
  PRINTFARM_<SOURCE>_SECRET, such as PRINTFARM_OCTOPRINT_SECRET
          Secret that the webhooks of this source must carry; replaces webhook_secrets of --config.file
  PRINTFARM_<SOURCE>_SECRET_FILE
          File with the secret
  PRINTFARM_STORAGE_PASSWORD, PRINTFARM_STORAGE_PASSWORD_FILE
          Password of the PostgreSQL user, or the file with it";

/// What the command line says.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone, Debug, Parser)]
#[command(
    name = "printfarm_exporter",
    about = "Prometheus exporter for 3D printers: webhooks of printer software in, usage metrics out.",
    after_help = ENVIRONMENT,
    disable_help_flag = true,
    disable_help_subcommand = true,
    disable_version_flag = true
)]
pub struct Args {
    /// What to do instead of exporting.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Address to listen on: :PORT for all addresses of this machine, or HOST:PORT. Repeatable.
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = ":10064", global = true)]
    pub listen: Vec<ListenAddress>,
    /// Address for webhooks only; the others then accept none. Repeatable.
    #[arg(long = "webhook.listen-address", value_name = "ADDRESS")]
    pub webhook_listen: Vec<ListenAddress>,
    /// YAML file with TLS, users and headers, in the exporter-toolkit's format.
    #[arg(long = "web.config.file", value_name = "FILE", global = true)]
    pub web_config: Option<PathBuf>,
    /// Path under which to expose metrics.
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value = "/metrics", value_parser = telemetry_path)]
    pub telemetry_path: String,
    /// URL under which people and senders reach the exporter. Its path is the default of --web.route-prefix.
    #[arg(long = "web.external-url", value_name = "URL", global = true)]
    pub external_url: Option<ExternalUrl>,
    /// Path below which all endpoints are. Set it to / when a proxy removes the path of --web.external-url.
    #[arg(long = "web.route-prefix", value_name = "PATH", global = true)]
    pub route_prefix: Option<RoutePrefix>,
    /// Let POST /-/reload reload the configuration. SIGHUP always does.
    #[arg(long = "web.enable-lifecycle")]
    pub lifecycle: bool,
    /// Let DELETE /api/v1/printers/{printer} retire printers.
    #[arg(long = "web.enable-admin-api")]
    pub admin_api: bool,
    /// File that keeps the state. The exporter creates it, and its folder, when it is missing.
    #[arg(long = "storage.path", value_name = "FILE", default_value = "data/printfarm.db", global = true)]
    pub storage: PathBuf,
    /// PostgreSQL that several exporters share. The URL is without the password. The state file then keeps
    /// webhooks while the database cannot be reached.
    #[arg(long = "storage.url", value_name = "URL", global = true)]
    pub storage_url: Option<String>,
    /// How long to keep ended prints in the print history, such as 365d. Without it, for ever.
    #[arg(long = "storage.retention", value_name = "TIME", value_parser = retention)]
    pub retention: Option<Duration>,
    /// YAML file with webhook secrets, printer names and limits.
    #[arg(long = "config.file", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Check the environment and both configuration files, and exit: 0 when they are valid, 64 when not.
    #[arg(long = "config.check")]
    pub check: bool,
    /// Only log lines of this level or above.
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info", ignore_case = true)]
    pub log_level: log::LogLevel,
    /// Format of the log lines.
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt", ignore_case = true)]
    pub log_format: log::LogFormat,
    /// Print this help.
    #[arg(long, short, action = ArgAction::HelpShort, global = true)]
    help: Option<bool>,
    /// Print the version.
    #[arg(long)]
    version: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelemetryPathError {
    #[error("it must start with /")]
    Relative,
    #[error("only letters, digits and / - _ . ~ may be in it")]
    Character,
    #[error("that path belongs to another endpoint; choose one outside of /, {}", TAKEN.join(", "))]
    Taken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetentionError {
    #[error("it is not a time; write it as 365d, 2years or 26weeks")]
    NotADuration,
    #[error("it would keep nothing; set it to more, or leave it out to keep everything")]
    Zero,
}

/// Why the program ends, unless it ends with success. The texts are one line.
#[derive(Debug)]
pub enum CliExit {
    /// The command line asks for this text on stdout.
    Print(String),
    /// The command line is wrong.
    Refuse(String),
    /// Configuration files cannot be used; one text for each.
    BadConfiguration(Vec<String>),
    /// The exporter or the command failed.
    Failure(anyhow::Error),
}

const FAILURE: u8 = 1;
const BAD_FLAGS: u8 = 2;
const BAD_CONFIGURATION: u8 = 64;

impl CliExit {
    /// Writes the text to stdout or stderr, and returns the exit code.
    pub fn report(self) -> ExitCode {
        let (code, problems) = match self {
            Self::Print(text) => {
                // A closed pipe means that its reader has read enough.
                let _ = io::stdout().write_all(text.as_bytes());
                return ExitCode::SUCCESS;
            }
            Self::Refuse(problem) => (BAD_FLAGS, vec![problem]),
            Self::BadConfiguration(problems) => (BAD_CONFIGURATION, problems),
            Self::Failure(error) => (FAILURE, vec![format!("{error:#}")]),
        };
        for problem in problems {
            let _ = writeln!(io::stderr(), "printfarm_exporter: {problem}");
        }
        ExitCode::from(code)
    }
}

impl From<anyhow::Error> for CliExit {
    fn from(error: anyhow::Error) -> Self {
        Self::Failure(error)
    }
}

impl Args {
    /// Reads the command line; the first argument is the program's name.
    pub fn read(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, CliExit> {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let args = Self::try_parse_from(&arguments).map_err(|error| {
            match arguments.iter().skip(1).find_map(|argument| single_dash(argument)) {
                Some(flag) => CliExit::Refuse(format!("flags begin with two dashes: --{flag}; try --help")),
                None => exit(&error),
            }
        })?;
        if args.version { Err(CliExit::Print(version::line())) } else { Ok(args) }
    }

    /// The database of --storage.url, with its password.
    pub fn database(&self) -> Result<Option<DatabaseUrl>, CliExit> {
        let Some(url) = &self.storage_url else { return Ok(None) };
        let url: DatabaseUrl =
            url.parse().map_err(|error| CliExit::Refuse(format!("--storage.url: {error}; try --help")))?;
        let password = config::storage_password(&Environment::process());
        let password = password.map_err(|error| CliExit::BadConfiguration(vec![error.to_string()]))?;
        Ok(Some(url.with_password(password.map_or(Password::None, Password::Text))))
    }

    /// The exporter's configuration, with both files loaded.
    pub fn config(&self) -> Result<Config, CliExit> {
        let settings =
            SharedSettings::load(self.config.clone(), Environment::process(), Senders::builtin().sources());
        let web_config = self.web_config.clone().map(SharedWebConfig::load).transpose();
        let (settings, web_config) = match (settings, web_config) {
            (Ok(settings), Ok(web_config)) => (settings, web_config),
            (settings, web_config) => {
                let problems = settings.err().map(|error| error.to_string()).into_iter();
                let problems = problems.chain(web_config.err().map(|error| error.to_string()));
                return Err(CliExit::BadConfiguration(problems.collect()));
            }
        };
        let storage = match self.database()? {
            Some(url) => Storage::Shared {
                url: Box::new(url),
                outbox: self.storage.clone(),
                retention: self.retention,
            },
            None => Storage::File { path: self.storage.clone(), retention: self.retention },
        };
        let config = Config::new(settings, storage, Clock::start()).map_err(anyhow::Error::from)?;
        Ok(Config {
            listen: self.listen.clone(),
            webhook_listen: self.webhook_listen.clone(),
            web_config,
            options: Options {
                telemetry_path: self.telemetry_path.clone(),
                lifecycle: self.lifecycle,
                admin_api: self.admin_api,
                route_prefix: self.route_prefix(),
                external_url: self.external_url.clone(),
                ..Options::default()
            },
            ..config
        })
    }

    fn route_prefix(&self) -> RoutePrefix {
        let external = || self.external_url.as_ref().map(|url| url.path().clone());
        self.route_prefix.clone().or_else(external).unwrap_or_default()
    }

    /// The exporter that has these flags, for a command that asks it.
    pub fn probe(&self) -> anyhow::Result<Probe> {
        let web_config = self.web_config.clone().map(SharedWebConfig::load).transpose()?;
        let web_config = web_config.map(|config| config.current());
        let tls = web_config.as_ref().and_then(|config| config.tls.as_ref());
        let address =
            self.listen.first().context("give the address of the exporter with --web.listen-address")?;
        Ok(Probe {
            address: address.clone(),
            prefix: self.route_prefix(),
            tls: tls.is_some(),
            requires_client_certificate: tls.is_some_and(|tls| tls.requires_client_certificate),
        })
    }
}

/// The flag in an argument that has one dash, as in Go, where flags have two.
fn single_dash(argument: &OsStr) -> Option<String> {
    let name = argument.to_str()?.strip_prefix('-')?.split('=').next()?;
    Args::command().get_arguments().find(|flag| flag.get_long() == Some(name)).map(|_| name.to_owned())
}

/// The parser's message has several paragraphs: the first says what is wrong, a tip may follow.
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

/// The path of the metrics: absolute, and not one of another endpoint.
fn telemetry_path(text: &str) -> Result<String, TelemetryPathError> {
    let unescaped = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    if !text.starts_with('/') {
        return Err(TelemetryPathError::Relative);
    }
    if !text.bytes().all(unescaped) {
        return Err(TelemetryPathError::Character);
    }
    let within =
        |taken: &str| text.strip_prefix(taken).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if text == "/" || TAKEN.into_iter().any(within) {
        return Err(TelemetryPathError::Taken);
    }
    Ok(text.to_owned())
}

/// How long ended prints are kept; never zero.
fn retention(text: &str) -> Result<Duration, RetentionError> {
    let span = humantime::parse_duration(text).map_err(|_| RetentionError::NotADuration)?;
    if span.is_zero() { Err(RetentionError::Zero) } else { Ok(span) }
}

#[cfg(test)]
mod tests;
