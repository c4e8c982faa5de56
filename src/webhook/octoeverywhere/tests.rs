use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::farm::Identity;
use crate::labels::{EventLabel, IgnoreReason, RejectReason};
use crate::webhook::tests::{context, event, fields, parsed, with};

fn octoeverywhere(message: Value) -> Event {
    event(&OctoEverywhere, &with(json!({"PrinterId": "p1"}), message))
}

fn result(message: Value) -> Result<Parsed, DecodeError> {
    parsed(&OctoEverywhere, &with(json!({"PrinterId": "p1"}), message))
}

fn a_job() -> Value {
    json!({
        "PrintId": "run7", "FileName": "cube", "DurationSec": 50, "Progress": 25, "TimeRemainingSec": 605,
        "ZOffsetMM": 300, "CurrentLayer": 3, "TotalLayers": 90,
        "SnapshotUrl": "https://example.org/s", "QuickViewUrl": "https://example.org/q", "Later": [{}],
    })
}

fn that_job(elapsed: Elapsed) -> PrintReport {
    PrintReport {
        print_id: Some("run7".to_owned()),
        file: Some(File { name: "cube".to_owned(), path: None }),
        progress: Some(0.25),
        elapsed: Some(elapsed),
        remaining: Some(Duration::from_secs(605)),
        estimate: Some(Duration::from_secs(655)),
        layer: Some(3),
        layers: Some(90),
        height: Some(0.3),
        ..PrintReport::default()
    }
}

#[test]
fn types_of_events() {
    let spent = Duration::from_secs(50);
    let running = || that_job(Elapsed::WithPauses(spent));
    let ended = || that_job(Elapsed::Either(spent));
    let cases = [
        (1, EventKind::Started, running()),
        (2, EventKind::Ended(Outcome::Completed), ended()),
        (3, EventKind::Ended(Outcome::Failed), ended()),
        (4, EventKind::Paused, running()),
        (5, EventKind::Resumed, running()),
        (6, EventKind::Progress, running()),
        (7, EventKind::FailureWarning(WarningAction::Warned), running()),
        (8, EventKind::FailureWarning(WarningAction::Paused), running()),
        (9, EventKind::Error, running()),
        (10, EventKind::Notice, running()),
        (11, EventKind::Attention(AttentionReason::FilamentChange), running()),
        (12, EventKind::Attention(AttentionReason::UserInteraction), running()),
        (13, EventKind::LimitReached, PrintReport::default()),
        (14, EventKind::Notice, running()),
        (15, EventKind::Notice, PrintReport::default()),
        (16, EventKind::Test, PrintReport::default()),
    ];
    for (number, kind, report) in cases {
        for spelling in [json!(number), json!(number.to_string()), json!(f64::from(number))] {
            let event = octoeverywhere(with(a_job(), json!({ "EventType": spelling })));
            assert_eq!((event.kind, event.sent), (kind, None), "{spelling}");
            assert_eq!(event.report, report, "{spelling}");
        }
    }
}

#[test]
fn types_of_the_future_are_ignored() {
    let ignored = Ok(Parsed::Ignored { reason: IgnoreReason::UnknownEvent, kind: EventLabel::Unknown });
    for number in [json!(0), json!(17), json!(-1), json!(u64::MAX), json!(1e300), json!("99")] {
        assert_eq!(result(json!({ "EventType": number })), ignored, "{number}");
    }
}

#[test]
fn types_that_are_none() {
    for missing in [json!({}), json!({"EventType": ""}), json!({"eventtype": " "})] {
        let no_event = Err(DecodeError::NoEvent { hint: PROFILE.hints.event });
        assert_eq!(result(missing.clone()), no_event, "{missing}");
    }
    let cases = [
        (json!(1.5), "a number"),
        (json!("started"), "text"),
        (json!("nan"), "text"),
        (json!("inf"), "text"),
        (json!(true), "true or false"),
        (json!([1]), "a list"),
        (json!({}), "an object"),
    ];
    for (value, found) in cases {
        let text = result(json!({ "EventType": value })).unwrap_err().to_string();
        assert_eq!(text, format!("`EventType` is {found}; an integer belongs there"));
    }
}

