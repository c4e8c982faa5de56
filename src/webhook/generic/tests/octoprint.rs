//! The payload of OctoPrint's own events.

use super::*;

fn octoprint(changes: Value) -> Event {
    let file = json!({"name": "gear.gcode", "path": "gears/gear.gcode", "origin": "local", "size": 1, "owner": "lena", "user": "kim"});
    event(with(file, changes))
}

#[test]
fn the_payload_of_octoprint_s_own_events() {
    let (cancelled, failed) = (EventKind::Ended(Outcome::Cancelled), EventKind::Ended(Outcome::Failed));
    let done = EventKind::Ended(Outcome::Completed);
    let printed = |seconds| Some(Elapsed::Printing(Duration::from_secs_f64(seconds)));
    let cases = [
        (json!({"event": "PrintStarted", "progress_percent": 0}), EventKind::Started, None, Some(0.0), None),
        (
            json!({"event": "PrintPaused", "progress": 41, "fileposition": 7}),
            EventKind::Paused,
            None,
            Some(0.41),
            None,
        ),
        (json!({"event": "PrintDone", "time": 2741.5}), done, printed(2741.5), None, None),
        (json!({"event": "print_done", "time": "2741.5"}), done, printed(2741.5), None, None),
        (
            json!({"event": "PrintCancelled", "time": 905.5, "progress": 33}),
            cancelled,
            printed(905.5),
            Some(0.33),
            None,
        ),
        (
            json!({"event": "PrintFailed", "time": 905.5, "progress": 33, "reason": "cancelled"}),
            cancelled,
            printed(905.5),
            Some(0.33),
            None,
        ),
        (
            json!({"event": "PrintFailed", "time": 90.5, "progress": 0.5, "reason": "error", "error": "Heating failed"}),
            failed,
            printed(90.5),
            Some(0.5),
            Some("Heating failed"),
        ),
        (json!({"event": "PrintFailed", "time": "2026-11-20T09:15:05.3"}), failed, None, None, None),
    ];
    for (message, kind, elapsed, progress, reason) in cases {
        let read = octoprint(message.clone());
        assert_eq!((read.kind, read.sent), (kind, None), "{message}");
        let report = read.report;
        assert_eq!(
            (report.elapsed, report.progress, report.reason.as_deref()),
            (elapsed, progress, reason),
            "{message}"
        );
        assert_eq!(report.file.unwrap().path.as_deref(), Some("gears/gear.gcode"), "{message}");
        assert_eq!(
            (report.origin, report.owner.as_deref()),
            (Some(Origin::Local), Some("lena")),
            "{message}"
        );
    }
    let failing = octoprint(json!({"event": "PrintCancelling", "firmwareError": "MINTEMP"}));
    assert!(failing.report.says_failing);
    let changed = |id| octoprint(json!({"event": "PrinterStateChanged", "state_id": id})).kind;
    assert_eq!(changed("PAUSED"), EventKind::StateReport(ReportedState::Paused));
    assert_eq!(changed("DETECT_SERIAL"), EventKind::Notice);
}

#[test]
fn the_payload_of_octoprint_in_a_field_of_a_form() {
    let json = r#"{"name": "a.gcode", "path": "a.gcode", "time": 90.5, "reason": "cancelled"}"#;
    let python = "{'name': \"o'neill\", 'path': 'a', 'time': 905.118, 'reason': 'cancelled', 'progress': 33}";
    for data in [json, python] {
        let message =
            json!({"event": "PrintFailed", "file": "a.gcode", "data": data, "progress_percent": 33});
        let read = event(message);
        assert_eq!(read.kind, EventKind::Ended(Outcome::Cancelled), "{data}");
        assert_eq!(
            (read.report.progress, read.report.file.unwrap().name.as_str()),
            (Some(0.33), "a.gcode"),
            "{data}"
        );
    }
    let message = json!({"event": "PrintFailed", "data": "{'reason': 'error'}"});
    assert_eq!(event(message).kind, EventKind::Ended(Outcome::Failed));
}
