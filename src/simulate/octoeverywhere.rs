//! OctoEverywhere, in its own words: one flat JSON object an event.

use super::course::Why;
use super::news::{Moment, News, Request};
use super::persona::{Persona, Platform};
use super::wire::{self, Field, Fields};

const LAYERS: u64 = 400;

/// OctoEverywhere for one printer.
pub(super) struct Cloud<'a> {
    pub(super) persona: &'a Persona,
    pub(super) platform: Platform,
    pub(super) secret: &'a str,
}

impl Cloud<'_> {
    /// The webhooks that tell the news.
    pub(super) fn requests(&self, news: News, moment: Moment<'_>) -> Vec<Request> {
        let types: &[u64] = match news {
            News::Started => &[1],
            News::Completed => &[2],
            News::Cancelled | News::Failed => &[3],
            News::LimitReached => &[13],
            News::Test => &[16],
            // The owner of a free account saves its webhooks for starts and ends.
            _ if self.platform == Platform::Free => &[],
            News::Paused(Why::Detector) => &[8],
            News::Paused(_) => &[4],
            // It repeats them for one cause.
            News::StillWaits(Why::Filament) => &[11, 11],
            News::StillWaits(Why::Person) => &[12],
            News::Resumed => &[5],
            News::Progress => &[6],
            News::Warned => &[7],
            News::Error => &[9],
            News::FirstLayer => &[10],
            News::BedCooled => &[15],
            News::StillWaits(Why::Detector) | News::Disconnected | News::Connected | News::Placeholder => &[],
        };
        types.iter().map(|number| self.request(*number, news, moment)).collect()
    }

    fn request(&self, number: u64, news: News, moment: Moment<'_>) -> Request {
        Request {
            path: "/webhook/octoeverywhere".to_owned(),
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: wire::json(&self.fields(number, news, moment)),
        }
    }

    fn fields(&self, number: u64, news: News, moment: Moment<'_>) -> Fields {
        let text = |text: &str| Field::Text(text.to_owned());
        let whole = |number: u64| Field::Number(number.to_string());
        let mut fields = vec![("PrinterId", text(&self.persona.id))];
        if !self.secret.is_empty() {
            fields.push(("SecretKey", text(self.secret)));
        }
        let is_about_a_print = !matches!(news, News::Test | News::LimitReached | News::BedCooled);
        if is_about_a_print {
            fields.push(("PrintId", text(&moment.course.id)));
        }
        fields.push(("EventType", whole(number)));
        fields.push(("PrinterName", text(&self.persona.name)));
        fields.push(("QuickViewUrl", text("https://octoeverywhere.com/")));
        if is_about_a_print {
            fields.push(("FileName", text(moment.course.file.name)));
            fields.push(("DurationSec", whole(self.duration(news, moment))));
            fields.push(("Progress", Field::Number(format!("{:.0}", (moment.done() * 100.0).floor()))));
            fields.push(("TimeRemainingSec", whole(moment.remaining().as_secs())));
            fields.push(("ZOffsetMM", Field::Number(format!("{:.1}", layer(moment) as f64 * 0.2))));
            fields.push(("CurrentLayer", whole(layer(moment))));
            fields.push(("TotalLayers", whole(LAYERS)));
        }
        match news {
            News::Cancelled => fields.push(("Error", text("Print cancelled"))),
            News::Error | News::Failed => {
                fields.push(("Error", text("Heater extruder not heating as expected")));
            }
            _ => {}
        }
        fields
    }

    /// Whole seconds since the start, pauses included; at the ends of an OctoPrint printer, without them.
    fn duration(&self, news: News, moment: Moment<'_>) -> u64 {
        let is_end = matches!(news, News::Completed | News::Cancelled | News::Failed);
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
