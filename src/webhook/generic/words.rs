//! The words in `event`, `state`, `reason` and `action`, each as one closed table. Case, `_`, `-` and blanks do not matter.

use super::{lookup, same_name};
use crate::farm::{EventKind, ReportedState};
use crate::labels::{AttentionReason, Outcome};

/// What a word in `event` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Kind(EventKind),
    /// A print failed, unless its reason says that it was cancelled.
    Failed,
    /// The reason says why.
    Attention,
    /// The action says what was done.
    Warning,
    /// OctoPrint's payload says which state.
    StateChanged,
}

const COMPLETED: Meaning = Meaning::Kind(EventKind::Ended(Outcome::Completed));
const CANCELLED: Meaning = Meaning::Kind(EventKind::Ended(Outcome::Cancelled));
const ERROR_CLEARED: Meaning = Meaning::Kind(EventKind::StateReport(ReportedState::ErrorCleared));
const IDLE: Meaning = Meaning::Kind(EventKind::StateReport(ReportedState::Idle));
const OFFLINE: Meaning = Meaning::Kind(EventKind::StateReport(ReportedState::Offline));
const NOTICE: Meaning = Meaning::Kind(EventKind::Notice);

/// The words of the schema, then what other software calls the same.
pub(super) const EVENTS: [(&str, Meaning); 45] = [
    ("started", Meaning::Kind(EventKind::Started)),
    ("progress", Meaning::Kind(EventKind::Progress)),
    ("paused", Meaning::Kind(EventKind::Paused)),
    ("resumed", Meaning::Kind(EventKind::Resumed)),
    ("completed", COMPLETED),
    ("cancelled", CANCELLED),
    ("failed", Meaning::Failed),
    ("ended", Meaning::Kind(EventKind::Ended(Outcome::Unknown))),
    ("error", Meaning::Kind(EventKind::Error)),
    ("attention", Meaning::Attention),
    ("warning", Meaning::Warning),
    ("notice", NOTICE),
    ("test", Meaning::Kind(EventKind::Test)),
    ("start", Meaning::Kind(EventKind::Started)),
    ("pause", Meaning::Kind(EventKind::Paused)),
    ("resume", Meaning::Kind(EventKind::Resumed)),
    ("complete", COMPLETED),
    ("done", COMPLETED),
    ("finish", COMPLETED),
    ("finished", COMPLETED),
    ("cancel", CANCELLED),
    ("canceled", CANCELLED),
    ("stopped", CANCELLED),
    ("end", Meaning::Kind(EventKind::Ended(Outcome::Unknown))),
    ("error_cleared", ERROR_CLEARED),
    ("filament_change", Meaning::Kind(EventKind::Attention(AttentionReason::FilamentChange))),
    ("user_interaction", Meaning::Kind(EventKind::Attention(AttentionReason::UserInteraction))),
    // Home Assistant's integration of Bambu Lab.
    ("event_print_started", Meaning::Kind(EventKind::Started)),
    ("event_print_finished", COMPLETED),
    ("event_print_canceled", CANCELLED),
    ("event_print_failed", Meaning::Failed),
    ("event_print_error", Meaning::Kind(EventKind::Error)),
    ("event_printer_error", Meaning::Kind(EventKind::Error)),
    ("event_print_error_cleared", ERROR_CLEARED),
    ("event_printer_error_cleared", ERROR_CLEARED),
    // SimplyPrint.
    ("job.started", Meaning::Kind(EventKind::Started)),
    ("job.paused", Meaning::Kind(EventKind::Paused)),
    ("job.resumed", Meaning::Kind(EventKind::Resumed)),
    ("job.done", COMPLETED),
    ("job.cancelled", CANCELLED),
    ("job.failed", Meaning::Failed),
    // What people call the same events, with the word before them.
    ("print_completed", COMPLETED),
    ("print_finished", COMPLETED),
    ("print_canceled", CANCELLED),
    ("print_ended", Meaning::Kind(EventKind::Ended(Outcome::Unknown))),
];

