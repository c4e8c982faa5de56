//! The fuzz targets on a stable compiler: their corpus, and random requests of likely shapes.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use printfarm_exporter::webhook::Senders;
use proptest::prelude::*;
use serde_json::Value;

#[expect(unreachable_pub, reason = "the fuzz targets reach it")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

fn replay(name: &str, target: impl Fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).exists(), "{name} has no fuzz target");
    let folder = fuzz.join("corpus").join(name);
    let mut replayed = 0;
    for entry in fs::read_dir(folder).unwrap() {
        target(&fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "the corpus of {name} is empty");
}

#[test]
fn the_corpus_of_json_passes() {
    replay("json", targets::json);
}

#[test]
fn the_corpus_of_multipart_passes() {
    replay("multipart", targets::multipart);
}

#[test]
fn the_corpus_of_form_query_passes() {
    replay("form_query", targets::form_query);
}

#[test]
fn the_corpus_of_every_sender_passes() {
    for source in Senders::builtin().sources() {
        replay(source.as_str(), |bytes| targets::sender(source.as_str(), bytes));
    }
}

/// The names of the fields that the exporter reads, and one other.
const NAMES: &[&str] = &[
    "topic",
    "message",
    "deviceIdentifier",
    "extra",
    "state",
    "job",
    "progress",
    "currentZ",
    "currentTime",
    "name",
    "path",
    "origin",
    "owner",
    "user",
    "time",
    "reason",
    "popup",
    "fileposition",
    "text",
    "flags",
    "paused",
    "file",
    "averagePrintTime",
    "estimatedPrintTime",
    "completion",
    "filepos",
    "printTime",
    "printTimeLeft",
    "state_id",
    "EventType",
    "PrinterId",
    "PrintId",
    "PrinterName",
    "FileName",
    "DurationSec",
    "Progress",
    "TimeRemainingSec",
    "ZOffsetMM",
    "CurrentLayer",
    "TotalLayers",
    "Error",
    "title",
    "event",
    "type",
    "filename",
    "total_duration",
    "filament_used",
    "info",
    "printer",
    "print",
    "id",
    "started_at",
    "ended_at",
    "timestamp",
    "data",
    "uid",
    "analysis",
    "duration",
    "remaining_time",
    "other",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-200.0..200.0).prop_map(Value::from),
        "(True|False|None|-1|12\\.5|1e9|1795306700|30 %|)".prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ]
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let field = (prop::sample::select(NAMES).prop_map(str::to_owned), value);
    prop::collection::vec(field, 0..12).prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

/// A message with an event and random other fields.
fn message() -> impl Strategy<Value = Value> {
    const TOPICS: &[&str] =
        &["Print Started", "Print Done", "Print Failed", "Print Paused", "Print Progress", "Custom Event"];
    const EVENTS: &[&str] = &[
        "started",
        "complete",
        "PrintDone",
        "job.started",
        "job.done",
        "print_progress",
        "print_complete",
        "test",
    ];
    let value = scalar().prop_recursive(4, 64, 12, |inner| {
        prop_oneof![
            4 => object(inner.clone()),
            1 => prop::collection::vec(inner, 0..3).prop_map(Value::from),
        ]
    });
    let names = (prop::sample::select(TOPICS), prop::sample::select(EVENTS), 0..20_i32);
    (object(value), names).prop_map(|(mut message, (topic, event, event_type))| {
        message["topic"] = topic.into();
        message["deviceIdentifier"] = "delta".into();
        message["PrinterId"] = "delta".into();
        message["EventType"] = event_type.into();
        message["event"] = event.into();
        message
    })
}

proptest! {
    #[test]
    fn random_bytes_pass(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        targets::json(&bytes);
        targets::form_query(&bytes);
        targets::multipart(&[b"multipart/form-data; boundary=B\n--B", &bytes[..]].concat());
    }

    #[test]
    fn random_messages_pass(message in message()) {
        let bytes = message.to_string().into_bytes();
        targets::json(&bytes);
    }
}
