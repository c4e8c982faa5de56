//! `simulate`: a farm that sends webhooks to an exporter, and then says what really happened.

mod progress;
mod report;
mod send;
mod target;

use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::ValueEnum;
use tokio::runtime::Runtime;

use crate::clock::Clock;
use crate::config::{self, Environment};
use crate::labels::Source;
use crate::signals;
use crate::simulate::{self, Plan, Secrets};
use target::Target;

/// The farm's time at its start: a Monday, when the first people come.
const MONDAY_MORNING: Duration = Duration::from_secs(7 * 60 * 60 + 30 * 60);

/// Which farm is simulated.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The exporter to send webhooks to.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:10064")]
    target: Target,
    /// How many printers the farm has.
    #[arg(long, value_name = "COUNT", default_value = "12", value_parser = printers)]
    printers: u32,
    /// How many times faster than a real farm it lives; at 720, a day takes two minutes.
    #[arg(long, value_name = "FACTOR", default_value = "720")]
    speed: Speed,
    /// The same seed gives the same farm.
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    seed: u64,
    /// How long it lives, in real time.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    duration: Duration,
    /// How the truth is printed: table for people; json for programs.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// How many times faster than a real farm a simulated one lives.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Speed(f64);

/// A text is no speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a number from 0.01 to 100000, such as 720")]
struct BadSpeed;

impl FromStr for Speed {
    type Err = BadSpeed;

    fn from_str(text: &str) -> Result<Self, BadSpeed> {
        let speed = text.parse().map_err(|_| BadSpeed)?;
        if (0.01..=100_000.0).contains(&speed) { Ok(Self(speed)) } else { Err(BadSpeed) }
    }
}

/// A text is no number of printers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a number from 1 to 100000, such as 12")]
struct BadCount;

fn printers(text: &str) -> Result<u32, BadCount> {
    text.parse().ok().filter(|count| (1..=100_000).contains(count)).ok_or(BadCount)
}

/// A text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a time such as 90s, 10m or 2days")]
struct BadDuration;

fn duration(text: &str) -> Result<Duration, BadDuration> {
    humantime::parse_duration(text).ok().filter(|span| !span.is_zero()).ok_or(BadDuration)
}

/// Simulates, and prints the truth.
///
/// # Errors
/// When the exporter cannot be reached, and when it has not acknowledged every webhook.
pub(super) fn run(options: &Options, out: &mut impl Write) -> anyhow::Result<()> {
    let clock = Clock::start();
    let plan = Plan::new(&simulate::Options {
        printers: options.printers,
        speed: options.speed.0,
        seed: options.seed,
        duration: options.duration,
        start: clock.now(),
        week: MONDAY_MORNING,
        secrets: secrets()?,
    });
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let mut sent = None;
    runtime.block_on(signals::run_until_shutdown(async |stop| {
        sent = Some(send::send(plan, &options.target, options.duration, &clock, stop).await?);
        Ok(())
    }))?;
    runtime.shutdown_background();
    let Some(sent) = sent else { return Ok(()) };
    match options.format {
        Format::Table => report::table(&sent, out)?,
        Format::Json => report::json(&sent, out)?,
    }
    out.flush()?;
    if let Some(problem) = &sent.tally.first_problem {
        let (failed, all) = (sent.tally.failed, sent.tally.failed + sent.tally.acknowledged);
        bail!(
            "{failed} of {all} webhooks were not acknowledged, so the exporter may show less than the truth; the first: {problem}"
        );
    }
    Ok(())
}

/// The secrets that the exporter expects, from where it takes them too.
fn secrets() -> anyhow::Result<Secrets> {
    let settings = config::load(None, &Environment::process())?;
    let secret = |source| {
        let secrets = settings.secrets.door(source, None).secrets;
        secrets.first().map_or_else(String::new, |secret| secret.reveal().to_owned())
    };
    Ok(Secrets { octoprint: secret(Source::OctoPrint), octoeverywhere: secret(Source::OctoEverywhere) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_speeds_and_durations_are_more_than_nothing() {
        for (text, fine) in [("1", true), ("100000", true), ("100001", false), ("0", false), ("many", false)]
        {
            assert_eq!(printers(text).is_ok(), fine, "{text}");
        }
        let speeds =
            [("720", true), ("0.5", true), ("0", false), ("-1", false), ("nan", false), ("fast", false)];
        for (text, fine) in speeds {
            assert_eq!(text.parse::<Speed>().is_ok(), fine, "{text}");
        }
        for (text, fine) in [("10m", true), ("1day 2h", true), ("0s", false), ("10", false), ("", false)] {
            assert_eq!(duration(text).is_ok(), fine, "{text}");
        }
    }
}
