//! OctoPrint-Webhooks and its maintained fork, in their own words: the default template, as multipart or JSON.

use std::time::Duration;

use super::encode::{self, Field, Fields, Object};
use super::{Moment, Request};
use crate::labels::Origin;
use crate::occurrence::{Occurrence, PauseReason};
use crate::profile::{Plugin, PrinterProfile, Version};
use crate::rng::Rng;
use crate::script::File;

const CUSTOM: &str = "Custom Event";
const AGENT: &str = "python-requests/2.34.2";
const PLACEHOLDER: File = File { name: "continuousprint_managed.gcode", size: 7 };
const THERMAL: &str = "Thermal Runaway, system stopped! Heater_ID: bed - Printer halted. kill() called!";

/// What the flags of `state` say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Nothing,
    Prints,
    Waits,
    Cancels,
    Finishes,
    IsLost,
}

/// One message: its topic, its text for people, and its `extra`.
struct Message {
    topic: &'static str,
    text: String,
    extra: Object,
    doing: Doing,
}

/// The plugin of one printer.
pub(crate) struct OctoPrintSender<'a> {
    pub(crate) profile: &'a PrinterProfile,
    pub(crate) plugin: Plugin,
    pub(crate) secret: &'a str,
}

impl OctoPrintSender<'_> {
    /// The webhooks that tell the occurrence.
    pub(crate) fn requests(&self, occurrence: Occurrence, moment: Moment<'_>, rng: &mut Rng) -> Vec<Request> {
        let mut requests = Vec::new();
        for message in self.messages(occurrence, moment) {
            let fields = self.fields(message, moment);
            for _ in 0..if self.plugin.repeats { 2 } else { 1 } {
                requests.push(self.request(&fields, rng));
            }
        }
        requests
    }

    fn request(&self, fields: &Fields, rng: &mut Rng) -> Request {
        let (content_type, body) = if self.plugin.json {
            ("application/json".to_owned(), encode::json(fields))
        } else {
            let boundary = rng.hex(32);
            let body = encode::multipart(fields, &boundary);
            (format!("multipart/form-data; boundary={boundary}"), body)
        };
        let headers = vec![
            ("User-Agent", AGENT.to_owned()),
            ("Accept-Encoding", "gzip, deflate".to_owned()),
            ("Accept", "*/*".to_owned()),
            ("Connection", "keep-alive".to_owned()),
            ("Content-Type", content_type),
        ];
        Request { path: self.path(), headers, body }
    }

    /// Half of the printers are named by the URL, the others by the device identifier.
    fn path(&self) -> String {
        if self.is_named_by_url() {
            format!("/webhook/octoprint/{}", self.profile.name)
        } else {
            "/webhook/octoprint".to_owned()
        }
    }

    const fn is_named_by_url(&self) -> bool {
        !self.plugin.json
    }

    const fn is_fork(&self) -> bool {
        matches!(self.plugin.version, Version::Fork | Version::ForkOnTwo)
    }

    fn messages(&self, occurrence: Occurrence, moment: Moment<'_>) -> Vec<Message> {
        let all = match occurrence {
            Occurrence::Started | Occurrence::Progress => self.of_a_running_print(occurrence, moment),
            Occurrence::Paused(_) | Occurrence::StillWaits(_) | Occurrence::Resumed => {
                self.of_a_pause(occurrence, moment)
            }
            Occurrence::Completed | Occurrence::Cancelled | Occurrence::Error | Occurrence::Failed => {
                self.of_an_end(occurrence, moment)
            }
            _ => self.of_a_printer_at_rest(occurrence),
        };
        all.into_iter().filter(|message| self.is_fork() || message.topic != CUSTOM).collect()
    }

    fn of_a_running_print(&self, occurrence: Occurrence, moment: Moment<'_>) -> Vec<Message> {
        if occurrence == Occurrence::Started {
            let file = || self.with_user(self.file(moment.script.file, moment.script.origin));
            return vec![
                custom("FileSelected", file(), Doing::Nothing),
                message("Print Started", "Your print has started.", file(), Doing::Prints),
                self.state("PRINTING", Doing::Prints),
            ];
        }
        if !self.plugin.progress {
            return Vec::new();
        }
        let percent = (moment.done() * 10.0).round() * 10.0;
        let text = format!("Your print is {percent} % complete.");
        vec![message("Print Progress", &text, Object::new(), Doing::Prints)]
    }

    fn of_a_pause(&self, occurrence: Occurrence, moment: Moment<'_>) -> Vec<Message> {
        let file = || self.file(moment.script.file, moment.script.origin);
        match occurrence {
            Occurrence::Paused(_) => {
                let text = "Your print has paused. You might need to change the filament color.";
                let extra = self.with_user(at_position(file(), moment));
                vec![
                    self.state("PAUSING", Doing::Prints),
                    message("Print Paused", text, extra, Doing::Waits),
                    self.state("PAUSED", Doing::Waits),
                ]
            }
            Occurrence::StillWaits(PauseReason::Filament) => {
                let text = "User action needed. You might need to change the filament color.";
                vec![message("User Action Needed", text, Object::new(), Doing::Waits)]
            }
            Occurrence::Resumed => vec![
                self.state("RESUMING", Doing::Prints),
                custom("PrintResumed", self.with_user(file()), Doing::Prints),
                self.state("PRINTING", Doing::Prints),
            ],
            _ => Vec::new(),
        }
    }

    fn of_an_end(&self, occurrence: Occurrence, moment: Moment<'_>) -> Vec<Message> {
        let file = || self.file(moment.script.file, moment.script.origin);
        let failed = |extra, doing| {
            message("Print Failed", "Something went wrong and your print has failed.", extra, doing)
        };
        let operational = self.state("OPERATIONAL", Doing::Nothing);
        match occurrence {
            Occurrence::Completed => {
                let extra = file().float("time", seconds(moment.printed));
                let done = message("Print Done", "Your print is done.", extra, Doing::Finishes);
                vec![self.state("FINISHING", Doing::Finishes), done, operational]
            }
            Occurrence::Cancelled => {
                // At a cancel within a pause, OctoPrint's time includes that pause.
                let time = seconds(moment.printed + moment.open_pause);
                let extra = self.with_user(at_position(file(), moment));
                let extra = extra.float("time", time).text("reason", "cancelled");
                vec![
                    custom("PrintCancelling", self.with_user(file()), Doing::Cancels),
                    self.state("CANCELLING", Doing::Cancels),
                    custom("PrintCancelled", extra.clone(), Doing::Cancels),
                    failed(extra, Doing::Cancels),
                    operational,
                ]
            }
            Occurrence::Error => vec![message("Error", "There was an error.", error(), Doing::IsLost)],
            _ => {
                let told = if self.plugin.version == Version::ForkOnTwo { "unknown" } else { THERMAL };
                let extra = file().float("time", seconds(moment.printed)).text("reason", "error");
                let extra = extra.text("error", told).float("progress", moment.done());
                vec![failed(extra, Doing::IsLost), self.state("ERROR", Doing::IsLost)]
            }
        }
    }

    fn of_a_printer_at_rest(&self, occurrence: Occurrence) -> Vec<Message> {
        match occurrence {
            Occurrence::Disconnected => vec![custom("Disconnected", Object::new(), Doing::IsLost)],
            Occurrence::Connected => {
                let port = self.connector().text("port", "/dev/ttyACM0").whole("baudrate", 115_200);
                vec![custom("Connected", port, Doing::Nothing), self.state("OPERATIONAL", Doing::Nothing)]
            }
            Occurrence::Test => vec![message("Print Done", "Your print is done.", test(), Doing::Nothing)],
            Occurrence::Placeholder => {
                let started = self.with_user(self.file(PLACEHOLDER, Origin::Local));
                let done = self.file(PLACEHOLDER, Origin::Local).float("time", 0.034);
                vec![
                    message("Print Started", "Your print has started.", started, Doing::Prints),
                    message("Print Done", "Your print is done.", done, Doing::Finishes),
                ]
            }
            _ => Vec::new(),
        }
    }

    fn state(&self, id: &str, doing: Doing) -> Message {
        let extra = self.connector().text("state_id", id).text("state_string", state_words(id));
        custom("PrinterStateChanged", extra, doing)
    }

    fn connector(&self) -> Object {
        let object = Object::new();
        if self.plugin.version == Version::ForkOnTwo { object.text("connector", "serial") } else { object }
    }

    /// The beginning of `extra` of a message about a print.
    fn file(&self, file: File, origin: Origin) -> Object {
        let object = self.connector().text("name", file.name).text("path", file.name);
        let object = object.text("origin", self.origin(origin)).whole("size", file.size);
        if self.plugin.version == Version::ForkOnTwo { object } else { object.text("owner", "lab") }
    }

    fn with_user(&self, extra: Object) -> Object {
        if self.plugin.version == Version::ForkOnTwo { extra } else { extra.text("user", "lab") }
    }

    const fn origin(&self, origin: Origin) -> &'static str {
        match (origin, self.plugin.version) {
            (Origin::SdCard, Version::ForkOnTwo) => "printer",
            (Origin::SdCard, _) => "sdcard",
            _ => "local",
        }
    }

    fn fields(&self, message: Message, moment: Moment<'_>) -> Fields {
        let device = if self.is_named_by_url() { "" } else { &self.profile.name };
        let mut fields = vec![
            ("deviceIdentifier", Field::Text(device.to_owned())),
            ("apiSecret", Field::Text(self.secret.to_owned())),
            ("topic", Field::Text(message.topic.to_owned())),
            ("message", Field::Text(message.text)),
            ("extra", Field::Object(message.extra)),
        ];
        let names = ["state", "job", "progress", "currentZ", "offsets", "meta"];
        if moment.script.origin == Origin::SdCard && self.plugin.version != Version::ForkOnTwo {
            fields.extend(names.map(|name| (name, Field::Text(String::new()))));
        } else {
            let values = self.surroundings(message.doing, moment);
            fields.extend(names.into_iter().zip(values));
        }
        fields.push(("currentTime", Field::Number(moment.clock.to_string())));
        fields
    }

    /// State, job, progress, height, offsets and meta.
    fn surroundings(&self, doing: Doing, moment: Moment<'_>) -> [Field; 6] {
        let state = Field::Object(state(doing));
        if matches!(doing, Doing::IsLost) {
            let nothing = ["completion", "filepos", "printTime", "printTimeLeft", "printTimeLeftOrigin"];
            let progress = nothing.into_iter().fold(Object::new(), Object::null);
            let parts = ["name", "path", "display", "origin", "size", "date"];
            let file = parts.into_iter().fold(Object::new(), Object::null);
            let job =
                Object::new().object("file", &file).null("estimatedPrintTime").null("filament").null("user");
            let [progress, job] = [progress, job].map(Field::Object);
            return [
                state,
                job,
                progress,
                Field::Null,
                Field::Object(Object::new()),
                Field::Text(String::new()),
            ];
        }
        let height = (moment.done() * 400.0).round() * 0.2;
        let height =
            if moment.printed.is_zero() { Field::Null } else { Field::Number(format!("{height:.1}")) };
        [
            state,
            Field::Object(self.job(moment)),
            Field::Object(progress(doing, moment)),
            height,
            Field::Object(Object::new()),
            Field::Object(meta(moment)),
        ]
    }

    fn job(&self, moment: Moment<'_>) -> Object {
        let script = moment.script;
        let name = script.file.name;
        let file = Object::new().text("name", name).text("path", name).text("display", name);
        let file = file.text("origin", self.origin(script.origin)).whole("size", script.file.size);
        let file = file.json("date", &(moment.clock - 86_400).to_string());
        let job = Object::new().object("file", &file).float("estimatedPrintTime", seconds(script.estimate));
        let job = match self.plugin.version {
            Version::ForkOnTwo => job,
            Version::Original | Version::Fork => job.null("averagePrintTime").null("lastPrintTime"),
        };
        job.object("filament", &filament()).text("user", "lab")
    }
}

