//! Bambuddy: one flat JSON object of texts for each event, from a program that watches Bambu Lab's printers.

use std::borrow::Cow;

use super::payload::{Object, Payload};
use super::{Context, DecodeError, Malformed, Parsed, Profile, Sender, bounds};
use crate::farm::{Elapsed, Event, EventKind, Filament, File, PrintReport, ReportedState};
use crate::labels::{Outcome, WarningAction};

mod fields;
mod profile;
#[cfg(test)]
mod tests;

use fields::{ANY_PRINTER, is_told, renamed_onto_another, span};
use profile::PROFILE;

/// See the module.
pub(super) struct Bambuddy;

impl Sender for Bambuddy {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn own_id(&self, payload: &Payload) -> Option<String> {
        printer(payload.top()).ok()?.map(Cow::into_owned)
    }

    fn parse(&self, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
        let message = payload.top();
        let Some(name) = message.text("event")? else {
            // The test and the digest of a day look alike where their fields have other names.
            let is_bambuddy = message.text("source")?.is_some_and(|source| source == "Bambuddy");
            let no_event = DecodeError::NoEvent { hint: PROFILE.hints.event };
            return if is_bambuddy { Ok(Parsed::TEST) } else { Err(no_event) };
        };
        let Some(kind) = kind(&name, message)? else { return Ok(Parsed::UNKNOWN_EVENT) };
        let own_name = printer(message)?.map(Cow::into_owned);
        let printer = match context.printer(&PROFILE, own_name.clone(), own_name) {
            Err(_) if kind == EventKind::Notice => return Ok(Parsed::UNKNOWN_EVENT),
            printer => printer?,
        };
        Ok(Parsed::Event(Event {
            printer,
            received: context.received,
            sent: None,
            kind,
            report: report(message, kind)?,
        }))
    }
}

/// What an event means; `None` for one that is about no printer, or that is not known. A job of the queue starts some time
/// before its print.
fn kind(name: &str, message: Object<'_>) -> Result<Option<EventKind>, Malformed> {
    Ok(Some(match name {
        "print_start" => EventKind::Started,
        "print_progress" => EventKind::Progress,
        "print_complete" => EventKind::Ended(Outcome::Completed),
        "print_failed" => EventKind::Ended(Outcome::Failed),
        "print_stopped" => EventKind::Ended(Outcome::Cancelled),
        // Bambuddy has paused the print before it says so.
        "plate_not_empty" => EventKind::StateReport(ReportedState::Paused),
        "ai_failure_detection" => EventKind::FailureWarning(warning(message)?),
        "printer_error" => EventKind::Error,
        "printer_offline" => EventKind::StateReport(ReportedState::Unreachable),
        "first_layer_complete"
        | "bed_cooled"
        | "filament_low"
        | "maintenance_due"
        | "plate_clear_required"
        | "print_missing_spool_assignment" => EventKind::Notice,
        _ if name.starts_with("ams_") => EventKind::Notice,
        _ => return Ok(None),
    }))
}

fn warning(message: Object<'_>) -> Result<WarningAction, Malformed> {
    let pauses = message.text("action")?.is_some_and(|action| action.starts_with("pause"));
    Ok(if pauses { WarningAction::Paused } else { WarningAction::Warned })
}

/// What Bambuddy calls the printer.
fn printer(message: Object<'_>) -> Result<Option<Cow<'_, str>>, Malformed> {
    let name = if renamed_onto_another(message) { None } else { told(message, "printer")? };
    Ok(name.filter(|name| !name.starts_with(ANY_PRINTER)))
}

fn told<'a>(message: Object<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
    Ok(message.text(name)?.filter(|text| is_told(text)))
}

fn file(message: Object<'_>) -> Result<Option<File>, Malformed> {
    if renamed_onto_another(message) {
        return Ok(None);
    }
    let name = match told(message, "filename")? {
        Some(name) => Some(name),
        None => told(message, "task_name")?,
    };
    Ok(name.map(|name| File { name: name.into_owned(), path: None }))
}

/// The estimate for the whole print is read as the time left at its start alone: where Bambuddy has no times of a print, it
/// states the estimate as the time that the print took.
fn report(message: Object<'_>, kind: EventKind) -> Result<PrintReport, Malformed> {
    let time = |name| Ok::<_, Malformed>(told(message, name)?.and_then(|text| span(&text)));
    let report = PrintReport { file: file(message)?, ..PrintReport::default() };
    Ok(match kind {
        EventKind::Started => PrintReport { remaining: time("estimated_time")?, ..report },
        EventKind::Progress => PrintReport {
            progress: message.number("progress")?.and_then(bounds::ratio),
            remaining: time("remaining_time")?,
            ..report
        },
        // The progress at an end is always 0.
        EventKind::Ended(_) => PrintReport {
            elapsed: time("duration")?.map(Elapsed::InMinutes),
            filament_used: Filament {
                metres: None,
                grams: message.number("filament_grams")?.and_then(bounds::filament_grams),
            },
            reason: if kind == EventKind::Ended(Outcome::Failed) {
                told(message, "reason")?.map(Cow::into_owned)
            } else {
                None
            },
            says_ready: true,
            ..report
        },
        EventKind::FailureWarning(_) => report,
        _ => PrintReport::default(),
    })
}
