//! What a printer reported, free of any wire format.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::brief::{is_default, span};
use crate::labels::{AttentionReason, EventLabel, Origin, Outcome, Source, WarningAction};
use crate::timestamp::Timestamp;

/// One thing that a printer reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Whose event it is.
    pub printer: Identity,
    /// When we received it.
    pub received: Timestamp,
    /// When the sender says that it sent it, by its own clock. Only differences between two of them mean anything.
    pub sent: Option<Timestamp>,
    /// What happened.
    pub kind: EventKind,
    /// What the sender says of the print.
    pub report: PrintReport,
}

/// Which printer an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who sent it.
    pub source: Source,
    /// What tells this printer from every other of its source, for ever.
    pub id: String,
    /// The `printer` label that it should get when it is first seen.
    pub label: String,
    /// What its owner calls it now.
    pub name: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A print began.
    Started,
    /// A print goes on.
    Progress,
    /// A print was paused.
    Paused,
    /// A print goes on after a pause.
    Resumed,
    /// A print ended.
    Ended(Outcome),
    /// The printer reported an error; whether a print survives it is not known yet.
    Error,
    /// A failure detector believes that the print fails.
    FailureWarning(WarningAction),
    /// The printer wants a person.
    Attention(AttentionReason),
    /// The printer tells its state. It never opens a print and never ends one.
    StateReport(ReportedState),
    /// Something that changes no state: the printer is alive.
    Notice,
    /// The sender's account has used up its webhooks of the day.
    LimitReached,
    /// Somebody pressed the test button.
    Test,
}

/// The state that a printer tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportedState {
    /// It prints.
    Printing,
    /// It waits within a print.
    Paused,
    /// It is ready and does nothing.
    Idle,
    /// It is in an error.
    Error,
    /// It is not connected.
    Offline,
}

impl EventKind {
    /// The kind, without its details.
    #[must_use]
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
            Self::Notice => EventLabel::Notice,
            Self::LimitReached => EventLabel::LimitReached,
            Self::Test => EventLabel::Test,
        }
    }
}

/// What the sender says of the print. Everything is optional: `None` is "not reported", never 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrintReport {
    /// The sender's own name for this run of the file (OctoEverywhere). It identifies the print.
    pub print_id: Option<String>,
    /// The printed file.
    pub file: Option<File>,
    /// Where the file lies; `None` when the sender does not say.
    pub origin: Option<Origin>,
    /// Who owns the file.
    pub owner: Option<String>,
    /// How much is done, 0 to 1, from a field that tells it.
    pub progress: Option<f64>,
    /// How much is done, 0 to 1, as read out of a sentence. It proves no print: an upload to the SD card says it too.
    pub progress_in_words: Option<f64>,
    /// How long it has been going on, by the sender's clock.
    pub elapsed: Option<Elapsed>,
    /// How long it will go on.
    pub remaining: Option<Duration>,
    /// How long the whole print should take.
    pub estimate: Option<Duration>,
    /// The current layer, from 1.
    pub layer: Option<u32>,
    /// The number of layers.
    pub layers: Option<u32>,
    /// Height of the nozzle above the bed, in metres.
    pub height: Option<f64>,
    /// How far the file has been read, in bytes.
    pub position: Option<u64>,
    /// Whether the sender says, beside the event, that the print is paused.
    pub says_paused: bool,
}

/// A printed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name, for people.
    pub name: String,
    /// Its path within its origin, when the sender tells it.
    #[serde(skip_serializing_if = "is_default")]
    pub path: Option<String>,
}

/// A sender's own elapsed time, which senders count in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Elapsed {
    /// Pauses are left out.
    Printing(#[serde(with = "span")] Duration),
    /// Pauses are counted in.
    WithPauses(#[serde(with = "span")] Duration),
    /// Pauses are in or out, depending on a printer that we do not know.
    Either(#[serde(with = "span")] Duration),
}

impl PrintReport {
    /// Whether this tells of a print at all. An empty report, or a mere sentence, opens none.
    #[must_use]
    pub const fn tells_of_a_print(&self) -> bool {
        self.print_id.is_some()
            || self.file.is_some()
            || self.progress.is_some()
            || self.elapsed.is_some()
            || self.remaining.is_some()
            || self.layer.is_some()
    }
}
