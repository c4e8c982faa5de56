//! How real webhooks and documented examples are decoded.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use http_body_util::Full;
use printfarm_exporter::auth::PresentedSecrets;
use printfarm_exporter::farm::{Elapsed, Event, EventKind, PrintReport};
use printfarm_exporter::labels::{Origin, RejectReason};
use printfarm_exporter::secret::Secret;
use printfarm_exporter::timestamp::Timestamp;
use printfarm_exporter::webhook::{
    BodyLimits, Context, DecodeError, OctoEverywhere, OctoPrint, Parsed, Payload, Sender, read,
};

/// One captured request.
struct Request {
    method: Method,
    query: Option<String>,
    headers: HeaderMap,
    body: Bytes,
}

impl Request {
    fn from_wire(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.lines();
        let mut first = lines.next().unwrap().split(' ');
        let method = first.next().unwrap().parse().unwrap();
        let query = first.next().unwrap().split_once('?').map(|(_, query)| query.to_owned());
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
        });
        Self { method, query, headers: headers.collect(), body: Bytes::copy_from_slice(&bytes[end + 4..]) }
    }

    fn of_json(body: Vec<u8>) -> Self {
        let content_type = ("content-type".parse().unwrap(), HeaderValue::from_static("application/json"));
        Self {
            method: Method::POST,
            query: None,
            headers: HeaderMap::from_iter([content_type]),
            body: body.into(),
        }
    }

    async fn read(&self, sender: &dyn Sender) -> Result<Payload, DecodeError> {
        let body = Full::new(self.body.clone());
        let limits = BodyLimits::default();
        read(sender, &self.method, &self.headers, self.query.as_deref(), body, &limits).await
    }
}

fn understand(sender: &dyn Sender, fields: &Payload) -> Result<Parsed, DecodeError> {
    let context = Context {
        segment: None,
        configured_name: &|_| None,
        received: Timestamp::from_micros(1_800_000_000_000_000),
    };
    sender.parse(fields, &context)
}

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

fn captured(folder: &str) -> Vec<Request> {
    let entries = fs::read_dir(data("captures").join(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "http"));
    files.sort();
    files.iter().map(|file| Request::from_wire(&fs::read(file).unwrap())).collect()
}

/// A short form of what a message is decoded to.
fn in_short(outcome: &Result<Parsed, DecodeError>) -> String {
    match outcome {
        Ok(Parsed::Event(event)) => match event.kind {
            EventKind::Ended(outcome) => outcome.as_str().to_owned(),
            EventKind::StateReport(reported) => format!("says {reported:?}").to_lowercase(),
            EventKind::Attention(reason) => reason.as_str().to_owned(),
            kind => kind.label().as_str().to_owned(),
        },
        Ok(Parsed::Ignored { reason, .. }) => format!("ignored {}", reason.as_str()),
        Err(reject) => reject.reason().as_str().to_owned(),
    }
}

/// The short form of a sequence of messages, with equal neighbours merged.
fn summary(outcomes: &[Result<Parsed, DecodeError>]) -> String {
    let words: Vec<_> = outcomes.iter().map(in_short).collect();
    let runs = words.chunk_by(|one, other| one == other).map(|run| match run.len() {
        1 => run[0].clone(),
        count => format!("{count} {}", run[0]),
    });
    runs.collect::<Vec<_>>().join(", ")
}

async fn outcomes(folder: &str) -> Vec<Result<Parsed, DecodeError>> {
    let secret = Secret::new("s3cr3t-Key_42".to_owned());
    let mut outcomes = Vec::new();
    for request in captured(folder) {
        let fields = request.read(&OctoPrint).await.unwrap();
        let outcome = understand(&OctoPrint, &fields);
        if let Ok(Parsed::Event(event)) = &outcome {
            assert_eq!(OctoPrint.printer_id(&fields, None).as_ref(), Some(&event.printer.id), "{folder}");
        }
        if !matches!(outcome, Err(DecodeError::NoEvent { .. })) {
            let query = request.query.as_deref();
            let presented =
                PresentedSecrets::find(&OctoPrint.profile().secrets, &request.headers, query, &fields);
            assert!(presented.match_any(std::slice::from_ref(&secret)), "{folder}");
        }
        outcomes.push(outcome);
    }
    outcomes
}

async fn events(folder: &str) -> Vec<Event> {
    let events = outcomes(folder).await.into_iter().map(|outcome| match outcome {
        Ok(Parsed::Event(event)) => event,
        other => panic!("{other:?} in {folder}"),
    });
    events.collect()
}

