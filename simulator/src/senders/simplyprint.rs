//! SimplyPrint: an envelope with the job as it is.

use serde_json::{Value, json};

use crate::occurrence::{Ending, Occurrence, PauseReason};
use crate::rng::Rng;
use crate::sender::{Moment, Request, Sender};

const LAYERS: f64 = 600.0;

/// A panel whose webhook has all events.
#[derive(Clone, Copy, Debug)]
pub(super) struct SimplyPrintSender;

impl Sender for SimplyPrintSender {
    fn source(&self) -> &'static str {
        "simplyprint"
    }

    fn requests(&self, occurrence: Occurrence, moment: &Moment<'_>, rng: &mut Rng) -> Vec<Request> {
        let events: &[&str] = match occurrence {
            Occurrence::Started => &["job.started"],
            Occurrence::Paused(PauseReason::Detector) => &["printer.ai_failure_detected", "job.paused"],
            Occurrence::Paused(_) => &["job.paused"],
            Occurrence::Resumed => &["job.resumed"],
            Occurrence::Completed => &["job.done"],
            Occurrence::Failed => &["job.failed"],
            Occurrence::Cancelled => &["job.cancelled"],
            Occurrence::Warned => &["printer.ai_failure_detected", "printer.ai_failure_false_positive"],
            Occurrence::BedCooled => &["job.bed_cleared", "maintenance.job_overdue"],
            Occurrence::Test => &["test"],
            _ => &[],
        };
        let mut requests: Vec<_> = events.iter().map(|event| request(event, occurrence, moment)).collect();
        // Deliveries may be repeated.
        if requests.len() == 1 && rng.chance(3) {
            requests.extend(requests.first().cloned());
        }
        requests
    }

    fn endings(&self) -> &'static [(u32, Ending)] {
        &[(8, Ending::Cancelled), (4, Ending::CancelledWhilePaused), (6, Ending::Failed), (4, Ending::Silent)]
    }

    fn pause_reason(&self, rng: &mut Rng) -> PauseReason {
        if rng.chance(30) { PauseReason::Detector } else { PauseReason::Person }
    }
}

fn request(event: &str, occurrence: Occurrence, moment: &Moment<'_>) -> Request {
    let data = match event {
        "test" => json!([]),
        "maintenance.job_overdue" => {
            json!({"job": {"id": 77, "status": "overdue"}, "printer": printer(moment)})
        }
        _ => json!({"job": job(occurrence, moment), "user": {"id": 7}, "started_by": {"id": 7}}),
    };
    let body = json!({"webhook_id": 42, "event": event, "timestamp": moment.clock, "data": data});
    let mut headers = vec![("Content-Type", "application/json".to_owned())];
    headers.extend(moment.secret.map(|secret| ("X-SP-Secret", secret.to_owned())));
    Request { path: "/webhook/simplyprint".to_owned(), headers, body: body.to_string().into_bytes() }
}

fn printer(moment: &Moment<'_>) -> Value {
    json!({"id": moment.printer_id, "name": moment.printer, "group": null})
}

fn job(occurrence: Occurrence, moment: &Moment<'_>) -> Value {
    let done = moment.done().clamp(0.0, 1.0);
    let lasted = (moment.printed + moment.paused).as_secs();
    let has_ended = matches!(occurrence, Occurrence::Completed | Occurrence::Failed | Occurrence::Cancelled);
    json!({
        "id": 90431, "uid": moment.script.id, "printer_id": moment.printer_id, "printer": printer(moment),
        "file": moment.script.file.name, "percentage": (done * 100.0).floor(),
        "time_left": (!has_ended).then(|| moment.remaining().as_secs()), "current_layer": (done * LAYERS).floor(),
        "analysis": {"estimate": moment.script.estimate.as_secs(), "totalLayers": LAYERS},
        "started": moment.clock - lasted, "ended": has_ended.then_some(moment.clock), "duration": lasted,
    })
}
