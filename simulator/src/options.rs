//! The choices that make a farm.

use std::time::Duration;

use crate::secrets::Secrets;

/// Which farm is simulated, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How many printers the farm has.
    pub printers: u32,
    /// How many times faster than a real farm it runs; more than 0.
    pub speed: f64,
    /// The same seed gives the same farm.
    pub seed: u64,
    /// How long the simulation runs, in real time.
    pub duration: Duration,
    /// The wall clock at the start, since the Unix epoch. Senders write the time of day into their webhooks.
    pub start: Duration,
    /// The farm's own time at the start, since midnight of a Monday.
    pub week: Duration,
    /// What the senders present.
    pub secrets: Secrets,
}
