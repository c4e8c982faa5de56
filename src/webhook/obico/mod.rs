//! Obico: one JSON object for each event, from the server of an account with all its printers.

use super::payload::{Object, Payload};
use super::{Context, DecodeError, Malformed, Parsed, Profile, Sender, bounds};
use crate::farm::{Elapsed, Event, EventKind, File, PrintReport};
use crate::labels::{AttentionReason, Outcome, WarningAction};

mod profile;
#[cfg(test)]
mod tests;

use profile::PROFILE;

/// The id of the print while there is none.
const NO_PRINT: &str = "0";

/// See the module.
pub(super) struct Obico;

impl Sender for Obico {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn own_id(&self, payload: &Payload) -> Option<String> {
        payload.top().object("printer", "printer").ok()?.id("id").ok()?
    }

    fn parse(&self, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
        let message = payload.top();
        let event = message.object("event", "event")?;
        // The event of the test is a text.
        let name = if event.is_absent() { message.text("event")? } else { event.text("type")? };
        let name = name.ok_or(DecodeError::NoEvent { hint: PROFILE.hints.event })?;
        let Some(kind) = kind(&name, event)? else {
            return Ok(if name == "TestEvent" { Parsed::TEST } else { Parsed::UNKNOWN_EVENT });
        };
        let printer = message.object("printer", "printer")?;
        let own_id = if context.segment.is_none() { printer.id("id")? } else { None };
        Ok(Parsed::Event(Event {
            printer: context.printer(&PROFILE, own_id, printer.owned_text("name")?)?,
            received: context.received,
            sent: None,
            kind,
            report: report(message.object("print", "print")?)?,
        }))
    }
}

/// What a type of event means; `None` for the test and for an unknown one. Obico has one event for prints that were
/// cancelled and for those that failed.
fn kind(name: &str, event: Object<'_>) -> Result<Option<EventKind>, Malformed> {
    Ok(Some(match name {
        "PrintStarted" => EventKind::Started,
        "PrintDone" => EventKind::Ended(Outcome::Completed),
        "PrintCancelled" => EventKind::Ended(Outcome::Cancelled),
        "PrintPaused" => EventKind::Paused,
        "PrintResumed" => EventKind::Resumed,
        "FilamentChange" => EventKind::Attention(AttentionReason::FilamentChange),
        "PrintFailure" if event.flag("print_paused")? => EventKind::FailureWarning(WarningAction::Paused),
        "PrintFailure" => EventKind::FailureWarning(WarningAction::Warned),
        "HeaterTargetReached" | "HeaterCooledDown" => EventKind::Notice,
        _ => return Ok(None),
    }))
}

fn report(print: Object<'_>) -> Result<PrintReport, Malformed> {
    let Some(id) = print.id("id")?.filter(|id| id != NO_PRINT) else { return Ok(PrintReport::default()) };
    let time = |name| Ok::<_, Malformed>(print.number(name)?.and_then(bounds::timestamp));
    let lasted = time("started_at")?.zip(time("ended_at")?).map(|(started, ended)| ended.since(started));
    Ok(PrintReport {
        print_id: Some(id),
        file: print.owned_text("filename")?.map(|name| File { name, path: None }),
        elapsed: lasted.and_then(bounds::duration).map(Elapsed::WithPauses),
        ..PrintReport::default()
    })
}
