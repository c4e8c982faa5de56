//! SimplyPrint: an envelope with the event's name, when it was sent, and the job as it is then.

use super::payload::{Object, Payload};
use super::{Context, DecodeError, Malformed, Parsed, Profile, Sender, bounds};
use crate::farm::{Elapsed, Event, EventKind, File, PrintReport};
use crate::labels::{Outcome, WarningAction};
use crate::timestamp::Timestamp;

mod profile;
#[cfg(test)]
mod tests;

use profile::PROFILE;

/// See the module.
pub(super) struct SimplyPrint;

impl Sender for SimplyPrint {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn own_id(&self, payload: &Payload) -> Option<String> {
        own_id(data(payload.top()).ok()?).ok()?
    }

    fn parse(&self, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
        let message = payload.top();
        let name = message.text("event")?.ok_or(DecodeError::NoEvent { hint: PROFILE.hints.event })?;
        if name == "test" {
            return Ok(Parsed::TEST);
        }
        let Some(kind) = kind(&name) else { return Ok(Parsed::UNKNOWN_EVENT) };
        let data = data(message)?;
        let sent = time(message, "timestamp")?;
        Ok(Parsed::Event(Event {
            printer: context.printer(&PROFILE, own_id(data)?, printer(data)?.owned_text("name")?)?,
            received: context.received,
            sent,
            kind,
            report: if kind == EventKind::Notice {
                PrintReport::default()
            } else {
                report(data, kind, sent)?
            },
        }))
    }
}

/// What an event means; `None` for one that is not about a print. The `job` of `maintenance` is no print.
fn kind(name: &str) -> Option<EventKind> {
    Some(match name {
        "job.started" => EventKind::Started,
        "job.paused" => EventKind::Paused,
        "job.resumed" => EventKind::Resumed,
        "job.done" => EventKind::Ended(Outcome::Completed),
        "job.failed" => EventKind::Ended(Outcome::Failed),
        "job.cancelled" => EventKind::Ended(Outcome::Cancelled),
        "job.bed_cleared" | "job.objects_skipped" => EventKind::Notice,
        // Where it pauses the print, `job.paused` follows.
        "printer.ai_failure_detected" => EventKind::FailureWarning(WarningAction::Warned),
        _ => return None,
    })
}

/// The object in the field. PHP writes an empty one as `[]`.
fn object<'a>(parent: Object<'a>, name: &str, path: &'static str) -> Result<Object<'a>, Malformed> {
    if parent.get(name).is_some_and(serde_json::Value::is_array) {
        return Ok(Object::default());
    }
    parent.object(name, path)
}

fn data(message: Object<'_>) -> Result<Object<'_>, Malformed> {
    object(message, "data", "data")
}

fn job(data: Object<'_>) -> Result<Object<'_>, Malformed> {
    object(data, "job", "data.job")
}

/// The printer of the job, or else the one beside it.
fn printer(data: Object<'_>) -> Result<Object<'_>, Malformed> {
    let of_job = object(job(data)?, "printer", "data.job.printer")?;
    if of_job.is_absent() { object(data, "printer", "data.printer") } else { Ok(of_job) }
}

fn own_id(data: Object<'_>) -> Result<Option<String>, Malformed> {
    match printer(data)?.id("id")? {
        Some(id) => Ok(Some(id)),
        None => job(data)?.id("printer_id"),
    }
}

fn time(object: Object<'_>, name: &str) -> Result<Option<Timestamp>, Malformed> {
    Ok(object.number(name)?.and_then(bounds::timestamp))
}

fn report(data: Object<'_>, kind: EventKind, sent: Option<Timestamp>) -> Result<PrintReport, Malformed> {
    let job = job(data)?;
    let analysis = object(job, "analysis", "data.job.analysis")?;
    let print_id = match job.id("uid")? {
        Some(uid) => Some(uid),
        None => job.id("id")?,
    };
    Ok(PrintReport {
        print_id,
        file: job.owned_text("file")?.map(|name| File { name, path: None }),
        owner: if kind == EventKind::Started { owner(data)? } else { None },
        progress: job.number("percentage")?.and_then(bounds::ratio),
        elapsed: elapsed(job, kind, sent)?,
        remaining: job.number("time_left")?.and_then(bounds::span),
        estimate: analysis.number("estimate")?.and_then(bounds::span),
        layer: job.number("current_layer")?.and_then(bounds::layers),
        layers: analysis.number("totalLayers")?.and_then(bounds::layers),
        ..PrintReport::default()
    })
}

/// From the start to the end, or until it was sent, by SimplyPrint's clock. Whether `duration` counts pauses, SimplyPrint
/// does not say.
fn elapsed(job: Object<'_>, kind: EventKind, sent: Option<Timestamp>) -> Result<Option<Elapsed>, Malformed> {
    let is_end = matches!(kind, EventKind::Ended(_));
    let until = if is_end { time(job, "ended")? } else { sent };
    if let Some((started, until)) = time(job, "started")?.zip(until) {
        let lasted = until.since(started);
        return Ok(bounds::duration(lasted).map(Elapsed::WithPauses));
    }
    let duration = if is_end { job.number("duration")?.and_then(bounds::span) } else { None };
    Ok(duration.map(Elapsed::Either))
}

/// Who started the print, or else whose job it is: by their number. Names of people stay where they are.
fn owner(data: Object<'_>) -> Result<Option<String>, Malformed> {
    for name in ["started_by", "user"] {
        if let Some(id) = object(data, name, "data.user")?.id("id")? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
