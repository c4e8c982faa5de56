//! Reads what happened: the kind of an event.

use std::borrow::Cow;

use super::message::Message;
use super::topic::{Topic, lookup};
use super::{Malformed, Object};
use crate::farm::{EventKind, ReportedState};
use crate::labels::{AttentionReason, Outcome};

#[cfg(test)]
mod tests;

/// The topic of the message. The name of an event that custom events can carry is one, too.
pub(super) fn topic(message: &Message<'_>) -> Option<Topic> {
    Topic::read(message.topic).or_else(|| lookup(&CUSTOM, message.topic).map(|_| Topic::Custom))
}

/// The kind of the event, by its topic and, where that is not enough, by other fields.
///
/// # Errors
/// When one of those fields holds a list or an object.
pub(super) fn read(topic: Topic, message: &Message<'_>, extra: Object<'_>) -> Result<EventKind, Malformed> {
    Ok(match topic {
        Topic::Started => EventKind::Started,
        Topic::Done => EventKind::Ended(Outcome::Completed),
        Topic::Failed => EventKind::Ended(failure(message, extra)?),
        Topic::Paused => EventKind::Paused,
        // The progress of an upload shows that the printer is alive.
        Topic::Progress if is_upload(message)? => EventKind::Notice,
        Topic::Progress => EventKind::Progress,
        Topic::Attention => EventKind::Attention(AttentionReason::UserInteraction),
        Topic::Error => EventKind::Error,
        Topic::Custom => custom(message, extra)?,
    })
}

/// What an event of OctoPrint means that users name in the message of a custom event.
#[derive(Clone, Copy)]
enum Custom {
    Kind(EventKind),
    Failed,
    StateChanged,
}

const CUSTOM: [(&str, Custom); 13] = [
    ("PrintResumed", Custom::Kind(EventKind::StateReport(ReportedState::Printing))),
    ("PrintPaused", Custom::Kind(EventKind::StateReport(ReportedState::Paused))),
    ("PrintCancelled", Custom::Kind(EventKind::Ended(Outcome::Cancelled))),
    ("PrintDone", Custom::Kind(EventKind::Ended(Outcome::Completed))),
    ("PrintFailed", Custom::Failed),
    ("Connected", Custom::Kind(EventKind::StateReport(ReportedState::Idle))),
    ("Disconnected", Custom::Kind(EventKind::StateReport(ReportedState::Offline))),
    ("PrinterStateChanged", Custom::StateChanged),
    ("PrintCancelling", Custom::Kind(EventKind::Notice)),
    ("Connecting", Custom::Kind(EventKind::Notice)),
    ("Disconnecting", Custom::Kind(EventKind::Notice)),
    ("FileSelected", Custom::Kind(EventKind::Notice)),
    ("FileDeselected", Custom::Kind(EventKind::Notice)),
];

/// The same in sentences: "Print has been paused".
const IN_WORDS: [(&str, Custom); 4] = [
    ("resumed", Custom::Kind(EventKind::StateReport(ReportedState::Printing))),
    ("paused", Custom::Kind(EventKind::StateReport(ReportedState::Paused))),
    ("cancelled", Custom::Kind(EventKind::Ended(Outcome::Cancelled))),
    ("canceled", Custom::Kind(EventKind::Ended(Outcome::Cancelled))),
];

/// What may stand beside the word that tells. Anything else may say that this is about something else.
const BESIDE: [&str; 12] =
    ["print", "printer", "printing", "job", "your", "the", "a", "was", "has", "been", "is", "now"];

/// The states of a printer, by their ids in OctoPrint.
pub(in crate::webhook) const STATES: [(&str, ReportedState); 7] = [
    ("PRINTING", ReportedState::Printing),
    ("PAUSED", ReportedState::Paused),
    ("OPERATIONAL", ReportedState::Idle),
    ("ERROR", ReportedState::Error),
    ("CLOSED_WITH_ERROR", ReportedState::Error),
    ("OFFLINE", ReportedState::Offline),
    ("CLOSED", ReportedState::Offline),
];

fn custom(message: &Message<'_>, extra: Object<'_>) -> Result<EventKind, Malformed> {
    let text = message.field(|object| object.text("message"))?.unwrap_or_default();
    let event = lookup(&CUSTOM, message.topic).or_else(|| lookup(&CUSTOM, &text)).or_else(|| in_words(&text));
    Ok(match event {
        Some(Custom::Kind(kind)) => kind,
        Some(Custom::Failed) => EventKind::Ended(failure(message, extra)?),
        Some(Custom::StateChanged) => {
            let state = extra.text("state_id")?.unwrap_or_default();
            lookup(&STATES, &state).map_or(EventKind::Notice, EventKind::StateReport)
        }
        None => EventKind::Notice,
    })
}

/// The event that a sentence names with its only word that tells anything.
fn in_words(sentence: &str) -> Option<Custom> {
    let words = sentence.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words = words.filter(|word| !BESIDE.iter().any(|beside| beside.eq_ignore_ascii_case(word)));
    let event = lookup(&IN_WORDS, words.next()?);
    event.filter(|_| words.next().is_none())
}

/// Whether a failed print was cancelled: the plugin has one topic for both.
fn failure(message: &Message<'_>, extra: Object<'_>) -> Result<Outcome, Malformed> {
    let reason = extra.text("reason")?;
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

/// Whether a file is being sent to the printer. OctoPrint 2 has its progress where it has that of a print.
fn is_upload(message: &Message<'_>) -> Result<bool, Malformed> {
    let file = message.object("job")?.object("file", "job.file")?;
    let state = state_text(message, message.object("state")?)?;
    Ok(file.flag("upload")?
        || state.is_some_and(|text| text.to_ascii_lowercase().starts_with("transferring")))
}

/// The name of the printer's state. `state` is the object of that name in the message.
///
/// # Errors
/// When it is a list or an object.
pub(super) fn state_text<'a>(
    message: &Message<'a>,
    state: Object<'a>,
) -> Result<Option<Cow<'a, str>>, Malformed> {
    Ok(state.text("text")?.or_else(|| message.renamed_text(&["state"])))
}
