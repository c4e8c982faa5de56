//! OctoEverywhere, in its own words: one flat JSON object an event.

use super::encode::{self, Field, Fields};
use super::{Moment, Request};
use crate::occurrence::{Occurrence, PauseReason};
use crate::profile::{Platform, PrinterProfile};

const LAYERS: u64 = 400;

/// OctoEverywhere for one printer.
pub(crate) struct OctoEverywhereSender<'a> {
    pub(crate) profile: &'a PrinterProfile,
    pub(crate) platform: Platform,
    pub(crate) secret: &'a str,
}

impl OctoEverywhereSender<'_> {
    /// The webhooks that tell the occurrence.
    pub(crate) fn requests(&self, occurrence: Occurrence, moment: Moment<'_>) -> Vec<Request> {
        let types: &[u64] = match occurrence {
            Occurrence::Started => &[1],
            Occurrence::Completed => &[2],
            Occurrence::Cancelled | Occurrence::Failed => &[3],
            Occurrence::LimitReached => &[13],
            Occurrence::Test => &[16],
            // The owner of a free account saves its webhooks for starts and ends.
            _ if self.platform == Platform::Free => &[],
            Occurrence::Paused(PauseReason::Detector) => &[8],
            Occurrence::Paused(_) => &[4],
            // It repeats them for one cause.
            Occurrence::StillWaits(PauseReason::Filament) => &[11, 11],
            Occurrence::StillWaits(PauseReason::Person) => &[12],
            Occurrence::Resumed => &[5],
            Occurrence::Progress => &[6],
            Occurrence::Warned => &[7],
            Occurrence::Error => &[9],
            Occurrence::FirstLayer => &[10],
            Occurrence::BedCooled => &[15],
            Occurrence::StillWaits(PauseReason::Detector)
            | Occurrence::Disconnected
            | Occurrence::Connected
            | Occurrence::Placeholder => &[],
        };
        types.iter().map(|number| self.request(*number, occurrence, moment)).collect()
    }

    fn request(&self, number: u64, occurrence: Occurrence, moment: Moment<'_>) -> Request {
        Request {
            path: "/webhook/octoeverywhere".to_owned(),
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: encode::json(&self.fields(number, occurrence, moment)),
        }
    }

    fn fields(&self, number: u64, occurrence: Occurrence, moment: Moment<'_>) -> Fields {
        let text = |text: &str| Field::Text(text.to_owned());
        let whole = |number: u64| Field::Number(number.to_string());
        let mut fields = vec![("PrinterId", text(&self.profile.id))];
        if !self.secret.is_empty() {
            fields.push(("SecretKey", text(self.secret)));
        }
        let is_about_a_print =
            !matches!(occurrence, Occurrence::Test | Occurrence::LimitReached | Occurrence::BedCooled);
        if is_about_a_print {
            fields.push(("PrintId", text(&moment.script.id)));
        }
        fields.push(("EventType", whole(number)));
        fields.push(("PrinterName", text(&self.profile.name)));
        fields.push(("QuickViewUrl", text("https://octoeverywhere.com/")));
        if is_about_a_print {
            fields.push(("FileName", text(moment.script.file.name)));
            fields.push(("DurationSec", whole(self.duration(occurrence, moment))));
            fields.push(("Progress", Field::Number(format!("{:.0}", (moment.done() * 100.0).floor()))));
            fields.push(("TimeRemainingSec", whole(moment.remaining().as_secs())));
            fields.push(("ZOffsetMM", Field::Number(format!("{:.1}", layer(moment) as f64 * 0.2))));
            fields.push(("CurrentLayer", whole(layer(moment))));
            fields.push(("TotalLayers", whole(LAYERS)));
        }
        match occurrence {
            Occurrence::Cancelled => fields.push(("Error", text("Print cancelled"))),
            Occurrence::Error | Occurrence::Failed => {
                fields.push(("Error", text("Heater extruder not heating as expected")));
            }
            _ => {}
        }
        fields
    }

    /// Whole seconds since the start, pauses included; at the ends of an OctoPrint printer, without them.
    fn duration(&self, occurrence: Occurrence, moment: Moment<'_>) -> u64 {
        let is_end = matches!(occurrence, Occurrence::Completed | Occurrence::Cancelled | Occurrence::Failed);
        let without_pauses = is_end && self.platform == Platform::OctoPrint;
        let span = if without_pauses { moment.printed } else { moment.printed + moment.paused };
        span.as_secs()
    }
}

fn layer(moment: Moment<'_>) -> u64 {
    let layer = (LAYERS as f64 * moment.done().clamp(0.0, 1.0)).max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 1 and all")]
    let layer = layer as u64;
    layer
}
