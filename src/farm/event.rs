//! What a printer reported, independent of any wire format.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::identity::{Identity, fingerprint};
use crate::labels::{AttentionReason, EventLabel, Origin, Outcome, WarningAction};
use crate::timestamp::Timestamp;

/// One thing that a printer reported. As JSON, it is without its source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub printer: Identity,
    /// When we received it.
    pub received: Timestamp,
    /// When the sender sent it, by its own clock. Only differences between two of these are meaningful.
    pub sent: Option<Timestamp>,
    pub kind: EventKind,
    /// What the sender reports of the print.
    pub report: PrintReport,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    Started,
    Progress,
    Paused,
    /// A print continues after a pause.
    Resumed,
    Ended(Outcome),
    /// The printer reported an error. Whether its print continues is not known yet.
    Error,
    /// A failure detector predicts that the print fails.
    FailureWarning(WarningAction),
    /// The printer asked for user attention.
    Attention(AttentionReason),
    /// The printer reported its state. This never starts and never ends a print.
    StateReport(ReportedState),
    /// The printer was heard of; nothing else follows from it.
    Notice,
    /// The sender's account has used up its webhooks of the day.
    LimitReached,
    /// A user pressed the sender's test button.
    Test,
    /// A person retired the printer. No webhook says this.
    Retired,
}

/// The state that a printer reports of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportedState {
    Printing,
    Paused,
    /// It is ready and does nothing.
    Idle,
    Error,
    /// Its error is cleared. What it does is not said.
    ErrorCleared,
    /// It is not connected, so it prints nothing.
    Offline,
    /// The sender has lost it. Whether it prints on is not known.
    Unreachable,
}

impl Event {
    pub fn print_fingerprint(&self) -> Option<u64> {
        let id = self.report.print_id.as_deref()?;
        Some(fingerprint(&[self.printer.source.as_str(), &self.printer.id, id]))
    }

    /// The stated elapsed time as far as it is evidence. A 0 at an end is none: senders that lost track of the print state it.
    pub(super) fn elapsed(&self) -> Option<Elapsed> {
        self.report.elapsed.filter(|elapsed| !(self.kind.is_end() && elapsed.stated().is_zero()))
    }

    /// The same, however it was counted.
    pub(super) fn stated(&self) -> Option<Duration> {
        self.elapsed().map(Elapsed::stated)
    }
}

impl EventKind {
    pub(super) const fn is_end(self) -> bool {
        matches!(self, Self::Ended(_))
    }

    /// The kind without its details, as a label value.
    pub const fn label(self) -> EventLabel {
        match self {
            Self::Started => EventLabel::Started,
            Self::Progress => EventLabel::Progress,
            Self::Paused => EventLabel::Paused,
            Self::Resumed => EventLabel::Resumed,
            Self::Ended(_) => EventLabel::Ended,
            Self::Error => EventLabel::Error,
            Self::FailureWarning(_) => EventLabel::FailureWarning,
            Self::Attention(_) => EventLabel::Attention,
            Self::StateReport(_) => EventLabel::StateReport,
            Self::Notice | Self::Retired => EventLabel::Notice,
            Self::LimitReached => EventLabel::LimitReached,
            Self::Test => EventLabel::Test,
        }
    }
}

