//! Bambuddy: flat texts, times in minutes, and no events for pauses.

use std::time::Duration;

use serde_json::json;

use crate::occurrence::{Ending, Occurrence, PauseReason};
use crate::rng::Rng;
use crate::sender::{Moment, Request, Sender};

/// A provider for one printer, with all events on.
#[derive(Clone, Copy, Debug)]
pub(super) struct BambuddySender;

impl Sender for BambuddySender {
    fn source(&self) -> &'static str {
        "bambuddy"
    }

    fn requests(&self, occurrence: Occurrence, moment: &Moment<'_>, _: &mut Rng) -> Vec<Request> {
        let Some(event) = event(occurrence, moment) else { return Vec::new() };
        let mut headers = vec![("Content-Type", "application/json".to_owned())];
        headers.extend(moment.secret.map(|secret| ("Authorization", format!("Bearer {secret}"))));
        let body = body(event, occurrence, moment).into_bytes();
        vec![Request { path: format!("/webhook/bambuddy/{}", moment.printer), headers, body }]
    }

    /// Quiet hours drop an end.
    fn endings(&self) -> &'static [(u32, Ending)] {
        &[(8, Ending::Cancelled), (8, Ending::Failed), (4, Ending::Silent)]
    }

    fn pauses_before(&self, _: Ending) -> bool {
        false
    }

    fn pause_reason(&self, _: &mut Rng) -> PauseReason {
        PauseReason::Detector
    }
}

/// The name of the event; the test has none.
fn event(occurrence: Occurrence, moment: &Moment<'_>) -> Option<&'static str> {
    Some(match occurrence {
        Occurrence::Started => "print_start",
        Occurrence::Progress if percent(moment).is_some() => "print_progress",
        Occurrence::FirstLayer => "first_layer_complete",
        Occurrence::Warned => "ai_failure_detection",
        Occurrence::Completed => "print_complete",
        Occurrence::Cancelled => "print_stopped",
        Occurrence::Error => "printer_error",
        Occurrence::Failed => "print_failed",
        Occurrence::BedCooled => "bed_cooled",
        Occurrence::Test => "",
        _ => return None,
    })
}

/// Progress is reported three times. The simulated farm passes by every tenth.
fn percent(moment: &Moment<'_>) -> Option<u32> {
    [(0.25, 25), (0.45, 50), (0.75, 75)]
        .into_iter()
        .find(|(from, _)| (*from..*from + 0.1).contains(&moment.done()))
        .map(|(_, percent)| percent)
}

fn body(event: &str, occurrence: Occurrence, moment: &Moment<'_>) -> String {
    let mut body = json!({
        "title": "Print", "message": "of a simulated farm", "timestamp": "2026-11-20T08:03:12.482846",
        "source": "Bambuddy",
    });
    let mut add = |name: &str, value: String| body[name] = value.into();
    if !event.is_empty() {
        add("event", event.to_owned());
        add("printer", moment.printer.to_owned());
    }
    let stem = moment.script.file.name.trim_end_matches(".gcode");
    match occurrence {
        Occurrence::Started => {
            add("filename", stem.replace('_', " "));
            add("estimated_time", minutes(moment.script.estimate));
            add("eta", "10:08".to_owned());
        }
        Occurrence::Progress => {
            add("filename", stem.replace(' ', "_"));
            add("progress", percent(moment).unwrap_or_default().to_string());
            add("remaining_time", minutes(moment.remaining()));
        }
        Occurrence::Warned => {
            add("task_name", stem.replace(' ', "_"));
            add("action", "notify".to_owned());
        }
        Occurrence::Completed | Occurrence::Cancelled | Occurrence::Failed => {
            add("filename", stem.replace('_', " "));
            add("duration", minutes(moment.printed + moment.paused));
            add("filament_grams", format!("{:.1}", moment.printed.as_secs_f64() * 0.008));
            add("reason", "Unknown".to_owned());
            add("progress", "0".to_owned());
        }
        _ => {}
    }
    body.to_string()
}

fn minutes(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    if minutes < 60 { format!("{minutes}m") } else { format!("{}h {}m", minutes / 60, minutes % 60) }
}
