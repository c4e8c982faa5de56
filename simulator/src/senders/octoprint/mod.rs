//! OctoPrint-Webhooks and its maintained fork, with the default template, as multipart or JSON.

mod messages;
mod template;

use super::encode::{self, Object};
use crate::labels::Origin;
use crate::occurrence::{Ending, Occurrence, PauseReason};
use crate::rng::Rng;
use crate::script::File;
use crate::sender::{Moment, Request, Sender};

const USER_AGENT: &str = "python-requests/2.34.2";

/// The plugin and its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of the plugin or of OctoPrint")]
pub(super) struct OctoPrintSender {
    version: Version,
    /// It sends JSON; else multipart, which is the default.
    json: bool,
    /// Print Progress is enabled.
    progress: bool,
    storage: Storage,
    /// Two hooks send everything twice.
    sends_twice: bool,
    /// A queue plugin prints placeholders.
    queue: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// The original plugin on OctoPrint 1.
    Original,
    /// The maintained fork, with custom events, on OctoPrint 1.
    Fork,
    /// The fork on OctoPrint 2.
    ForkOnTwo,
}

/// Where the printed files are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Storage {
    Local,
    SdCard,
    Both,
}

pub(super) const MULTIPART: OctoPrintSender = OctoPrintSender {
    version: Version::Original,
    json: false,
    progress: false,
    storage: Storage::Local,
    sends_twice: false,
    queue: false,
};
pub(super) const JSON: OctoPrintSender = OctoPrintSender { json: true, progress: true, ..MULTIPART };
pub(super) const FORK: OctoPrintSender = OctoPrintSender { version: Version::Fork, ..JSON };
pub(super) const FORK_MULTIPART: OctoPrintSender = OctoPrintSender { json: false, ..FORK };
pub(super) const FORK_ON_OCTOPRINT_2: OctoPrintSender =
    OctoPrintSender { version: Version::ForkOnTwo, storage: Storage::Both, ..JSON };
pub(super) const SD_CARD: OctoPrintSender = OctoPrintSender { storage: Storage::SdCard, ..JSON };
pub(super) const QUEUE: OctoPrintSender =
    OctoPrintSender { progress: true, sends_twice: true, queue: true, ..MULTIPART };

impl Sender for OctoPrintSender {
    fn source(&self) -> &'static str {
        "octoprint"
    }

    fn requests(&self, occurrence: Occurrence, moment: &Moment<'_>, rng: &mut Rng) -> Vec<Request> {
        let mut requests = Vec::new();
        for message in self.messages(occurrence, moment) {
            let fields = self.fields(message, moment);
            for _ in 0..if self.sends_twice { 2 } else { 1 } {
                requests.push(self.request(&fields, moment.printer, rng));
            }
        }
        requests
    }

    fn endings(&self) -> &'static [(u32, Ending)] {
        match self.version {
            Version::Original => &[
                (8, Ending::Cancelled),
                (4, Ending::CancelledWhilePaused),
                (6, Ending::Failed),
                (3, Ending::ConnectionLost),
                (3, Ending::Restarted),
                (3, Ending::Silent),
                (2, Ending::ErrorOnly),
            ],
            Version::Fork => &[
                (8, Ending::Cancelled),
                (4, Ending::CancelledWhilePaused),
                (6, Ending::Failed),
                (3, Ending::ConnectionLost),
                (3, Ending::Restarted),
                (3, Ending::Silent),
                (3, Ending::Disconnected),
            ],
            Version::ForkOnTwo => &[
                (8, Ending::Cancelled),
                (4, Ending::CancelledWhilePaused),
                (6, Ending::Failed),
                (3, Ending::ConnectionLost),
                (3, Ending::Restarted),
                (3, Ending::Silent),
            ],
        }
    }

    fn origin(&self, rng: &mut Rng) -> Origin {
        let from_card = match self.storage {
            Storage::Local => false,
            Storage::Both => rng.chance(50),
            Storage::SdCard => true,
        };
        if from_card { Origin::SdCard } else { Origin::Local }
    }

    /// The original plugin sends nothing at a resume; only the elapsed time of a later webhook shows it. A print from the
    /// SD card has no elapsed time, and that of a failure may include the pause.
    fn pauses_before(&self, ending: Ending) -> bool {
        let resume_is_known = self.version != Version::Original
            || self.storage == Storage::Local && !matches!(ending, Ending::Failed | Ending::ConnectionLost);
        ending != Ending::Silent && resume_is_known
    }

    fn ends_in_a_pause(&self, ending: Ending) -> bool {
        use Ending::{CancelledWhilePaused, Disconnected, ErrorOnly, Restarted};
        matches!(ending, CancelledWhilePaused | Disconnected | ErrorOnly | Restarted)
    }

    fn pause_reason(&self, rng: &mut Rng) -> PauseReason {
        if rng.below(3) == 0 { PauseReason::Person } else { PauseReason::Filament }
    }

    fn reports_resumes(&self) -> bool {
        self.version != Version::Original
    }

    fn reports_progress(&self) -> bool {
        self.progress
    }

    fn prints_on_when_silent(&self) -> bool {
        false
    }

    /// A real firmware repeats it until the pause ends.
    fn pause_reminders(&self) -> u32 {
        20
    }

    fn prints_placeholders(&self) -> bool {
        self.queue
    }
}

impl OctoPrintSender {
    fn request(self, fields: &encode::Fields, printer: &str, rng: &mut Rng) -> Request {
        let (content_type, body) = if self.json {
            ("application/json".to_owned(), encode::json(fields))
        } else {
            let boundary = rng.hex(32);
            let body = encode::multipart(fields, &boundary);
            (format!("multipart/form-data; boundary={boundary}"), body)
        };
        let headers = vec![
            ("User-Agent", USER_AGENT.to_owned()),
            ("Accept-Encoding", "gzip, deflate".to_owned()),
            ("Accept", "*/*".to_owned()),
            ("Connection", "keep-alive".to_owned()),
            ("Content-Type", content_type),
        ];
        let path = if self.is_named_by_url() {
            format!("/webhook/octoprint/{printer}")
        } else {
            "/webhook/octoprint".to_owned()
        };
        Request { path, headers, body }
    }

    /// Half of the printers are named by the URL, the others by the plugin's device identifier.
    const fn is_named_by_url(self) -> bool {
        !self.json
    }

    /// The beginning of `extra` and of `job.file`.
    fn connector(self) -> Object {
        let object = Object::new();
        if self.version == Version::ForkOnTwo { object.text("connector", "serial") } else { object }
    }

    /// `extra` of a message about a print.
    fn file(self, file: File, origin: Origin) -> Object {
        let object = self.connector().text("name", file.name).text("path", file.name);
        let object = object.text("origin", self.origin_word(origin)).whole("size", file.size);
        if self.version == Version::ForkOnTwo { object } else { object.text("owner", "lab") }
    }

    fn with_user(self, extra: Object) -> Object {
        if self.version == Version::ForkOnTwo { extra } else { extra.text("user", "lab") }
    }

    fn origin_word(self, origin: Origin) -> &'static str {
        match (origin, self.version) {
            (Origin::SdCard, Version::ForkOnTwo) => "printer",
            (Origin::SdCard, _) => "sdcard",
            _ => "local",
        }
    }
}
