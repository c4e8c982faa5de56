//! What happened.

use std::borrow::Cow;

use super::message::Message;
use super::{Malformed, Object};
use crate::farm::{AttentionReason, Outcome, Reported, What};

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
    pub(super) fn what(self, message: &Message<'_>) -> Result<What, Malformed> {
        Ok(match self {
            Self::Started => What::Started,
            Self::Done => What::Finished(Outcome::Completed),
            Self::Failed => What::Finished(failure(message)?),
            Self::Paused => What::Paused,
            Self::Progress => What::Progress,
            Self::Attention => What::Attention(AttentionReason::UserInteraction),
            Self::Error => What::Error,
            Self::Custom => custom(message)?,
        })
    }
}

/// Events of OctoPrint that users name in the message of a custom event, and what they tell.
#[derive(Clone, Copy)]
enum Custom {
    Tells(What),
    Failed,
    StateChanged,
}

const CUSTOM: [(&str, Custom); 8] = [
    ("PrintResumed", Custom::Tells(What::StateReport(Reported::Printing))),
    ("PrintPaused", Custom::Tells(What::StateReport(Reported::Paused))),
    ("PrintCancelled", Custom::Tells(What::Finished(Outcome::Cancelled))),
    ("PrintDone", Custom::Tells(What::Finished(Outcome::Completed))),
    ("PrintFailed", Custom::Failed),
    ("Connected", Custom::Tells(What::StateReport(Reported::Idle))),
    ("Disconnected", Custom::Tells(What::StateReport(Reported::Offline))),
    ("PrinterStateChanged", Custom::StateChanged),
];

const STATES: [(&str, Reported); 7] = [
    ("PRINTING", Reported::Printing),
    ("PAUSED", Reported::Paused),
    ("OPERATIONAL", Reported::Idle),
    ("ERROR", Reported::Error),
    ("CLOSED_WITH_ERROR", Reported::Error),
    ("OFFLINE", Reported::Offline),
    ("CLOSED", Reported::Offline),
];

fn custom(message: &Message<'_>) -> Result<What, Malformed> {
    let name = message.field(|object| object.text("message"))?.unwrap_or_default();
    Ok(match lookup(&CUSTOM, &name) {
        Some(Custom::Tells(what)) => what,
        Some(Custom::Failed) => What::Finished(failure(message)?),
        Some(Custom::StateChanged) => {
            let state = message.object("extra")?.text("state_id")?.unwrap_or_default();
            lookup(&STATES, &state).map_or(What::Notice, What::StateReport)
        }
        None => What::Notice,
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
