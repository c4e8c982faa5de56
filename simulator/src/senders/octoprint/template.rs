//! The plugin's default template: a message, and the state of OctoPrint while it sends it.

use super::messages::{Message, State, THERMAL_RUNAWAY, file_position, seconds};
use super::{OctoPrintSender, Version};
use crate::labels::Origin;
use crate::sender::Moment;
use crate::senders::encode::{Field, Fields, Object};

const PROGRESS: [&str; 5] = ["completion", "filepos", "printTime", "printTimeLeft", "printTimeLeftOrigin"];

impl OctoPrintSender {
    pub(super) fn fields(self, message: Message, moment: &Moment<'_>) -> Fields {
        let device = if self.is_named_by_url() { "" } else { moment.printer };
        let mut fields = vec![
            ("deviceIdentifier", Field::Text(device.to_owned())),
            ("apiSecret", Field::Text(moment.secret.unwrap_or_default().to_owned())),
            ("topic", Field::Text(message.topic.to_owned())),
            ("message", Field::Text(message.text)),
            ("extra", Field::Object(message.extra)),
        ];
        let names = ["state", "job", "progress", "currentZ", "offsets", "meta"];
        // OctoPrint 1 has no data about a file on the SD card, and the plugin then sends empty text.
        if moment.script.origin == Origin::SdCard && self.version != Version::ForkOnTwo {
            fields.extend(names.map(|name| (name, Field::Text(String::new()))));
        } else {
            fields.extend(names.into_iter().zip(self.octoprint_data(message.state, moment)));
        }
        fields.push(("currentTime", Field::Number(moment.clock.to_string())));
        fields
    }

    /// State, job, progress, height, offsets and meta.
    fn octoprint_data(self, state: State, moment: &Moment<'_>) -> [Field; 6] {
        let offsets = Field::Object(Object::new());
        if state == State::Offline {
            let [state, job, progress] = [state_data(state), no_job(), no_progress()].map(Field::Object);
            return [state, job, progress, Field::Null, offsets, Field::Text(String::new())];
        }
        let height = (moment.done() * 400.0).round() * 0.2;
        let height =
            if moment.printed.is_zero() { Field::Null } else { Field::Number(format!("{height:.1}")) };
        let [state, job, progress, meta] =
            [state_data(state), self.job(moment), progress(state, moment), meta(moment)].map(Field::Object);
        [state, job, progress, height, offsets, meta]
    }

    fn job(self, moment: &Moment<'_>) -> Object {
        let script = moment.script;
        let name = script.file.name;
        let file = Object::new().text("name", name).text("path", name).text("display", name);
        let file = file.text("origin", self.origin_word(script.origin)).whole("size", script.file.size);
        let file = file.whole("date", moment.clock - 86_400);
        let job = Object::new().object("file", &file).float("estimatedPrintTime", seconds(script.estimate));
        let job = match self.version {
            Version::ForkOnTwo => job,
            Version::Original | Version::Fork => job.null("averagePrintTime").null("lastPrintTime"),
        };
        job.object("filament", &filament()).text("user", "lab")
    }
}

fn no_job() -> Object {
    let parts = ["name", "path", "display", "origin", "size", "date"];
    let file = parts.into_iter().fold(Object::new(), Object::null);
    Object::new().object("file", &file).null("estimatedPrintTime").null("filament").null("user")
}

fn no_progress() -> Object {
    PROGRESS.into_iter().fold(Object::new(), Object::null)
}

fn filament() -> Object {
    let tool = Object::new().float("length", 585.42).float("volume", 1.41);
    Object::new().object("tool0", &tool)
}

fn state_data(state: State) -> Object {
    let text = match state {
        State::Operational => "Operational",
        State::Printing => "Printing",
        State::Paused => "Paused",
        State::Cancelling => "Cancelling",
        State::Finishing => "Finishing",
        State::Offline => "Offline after error",
    };
    let connected = state != State::Offline;
    let flags = Object::new()
        .flag("operational", connected)
        .flag("printing", matches!(state, State::Printing | State::Cancelling | State::Finishing))
        .flag("cancelling", state == State::Cancelling)
        .flag("pausing", false)
        .flag("resuming", false)
        .flag("finishing", state == State::Finishing)
        .flag("closedOrError", !connected)
        .flag("error", false)
        .flag("paused", state == State::Paused)
        .flag("ready", state == State::Operational)
        .flag("sdReady", connected);
    let error = if connected { "" } else { THERMAL_RUNAWAY };
    Object::new().text("text", text).object("flags", &flags).text("error", error)
}

fn progress(state: State, moment: &Moment<'_>) -> Object {
    if state == State::Cancelling || moment.printed.is_zero() {
        return no_progress();
    }
    Object::new()
        .float("completion", moment.done() * 100.0)
        .whole("filepos", file_position(moment))
        .whole("printTime", moment.printed.as_secs())
        .whole("printTimeLeft", moment.remaining().as_secs())
        .text("printTimeLeftOrigin", "estimate")
}

fn meta(moment: &Moment<'_>) -> Object {
    let estimate = seconds(moment.script.estimate);
    let analysis = Object::new().float("estimatedPrintTime", estimate).object("filament", &filament());
    Object::new()
        .text("hash", "70a2b64e77cc8285f394a324498055f807d6a398")
        .text("user", "lab")
        .object("analysis", &analysis)
}
