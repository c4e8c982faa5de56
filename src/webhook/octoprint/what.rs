//! What happened.

use std::borrow::Cow;

use super::message::Message;
use super::{Malformed, Object};
use crate::farm::{EventKind, ReportedState};
use crate::labels::{AttentionReason, Outcome};

#[cfg(test)]
mod tests;

/// The topics of the plugin and of its fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// A print began.
    Started,
    /// A print ran to its end.
    Done,
    /// A print failed or was cancelled.
    Failed,
    /// A print was paused.
    Paused,
    /// A print goes on.
    Progress,
    /// The printer wants a person.
    Attention,
    /// The printer reported an error.
    Error,
    /// The fork passes on an event of OctoPrint, which only the user's message names.
    Custom,
}

const TOPICS: [(&str, Topic); 8] = [
    ("Print Started", Topic::Started),
    ("Print Done", Topic::Done),
    ("Print Failed", Topic::Failed),
    ("Print Paused", Topic::Paused),
    ("Print Progress", Topic::Progress),
    ("User Action Needed", Topic::Attention),
    ("Error", Topic::Error),
    ("Custom Event", Topic::Custom),
];

impl Topic {
    /// The topic of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        lookup(&TOPICS, name)
    }

    /// What happened, by the topic and what else the message says.
    ///
    /// # Errors
    /// When a field that tells it holds a list or an object.
    pub(super) fn kind(self, message: &Message<'_>) -> Result<EventKind, Malformed> {
        Ok(match self {
            Self::Started => EventKind::Started,
            Self::Done => EventKind::Ended(Outcome::Completed),
            Self::Failed => EventKind::Ended(failure(message)?),
            Self::Paused => EventKind::Paused,
            Self::Progress => EventKind::Progress,
            Self::Attention => EventKind::Attention(AttentionReason::UserInteraction),
            Self::Error => EventKind::Error,
            Self::Custom => custom(message)?,
        })
    }
}

/// Events of OctoPrint that users name in the message of a custom event, and what they tell.
#[derive(Clone, Copy)]
enum Custom {
    Tells(EventKind),
    Failed,
    StateChanged,
}

const CUSTOM: [(&str, Custom); 8] = [
    ("PrintResumed", Custom::Tells(EventKind::StateReport(ReportedState::Printing))),
    ("PrintPaused", Custom::Tells(EventKind::StateReport(ReportedState::Paused))),
    ("PrintCancelled", Custom::Tells(EventKind::Ended(Outcome::Cancelled))),
    ("PrintDone", Custom::Tells(EventKind::Ended(Outcome::Completed))),
    ("PrintFailed", Custom::Failed),
    ("Connected", Custom::Tells(EventKind::StateReport(ReportedState::Idle))),
    ("Disconnected", Custom::Tells(EventKind::StateReport(ReportedState::Offline))),
    ("PrinterStateChanged", Custom::StateChanged),
];

const STATES: [(&str, ReportedState); 7] = [
    ("PRINTING", ReportedState::Printing),
    ("PAUSED", ReportedState::Paused),
    ("OPERATIONAL", ReportedState::Idle),
    ("ERROR", ReportedState::Error),
    ("CLOSED_WITH_ERROR", ReportedState::Error),
    ("OFFLINE", ReportedState::Offline),
    ("CLOSED", ReportedState::Offline),
];

fn custom(message: &Message<'_>) -> Result<EventKind, Malformed> {
    let name = message.field(|object| object.text("message"))?.unwrap_or_default();
    Ok(match lookup(&CUSTOM, &name) {
        Some(Custom::Tells(kind)) => kind,
        Some(Custom::Failed) => EventKind::Ended(failure(message)?),
        Some(Custom::StateChanged) => {
            let state = message.object("extra")?.text("state_id")?.unwrap_or_default();
            lookup(&STATES, &state).map_or(EventKind::Notice, EventKind::StateReport)
        }
        None => EventKind::Notice,
    })
}

/// The plugin calls a cancelled print failed, too.
fn failure(message: &Message<'_>) -> Result<Outcome, Malformed> {
    let reason = message.object("extra")?.text("reason")?;
    let cancelled = match reason.or_else(|| message.renamed_text(&["reason"])) {
        Some(reason) => ["cancelled", "canceled"].iter().any(|word| reason.eq_ignore_ascii_case(word)),
        None => is_cancelling(message)?,
    };
    Ok(if cancelled { Outcome::Cancelled } else { Outcome::Failed })
}

fn is_cancelling(message: &Message<'_>) -> Result<bool, Malformed> {
    let state = message.object("state")?;
    let flag = state.object("flags", "state.flags")?.flag("cancelling")?;
    Ok(flag || state_text(message, state)?.is_some_and(|text| text.eq_ignore_ascii_case("cancelling")))
}

/// What OctoPrint calls its state, of which the message has this object.
///
/// # Errors
/// When it is a list or an object.
pub(super) fn state_text<'a>(
    message: &Message<'a>,
    state: Object<'a>,
) -> Result<Option<Cow<'a, str>>, Malformed> {
    Ok(state.text("text")?.or_else(|| message.renamed_text(&["state"])))
}

fn lookup<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    let name = name.trim();
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}
