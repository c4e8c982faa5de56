//! What a printer has to tell, before a sender puts it into its words.

use std::time::Duration;

use super::course::{Course, Why};

/// Something that a sender may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Started,
    Progress,
    FirstLayer,
    Paused(Why),
    StillWaits(Why),
    Resumed,
    Warned,
    Completed,
    Cancelled,
    Error,
    Failed,
    Disconnected,
    Connected,
    BedCooled,
    LimitReached,
    /// The test button was pressed.
    Test,
    /// A queue plugin starts and ends its placeholder.
    Placeholder,
}

/// The moment at which something is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) course: &'a Course,
    /// The sender's clock, in seconds since the epoch.
    pub(super) clock: i64,
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
        self.printed.as_secs_f64() / self.course.whole.as_secs_f64().max(1e-6)
    }

    /// How long it should still take, as the slicer's estimate shrinks with what is done.
    pub(super) fn remaining(&self) -> Duration {
        self.course.estimate.mul_f64((1.0 - self.done()).max(0.0))
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