/// The events of OctoPrint that a printer can be behind. Their payload has keys of its own; see `octoprint`.
pub(super) const OCTOPRINT: [(&str, Meaning); 23] = [
    ("PrintStarted", Meaning::Kind(EventKind::Started)),
    ("PrintProgress", Meaning::Kind(EventKind::Progress)),
    ("PrintDone", COMPLETED),
    ("PrintFailed", Meaning::Failed),
    ("PrintCancelled", CANCELLED),
    ("PrintPaused", Meaning::Kind(EventKind::Paused)),
    ("PrintResumed", Meaning::Kind(EventKind::Resumed)),
    ("PrintCancelling", NOTICE),
    ("PrinterStateChanged", Meaning::StateChanged),
    ("Connected", IDLE),
    ("Disconnected", OFFLINE),
    ("Connecting", NOTICE),
    ("Disconnecting", NOTICE),
    ("PrinterReset", NOTICE),
    ("Startup", NOTICE),
    ("Shutdown", NOTICE),
    ("FileSelected", NOTICE),
    ("FileDeselected", NOTICE),
    ("ZChange", NOTICE),
    ("ToolChange", NOTICE),
    ("Waiting", NOTICE),
    ("Cooling", NOTICE),
    ("Alert", NOTICE),
];

/// The words of the schema, then those of Bambu Lab's printers, `PrusaLink`, Klipper, Moonraker and OctoPrint.
pub(super) const STATES: [(&str, EventKind); 33] = [
    ("printing", EventKind::StateReport(ReportedState::Printing)),
    ("paused", EventKind::StateReport(ReportedState::Paused)),
    ("idle", EventKind::StateReport(ReportedState::Idle)),
    ("error", EventKind::StateReport(ReportedState::Error)),
    ("offline", EventKind::StateReport(ReportedState::Offline)),
    ("running", EventKind::StateReport(ReportedState::Printing)),
    ("prepare", EventKind::StateReport(ReportedState::Printing)),
    ("pause", EventKind::StateReport(ReportedState::Paused)),
    ("finish", EventKind::StateReport(ReportedState::Idle)),
    ("finished", EventKind::StateReport(ReportedState::Idle)),
    ("failed", EventKind::StateReport(ReportedState::Idle)),
    ("slicing", EventKind::StateReport(ReportedState::Idle)),
    ("stopped", EventKind::StateReport(ReportedState::Idle)),
    ("ready", EventKind::StateReport(ReportedState::Idle)),
    ("standby", EventKind::StateReport(ReportedState::Idle)),
    ("complete", EventKind::StateReport(ReportedState::Idle)),
    ("completed", EventKind::StateReport(ReportedState::Idle)),
    ("cancelled", EventKind::StateReport(ReportedState::Idle)),
    ("operational", EventKind::StateReport(ReportedState::Idle)),
    ("pausing", EventKind::StateReport(ReportedState::Printing)),
    ("resuming", EventKind::StateReport(ReportedState::Paused)),
    ("cancelling", EventKind::StateReport(ReportedState::Printing)),
    ("finishing", EventKind::StateReport(ReportedState::Printing)),
    ("shutdown", EventKind::StateReport(ReportedState::Error)),
    ("disconnected", EventKind::StateReport(ReportedState::Offline)),
    ("closed", EventKind::StateReport(ReportedState::Offline)),
    ("unavailable", EventKind::StateReport(ReportedState::Offline)),
    ("unknown", EventKind::Notice),
    ("init", EventKind::Notice),
    ("startup", EventKind::Notice),
    ("busy", EventKind::Notice),
    ("attention", EventKind::Notice),
    ("connecting", EventKind::Notice),
];

const FILAMENT: [&str; 5] = ["filament_change", "filament_runout", "runout", "filament", "M600"];

const SAYS_CANCELLED: [&str; 2] = ["cancelled", "canceled"];

const SAYS_PAUSED: [&str; 2] = ["paused", "pause"];

/// The meaning of a word in `event`, and whether it is an event of OctoPrint.
pub(super) fn event(word: &str) -> Option<(Meaning, bool)> {
    let of = |table, is_octoprint| lookup(table, word).map(|meaning| (meaning, is_octoprint));
    of(&EVENTS[..], false).or_else(|| of(&OCTOPRINT[..], true))
}

/// What a word in `state` reports.
pub(super) fn state(word: &str) -> Option<EventKind> {
    lookup(&STATES, word)
}

pub(super) fn attention(reason: Option<&str>) -> AttentionReason {
    let wants_filament = reason.is_some_and(|reason| is_one_of(&FILAMENT, reason));
    if wants_filament { AttentionReason::FilamentChange } else { AttentionReason::UserInteraction }
}

pub(super) fn says_cancelled(reason: &str) -> bool {
    is_one_of(&SAYS_CANCELLED, reason)
}

pub(super) fn says_paused(action: &str) -> bool {
    is_one_of(&SAYS_PAUSED, action)
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| same_name(known, word))
}