/// What the sender reports of the print. `None` means "not reported", never 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a statement of its own, and several may be made at once"
)]
pub struct PrintReport {
    /// The sender's id of the event: what carries it again within a day is a repeat. A sender without ids may make one of
    /// values that no two events share.
    pub event_id: Option<String>,
    /// The sender's id of this run of the file.
    pub print_id: Option<String>,
    pub file: Option<File>,
    pub origin: Option<Origin>,
    pub owner: Option<String>,
    /// The completed part, 0 to 1, from a field of its own.
    pub progress: Option<f64>,
    /// The completed part, 0 to 1, read from a sentence. It proves no print: an upload to the SD card says it too.
    pub progress_in_words: Option<f64>,
    /// How long the print has been running, by the sender's clock.
    pub elapsed: Option<Elapsed>,
    /// How long it will still run.
    pub remaining: Option<Duration>,
    /// How long the whole print should take.
    pub estimate: Option<Duration>,
    /// The filament that it has used so far.
    pub filament_used: Filament,
    /// The filament that the whole of it should use.
    pub filament_planned: Filament,
    /// Why the print ended, or what error there is, in the sender's words.
    pub reason: Option<String>,
    /// The current layer, from 1.
    pub layer: Option<u32>,
    /// The number of layers.
    pub layers: Option<u32>,
    /// Height of the nozzle above the bed, in metres.
    pub height: Option<f64>,
    /// How far the file has been read, in bytes.
    pub position: Option<u64>,
    /// The sender says, beside the event, that the print is paused.
    pub says_paused: bool,
    /// The sender says, beside the event, that nothing is being printed.
    pub says_idle: bool,
    /// The sender says, beside the event, that an error is about to end the print.
    pub says_failing: bool,
    /// The sender says, with an end, that the printer is ready for another print, whatever error came before.
    pub says_ready: bool,
}

/// A printed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its display name.
    pub name: String,
    /// Its path within its origin, where the sender reports it.
    pub path: Option<String>,
}

/// An amount of filament, in each unit in which the sender states it. None is converted: that takes the diameter and the
/// density, which nobody reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filament {
    pub metres: Option<f64>,
    pub grams: Option<f64>,
}

/// A sender's own elapsed time. Senders count it in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Elapsed {
    /// Without pauses, by a monotonic clock, which no setting of the wall clock moves (OctoPrint's `printTime`:
    /// `util/comm.py` since version 1.3.11).
    Printing(Duration),
    /// With pauses.
    WithPauses(Duration),
    /// With pauses, in whole minutes, rounded down.
    InMinutes(Duration),
    /// With or without pauses, depending on the printer, which we do not know.
    Either(Duration),
}

impl Elapsed {
    /// Whether pauses are known to be in it.
    pub(super) const fn counts_pauses(self) -> bool {
        matches!(self, Self::WithPauses(_) | Self::InMinutes(_))
    }

    /// The time as stated, however it was counted.
    pub(super) const fn stated(self) -> Duration {
        match self {
            Self::Printing(time) | Self::WithPauses(time) | Self::InMinutes(time) | Self::Either(time) => {
                time
            }
        }
    }

    /// Another time, counted in the same way.
    pub(super) const fn with(self, time: Duration) -> Self {
        match self {
            Self::Printing(_) => Self::Printing(time),
            Self::WithPauses(_) => Self::WithPauses(time),
            Self::InMinutes(_) => Self::InMinutes(time),
            Self::Either(_) => Self::Either(time),
        }
    }
}

impl File {
    /// Whether two files, as far as they are known, differ. Paths decide where both are reported; senders write the name of
    /// one file with blanks or underscores.
    pub(super) fn differ(one: Option<&Self>, other: Option<&Self>) -> bool {
        let (Some(one), Some(other)) = (one, other) else { return false };
        match (&one.path, &other.path) {
            (Some(one), Some(other)) => one != other,
            _ => !one.name.chars().map(plain).eq(other.name.chars().map(plain)),
        }
    }
}

const fn plain(letter: char) -> char {
    if letter == ' ' { '_' } else { letter }
}

impl PrintReport {
    /// How long the completed part should have taken: by the remaining time, else by the estimate for the whole print.
    pub(super) fn work(&self, progress: Option<f64>, estimate: Option<Duration>) -> Option<Duration> {
        let progress = self.progress.or(progress)?;
        let by_remaining = self.remaining.filter(|_| progress < 1.0).and_then(|remaining| {
            Duration::try_from_secs_f64(remaining.as_secs_f64() * progress / (1.0 - progress)).ok()
        });
        by_remaining.or(estimate.map(|estimate| estimate.mul_f64(progress)))
    }

    /// Whether this proves that there is a print. An empty report, or a mere sentence, does not.
    pub const fn tells_of_a_print(&self) -> bool {
        self.print_id.is_some()
            || self.file.is_some()
            || self.progress.is_some()
            || self.elapsed.is_some()
            || self.remaining.is_some()
            || self.layer.is_some()
    }
}