#[tokio::test]
async fn every_captured_request_is_understood() {
    const FORK: &str = "notice, notice, started, says printing, 3 progress, notice, paused, says paused, notice, \
                        2 says printing, 6 progress, notice, completed, says idle";
    let fork = FORK.replace("notice, notice", "2 notice");
    let local = "started, 9 progress, completed";
    let paused = "started, 3 progress, paused, 6 progress, completed";
    let cases = [
        ("cancel/default", "started, cancelled"),
        ("cancel/json", "started, 3 progress, cancelled"),
        ("error-fatal/json", "started, progress, error, failed"),
        (
            "fork-cancel/json",
            "2 notice, started, says printing, 2 progress, 2 notice, 2 cancelled, says idle",
        ),
        ("fork-pause-resume-done/default-progress", &fork),
        ("fork-pause-resume-done/json", &fork),
        ("local-complete/auth-header", local),
        ("local-complete/default", "started, completed"),
        ("local-complete/form", local),
        ("local-complete/get", local),
        ("local-complete/json", local),
        ("local-complete/put", local),
        ("local-complete/secret-query-last", local),
        ("local-complete/tpl-dotnotation", local),
        ("local-complete/tpl-fulldata", local),
        ("local-complete/tpl-simple", local),
        ("local-complete/tpl-slack", "11 no_event"),
        ("pause-resume-done/default-progress", paused),
        ("pause-resume-done/json", paused),
        ("sd-complete/default-progress", local),
        ("sd-complete/json", local),
        ("snapshot/snapshot", "started, progress"),
        ("testhook-file-selected/form", "7 test"),
        ("testhook-file-selected/json", "7 test"),
        ("user-action/json", "started, 2 progress, paused, 6 user_interaction, 7 progress, completed"),
        (
            "v2-sd-complete/json",
            "2 says offline, 2 notice, 2 says idle, 2 notice, started, notice, says printing, 9 progress, notice, \
             completed, says idle",
        ),
    ];
    for (folder, expected) in cases {
        assert_eq!(summary(&outcomes(folder).await), expected, "{folder}");
    }
    let scenarios = fs::read_dir(data("captures")).unwrap().map(|entry| entry.unwrap().path());
    let folders: usize =
        scenarios.filter(|path| path.is_dir()).map(|path| fs::read_dir(path).unwrap().count()).sum();
    assert_eq!(folders, cases.len(), "a folder of captures is not in the table");
}

#[tokio::test]
async fn what_the_first_and_the_last_request_say() {
    let (local, card) = (Some(Origin::Local), Some(Origin::SdCard));
    let complete = Some("complete.gcode");
    let cases = [
        ("cancel/default", complete, local, 10.117_632_224),
        ("cancel/json", complete, local, 10.117_632_224),
        ("error-fatal/json", complete, local, 8.201_645_564),
        ("local-complete/auth-header", complete, local, 30.599_602_371),
        ("local-complete/default", complete, local, 30.599_602_371),
        ("local-complete/form", complete, local, 30.599_602_371),
        ("local-complete/json", complete, local, 30.599_602_371),
        ("local-complete/put", complete, local, 30.599_602_371),
        ("local-complete/secret-query-last", complete, local, 30.599_602_371),
        ("local-complete/tpl-fulldata", complete, local, 30.599_602_371),
        ("local-complete/tpl-simple", complete, local, 30.599_602_371),
        ("pause-resume-done/default-progress", Some("long.gcode"), local, 66.405_531_747),
        ("pause-resume-done/json", Some("long.gcode"), local, 66.405_531_747),
        ("sd-complete/default-progress", Some("sd_cal~1.gco"), card, 17.032_618_958),
        ("sd-complete/json", Some("sd_cal~1.gco"), card, 17.032_618_958),
        ("user-action/json", complete, local, 27.322_465_063),
    ];
    for (folder, file, origin, seconds) in cases {
        let events = events(folder).await;
        for event in [&events[0], &events[events.len() - 1]] {
            assert_eq!(event.printer.id, "Prusa MK3 #1 (lab)", "{folder}");
            assert_eq!(event.report.file.as_ref().map(|file| file.name.as_str()), file, "{folder}");
            assert_eq!(event.report.origin, origin, "{folder}");
        }
        let (first, last) = (&events[0].report, &events[events.len() - 1].report);
        assert_eq!(first.owner.as_deref(), Some("lena"), "{folder}");
        let elapsed = Some(Elapsed::Printing(Duration::from_secs_f64(seconds)));
        assert_eq!(last.elapsed, elapsed, "{folder}");
    }
}

