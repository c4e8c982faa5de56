//! The endpoint for everything else: a flat message that people write themselves, in Home Assistant, Node-RED, n8n, a shell.
//!
//! The schema is in docs/senders/generic.md. `words` has what can be in `event` and `state`; `values` reads a value however it
//! is written; `report` has the keys; `octoprint` reads the payload of OctoPrint's own events, whose keys mean something else.

use std::borrow::Cow;

use super::payload::{Object, Payload, same_name};
use super::{Context, DecodeError, Malformed, Parsed, Profile, Sender, bounds, file};
use crate::farm::{Event, EventKind, PrintReport};
use crate::labels::{Outcome, WarningAction};

mod octoprint;
mod profile;
mod report;
#[cfg(test)]
mod tests;
mod values;
mod words;

use profile::{PROFILE, UNKNOWN_EVENT, UNKNOWN_STATE};
use values::Fields;
use words::Meaning;

/// See the module.
pub(super) struct Generic;

impl Sender for Generic {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn own_id(&self, payload: &Payload) -> Option<String> {
        Fields(payload.top()).owned_text("printer").ok()?
    }

    fn parse(&self, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
        let fields = Fields(payload.top());
        let (meaning, is_octoprint) = meaning(fields)?;
        let own_id = fields.owned_text("printer")?;
        let printer = context.printer(&PROFILE, own_id, fields.owned_text("printer_name")?)?;
        let payload = is_octoprint.then(|| octoprint::Payload::of(fields)).transpose()?;
        let kind = kind(meaning, fields, payload.as_ref())?;
        let sent = fields.time("time")?;
        let mut report = report::read(fields, kind, sent.unwrap_or(context.received))?;
        if let Some(payload) = payload {
            payload.add_to(&mut report, kind)?;
        }
        Ok(Parsed::Event(Event {
            printer,
            received: context.received,
            sent,
            kind,
            report: if kind == EventKind::Test { PrintReport::default() } else { report },
        }))
    }
}

/// What the message is about, and whether it is an event of OctoPrint.
fn meaning(fields: Fields<'_>) -> Result<(Meaning, bool), DecodeError> {
    if let Some(word) = fields.text("event")? {
        return words::event(&word).ok_or(DecodeError::NoEvent { hint: UNKNOWN_EVENT });
    }
    // A state that is "unknown" is a state.
    let state = fields.0.text("state")?.ok_or(DecodeError::NoEvent { hint: PROFILE.hints.event })?;
    let kind = words::state(&state).ok_or(DecodeError::NoEvent { hint: UNKNOWN_STATE })?;
    Ok((Meaning::Kind(kind), false))
}

fn kind(
    meaning: Meaning,
    fields: Fields<'_>,
    payload: Option<&octoprint::Payload<'_>>,
) -> Result<EventKind, Malformed> {
    let reason = match payload {
        Some(payload) => payload.reason()?,
        None => fields.text("reason")?,
    };
    Ok(match meaning {
        Meaning::Kind(kind) => kind,
        Meaning::Failed if reason.as_deref().is_some_and(words::says_cancelled) => {
            EventKind::Ended(Outcome::Cancelled)
        }
        Meaning::Failed => EventKind::Ended(Outcome::Failed),
        Meaning::Attention => EventKind::Attention(words::attention(reason.as_deref())),
        Meaning::Warning => {
            let paused = fields.text("action")?.is_some_and(|action| words::says_paused(&action));
            EventKind::FailureWarning(if paused { WarningAction::Paused } else { WarningAction::Warned })
        }
        Meaning::StateChanged => payload.map_or(Ok(EventKind::Notice), octoprint::Payload::state)?,
    })
}

/// The value of this name in a table, in any spelling.
fn lookup<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| same_name(known, name)).map(|(_, value)| *value)
}

fn owned(text: Option<Cow<'_, str>>) -> Option<String> {
    text.map(Cow::into_owned)
}
