//! OctoPrint-Webhooks and its maintained fork.
//!
//! Users write the data template themselves, so only the topic is required. `message` finds it and the other fields
//! wherever a template has them, `topic` has the topics, `kind` reads what happened, and `job` reads the report of the print.
//!
//! A text in `topic` that names no topic of the plugin is refused, because the user would see nothing of the printer and
//! never learn why. The message of a custom event is the user's own: an unknown one is a notice.

use super::payload::{Object, Payload};
use super::{Context, DecodeError, Malformed, Parsed, Profile, Sender, bounds, file};
use crate::farm::{Event, EventKind, PrintReport};
use crate::labels::IgnoreReason;

mod job;
mod kind;
mod message;
mod profile;
mod queue;
#[cfg(test)]
mod tests;
mod topic;
mod words;

pub(super) use kind::STATES;
use message::Message;
use profile::{PROFILE, UNKNOWN_TOPIC};

/// See the module.
pub struct OctoPrint;

impl Sender for OctoPrint {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn own_id(&self, payload: &Payload) -> Option<String> {
        device(&Message::find(payload).ok()??).ok()?
    }

    fn parse(&self, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
        let message = Message::find(payload)?.ok_or(DecodeError::NoEvent { hint: PROFILE.hints.event })?;
        let topic = kind::topic(&message).ok_or(DecodeError::NoEvent { hint: UNKNOWN_TOPIC })?;
        let device = device(&message)?;
        let printer = context.printer(&PROFILE, device.clone(), device)?;
        let extra = message.extra()?;
        let kind = if message.is_test() { EventKind::Test } else { kind::read(topic, &message, extra)? };
        let file = job::file(&message, extra);
        if kind != EventKind::Test && is_placeholder(&file) {
            return Ok(Parsed::Ignored { reason: IgnoreReason::Placeholder, kind: kind.label() });
        }
        Ok(Parsed::Event(Event {
            printer,
            received: context.received,
            sent: message.number("currentTime")?.and_then(bounds::timestamp),
            kind,
            report: match kind {
                EventKind::Test => PrintReport::default(),
                // The job beside an unknown event can be about any file.
                EventKind::Notice => {
                    PrintReport { says_failing: job::says_failing(&message, extra), ..PrintReport::default() }
                }
                _ => job::read(&message, kind, extra, file)?,
            },
        }))
    }
}

/// An unknown event may hold anything in the place of a file, so a malformed file is no placeholder.
fn is_placeholder(found: &Result<job::Found, Malformed>) -> bool {
    found.as_ref().is_ok_and(|(file, _)| file.as_ref().is_some_and(queue::is_placeholder))
}

fn device(message: &Message<'_>) -> Result<Option<String>, Malformed> {
    message.field(|object| object.id("deviceIdentifier"))
}
