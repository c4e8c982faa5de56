//! What a sender is: how a software reports what happens at a printer, and which habits its printers have.

use std::fmt;
use std::time::Duration;

use crate::labels::Origin;
use crate::occurrence::{Ending, Occurrence, PauseReason};
use crate::rng::Rng;
use crate::script::PrintScript;

/// A software that sends webhooks, with one choice of its settings.
pub(crate) trait Sender: fmt::Debug + Sync {
    /// Its name in the exporter's URLs and secrets.
    fn source(&self) -> &'static str;

    /// The webhooks that it sends for an occurrence. `rng` must not be used for anything else, so that prints are the same
    /// at every speed.
    fn requests(&self, occurrence: Occurrence, moment: &Moment<'_>, rng: &mut Rng) -> Vec<Request>;

    /// How many prints in a hundred end in these ways; all others are completed.
    fn endings(&self) -> &'static [(u32, Ending)];

    /// How many hours a print takes.
    fn hours(&self, rng: &mut Rng) -> f64 {
        typical_hours(rng)
    }

    fn origin(&self, _: &mut Rng) -> Origin {
        Origin::Unknown
    }

    /// Whether a print with this ending may be paused and resumed before. The report must be able to say exactly what an
    /// exporter can know, so there is no pause where no webhook lets it know of the resume.
    fn pauses_before(&self, ending: Ending) -> bool {
        ending != Ending::Silent
    }

    /// Whether a print with this ending is paused when it ends.
    fn ends_in_a_pause(&self, ending: Ending) -> bool {
        matches!(ending, Ending::CancelledWhilePaused | Ending::Restarted | Ending::Disconnected)
    }

    fn pause_reason(&self, rng: &mut Rng) -> PauseReason {
        match rng.below(3) {
            0 => PauseReason::Person,
            1 => PauseReason::Detector,
            _ => PauseReason::Filament,
        }
    }

    fn reports_resumes(&self) -> bool {
        true
    }

    fn reports_progress(&self) -> bool {
        true
    }

    /// Whether the printer keeps printing when its sender falls silent.
    fn prints_on_when_silent(&self) -> bool {
        true
    }

    /// How often, at most, it repeats in one pause that the print is paused.
    fn pause_reminders(&self) -> u32 {
        1
    }

    /// Whether a queue plugin prints a placeholder before each print.
    fn prints_placeholders(&self) -> bool {
        false
    }

    /// How many webhooks a day it sends at most. Such a sender reports only starts and ends.
    fn daily_limit(&self) -> Option<u32> {
        None
    }
}

/// Most prints are short, and some run through the night.
pub(crate) fn typical_hours(rng: &mut Rng) -> f64 {
    match rng.below(10) {
        0..=5 => rng.between(0.4, 3.0),
        6..=8 => rng.between(3.0, 8.0),
        _ => rng.between(8.0, 20.0),
    }
}

/// What a sender knows when something happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    /// The `printer` label that the printer is to get.
    pub(crate) printer: &'a str,
    /// The printer's id at a cloud service.
    pub(crate) printer_id: &'a str,
    pub(crate) secret: Option<&'a str>,
    pub(crate) script: &'a PrintScript,
    /// The sender's clock, in seconds since the Unix epoch.
    pub(crate) clock: u64,
    /// Time printed so far, without pauses.
    pub(crate) printed: Duration,
    /// Time paused so far.
    pub(crate) paused: Duration,
    /// How long the open pause has lasted; zero outside of one.
    pub(crate) open_pause: Duration,
}

impl Moment<'_> {
    /// The fraction of the print that is done.
    pub(crate) fn done(&self) -> f64 {
        self.printed.as_secs_f64() / self.script.whole.as_secs_f64().max(1e-6)
    }

    /// The time left: the slicer's estimate times what is left to do.
    pub(crate) fn remaining(&self) -> Duration {
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
