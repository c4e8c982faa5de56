//! The senders: what each software sends for an occurrence.

mod encode;
pub(crate) mod octoeverywhere;
pub(crate) mod octoprint;

use std::time::Duration;

use crate::script::PrintScript;

/// The sources that the exporter knows the senders by.
pub(crate) const SOURCES: [&str; 2] = ["octoprint", "octoeverywhere"];

/// The moment at which something is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) script: &'a PrintScript,
    /// The sender's clock, in seconds since the epoch.
    pub(super) clock: u64,
    /// Time printed so far, without pauses.
    pub(super) printed: Duration,
    /// Time paused so far.
    pub(super) paused: Duration,
    /// How long the pause that is still open has lasted; zero outside of one.
    pub(super) open_pause: Duration,
}

impl Moment<'_> {
    /// How much of the print is done, 0 to 1.
    pub(super) fn done(&self) -> f64 {
        self.printed.as_secs_f64() / self.script.whole.as_secs_f64().max(1e-6)
    }

    /// How long it should still take, as the slicer's estimate shrinks with what is done.
    pub(super) fn remaining(&self) -> Duration {
        self.script.estimate.mul_f64((1.0 - self.done()).max(0.0))
    }
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Path and query of the URL.
    pub path: String,
    /// The headers that the sender sets, without `Host` and `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body of the POST.
    pub body: Vec<u8>,
}
