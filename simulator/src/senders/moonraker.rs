//! Moonraker's `[notifier]`, through Apprise.

use super::encode::Object;
use crate::labels::Origin;
use crate::occurrence::{Ending, Occurrence, PauseReason};
use crate::rng::Rng;
use crate::sender::{Moment, Request, Sender};

/// A printer with Klipper, and how its notifier is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MoonrakerSender {
    /// The event in the title, Klipper's numbers in the message.
    Recommended,
    /// The same as a form, and two notifiers, so that everything comes twice.
    FormTwice,
    /// The name of the event alone.
    EventAlone,
}

pub(super) const RECOMMENDED: MoonrakerSender = MoonrakerSender::Recommended;
pub(super) const FORM_TWICE: MoonrakerSender = MoonrakerSender::FormTwice;
pub(super) const EVENT_ALONE: MoonrakerSender = MoonrakerSender::EventAlone;

const MILLIMETRES_PER_SECOND: f64 = 3.1;

impl Sender for MoonrakerSender {
    fn source(&self) -> &'static str {
        "moonraker"
    }

    fn requests(&self, occurrence: Occurrence, moment: &Moment<'_>, _: &mut Rng) -> Vec<Request> {
        let (event, state) = match occurrence {
            Occurrence::Started => ("started", "printing"),
            // An emergency stop is reported as a pause, too.
            Occurrence::Paused(_) => ("paused", "paused"),
            Occurrence::Resumed => ("resumed", "printing"),
            Occurrence::Completed => ("complete", "complete"),
            Occurrence::Cancelled => ("cancelled", "cancelled"),
            Occurrence::Failed => ("error", "error"),
            Occurrence::Test => ("*", "standby"),
            _ => return Vec::new(),
        };
        let message = match self {
            Self::EventAlone => event.to_owned(),
            _ => stats(state, occurrence, moment),
        };
        let title = if *self == Self::EventAlone { "" } else { event };
        let request = self.request(title, &message, moment);
        if *self == Self::FormTwice { vec![request.clone(), request] } else { vec![request] }
    }

    fn endings(&self) -> &'static [(u32, Ending)] {
        match self {
            // Without a file, a start within a minute of another one is taken for its repetition.
            Self::EventAlone => {
                &[(8, Ending::Cancelled), (4, Ending::CancelledWhilePaused), (6, Ending::Failed)]
            }
            _ => &[
                (8, Ending::Cancelled),
                (4, Ending::CancelledWhilePaused),
                (6, Ending::Failed),
                (4, Ending::Restarted),
                (4, Ending::Silent),
            ],
        }
    }

    fn origin(&self, _: &mut Rng) -> Origin {
        Origin::Local
    }

    fn pause_reason(&self, _: &mut Rng) -> PauseReason {
        PauseReason::Person
    }

    /// The printer has lost Klipper or its power.
    fn prints_on_when_silent(&self) -> bool {
        false
    }
}

impl MoonrakerSender {
    fn request(self, title: &str, message: &str, moment: &Moment<'_>) -> Request {
        let (content_type, body) = if self == Self::FormTwice {
            let pairs = [("version", "1.0"), ("title", title), ("message", message), ("type", "info")];
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            ("application/x-www-form-urlencoded", form)
        } else {
            let fields = Object::new().text("version", "1.0").text("title", title).text("message", message);
            ("application/json", fields.json("attachments", "[]").text("type", "info").to_string())
        };
        let mut headers =
            vec![("User-Agent", "Apprise".to_owned()), ("Content-Type", content_type.to_owned())];
        headers.extend(moment.secret.map(|secret| ("X-Webhook-Secret", secret.to_owned())));
        Request { path: format!("/webhook/moonraker/{}", moment.printer), headers, body: body.into_bytes() }
    }
}

/// Klipper's `print_stats`, as the filter `tojson` of Moonraker's templates writes them.
fn stats(state: &str, occurrence: Occurrence, moment: &Moment<'_>) -> String {
    let is_test = occurrence == Occurrence::Test;
    let file = if is_test { "notifier_test.gcode" } else { moment.script.file.name };
    let printed = moment.printed.as_secs_f64();
    let message =
        if occurrence == Occurrence::Failed { "Heater extruder not heating as expected" } else { "" };
    let object = Object::new()
        .float("filament_used", printed * MILLIMETRES_PER_SECOND)
        .text("filename", file)
        .object("info", &Object::new().null("current_layer").null("total_layer"))
        .text("message", message)
        .float("print_duration", printed * 0.9)
        .text("state", state)
        .float("total_duration", (moment.printed + moment.paused).as_secs_f64());
    let escapes = [('\'', "\\u0027"), ('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")];
    escapes.into_iter().fold(object.to_string(), |text, (character, escape)| text.replace(character, escape))
}
