use serde_json::json;

use super::*;
use crate::farm::PrintReport;
use crate::webhook::DecodeError;
use crate::webhook::octoprint::profile::UNKNOWN_TOPIC;
use crate::webhook::octoprint::tests::{octoprint, result};
use crate::webhook::octoprint::topic::TOPICS;
use crate::webhook::tests::with;

#[test]
fn topics() {
    let failed = EventKind::Ended(Outcome::Failed);
    let cases = [
        ("Print Started", EventKind::Started),
        ("print started", EventKind::Started),
        (" PRINT STARTED ", EventKind::Started),
        ("Print Done", EventKind::Ended(Outcome::Completed)),
        ("Print Failed", failed),
        ("Print Paused", EventKind::Paused),
        ("Print Progress", EventKind::Progress),
        ("User Action Needed", EventKind::Attention(AttentionReason::UserInteraction)),
        ("Error", EventKind::Error),
        ("Custom Event", EventKind::Notice),
    ];
    for (topic, kind) in cases {
        assert_eq!(octoprint(json!({ "topic": topic })).kind, kind, "{topic}");
    }
}

#[test]
fn a_topic_in_another_spelling_or_within_a_sentence_is_understood_when_it_is_the_only_one() {
    let completed = EventKind::Ended(Outcome::Completed);
    let cases = [
        ("PrintDone", completed),
        ("print_done", completed),
        ("print-done!", completed),
        ("Print Done on mk3", completed),
        ("mk3: Print Done", completed),
        ("[mk3] PRINT DONE (Print Done)", completed),
        ("Print Failed: error of the firmware", EventKind::Ended(Outcome::Failed)),
        ("mk3: User Action Needed", EventKind::Attention(AttentionReason::UserInteraction)),
        ("Error on mk3", EventKind::Error),
        ("mk3: error", EventKind::Error),
        ("Custom Event of mk3", EventKind::Notice),
        ("PrintResumed", EventKind::StateReport(ReportedState::Printing)),
        ("Print Cancelled", EventKind::Ended(Outcome::Cancelled)),
        ("FileSelected", EventKind::Notice),
    ];
    for (topic, kind) in cases {
        assert_eq!(octoprint(json!({ "topic": topic })).kind, kind, "{topic}");
    }
    let unknown = Err(DecodeError::NoEvent { hint: UNKNOWN_TOPIC });
    for topic in [
        "Print Startled",
        "42",
        "Printing",
        "@topic",
        "Print Done or Print Failed",
        "an error somewhere",
        "Print is done",
        "Sprint Done",
        "?",
    ] {
        assert_eq!(result(json!({ "topic": topic })), unknown, "{topic}");
        assert_eq!(result(json!({ "topic": topic, "extra": {"popup": true} })), unknown, "{topic}");
    }
    for (topic, _) in TOPICS {
        assert!(UNKNOWN_TOPIC.contains(topic), "{topic}");
    }
}

#[test]
fn an_upload_is_no_print() {
    let uploads = [
        json!({"job": {"file": {"name": "A.GCO", "upload": true}}, "progress": {"completion": 10, "printTime": 41}}),
        json!({"job": {"file": {"upload": "True"}}}),
        json!({"state": {"text": "Transferring file to printer"}, "progress": {"completion": 10}}),
        json!({"state": "Transferring file to SD card", "progress": 10, "message": "Your print is 10 % complete."}),
    ];
    for message in uploads {
        let event = octoprint(with(message.clone(), json!({"topic": "Print Progress"})));
        assert_eq!((event.kind, event.report), (EventKind::Notice, PrintReport::default()), "{message}");
    }
    let print =
        json!({"topic": "Print Progress", "job": {"file": {"upload": false}}, "state": {"text": "Printing"}});
    assert_eq!(octoprint(print).kind, EventKind::Progress);
    // The state is sometimes older than the event.
    let started = json!({"topic": "Print Started", "state": {"text": "Transferring file to printer"}});
    assert_eq!(octoprint(started).kind, EventKind::Started);
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
        assert_eq!(octoprint(message).kind, EventKind::Ended(outcome), "{case}");
    }
}

#[test]
fn custom_events() {
    let state = EventKind::StateReport;
    let cases = [
        ("PrintResumed", state(ReportedState::Printing)),
        (" printresumed\n", state(ReportedState::Printing)),
        ("Print Resumed", state(ReportedState::Printing)),
        ("print_resumed!", state(ReportedState::Printing)),
        ("Your print has resumed.", state(ReportedState::Printing)),
        ("RESUMED", state(ReportedState::Printing)),
        ("Print was paused", state(ReportedState::Paused)),
        ("The print was canceled", EventKind::Ended(Outcome::Cancelled)),
        ("Paused or resumed", EventKind::Notice),
        ("The heater of the printer has paused", EventKind::Notice),
        ("Print Resumed Print Paused", EventKind::Notice),
        ("The camera is connected", EventKind::Notice),
        ("Print Started", EventKind::Notice),
        ("PrintPaused", state(ReportedState::Paused)),
        ("PrintCancelled", EventKind::Ended(Outcome::Cancelled)),
        ("PrintDone", EventKind::Ended(Outcome::Completed)),
        ("PrintFailed", EventKind::Ended(Outcome::Failed)),
        ("Connected", state(ReportedState::Idle)),
        ("Disconnected", state(ReportedState::Offline)),
        ("PrintCancelling", EventKind::Notice),
        ("FileSelected", EventKind::Notice),
        ("Something happened", EventKind::Notice),
        ("", EventKind::Notice),
    ];
    for (message, kind) in cases {
        assert_eq!(octoprint(json!({"topic": "Custom Event", "message": message})).kind, kind, "{message}");
    }
    let cancelled =
        json!({"topic": "Custom Event", "message": "PrintFailed", "extra": {"reason": "cancelled"}});
    assert_eq!(octoprint(cancelled).kind, EventKind::Ended(Outcome::Cancelled));
    let at_random =
        json!({"topic": "Custom Event", "message": "PrintCancelled", "extra": {"reason": "error"}});
    assert_eq!(octoprint(at_random).kind, EventKind::Ended(Outcome::Cancelled));
}

#[test]
fn states_of_the_printer() {
    let cases = [
        ("PRINTING", EventKind::StateReport(ReportedState::Printing)),
        ("PAUSED", EventKind::StateReport(ReportedState::Paused)),
        ("OPERATIONAL", EventKind::StateReport(ReportedState::Idle)),
        ("ERROR", EventKind::StateReport(ReportedState::Error)),
        ("CLOSED_WITH_ERROR", EventKind::StateReport(ReportedState::Error)),
        ("OFFLINE", EventKind::StateReport(ReportedState::Offline)),
        ("CLOSED", EventKind::StateReport(ReportedState::Offline)),
        ("STARTING", EventKind::Notice),
        ("PAUSING", EventKind::Notice),
        ("RESUMING", EventKind::Notice),
        ("FINISHING", EventKind::Notice),
        ("CANCELLING", EventKind::Notice),
        ("OPEN_SERIAL", EventKind::Notice),
        ("CONNECTING", EventKind::Notice),
        ("", EventKind::Notice),
    ];
    for (id, kind) in cases {
        let message =
            json!({"topic": "Custom Event", "message": "PrinterStateChanged", "extra": {"state_id": id}});
        assert_eq!(octoprint(message).kind, kind, "{id}");
    }
}
