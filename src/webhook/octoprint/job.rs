//! What a message says of the print.

use std::borrow::Cow;
use std::time::Duration;

use super::kind::state_text;
use super::message::Message;
use super::{Malformed, Object, bounds, file, words};
use crate::farm::{Elapsed, EventKind, Filament, File, PrintReport};
use crate::labels::{Origin, Outcome};

#[cfg(test)]
mod tests;

/// The file of a print, and where it lies.
pub(super) type Found = (Option<File>, Option<Origin>);

/// Reads what the message says of the print; `file` is what [`file()`] found in it and in `extra`.
///
/// # Errors
/// When a field holds a list, or an object where a scalar belongs.
pub(super) fn read(
    message: &Message<'_>,
    kind: EventKind,
    extra: Object<'_>,
    file: Result<Found, Malformed>,
) -> Result<PrintReport, Malformed> {
    let job = message.object("job")?;
    let progress = message.object("progress")?;
    let (file, origin) = file?;
    let done = done(message, kind, extra, progress)?;
    let elapsed = elapsed(message, kind, extra, progress)?;
    let (remaining, estimate) = plan(kind, elapsed, job, progress)?;
    Ok(PrintReport {
        file,
        origin,
        owner: owner(message, extra, job)?,
        progress: done,
        progress_in_words: if done.is_none() { in_words(message, kind)? } else { None },
        elapsed: elapsed.map(Elapsed::Printing),
        remaining,
        estimate,
        reason: reason(message, kind, extra),
        filament_planned: planned_filament(job)?,
        height: message.number("currentZ")?.and_then(bounds::metres),
        position: first([(extra, "fileposition"), (progress, "filepos")], Object::number)?
            .and_then(bounds::position),
        says_paused: says_paused(message)?,
        says_idle: says_idle(message)?,
        says_failing: says_failing(message, extra),
        ..PrintReport::default()
    })
}

/// The file and where it lies, out of the first place that names one.
///
/// # Errors
/// When one of its fields holds a list or an object.
pub(super) fn file(message: &Message<'_>, extra: Object<'_>) -> Result<Found, Malformed> {
    let of_job = message.object("job")?.object("file", "job.file")?;
    for (place, name) in [(extra, "name"), (of_job, "name"), (of_job, "display")] {
        if let Some(file) = file::file(place.owned_text(name)?, place.owned_text("path")?) {
            let origin = place.text("origin")?.map(|word| file::origin(&word));
            return Ok((Some(file), origin));
        }
    }
    let text = |names: [&str; 2]| message.renamed_text(&names).map(Cow::into_owned);
    let origin = text(["origin", "fileorigin"]).map(|word| file::origin(&word));
    Ok((file::file(text(["filename", "file"]), text(["filepath", "path"])), origin))
}

fn owner(message: &Message<'_>, extra: Object<'_>, job: Object<'_>) -> Result<Option<String>, Malformed> {
    let owner = first([(extra, "owner"), (extra, "user"), (job, "user")], Object::owned_text)?;
    Ok(owner.or_else(|| message.renamed_text(&["owner"]).map(Cow::into_owned)))
}

fn done(
    message: &Message<'_>,
    kind: EventKind,
    extra: Object<'_>,
    progress: Object<'_>,
) -> Result<Option<f64>, Malformed> {
    // At an error, `extra.progress` is a fraction, so it is read only where it is known to be a percentage.
    let paused = if kind == EventKind::Paused { extra.number("progress")? } else { None };
    let percent = progress.number("completion")?.or_else(|| message.renamed_number(&["progress"])).or(paused);
    Ok(percent.and_then(bounds::ratio))
}

fn elapsed(
    message: &Message<'_>,
    kind: EventKind,
    extra: Object<'_>,
    progress: Object<'_>,
) -> Result<Option<Duration>, Malformed> {
    if kind == EventKind::Started {
        // Nothing has been printed yet. What OctoPrint still shows is of the print before, or the first moments.
        return Ok(None);
    }
    let ended = matches!(kind, EventKind::Ended(_));
    let own = if ended { extra.number("time")?.and_then(bounds::span) } else { None };
    let reported = own.or(progress.number("printTime")?.and_then(bounds::span));
    let renamed = || message.renamed_number(&["printTime", "time"]).and_then(bounds::span);
    Ok(if ended || kind == EventKind::Progress { reported.or_else(renamed) } else { reported })
}

