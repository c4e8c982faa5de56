//! How Bambuddy writes values, and what users can do to the names of its fields.

use std::time::Duration;

use super::{Object, bounds};

/// What Bambuddy writes for a value that it does not have.
const NOT_TOLD: [&str; 2] = ["Unknown", "N/A"];

/// What it calls all printers of a model that a job of its queue may run on.
pub(super) const ANY_PRINTER: &str = "Any ";

/// The keys of events that name a printer, without `title` and `message`, which users can rename.
#[rustfmt::skip]
const KEYS: [&str; 34] = [
    "timestamp", "source", "event", "printer", "filename", "estimated_time", "eta", "progress", "remaining_time",
    "duration", "filament_grams", "filament_details", "finish_photo_url", "reason", "task_name", "confidence", "action",
    "difference_percent", "error_type", "error_detail", "total_layers", "bed_temp", "threshold", "slot", "color",
    "remaining_percent", "items", "missing_slots", "missing_slot_details", "ams_label", "humidity", "temperature",
    "app_name", "image",
];

/// Whether a text tells something.
pub(super) fn is_told(text: &str) -> bool {
    !NOT_TOLD.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether the title or the text stands in another field. Users can rename both, also onto `filename` or `printer`, whose
/// own values are then lost; then there are fewer fields of other names than fields that were renamed.
pub(super) fn renamed_onto_another(message: Object<'_>) -> bool {
    let kept = ["title", "message"].iter().filter(|name| message.get(name).is_some()).count();
    let others = message
        .entries()
        .filter(|(name, _)| !KEYS.contains(&name.as_str()) && !matches!(name.as_str(), "title" | "message"));
    kept + others.count() < 2
}

/// A span such as `2h 5m`.
pub(super) fn span(text: &str) -> Option<Duration> {
    let seconds = text.split_whitespace().map(|part| {
        let (number, unit) = part.split_at_checked(part.len() - 1)?;
        let seconds = match unit {
            "d" => 86_400.0,
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            _ => return None,
        };
        Some(f64::from(number.parse::<u32>().ok()?) * seconds)
    });
    let seconds = seconds.sum::<Option<f64>>().filter(|_| !text.trim().is_empty())?;
    bounds::span(seconds)
}
