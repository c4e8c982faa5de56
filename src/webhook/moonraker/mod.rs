//! Moonraker's `[notifier]`, which sends through Apprise. What arrives is what the user's templates make of an event: its
//! name, Klipper's `print_stats` as JSON in the text of the message, or both in one object of the user's.

use std::borrow::Cow;

use super::payload::Payload;
use super::{Context, DecodeError, Malformed, Parsed, Profile, Sender, bounds, file};
use crate::farm::{Elapsed, Event, EventKind, Filament, File, PrintReport};
use crate::labels::{Origin, Outcome};

mod message;
mod profile;
#[cfg(test)]
mod tests;

use message::{Message, What};
use profile::PROFILE;

/// The file that `POST /debug/notifiers/test` names, beside the numbers of the open print.
const TEST_FILE: &str = "notifier_test.gcode";

/// Beyond this total duration, in seconds, a print does not start: Klipper is asked every quarter of a second. Versions
/// whose total duration stands still in a pause report the resume as a start.
const FIRST_MOMENTS: f64 = 2.0;

/// See the module.
pub(super) struct Moonraker;

impl Sender for Moonraker {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn parse(&self, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
        let message = Message::find(payload)?.ok_or(DecodeError::NoEvent { hint: PROFILE.hints.event })?;
        let printer = context.printer(&PROFILE, None, None)?;
        let kind = kind(&message)?;
        Ok(Parsed::Event(Event {
            printer,
            received: context.received,
            sent: None,
            kind,
            report: if kind == EventKind::Test { PrintReport::default() } else { report(&message, kind)? },
        }))
    }
}

fn kind(message: &Message<'_>) -> Result<EventKind, Malformed> {
    let total = message.stats.number("total_duration")?.unwrap_or_default();
    let is_test_file = message.stats.text("filename")?.is_some_and(|name| name == TEST_FILE);
    Ok(match message.what {
        _ if is_test_file => EventKind::Test,
        What::Test => EventKind::Test,
        What::Printing if total > FIRST_MOMENTS => EventKind::Resumed,
        What::Printing => EventKind::Started,
        What::Paused => EventKind::Paused,
        What::Resumed => EventKind::Resumed,
        What::Ended(outcome) => EventKind::Ended(outcome),
        What::Alive => EventKind::Notice,
    })
}

/// `print_duration` is not read: it leaves out the heating, contains an open pause at a cancel, and can be negative.
fn report(message: &Message<'_>, kind: EventKind) -> Result<PrintReport, Malformed> {
    let (stats, macro_text) = (message.stats, message.macro_text);
    let layers = stats.object("info", "info")?;
    let layer = layers.number("current_layer")?.or(macro_text.number("layer")?);
    let layers = layers.number("total_layer")?.or(macro_text.number("layers")?);
    let percent = macro_text.number("progress_percent")?;
    let percent = percent.or(macro_text.number("progress")?.map(|ratio| ratio * 100.0));
    Ok(PrintReport {
        file: file(message)?,
        // Klipper's print_stats are about files of the host alone.
        origin: Some(Origin::Local),
        progress: percent.and_then(bounds::ratio),
        elapsed: stats.number("total_duration")?.and_then(bounds::span).map(Elapsed::WithPauses),
        filament_used: Filament {
            metres: stats.number("filament_used")?.and_then(bounds::filament_metres),
            grams: None,
        },
        reason: if kind == EventKind::Ended(Outcome::Failed) { stats.owned_text("message")? } else { None },
        layer: layer.and_then(bounds::layers),
        layers: layers.and_then(bounds::layers),
        ..PrintReport::default()
    })
}

/// Klipper names a file by its path below the folder of G-code files.
fn file(message: &Message<'_>) -> Result<Option<File>, Malformed> {
    let in_macro = || message.macro_text.any_text(&["file", "filename"]);
    let path = message.stats.text("filename")?.or_else(in_macro);
    Ok(file::file(None, path.map(Cow::into_owned)))
}