#[tokio::test]
async fn a_get_carries_no_job() {
    for event in events("local-complete/get").await {
        let height = event.report.height;
        assert_eq!(event.report, PrintReport { height, ..PrintReport::default() });
        assert!(event.sent.is_some());
    }
}

#[tokio::test]
async fn a_template_with_dots_tells_progress_in_words() {
    let events = events("local-complete/tpl-dotnotation").await;
    assert_eq!(events[0].report, PrintReport::default());
    assert_eq!(events[4].report.progress_in_words, Some(0.400_157_604_412_923_6));
    assert!(!events[4].report.tells_of_a_print());
}

#[tokio::test]
async fn the_card_of_octoprint_2_tells_its_progress() {
    let events = events("v2-sd-complete/json").await;
    let report = &events[15].report;
    assert_eq!((report.origin, report.progress), (Some(Origin::SdCard), Some(0.512_315_270_935_960_6)));
    assert_eq!(report.elapsed, Some(Elapsed::Printing(Duration::from_secs(7))));
}

#[tokio::test]
async fn pictures_are_not_kept() {
    for request in captured("snapshot/snapshot") {
        assert!(request.body.len() > 10_000);
        let fields = request.read(&OctoPrint).await.unwrap();
        let kept = format!("{fields:?}");
        assert_eq!(kept, "Payload(10 fields)");
    }
}

#[tokio::test]
async fn the_examples_are_accepted_as_they_are() {
    let cube = "cube_0.8n_0.4mm_PETG_235C.gcode";
    let shape = "Shape-Box_0.8n_0.4mm_PETG_MK3S_2m.gcode";
    let cases = [
        ("octoprint-started.json", "started", "cube_1.8n_0.4mm_PETG_235C.gcode", "local", None),
        ("octoprint-done.json", "completed", cube, "local", Some(1_150.522_784_036)),
        ("sdcard-started.json", "started", shape, "sdcard", None),
        ("sdcard-done.json", "completed", shape, "sdcard", Some(312.779_995_679)),
        ("sdcard-failed-at-printer.json", "cancelled", shape, "sdcard", Some(287.367_583_124)),
        ("sdcard-failed-in-octoprint.json", "cancelled", "shape~10.gco", "sdcard", Some(268.689_628_302)),
    ];
    for (example, kind, file, origin, seconds) in cases {
        let request = Request::of_json(fs::read(data("examples").join(example)).unwrap());
        let fields = request.read(&OctoPrint).await.unwrap();
        let outcome = understand(&OctoPrint, &fields);
        assert_eq!(in_short(&outcome), kind, "{example}");
        let Ok(Parsed::Event(event)) = outcome else { panic!("{example}") };
        assert_eq!(event.printer.label, "delta", "{example}");
        assert_eq!(event.report.file.unwrap().name, file, "{example}");
        assert_eq!(event.report.origin.map(Origin::as_str), Some(origin), "{example}");
        let elapsed = seconds.map(|seconds| Elapsed::Printing(Duration::from_secs_f64(seconds)));
        assert_eq!(event.report.elapsed, elapsed, "{example}");
    }
    let examples = fs::read_dir(data("examples")).unwrap();
    let json =
        examples.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "json"));
    assert_eq!(json.count(), cases.len(), "an example is not in the table");
}

#[tokio::test]
async fn the_documented_example_of_octoeverywhere_has_a_comma_too_many() {
    let text = fs::read_to_string(data("examples/octoeverywhere-documented.txt")).unwrap();
    let as_it_is = Request::of_json(text.clone().into_bytes());
    let reject = as_it_is.read(&OctoEverywhere).await.unwrap_err();
    assert_eq!(reject.reason(), RejectReason::Malformed);
    assert_eq!(reject.to_string(), "the body is not valid JSON: trailing comma at line 13 column 21");

    let mended = Request::of_json(text.replace("300,", "300").into_bytes());
    let fields = mended.read(&OctoEverywhere).await.unwrap();
    let Ok(Parsed::Event(event)) = understand(&OctoEverywhere, &fields) else { panic!("an event") };
    assert_eq!((event.kind, event.printer.label.as_str()), (EventKind::Started, "Ender3"));
    assert_eq!(event.report.elapsed, Some(Elapsed::WithPauses(Duration::from_secs(50))));
    assert_eq!((event.report.progress, event.report.height), (Some(0.21), Some(0.3)));
    let secret = Secret::new("Key".to_owned());
    assert!(
        PresentedSecrets::find(&OctoEverywhere.profile().secrets, &mended.headers, None, &fields)
            .match_any(&[secret])
    );
}
