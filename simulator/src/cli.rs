//! The command line.

use std::str::FromStr;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use printfarm_simulator::delivery::Target;

/// Sends an exporter the webhooks of a simulated farm, and then prints what really happened there.
#[derive(Clone, Debug, Parser)]
#[command(name = "printfarm_simulator", version)]
pub(crate) struct Args {
    /// The exporter to send webhooks to.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:10064")]
    pub(crate) target: Target,
    /// How many printers the farm has.
    #[arg(long, value_name = "COUNT", default_value = "18", value_parser = printers)]
    pub(crate) printers: u32,
    /// How many times faster than a real farm it runs; at 720, a day takes two minutes.
    #[arg(long, value_name = "FACTOR", default_value = "720")]
    pub(crate) speed: Speed,
    /// The same seed gives the same farm.
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    pub(crate) seed: u64,
    /// How long the simulation runs, in real time.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(crate) duration: Duration,
    /// How the report is printed: table for people; json for programs.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Speed(pub(crate) f64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a number from 0.01 to 100000, such as 720")]
pub(crate) struct SpeedError;

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        let speed = text.parse().map_err(|_| SpeedError)?;
        if (0.01..=100_000.0).contains(&speed) { Ok(Self(speed)) } else { Err(SpeedError) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a number from 1 to 100000, such as 12")]
struct CountError;

fn printers(text: &str) -> Result<u32, CountError> {
    text.parse().ok().filter(|count| (1..=100_000).contains(count)).ok_or(CountError)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a time such as 90s, 10m or 2days")]
struct DurationError;

fn duration(text: &str) -> Result<Duration, DurationError> {
    humantime::parse_duration(text).ok().filter(|span| !span.is_zero()).ok_or(DurationError)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_are_well_defined() {
        Args::command().debug_assert();
    }

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
