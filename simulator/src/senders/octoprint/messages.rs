//! Which messages the plugin sends for an occurrence: topic, text for people, and `extra`.

use std::time::Duration;

use super::{OctoPrintSender, Version};
use crate::labels::Origin;
use crate::occurrence::{Occurrence, PauseReason};
use crate::script::File;
use crate::sender::Moment;
use crate::senders::encode::Object;

/// The topic of the fork for events that the original plugin does not pass on. Their name is in the text.
const CUSTOM: &str = "Custom Event";

const PLACEHOLDER: File = File { name: "continuousprint_managed.gcode", size: 7 };

pub(super) const THERMAL_RUNAWAY: &str =
    "Thermal Runaway, system stopped! Heater_ID: bed - Printer halted. kill() called!";

/// OctoPrint's state while it sends a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Operational,
    Printing,
    Paused,
    Cancelling,
    Finishing,
    Offline,
}

pub(super) struct Message {
    pub(super) topic: &'static str,
    pub(super) text: String,
    pub(super) extra: Object,
    pub(super) state: State,
}

fn message(topic: &'static str, text: &str, extra: Object, state: State) -> Message {
    Message { topic, text: text.to_owned(), extra, state }
}

fn custom(name: &str, extra: Object, state: State) -> Message {
    message(CUSTOM, name, extra, state)
}

impl OctoPrintSender {
    pub(super) fn messages(self, occurrence: Occurrence, moment: &Moment<'_>) -> Vec<Message> {
        let all = match occurrence {
            Occurrence::Started | Occurrence::Progress => self.while_printing(occurrence, moment),
            Occurrence::Paused(_) | Occurrence::StillPaused(_) | Occurrence::Resumed => {
                self.around_a_pause(occurrence, moment)
            }
            Occurrence::Completed | Occurrence::Cancelled | Occurrence::Error | Occurrence::Failed => {
                self.at_the_end(occurrence, moment)
            }
            _ => self.without_a_print(occurrence),
        };
        let is_fork = self.version != Version::Original;
        all.into_iter().filter(|message| is_fork || message.topic != CUSTOM).collect()
    }

    fn while_printing(self, occurrence: Occurrence, moment: &Moment<'_>) -> Vec<Message> {
        if occurrence == Occurrence::Started {
            let file = || self.with_user(self.file(moment.script.file, moment.script.origin));
            return vec![
                custom("FileSelected", file(), State::Operational),
                message("Print Started", "Your print has started.", file(), State::Printing),
                self.state_changed("PRINTING", State::Printing),
            ];
        }
        if !self.progress {
            return Vec::new();
        }
        let percent = (moment.done() * 10.0).round() * 10.0;
        let text = format!("Your print is {percent} % complete.");
        vec![message("Print Progress", &text, Object::new(), State::Printing)]
    }

    fn around_a_pause(self, occurrence: Occurrence, moment: &Moment<'_>) -> Vec<Message> {
        let file = || self.file(moment.script.file, moment.script.origin);
        match occurrence {
            Occurrence::Paused(_) => {
                let text = "Your print has paused. You might need to change the filament color.";
                let extra = self.with_user(with_position(file(), moment));
                vec![
                    self.state_changed("PAUSING", State::Printing),
                    message("Print Paused", text, extra, State::Paused),
                    self.state_changed("PAUSED", State::Paused),
                ]
            }
            Occurrence::StillPaused(PauseReason::Filament) => {
                let text = "User action needed. You might need to change the filament color.";
                vec![message("User Action Needed", text, Object::new(), State::Paused)]
            }
            Occurrence::Resumed => vec![
                self.state_changed("RESUMING", State::Printing),
                custom("PrintResumed", self.with_user(file()), State::Printing),
                self.state_changed("PRINTING", State::Printing),
            ],
            _ => Vec::new(),
        }
    }

