//! OctoEverywhere: one flat JSON object for each event.

use super::encode::{self, Field, Fields};

use crate::occurrence::{Ending, Occurrence, PauseReason};
use crate::rng::Rng;
use crate::sender::{Moment, Request, Sender, typical_hours};

/// OctoEverywhere, connected to this platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OctoEverywhereSender {
    Klipper,
    OctoPrint,
    /// A Bambu Lab printer on a free account.
    FreeAccount,
}

pub(super) const KLIPPER: OctoEverywhereSender = OctoEverywhereSender::Klipper;
pub(super) const OCTOPRINT: OctoEverywhereSender = OctoEverywhereSender::OctoPrint;
pub(super) const FREE_ACCOUNT: OctoEverywhereSender = OctoEverywhereSender::FreeAccount;

/// Webhooks a day of a free account.
const FREE_WEBHOOKS: u32 = 3;

const LAYERS: u64 = 400;

impl Sender for OctoEverywhereSender {
    fn source(&self) -> &'static str {
        "octoeverywhere"
    }

    fn requests(&self, occurrence: Occurrence, moment: &Moment<'_>, rng: &mut Rng) -> Vec<Request> {
        let types = self.event_types(occurrence);
        let mut requests: Vec<_> =
            types.iter().map(|event_type| self.request(*event_type, occurrence, moment)).collect();
        // Its plugin tries again when it has received no answer, though the first try may have arrived.
        if *self != Self::FreeAccount && requests.len() == 1 && rng.chance(3) {
            requests.extend(requests.first().cloned());
        }
        requests
    }

    fn endings(&self) -> &'static [(u32, Ending)] {
        match self {
            Self::Klipper => &[
                (8, Ending::Cancelled),
                (4, Ending::CancelledWhilePaused),
                (6, Ending::ErrorOnly),
                (4, Ending::Silent),
            ],
            Self::OctoPrint => &[
                (8, Ending::Cancelled),
                (4, Ending::CancelledWhilePaused),
                (6, Ending::Failed),
                (4, Ending::Silent),
            ],
            Self::FreeAccount => &[(12, Ending::Cancelled)],
        }
    }

    fn hours(&self, rng: &mut Rng) -> f64 {
        // A print on a free account ends on the day it started, so that each day has its own webhooks.
        if *self == Self::FreeAccount { rng.between(0.4, 2.5) } else { typical_hours(rng) }
    }

    fn pauses_before(&self, ending: Ending) -> bool {
        ending != Ending::Silent && *self != Self::FreeAccount
    }

    fn daily_limit(&self) -> Option<u32> {
        (*self == Self::FreeAccount).then_some(FREE_WEBHOOKS)
    }
}

impl OctoEverywhereSender {
    fn event_types(self, occurrence: Occurrence) -> &'static [u64] {
        match occurrence {
            Occurrence::Started => &[1],
            Occurrence::Completed => &[2],
            Occurrence::Cancelled | Occurrence::Failed => &[3],
            Occurrence::LimitReached => &[13],
            Occurrence::Test => &[16],
            // The owner of a free account keeps its webhooks for starts and ends.
            _ if self == Self::FreeAccount => &[],
            Occurrence::Paused(PauseReason::Detector) => &[8],
            Occurrence::Paused(_) => &[4],
            // OctoEverywhere repeats these for one cause.
            Occurrence::StillPaused(PauseReason::Filament) => &[11, 11],
            Occurrence::StillPaused(PauseReason::Person) => &[12],
            Occurrence::Resumed => &[5],
            Occurrence::Progress => &[6],
            Occurrence::Warned => &[7],
            Occurrence::Error => &[9],
            Occurrence::FirstLayer => &[10],
            Occurrence::BedCooled => &[15],
            Occurrence::StillPaused(PauseReason::Detector)
            | Occurrence::Disconnected
            | Occurrence::Connected
            | Occurrence::Placeholder => &[],
        }
    }

    fn request(self, event_type: u64, occurrence: Occurrence, moment: &Moment<'_>) -> Request {
        Request {
            path: "/webhook/octoeverywhere".to_owned(),
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: encode::json(&self.fields(event_type, occurrence, moment)),
        }
    }

    fn fields(self, event_type: u64, occurrence: Occurrence, moment: &Moment<'_>) -> Fields {
        let text = |text: &str| Field::Text(text.to_owned());
        let whole = |number: u64| Field::Number(number.to_string());
        let mut fields = vec![("PrinterId", text(moment.printer_id))];
        if let Some(secret) = moment.secret {
            fields.push(("SecretKey", text(secret)));
        }
        let is_about_a_print =
            !matches!(occurrence, Occurrence::Test | Occurrence::LimitReached | Occurrence::BedCooled);
        if is_about_a_print {
            fields.push(("PrintId", text(&moment.script.id)));
        }
        fields.push(("EventType", whole(event_type)));
        fields.push(("PrinterName", text(moment.printer)));
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

    /// Whole seconds since the start, pauses included; at the end of a print on OctoPrint, without pauses.
    fn duration(self, occurrence: Occurrence, moment: &Moment<'_>) -> u64 {
        let is_end = matches!(occurrence, Occurrence::Completed | Occurrence::Cancelled | Occurrence::Failed);
        let without_pauses = is_end && self == Self::OctoPrint;
        let duration = if without_pauses { moment.printed } else { moment.printed + moment.paused };
        duration.as_secs()
    }
}

fn layer(moment: &Moment<'_>) -> u64 {
    let layer = (LAYERS as f64 * moment.done().clamp(0.0, 1.0)).max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 1 and LAYERS")]
    let layer = layer as u64;
    layer
}
