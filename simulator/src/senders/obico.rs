//! Obico: one URL for all printers of an account.

use super::encode::Object;
use crate::occurrence::{Ending, Occurrence, PauseReason};
use crate::rng::Rng;
use crate::sender::{Moment, Request, Sender};

/// An account with everything switched on.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObicoSender;

impl Sender for ObicoSender {
    fn source(&self) -> &'static str {
        "obico"
    }

    fn requests(&self, occurrence: Occurrence, moment: &Moment<'_>, _: &mut Rng) -> Vec<Request> {
        let of_type = |name: &str| Object::new().text("type", name);
        let failure = |is_warning: bool, paused: bool| {
            of_type("PrintFailure").flag("is_warning", is_warning).flag("print_paused", paused)
        };
        let events = match occurrence {
            Occurrence::Started => vec![of_type("PrintStarted")],
            Occurrence::Completed => vec![of_type("PrintDone")],
            Occurrence::Cancelled => vec![of_type("PrintCancelled")],
            Occurrence::Paused(PauseReason::Person) => vec![of_type("PrintPaused")],
            Occurrence::Paused(PauseReason::Detector) => vec![failure(false, true), of_type("PrintPaused")],
            Occurrence::Paused(PauseReason::Filament) => {
                vec![of_type("FilamentChange"), of_type("PrintPaused")]
            }
            Occurrence::Resumed => vec![of_type("PrintResumed")],
            Occurrence::Warned => vec![failure(true, false)],
            // The nozzle and the bed.
            Occurrence::BedCooled => vec![of_type("HeaterCooledDown"), of_type("HeaterCooledDown")],
            Occurrence::Test => return vec![request(&Object::new().text("event", "TestEvent"), moment)],
            _ => Vec::new(),
        };
        let is_in_a_print = occurrence != Occurrence::BedCooled;
        events.iter().map(|event| request(&body(event, occurrence, is_in_a_print, moment), moment)).collect()
    }

    /// A print that fails is reported as cancelled. A printer without a camera has no ends.
    fn endings(&self) -> &'static [(u32, Ending)] {
        &[(12, Ending::Cancelled), (4, Ending::CancelledWhilePaused), (4, Ending::Silent)]
    }
}

fn request(body: &Object, moment: &Moment<'_>) -> Request {
    let secret = moment.secret.map(|secret| format!("?secret={secret}")).unwrap_or_default();
    Request {
        path: format!("/webhook/obico{secret}"),
        headers: vec![("content-type", "application/json".to_owned())],
        body: body.to_string().into_bytes(),
    }
}

fn body(event: &Object, occurrence: Occurrence, is_in_a_print: bool, moment: &Moment<'_>) -> Object {
    let printer = Object::new().whole("id", number(moment.printer_id)).text("name", moment.printer);
    let mut print =
        Object::new().whole("id", 0).text("filename", "").text("started_at", "").text("ended_at", "");
    if is_in_a_print {
        let lasted = (moment.printed + moment.paused).as_secs_f64();
        let started = moment.clock as f64 - lasted.floor();
        print = Object::new()
            .whole("id", number(&moment.script.id))
            .text("filename", moment.script.file.name)
            .float("started_at", started);
        print = match occurrence {
            Occurrence::Completed | Occurrence::Cancelled => print.float("ended_at", started + lasted),
            _ => print.text("ended_at", ""),
        };
    }
    Object::new().object("event", event).object("printer", &printer).object("print", &print).null("img_url")
}

/// A number for a text: Obico's ids are numbers.
fn number(text: &str) -> u64 {
    text.bytes().fold(1, |number: u64, byte| number.wrapping_mul(31).wrapping_add(byte.into()))
}
