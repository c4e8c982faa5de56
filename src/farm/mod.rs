//! The farm: what every printer is doing and what has been counted of it. Pure: no JSON, HTTP, clock or metric.

mod event;
mod reading;
mod time;
mod words;

pub use event::{Elapsed, Event, EventKind, File, Identity, Job, Reported, What};
pub use reading::{PrintReading, Reading, Totals};
pub use time::Time;
pub(crate) use words::words;
pub use words::{AttentionReason, Origin, Outcome, Source, State, WarningAction};

/// Limits that the state keeps, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many printers may exist.
    pub printers: usize,
    /// How long a printer may stay silent beyond what its print's own estimate explains.
    pub silence_grace: std::time::Duration,
    /// How long it may stay silent when its print has no estimate.
    pub silence_without_estimate: std::time::Duration,
}