#[test]
fn cancelled_or_failed() {
    let (cancelled, failed) = (Outcome::Cancelled, Outcome::Failed);
    let cases = [
        (json!({"Error": "Print cancelled by user"}), cancelled),
        (json!({"Error": "CANCELED"}), cancelled),
        (json!({"PlatformErrorCode": "print_cancelled"}), cancelled),
        (json!({"Error": "x", "PlatformErrorCode": "UserCanceled7"}), cancelled),
        (json!({"Error": "Stopped"}), cancelled),
        (json!({"Error": "Print was aborted by the user."}), cancelled),
        (json!({"Error": "Print aborted: the heater stopped"}), failed),
        (json!({"Error": "the user"}), failed),
        (json!({"Error": "Cancelling failed"}), failed),
        (json!({"Error": "Thermal runaway", "PlatformErrorCode": 12}), failed),
        (json!({"Error": "Cancellation requested"}), failed),
        (json!({"Error": "Error", "PlatformErrorCode": "0300400C"}), cancelled),
        (json!({"PlatformErrorCode": "0300-400c"}), cancelled),
        (json!({"Error": "[0500_400E]"}), cancelled),
        (json!({"PlatformErrorCode": "03004013"}), failed),
        (json!({"PlatformErrorCode": "FAILED"}), failed),
        (json!({"PlatformErrorCode": "CurrentStatus=0;PrintInfoStatus=8"}), cancelled),
        (json!({"PlatformErrorCode": "currentstatus=1; PrintInfoStatus = 14"}), cancelled),
        (json!({"PlatformErrorCode": "CurrentStatus=8;PrintInfoStatus=1"}), failed),
        (json!({"PlatformErrorCode": "CurrentStatus=0;PrintInfoStatus=80"}), failed),
        (json!({"PlatformErrorCode": "printer_state=STOPPED;job_state=STOPPED"}), cancelled),
        (json!({"PlatformErrorCode": "printer_state=IDLE;job_state=stopped"}), cancelled),
        (json!({"PlatformErrorCode": "printer_state=STOPPED"}), cancelled),
        (json!({"PlatformErrorCode": "printer_state=STOPPED;job_state=ERROR"}), failed),
        (json!({"PlatformErrorCode": "printer_state=ERROR;job_state=ERROR"}), failed),
        (json!({}), failed),
    ];
    for (message, outcome) in cases {
        let event = octoeverywhere(with(message.clone(), json!({"EventType": 3})));
        assert_eq!(event.kind, EventKind::Ended(outcome), "{message}");
        assert_eq!(event.report.reason.as_deref(), message["Error"].as_str(), "{message}");
    }
}

#[test]
fn unknown_values() {
    let unknown = json!({
        "EventType": 6, "PrintId": "", "FileName": "", "DurationSec": -1, "Progress": -1, "TimeRemainingSec": -1,
        "ZOffsetMM": -1, "CurrentLayer": 0, "TotalLayers": 0,
    });
    assert_eq!(octoeverywhere(unknown).report, PrintReport::default());
    assert_eq!(octoeverywhere(json!({"EventType": 6})).report, PrintReport::default());
    let half = octoeverywhere(json!({"EventType": 6, "DurationSec": 50, "TimeRemainingSec": -1}));
    assert_eq!(half.report.estimate, None);
}

#[test]
fn names_in_other_letters() {
    let other = json!({"EVENTTYPE": 6, "printid": "run7", "progress": 25, "Currentlayer": 3});
    let job = octoeverywhere(other).report;
    assert_eq!((job.print_id.as_deref(), job.progress, job.layer), (Some("run7"), Some(0.25), Some(3)));
    let both = json!({"EventType": 6, "PROGRESS": 1, "Progress": 25, "progress": 2});
    assert_eq!(octoeverywhere(both).report.progress, Some(0.25));
}

#[test]
fn identities() {
    let names = |id: &str| (id == "p1").then(|| "Lab 1".to_owned());
    let cases = [
        ("id alone", None, json!({"PrinterId": "p2"}), ["p2", "p2", "p2"]),
        ("id and name", None, json!({"PrinterId": "p2", "PrinterName": "Ender"}), ["p2", "Ender", "Ender"]),
        ("configured", None, json!({"PrinterId": "p1", "PrinterName": "Ender"}), ["p1", "Lab 1", "Ender"]),
        ("configured, no name", None, json!({"PrinterId": "p1"}), ["p1", "Lab 1", "Lab 1"]),
        ("path", Some("mk3"), json!({"PrinterId": "p1", "PrinterName": "Ender"}), ["mk3", "mk3", "Ender"]),
        ("path alone", Some("mk3"), json!({"PrinterId": ""}), ["mk3", "mk3", "mk3"]),
        ("a number for an id", None, json!({"PrinterId": 12}), ["12", "12", "12"]),
    ];
    for (case, segment, message, expected) in cases {
        let fields = fields(&with(message, json!({"EventType": 1})));
        let Ok(Parsed::Event(event)) = OctoEverywhere.parse(&fields, &context(segment, &names)) else {
            panic!("{case}");
        };
        let Identity { source, id, label, name } = event.printer;
        assert_eq!(
            OctoEverywhere.printer_id(&fields, context(segment, &names).segment).as_ref(),
            Some(&id),
            "{case}"
        );
        assert_eq!(source, PROFILE.source);
        assert_eq!([id.as_str(), label.as_str(), name.as_str()], expected, "{case}");
    }
}

#[test]
fn messages_without_a_printer() {
    let no_printer = Err(DecodeError::NoPrinter { hint: PROFILE.hints.printer });
    for number in 1..=12 {
        let message = json!({"EventType": number, "PrinterName": "a name is not an identity"});
        assert_eq!(parsed(&OctoEverywhere, &message), no_printer, "{number}");
    }
    for number in [13, 16] {
        let printer = event(&OctoEverywhere, &json!({ "EventType": number })).printer;
        assert_eq!((printer.id.as_str(), printer.label.as_str()), ("account", "account"), "{number}");
    }
}

#[test]
fn what_belongs_elsewhere_is_refused_and_named() {
    let cases = [
        (json!({"PrinterId": true}), "`PrinterId` is true or false; text belongs there"),
        (json!({"PrinterId": {}}), "`PrinterId` is an object; text belongs there"),
        (json!({"FileName": []}), "`FileName` is a list; text belongs there"),
        (json!({"Progress": {}}), "`Progress` is an object; a number belongs there"),
    ];
    for (message, text) in cases {
        let reject = result(with(message, json!({"EventType": 6}))).unwrap_err();
        assert_eq!((reject.reason(), reject.to_string().as_str()), (RejectReason::Malformed, text));
    }
}