    fn at_the_end(self, occurrence: Occurrence, moment: &Moment<'_>) -> Vec<Message> {
        let file = || self.file(moment.script.file, moment.script.origin);
        let failed = |extra, state| {
            message("Print Failed", "Something went wrong and your print has failed.", extra, state)
        };
        let operational = self.state_changed("OPERATIONAL", State::Operational);
        match occurrence {
            Occurrence::Completed => {
                let extra = file().float("time", seconds(moment.printed));
                let done = message("Print Done", "Your print is done.", extra, State::Finishing);
                vec![self.state_changed("FINISHING", State::Finishing), done, operational]
            }
            Occurrence::Cancelled => {
                // When a paused print is cancelled, OctoPrint's time includes the open pause.
                let time = seconds(moment.printed + moment.open_pause);
                let extra = self.with_user(with_position(file(), moment));
                let extra = extra.float("time", time).text("reason", "cancelled");
                vec![
                    custom("PrintCancelling", self.with_user(file()), State::Cancelling),
                    self.state_changed("CANCELLING", State::Cancelling),
                    custom("PrintCancelled", extra.clone(), State::Cancelling),
                    failed(extra, State::Cancelling),
                    operational,
                ]
            }
            Occurrence::Error => vec![message("Error", "There was an error.", error(), State::Offline)],
            _ => {
                let error = if self.version == Version::ForkOnTwo { "unknown" } else { THERMAL_RUNAWAY };
                let extra = file().float("time", seconds(moment.printed)).text("reason", "error");
                let extra = extra.text("error", error).float("progress", moment.done());
                vec![failed(extra, State::Offline), self.state_changed("ERROR", State::Offline)]
            }
        }
    }

    fn without_a_print(self, occurrence: Occurrence) -> Vec<Message> {
        match occurrence {
            Occurrence::Disconnected => vec![custom("Disconnected", Object::new(), State::Offline)],
            Occurrence::Connected => {
                let port = self.connector().text("port", "/dev/ttyACM0").whole("baudrate", 115_200);
                vec![
                    custom("Connected", port, State::Operational),
                    self.state_changed("OPERATIONAL", State::Operational),
                ]
            }
            Occurrence::Test => {
                vec![message("Print Done", "Your print is done.", test(), State::Operational)]
            }
            Occurrence::Placeholder => {
                let started = self.with_user(self.file(PLACEHOLDER, Origin::Local));
                let done = self.file(PLACEHOLDER, Origin::Local).float("time", 0.034);
                vec![
                    message("Print Started", "Your print has started.", started, State::Printing),
                    message("Print Done", "Your print is done.", done, State::Finishing),
                ]
            }
            _ => Vec::new(),
        }
    }

    fn state_changed(self, id: &str, state: State) -> Message {
        let text = match id {
            "PRINTING" => "Printing",
            "PAUSING" => "Pausing",
            "PAUSED" => "Paused",
            "RESUMING" => "Resuming",
            "FINISHING" => "Finishing",
            "CANCELLING" => "Cancelling",
            "ERROR" => "Error",
            _ => "Operational",
        };
        let extra = self.connector().text("state_id", id).text("state_string", text);
        custom("PrinterStateChanged", extra, state)
    }
}

pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn with_position(extra: Object, moment: &Moment<'_>) -> Object {
    let position = ["x", "y", "z", "e", "f", "t"].into_iter().fold(Object::new(), Object::null);
    let extra = extra.object("position", &position).whole("fileposition", file_position(moment));
    extra.json("progress", &format!("{:.0}", (moment.done() * 100.0).floor()))
}

/// The position in the file, in bytes.
pub(super) fn file_position(moment: &Moment<'_>) -> u64 {
    let position = moment.script.file.size as f64 * moment.done().clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is at most the size")]
    let position = position as u64;
    position
}

fn error() -> Object {
    let extra = Object::new().text("error", THERMAL_RUNAWAY).text("reason", "firmware");
    let extra = extra.text("consequence", "emergency");
    let logs = r#"["Recv: ok", "Send: N38 G1 X60.050 Y20.000 E27.94050 F6000*5", "Recv: Error:Printer halted. kill() called!"]"#;
    extra.json("logs", logs).text("faq", "firmware-thermal-runaway")
}

fn test() -> Object {
    let extra = Object::new().text("name", "example.gcode").text("path", "example.gcode");
    let extra = extra.text("origin", "local").whole("size", 242_038).text("owner", "example_user");
    extra.float("time", 50.237_335_886).flag("popup", true).whole("hook_index", 0)
}
