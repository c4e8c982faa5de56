//! The keys of the schema, and what they say of the print.

use std::time::Duration;

use super::values::Fields;
use super::{Malformed, bounds, file};
use crate::farm::{Elapsed, EventKind, Filament, PrintReport};
use crate::labels::Outcome;
use crate::timestamp::Timestamp;

/// What the message says of the print, which was said at `now`.
///
/// # Errors
/// When a value is a list or an object.
pub(super) fn read(fields: Fields<'_>, kind: EventKind, now: Timestamp) -> Result<PrintReport, Malformed> {
    let seconds = |name| Ok(fields.number(name)?.and_then(bounds::span));
    let printing = seconds("elapsed_seconds")?;
    let with_pauses = seconds("elapsed_with_pauses_seconds")?;
    let remaining = match seconds("remaining_seconds")? {
        Some(remaining) => Some(remaining),
        None => remaining_otherwise(fields, now)?,
    };
    let whole = printing.or(with_pauses).zip(remaining).map(|(elapsed, remaining)| elapsed + remaining);
    let ratio = fields.number("progress")?.and_then(|ratio| bounds::ratio(ratio * 100.0));
    Ok(PrintReport {
        event_id: fields.owned_text("event_id")?,
        print_id: fields.owned_text("job_id")?,
        file: file::file(fields.owned_text("file")?, fields.owned_text("path")?),
        origin: fields.text("origin")?.map(|word| file::origin(&word)),
        owner: fields.owned_text("owner")?,
        progress: fields.number("progress_percent")?.and_then(bounds::ratio).or(ratio),
        elapsed: printing.map(Elapsed::Printing).or(with_pauses.map(Elapsed::WithPauses)),
        remaining,
        estimate: seconds("estimate_seconds")?.or(whole.and_then(bounds::duration)),
        filament_used: filament(fields, "filament_mm", "filament_grams")?,
        filament_planned: filament(fields, "filament_planned_mm", "filament_planned_grams")?,
        reason: if is_wrong(kind) { fields.owned_text("reason")? } else { None },
        layer: fields.number("layer")?.and_then(bounds::layers),
        layers: fields.number("layers")?.and_then(bounds::layers),
        height: fields.number("height_mm")?.and_then(bounds::metres),
        ..PrintReport::default()
    })
}

/// The remaining time by its end, else in minutes. Home Assistant may show a remaining time in hours and not say so, but an
/// end is an end.
fn remaining_otherwise(fields: Fields<'_>, now: Timestamp) -> Result<Option<Duration>, Malformed> {
    let by_end = fields.time("ends_at")?.map(|end| end.since(now)).filter(|left| !left.is_zero());
    let minutes = fields.number("remaining_minutes")?.and_then(|minutes| bounds::span(minutes * 60.0));
    Ok(by_end.and_then(bounds::duration).or(minutes))
}

fn filament(fields: Fields<'_>, length: &str, mass: &str) -> Result<Filament, Malformed> {
    Ok(Filament {
        metres: fields.number(length)?.and_then(bounds::filament_metres),
        grams: fields.number(mass)?.and_then(bounds::filament_grams),
    })
}

/// Whether a reason is that of something that went wrong.
pub(super) const fn is_wrong(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Error | EventKind::Ended(Outcome::Cancelled | Outcome::Failed | Outcome::Unknown)
    )
}