fn message(topic: &'static str, text: &str, extra: Object, doing: Doing) -> Message {
    Message { topic, text: text.to_owned(), extra, doing }
}

/// An event of OctoPrint that the fork passes on; only its text names it.
fn custom(name: &str, extra: Object, doing: Doing) -> Message {
    message(CUSTOM, name, extra, doing)
}

fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}

fn state_words(id: &str) -> &'static str {
    match id {
        "PRINTING" => "Printing",
        "PAUSING" => "Pausing",
        "PAUSED" => "Paused",
        "RESUMING" => "Resuming",
        "FINISHING" => "Finishing",
        "CANCELLING" => "Cancelling",
        "ERROR" => "Error",
        _ => "Operational",
    }
}

fn at_position(extra: Object, moment: Moment<'_>) -> Object {
    let position = ["x", "y", "z", "e", "f", "t"].into_iter().fold(Object::new(), Object::null);
    let extra = extra.object("position", &position).whole("fileposition", position_in_file(moment));
    extra.json("progress", &format!("{:.0}", (moment.done() * 100.0).floor()))
}

fn position_in_file(moment: Moment<'_>) -> u64 {
    let position = moment.script.file.size as f64 * moment.done().clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a part of the size")]
    let position = position as u64;
    position
}

fn error() -> Object {
    let extra =
        Object::new().text("error", THERMAL).text("reason", "firmware").text("consequence", "emergency");
    let logs = r#"["Recv: ok", "Send: N38 G1 X60.050 Y20.000 E27.94050 F6000*5", "Recv: Error:Printer halted. kill() called!"]"#;
    extra.json("logs", logs).text("faq", "firmware-thermal-runaway")
}

