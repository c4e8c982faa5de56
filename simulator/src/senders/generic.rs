//! The endpoint for everything else: an automation that writes the schema's keys itself.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::labels::Origin;
use crate::occurrence::{Ending, Occurrence, PauseReason};
use crate::rng::Rng;
use crate::sender::{Moment, Request, Sender};

/// An automation, which sends JSON or a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GenericSender {
    Json,
    Form,
}

pub(super) const JSON: GenericSender = GenericSender::Json;
pub(super) const FORM: GenericSender = GenericSender::Form;

impl Sender for GenericSender {
    fn source(&self) -> &'static str {
        "generic"
    }

    fn requests(&self, occurrence: Occurrence, moment: &Moment<'_>, rng: &mut Rng) -> Vec<Request> {
        let events = events(occurrence);
        let mut requests: Vec<_> =
            events.iter().map(|event| self.request(event, occurrence, moment)).collect();
        // Automations repeat a request that was taken.
        if rng.chance(3) {
            requests.extend(requests.last().cloned());
        }
        requests
    }

    fn endings(&self) -> &'static [(u32, Ending)] {
        &[(8, Ending::Cancelled), (4, Ending::CancelledWhilePaused), (6, Ending::Failed), (4, Ending::Silent)]
    }

    fn origin(&self, _: &mut Rng) -> Origin {
        if *self == Self::Json { Origin::Local } else { Origin::Unknown }
    }
}

fn events(occurrence: Occurrence) -> &'static [&'static str] {
    match occurrence {
        Occurrence::Started => &["started"],
        Occurrence::Progress => &["progress"],
        Occurrence::FirstLayer => &["notice"],
        Occurrence::Paused(PauseReason::Person) => &["paused"],
        Occurrence::Paused(PauseReason::Detector) => &["warning"],
        Occurrence::Paused(PauseReason::Filament) => &["filament_change", "paused"],
        Occurrence::Resumed => &["resumed"],
        Occurrence::Completed => &["completed"],
        Occurrence::Cancelled => &["cancelled"],
        Occurrence::Error => &["error"],
        Occurrence::Failed => &["failed"],
        Occurrence::Test => &["test"],
        _ => &[],
    }
}

impl GenericSender {
    fn request(self, event: &str, occurrence: Occurrence, moment: &Moment<'_>) -> Request {
        let fields = self.fields(event, occurrence, moment);
        let (content_type, body) = if self == Self::Json {
            // A REST command of Home Assistant that does not say what it sends.
            ("application/octet-stream", Value::Object(fields).to_string())
        } else {
            let pairs = fields.iter().map(|(name, value)| {
                (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            });
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            ("application/x-www-form-urlencoded", form)
        };
        Request {
            path: format!("/webhook/generic/{}", moment.printer),
            headers: vec![("Content-Type", content_type.to_owned())],
            body: body.into_bytes(),
        }
    }

    fn fields(self, event: &str, occurrence: Occurrence, moment: &Moment<'_>) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        add("event", event.into());
        if let Some(secret) = moment.secret {
            add("secret", secret.into());
        }
        if occurrence == Occurrence::Paused(PauseReason::Detector) {
            add("action", "paused".into());
        }
        if occurrence == Occurrence::Test {
            return fields;
        }
        add("job_id", moment.script.id.as_str().into());
        add("file", moment.script.file.name.into());
        if self == Self::Json {
            add("origin", "local".into());
            add("elapsed_seconds", seconds(moment.printed));
        } else {
            add("elapsed_with_pauses_seconds", seconds(moment.printed + moment.paused));
        }
        add("progress", moment.done().clamp(0.0, 1.0).into());
        add("remaining_seconds", seconds(moment.remaining()));
        add("filament_mm", (moment.printed.as_secs_f64() * 3.1).into());
        fields
    }
}

fn seconds(span: Duration) -> Value {
    span.as_secs_f64().into()
}
