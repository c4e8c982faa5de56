use serde_json::json;

use super::*;
use crate::farm::EventKind;
use crate::webhook::Ignored;
use crate::webhook::octoprint::tests::{ignored, octoprint, result};
use crate::webhook::tests::with;

#[test]
fn topics() {
    let failed = What::Finished(Outcome::Failed);
    let cases = [
        ("Print Started", What::Started),
        ("print started", What::Started),
        (" PRINT STARTED ", What::Started),
        ("Print Done", What::Finished(Outcome::Completed)),
        ("Print Failed", failed),
        ("Print Paused", What::Paused),
        ("Print Progress", What::Progress),
        ("User Action Needed", What::Attention(AttentionReason::UserInteraction)),
        ("Error", What::Error),
        ("Custom Event", What::Notice),
    ];
    for (topic, what) in cases {
        assert_eq!(octoprint(json!({ "topic": topic })).what, what, "{topic}");
    }
    let unknown = ignored(Ignored::UnknownEvent, EventKind::Unknown);
    for topic in ["Print Startled", "42", "Printing"] {
        assert_eq!(result(json!({ "topic": topic })), Ok(unknown.clone()), "{topic}");
    }
}

#[test]
fn why_a_print_failed() {
    let (cancelled, failed) = (Outcome::Cancelled, Outcome::Failed);
    let cases = [
        ("cancelled", json!({"extra": {"reason": "cancelled"}}), cancelled),
        ("cancelled, in another spelling", json!({"extra": {"reason": "Canceled"}}), cancelled),
        ("error", json!({"extra": {"reason": "error"}}), failed),
        (
            "error, while the state still says cancelling",
            json!({"extra": {"reason": "error"}, "state": {"flags": {"cancelling": true}}}),
            failed,
        ),
        ("no reason", json!({"extra": {}}), failed),
        ("no reason, cancelling", json!({"state": {"flags": {"cancelling": "True"}}}), cancelled),
        ("no reason, the state's text", json!({"state": {"text": "Cancelling"}}), cancelled),
        ("no reason, the state is a text", json!({"state": "Cancelling"}), cancelled),
        ("no reason, another state", json!({"state": {"text": "Error", "flags": {"error": true}}}), failed),
        ("the reason at the top", json!({"reason": "cancelled"}), cancelled),
    ];
    for (case, message, outcome) in cases {
        let message = with(message, json!({"topic": "Print Failed"}));
        assert_eq!(octoprint(message).what, What::Finished(outcome), "{case}");
    }
}

#[test]
fn custom_events() {
    let state = What::StateReport;
    let cases = [
        ("PrintResumed", state(Reported::Printing)),
        (" printresumed\n", state(Reported::Printing)),
        ("PrintPaused", state(Reported::Paused)),
        ("PrintCancelled", What::Finished(Outcome::Cancelled)),
        ("PrintDone", What::Finished(Outcome::Completed)),
        ("PrintFailed", What::Finished(Outcome::Failed)),
        ("Connected", state(Reported::Idle)),
        ("Disconnected", state(Reported::Offline)),
        ("PrintCancelling", What::Notice),
        ("FileSelected", What::Notice),
        ("Something happened", What::Notice),
        ("", What::Notice),
    ];
    for (message, what) in cases {
        assert_eq!(octoprint(json!({"topic": "Custom Event", "message": message})).what, what, "{message}");
    }
    let cancelled =
        json!({"topic": "Custom Event", "message": "PrintFailed", "extra": {"reason": "cancelled"}});
    assert_eq!(octoprint(cancelled).what, What::Finished(Outcome::Cancelled));
    let at_random =
        json!({"topic": "Custom Event", "message": "PrintCancelled", "extra": {"reason": "error"}});
    assert_eq!(octoprint(at_random).what, What::Finished(Outcome::Cancelled));
}

#[test]
fn states_of_the_printer() {
    let cases = [
        ("PRINTING", What::StateReport(Reported::Printing)),
        ("PAUSED", What::StateReport(Reported::Paused)),
        ("OPERATIONAL", What::StateReport(Reported::Idle)),
        ("ERROR", What::StateReport(Reported::Error)),
        ("CLOSED_WITH_ERROR", What::StateReport(Reported::Error)),
        ("OFFLINE", What::StateReport(Reported::Offline)),
        ("CLOSED", What::StateReport(Reported::Offline)),
        ("STARTING", What::Notice),
        ("PAUSING", What::Notice),
        ("RESUMING", What::Notice),
        ("FINISHING", What::Notice),
        ("CANCELLING", What::Notice),
        ("OPEN_SERIAL", What::Notice),
        ("CONNECTING", What::Notice),
        ("", What::Notice),
    ];
    for (id, what) in cases {
        let message =
            json!({"topic": "Custom Event", "message": "PrinterStateChanged", "extra": {"state_id": id}});
        assert_eq!(octoprint(message).what, what, "{id}");
    }
}