/// How long the print will go on, and how long the whole of it should take.
fn plan(
    kind: EventKind,
    elapsed: Option<Duration>,
    job: Object<'_>,
    progress: Object<'_>,
) -> Result<(Option<Duration>, Option<Duration>), Malformed> {
    let average = job.number("averagePrintTime")?.and_then(bounds::span);
    let planned = average.or(job.number("estimatedPrintTime")?.and_then(bounds::span));
    let left = progress.number("printTimeLeft")?.and_then(bounds::span);
    let spent = elapsed.or((kind == EventKind::Started).then_some(Duration::ZERO));
    let remaining = left.or_else(|| planned?.checked_sub(spent?));
    let whole = left.zip(spent).and_then(|(left, spent)| bounds::duration(left + spent));
    Ok((remaining, whole.or(planned)))
}

/// What went wrong, at an error and at an end that is none of success.
fn reason(message: &Message<'_>, kind: EventKind, extra: Object<'_>) -> Option<String> {
    const NAMES: [&str; 2] = ["error", "reason"];
    let is_wrong = matches!(kind, EventKind::Error | EventKind::Ended(Outcome::Cancelled | Outcome::Failed));
    let reason = || extra.any_text(&NAMES).or_else(|| message.renamed_text(&["reason"]));
    if is_wrong { reason().map(Cow::into_owned) } else { None }
}

/// The filament of all tools, as OctoPrint's analysis of the file has it in millimetres. Without one it is 0 or not there.
fn planned_filament(job: Object<'_>) -> Result<Filament, Malformed> {
    let filament = job.object("filament", "job.filament")?;
    let of_tools = filament.entries().filter_map(|(_, tool)| tool.get("length")?.as_f64());
    let length: f64 = of_tools.filter(|length| *length > 0.0).sum();
    let metres = Some(length).filter(|length| *length > 0.0).and_then(bounds::filament_metres);
    Ok(Filament { metres, grams: None })
}

fn says_paused(message: &Message<'_>) -> Result<bool, Malformed> {
    let state = message.object("state")?;
    let flags = state.object("flags", "state.flags")?;
    let text = state_text(message, state)?;
    Ok(flags.flag("paused")? || flags.flag("pausing")? || text.is_some_and(|text| text.starts_with("Paus")))
}

/// Whether the firmware reported an error that ends the print. OctoPrint can be set to cancel at one; only `PrintCancelling`
/// names the error then.
pub(super) fn says_failing(message: &Message<'_>, extra: Object<'_>) -> bool {
    const ERROR: [&str; 1] = ["firmwareError"];
    extra.any_text(&ERROR).or_else(|| message.renamed_text(&ERROR)).is_some()
}

/// Whether the state beside the event is one in which no print is open.
fn says_idle(message: &Message<'_>) -> Result<bool, Malformed> {
    const IN_A_PRINT: [&str; 6] = ["printing", "pausing", "paused", "resuming", "finishing", "cancelling"];
    const OUT_OF_A_PRINT: [&str; 3] = ["ready", "closedOrError", "error"];
    let state = message.object("state")?;
    let flags = state.object("flags", "state.flags")?;
    for name in IN_A_PRINT {
        if flags.flag(name)? {
            return Ok(false);
        }
    }
    for name in OUT_OF_A_PRINT {
        if flags.flag(name)? {
            return Ok(true);
        }
    }
    let text = state_text(message, state)?;
    Ok(text.is_some_and(|text| {
        ["Operational", "Offline", "Error", "Closed"].iter().any(|it| text.starts_with(it))
    }))
}

/// What the first of these fields holds that holds something.
fn first<'a, T, const N: usize>(
    fields: [(Object<'a>, &str); N],
    read: fn(Object<'a>, &str) -> Result<Option<T>, Malformed>,
) -> Result<Option<T>, Malformed> {
    fields.into_iter().find_map(|(object, name)| read(object, name).transpose()).transpose()
}

fn in_words(message: &Message<'_>, kind: EventKind) -> Result<Option<f64>, Malformed> {
    let sentence =
        if kind == EventKind::Progress { message.field(|object| object.text("message"))? } else { None };
    Ok(sentence.and_then(|sentence| words::progress(&sentence)))
}