fn test() -> Object {
    let extra =
        Object::new().text("name", "example.gcode").text("path", "example.gcode").text("origin", "local");
    let extra = extra.whole("size", 242_038).text("owner", "example_user").float("time", 50.237_335_886);
    extra.flag("popup", true).whole("hook_index", 0)
}

fn filament() -> Object {
    let tool = Object::new().float("length", 585.42).float("volume", 1.41);
    Object::new().object("tool0", &tool)
}

fn state(doing: Doing) -> Object {
    let text = match doing {
        Doing::Nothing => "Operational",
        Doing::Prints => "Printing",
        Doing::Waits => "Paused",
        Doing::Cancels => "Cancelling",
        Doing::Finishes => "Finishing",
        Doing::IsLost => "Offline after error",
    };
    let connected = doing != Doing::IsLost;
    let flags = Object::new()
        .flag("operational", connected)
        .flag("printing", matches!(doing, Doing::Prints | Doing::Cancels | Doing::Finishes))
        .flag("cancelling", doing == Doing::Cancels)
        .flag("pausing", false)
        .flag("resuming", false)
        .flag("finishing", doing == Doing::Finishes)
        .flag("closedOrError", !connected)
        .flag("error", false)
        .flag("paused", doing == Doing::Waits)
        .flag("ready", doing == Doing::Nothing)
        .flag("sdReady", connected);
    let error = if connected { "" } else { THERMAL };
    Object::new().text("text", text).object("flags", &flags).text("error", error)
}

fn progress(doing: Doing, moment: Moment<'_>) -> Object {
    if doing == Doing::Cancels || moment.printed.is_zero() {
        let names = ["completion", "filepos", "printTime", "printTimeLeft", "printTimeLeftOrigin"];
        return names.into_iter().fold(Object::new(), Object::null);
    }
    Object::new()
        .float("completion", moment.done() * 100.0)
        .whole("filepos", position_in_file(moment))
        .whole("printTime", moment.printed.as_secs())
        .whole("printTimeLeft", moment.remaining().as_secs())
        .text("printTimeLeftOrigin", "estimate")
}

fn meta(moment: Moment<'_>) -> Object {
    let estimate = seconds(moment.script.estimate);
    let analysis = Object::new().float("estimatedPrintTime", estimate).object("filament", &filament());
    Object::new()
        .text("hash", "70a2b64e77cc8285f394a324498055f807d6a398")
        .text("user", "lab")
        .object("analysis", &analysis)
}
