//! OctoEverywhere: one flat JSON object for each event, from its cloud or from its plugin on the printer's network.

use std::borrow::Cow;

use super::payload::{Object, Payload};
use super::{Context, DecodeError, Malformed, Parsed, Profile, Sender, bounds};
use crate::farm::{Elapsed, Event, EventKind, File, PrintReport};
use crate::labels::{AttentionReason, Outcome, WarningAction};

mod cancel;
mod profile;
#[cfg(test)]
mod tests;

use profile::PROFILE;

/// The id of an event that is about the account and names no printer.
const ACCOUNT: &str = "account";
const BED_COOLED_DOWN: i64 = 15;

/// See the module.
pub struct OctoEverywhere;

impl Sender for OctoEverywhere {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn own_id(&self, payload: &Payload) -> Option<String> {
        payload.top().id("PrinterId").ok()?.or_else(|| Some(ACCOUNT.to_owned()))
    }

    fn parse(&self, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
        let message = payload.top();
        let number = event_type(message)?.ok_or(DecodeError::NoEvent { hint: PROFILE.hints.event })?;
        let Some(kind) = kind(number, message)? else { return Ok(Parsed::UNKNOWN_EVENT) };
        let of_account = matches!(kind, EventKind::LimitReached | EventKind::Test).then_some(ACCOUNT);
        // A printer that is linked to its account anew has another `PrinterId`, and the same URL.
        let own_id = message.id("PrinterId")?.or_else(|| of_account.map(str::to_owned));
        Ok(Parsed::Event(Event {
            printer: context.printer(&PROFILE, own_id, message.owned_text("PrinterName")?)?,
            received: context.received,
            sent: None,
            kind,
            report: match (kind, number) {
                // When the bed has cooled down, the print has ended and its duration has gone on growing.
                (EventKind::LimitReached | EventKind::Test, _) | (_, BED_COOLED_DOWN) => {
                    PrintReport::default()
                }
                _ => report(message, kind)?,
            },
        }))
    }
}

/// The type of the event. Every integer is one: later versions add types.
fn event_type(message: Object<'_>) -> Result<Option<i64>, Malformed> {
    const NAME: &str = "EventType";
    let Some(value) = message.get(NAME) else { return Ok(None) };
    let number: Option<f64> = match message.text(NAME) {
        Ok(None) => return Ok(None),
        Ok(Some(text)) => text.parse().ok(),
        Err(_) => None,
    };
    match number.filter(|number| number.fract() == 0.0) {
        #[expect(clippy::cast_possible_truncation, reason = "a huge one saturates, and no type is as high")]
        Some(number) => Ok(Some(number as i64)),
        None => Err(message.malformed(NAME, value, "an integer")),
    }
}

/// What a type of event means; `None` for an unknown one.
fn kind(number: i64, message: Object<'_>) -> Result<Option<EventKind>, Malformed> {
    Ok(Some(match number {
        1 => EventKind::Started,
        2 => EventKind::Ended(Outcome::Completed),
        3 => EventKind::Ended(cancel::outcome(message)?),
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

/// -1, which stands for unknown, is out of all bounds.
fn report(message: Object<'_>, kind: EventKind) -> Result<PrintReport, Malformed> {
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
        estimate: whole.and_then(bounds::duration),
        layer: message.number("CurrentLayer")?.and_then(bounds::layers),
        layers: message.number("TotalLayers")?.and_then(bounds::layers),
        height: message.number("ZOffsetMM")?.and_then(bounds::metres),
        reason: message.any_text(&["Error"]).map(Cow::into_owned),
        ..PrintReport::default()
    })
}
