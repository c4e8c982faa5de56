//! OctoEverywhere's webhooks: one flat JSON object an event.

use serde_json::Value;

use super::bounds;
use super::error::{DecodeError, Malformed};
use super::payload::{Object, Payload};
use super::transport::{Accepts, Format};
use super::{Context, Hints, Parsed};
use crate::farm::{Elapsed, Event, EventKind, File, Identity, PrintReport};
use crate::labels::{AttentionReason, EventLabel, IgnoreReason, Outcome, Source, WarningAction};

#[cfg(test)]
mod tests;

/// The id of an event that is about the account and names no printer.
const ACCOUNT: &str = "account";
const BED_COOLED_DOWN: i64 = 15;

pub(super) const HINTS: Hints = Hints {
    secret: "set the secret key of the webhook at OctoEverywhere, \
             or send `Authorization: Bearer`, `X-Webhook-Secret`, or `secret` in the URL's query",
    event: "the message has no `EventType`, so it does not say what happened",
    printer: "the message has no `PrinterId`: \
              put a name at the end of the URL, as in /webhook/octoeverywhere/my-printer",
};

pub(super) const ACCEPTS: Accepts = Accepts {
    formats: &[Format::Json],
    untyped: Some(Format::Json),
    hint: "here we read JSON (application/json), as OctoEverywhere sends it",
};

/// Reads an event out of a message.
///
/// # Errors
/// When the message tells no event or no printer, or when a field that is read holds what does not belong there.
pub(super) fn parse(payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
    let message = payload.top();
    let number = event_type(message)?.ok_or(DecodeError::NoEvent { hint: HINTS.event })?;
    let Some(kind) = kind(number, message)? else {
        return Ok(Parsed::Ignored { reason: IgnoreReason::UnknownEvent, kind: EventLabel::Unknown });
    };
    let printer = identity(message, context, kind)?;
    Ok(Parsed::Event(Event {
        printer: printer.ok_or(DecodeError::NoPrinter { hint: HINTS.printer })?,
        received: context.received,
        sent: None,
        kind,
        report: match (kind, number) {
            // When the bed has cooled down, the print has ended and its duration has gone on growing.
            (EventKind::LimitReached | EventKind::Test, _) | (_, BED_COOLED_DOWN) => PrintReport::default(),
            _ => job(message, kind)?,
        },
    }))
}

/// Later numbers will come, so every integer is a type of event.
fn event_type(message: Object<'_>) -> Result<Option<i64>, Malformed> {
    const NAME: &str = "EventType";
    let Some(value) = message.get(NAME) else {
        return Ok(None);
    };
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::Null => return Ok(None),
        Value::String(_) => match message.text(NAME)? {
            Some(text) => text.parse().ok(),
            None => return Ok(None),
        },
        _ => None,
    };
    match number.filter(|number| number.fract() == 0.0) {
        #[expect(clippy::cast_possible_truncation, reason = "a huge one saturates, and no type is as high")]
        Some(number) => Ok(Some(number as i64)),
        None => Err(message.malformed(NAME, value, "an integer")),
    }
}

/// What a type of event means; `None` for one that this version does not know.
fn kind(number: i64, message: Object<'_>) -> Result<Option<EventKind>, Malformed> {
    Ok(Some(match number {
        1 => EventKind::Started,
        2 => EventKind::Ended(Outcome::Completed),
        3 => EventKind::Ended(failure(message)?),
        4 => EventKind::Paused,
        5 => EventKind::Resumed,
        6 => EventKind::Progress,
        7 => EventKind::FailureWarning(WarningAction::Warned),
        8 => EventKind::FailureWarning(WarningAction::Paused),
        9 => EventKind::Error,
        // 10 and 14: the first and the third layer are complete.
        10 | 14 | BED_COOLED_DOWN => EventKind::Notice,
        11 => EventKind::Attention(AttentionReason::FilamentChange),
        12 => EventKind::Attention(AttentionReason::UserInteraction),
        13 => EventKind::LimitReached,
        16 => EventKind::Test,
        _ => return Ok(None),
    }))
}

/// A cancel is reported as a failure, too; most platforms then say so somewhere in the error.
fn failure(message: Object<'_>) -> Result<Outcome, Malformed> {
    for name in ["Error", "PlatformErrorCode"] {
        if message.text(name)?.is_some_and(|text| says_cancelled(&text)) {
            return Ok(Outcome::Cancelled);
        }
    }
    Ok(Outcome::Failed)
}

fn says_cancelled(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["canceled", "cancelled"].iter().any(|word| text.contains(word))
}

/// The id that [`identity`] finds, also in a message that is no event.
pub(super) fn printer_id(payload: &Payload, segment: Option<&str>) -> Option<String> {
    own_id(payload.top()).ok()?.or_else(|| Some(segment.unwrap_or(ACCOUNT).to_owned()))
}

fn own_id(message: Object<'_>) -> Result<Option<String>, Malformed> {
    match message.get("PrinterId") {
        Some(Value::Number(_)) => message.owned_text("PrinterId"),
        _ => Ok(message.identifier("PrinterId")?.map(str::to_owned)),
    }
}

fn identity(
    message: Object<'_>,
    context: &Context<'_>,
    kind: EventKind,
) -> Result<Option<Identity>, Malformed> {
    let segment = context.segment();
    let own = own_id(message)?;
    let of_account = matches!(kind, EventKind::LimitReached | EventKind::Test).then_some(ACCOUNT);
    let Some(id) = own.or_else(|| segment.or(of_account).map(str::to_owned)) else {
        return Ok(None);
    };
    let called = message.owned_text("PrinterName")?;
    let configured = || (context.names)(Source::OctoEverywhere, &id);
    let label = segment
        .map(str::to_owned)
        .or_else(configured)
        .or_else(|| called.clone())
        .unwrap_or_else(|| id.clone());
    Ok(Some(Identity {
        source: Source::OctoEverywhere,
        name: called.unwrap_or_else(|| label.clone()),
        label,
        id,
    }))
}

/// -1, where it means "unknown", is out of every range.
fn job(message: Object<'_>, kind: EventKind) -> Result<PrintReport, Malformed> {
    let elapsed = message.number("DurationSec")?.and_then(bounds::span);
    let remaining = message.number("TimeRemainingSec")?.and_then(bounds::span);
    let whole = elapsed.zip(remaining).map(|(elapsed, remaining)| elapsed + remaining);
    Ok(PrintReport {
        print_id: message.owned_text("PrintId")?,
        file: message.owned_text("FileName")?.map(|name| File { name, path: None }),
        progress: message.number("Progress")?.and_then(bounds::ratio),
        elapsed: elapsed.map(match kind {
            EventKind::Ended(_) => Elapsed::Either,
            _ => Elapsed::WithPauses,
        }),
        remaining,
        estimate: whole.filter(|whole| *whole <= bounds::LONGEST),
        layer: message.number("CurrentLayer")?.and_then(bounds::layers),
        layers: message.number("TotalLayers")?.and_then(bounds::layers),
        height: message.number("ZOffsetMM")?.and_then(bounds::metres),
        ..PrintReport::default()
    })
}
