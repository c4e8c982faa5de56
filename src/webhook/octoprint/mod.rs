//! OctoPrint-Webhooks and its maintained fork.
//!
//! Their users write the data template themselves, so only the topic is indispensable. `message` finds it and the other
//! fields wherever a template has put them, `kind` tells what happened, and `job` reads what is said of the print.

use super::bounds;
use super::error::{DecodeError, Malformed};
use super::payload::{Object, Payload};
use super::transport::{Accepts, Format};
use super::{Context, Hints, Parsed};
use crate::farm::{Event, EventKind, Identity, PrintReport};
use crate::labels::{EventLabel, IgnoreReason, Source};

mod job;
mod message;
#[cfg(test)]
mod tests;
mod what;

use message::Message;
use what::Topic;

/// Files of this name start and end within moments: a queue plugin's placeholders, not prints.
const PLACEHOLDER: &str = "continuousprint_";

pub(super) const HINTS: Hints = Hints {
    secret: "set API SECRET in the plugin and keep `\"apiSecret\": \"@apiSecret\"` in its DATA, \
             or send `Authorization: Bearer`, `X-Webhook-Secret`, or `secret` in the URL's query",
    event: "the message has no `topic`: add `\"topic\": \"@topic\"` to the hook's data template \
            (ADVANCED, DATA in the plugin)",
    printer: "the message does not say which printer it is about: fill in DEVICE IDENTIFIER in the plugin, \
              or put a name at the end of the URL, as in /webhook/octoprint/my-printer",
};

pub(super) const ACCEPTS: Accepts = Accepts {
    formats: &[Format::Json, Format::Multipart, Format::Form, Format::Query],
    untyped: None,
    hint: "here we read JSON (application/json), x-www-form-urlencoded and multipart/form-data: \
           choose JSON as CONTENT TYPE in the plugin's WEBHOOK PARAMETERS, \
           and leave Content-Type out of its HEADERS",
};

/// Reads an event out of a message.
///
/// # Errors
/// When the message tells no topic or no printer, or when a field that is read holds what does not belong there.
pub(super) fn parse(payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
    let message = Message::find(payload)?.ok_or(DecodeError::NoEvent { hint: HINTS.event })?;
    let Some(topic) = Topic::named(message.topic()) else {
        return Ok(Parsed::Ignored { reason: IgnoreReason::UnknownEvent, kind: EventLabel::Unknown });
    };
    let printer = identity(&message, context)?.ok_or(DecodeError::NoPrinter { hint: HINTS.printer })?;
    let extra = message.object("extra")?;
    let kind = if extra.flag("popup")? { EventKind::Test } else { topic.kind(&message)? };
    let file = job::file(&message, extra);
    if kind != EventKind::Test && is_placeholder(&file) {
        return Ok(Parsed::Ignored { reason: IgnoreReason::Placeholder, kind: kind.label() });
    }
    Ok(Parsed::Event(Event {
        printer,
        received: context.received,
        sent: message.number("currentTime")?.and_then(bounds::clock),
        kind,
        report: match kind {
            // The job beside an event that we do not know can be about any file.
            EventKind::Test | EventKind::Notice => PrintReport::default(),
            _ => job::read(&message, kind, extra, file)?,
        },
    }))
}

/// An event that we do not know may hold anything in the place of a file, so what is malformed is none here.
fn is_placeholder(found: &Result<job::Found, Malformed>) -> bool {
    let Ok((Some(file), _)) = found else { return false };
    file.name.starts_with(PLACEHOLDER)
}

/// The id that [`identity`] finds, also in a message that is no event.
pub(super) fn printer_id(payload: &Payload, segment: Option<&str>) -> Option<String> {
    segment.or_else(|| device(&Message::find(payload).ok()??).ok()?).map(str::to_owned)
}

fn device<'a>(message: &Message<'a>) -> Result<Option<&'a str>, Malformed> {
    message.field(|object| object.identifier("deviceIdentifier"))
}

fn identity(message: &Message<'_>, context: &Context<'_>) -> Result<Option<Identity>, Malformed> {
    let device = device(message)?;
    let segment = context.segment();
    let Some(id) = segment.or(device) else {
        return Ok(None);
    };
    let configured = || (context.names)(Source::OctoPrint, id);
    Ok(Some(Identity {
        source: Source::OctoPrint,
        id: id.to_owned(),
        label: segment.map(str::to_owned).or_else(configured).unwrap_or_else(|| id.to_owned()),
        name: device.unwrap_or(id).to_owned(),
    }))
}
