//! Helpers of the tests, and what holds for every message whatever way it comes.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use bytes::Bytes;
use http_body_util::Full;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{BodyLimits, Context, DecodeError, OctoPrint, Parsed, Payload, Sender, read, segment};
use crate::farm::Event;
use crate::timestamp::Timestamp;

pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const MULTIPART: &str = "multipart/form-data; boundary=frontier";

/// Runs a future to its end.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// What a POST of this body reads as.
pub(super) fn post(
    sender: &dyn Sender,
    content_type: &'static str,
    body: &[u8],
) -> Result<Payload, DecodeError> {
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    let body = Full::new(Bytes::copy_from_slice(body));
    let limits = BodyLimits::default();
    block_on(read(sender, &Method::POST, &headers, None, body, &limits))
}

/// The fields of a JSON object.
pub(crate) fn fields(body: &Value) -> Payload {
    post(&OctoPrint, JSON, body.to_string().as_bytes()).unwrap()
}

/// What the message comes to, for a printer that neither the URL nor the configuration names.
pub(super) fn parsed(sender: &dyn Sender, body: &Value) -> Result<Parsed, DecodeError> {
    sender.parse(&fields(body), &context(None, &|_| None))
}

/// The event that the message tells.
pub(super) fn event(sender: &dyn Sender, body: &Value) -> Event {
    match parsed(sender, body) {
        Ok(Parsed::Event(event)) => event,
        other => panic!("{other:?} from {body}"),
    }
}

/// What is known of a request beside what it says.
pub(super) fn context<'a>(
    name: Option<&'a str>,
    configured_name: &'a dyn Fn(&str) -> Option<String>,
) -> Context<'a> {
    Context {
        segment: name.and_then(segment),
        configured_name,
        received: Timestamp::from_micros(1_800_000_000_000_000),
    }
}

/// The object with the fields of `changes` put into it; null takes one out.
pub(super) fn with(mut object: Value, changes: Value) -> Value {
    let (Some(fields), Value::Object(changes)) = (object.as_object_mut(), changes) else {
        panic!("two objects are needed");
    };
    for (name, value) in changes {
        match value {
            Value::Null => fields.remove(&name),
            value => fields.insert(name, value),
        };
    }
    object
}

/// The fields as the plugin writes them into a form: objects as JSON, null left out, other scalars as Python writes them.
fn as_text(message: &Map<String, Value>) -> Vec<(&str, String)> {
    let texts = message.iter().filter_map(|(name, value)| {
        let text = match value {
            Value::Null => return None,
            Value::Bool(flag) => if *flag { "True" } else { "False" }.to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some((name.as_str(), text))
    });
    texts.collect()
}

fn multipart(fields: &[(&str, String)]) -> Vec<u8> {
    let parts = fields.iter().map(|(name, text)| {
        format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    });
    (parts.collect::<String>() + "--frontier--\r\n").into_bytes()
}

/// Like the plugin's own template: lists only within objects, and no scalar that reads otherwise as text. Numbers are
/// short: the last bit of a long one depends on whether it is read as JSON or as text.
fn plain_message() -> impl Strategy<Value = Value> {
    let span = prop_oneof![
        Just(Value::Null),
        (0..8_000_000).prop_map(|eighths| Value::from(f64::from(eighths) / 8.0))
    ];
    let text = prop_oneof![Just(Value::Null), "[^\\PC{]{0,12}".prop_map(Value::from)];
    let inner = (span.clone(), span.clone(), text.clone(), any::<bool>(), 0..101);
    (message_topic(), text, span, inner).prop_map(|(topic, device, height, (time, left, name, flag, percent))| {
        json!({
            "topic": topic, "deviceIdentifier": device, "apiSecret": "", "currentZ": height, "fileposition": 12,
            "message": format!("Your print is {percent} % complete."),
            "extra": {"name": name, "path": name, "origin": "local", "time": time, "popup": flag && percent == 7},
            "state": {"text": "Printing", "flags": {"paused": flag}},
            "job": {"file": {"name": name, "origin": "sdcard"}, "averagePrintTime": left, "user": name},
            "progress": {"completion": percent, "printTime": time, "printTimeLeft": left},
            "offsets": {}, "meta": {"history": [{"timestamp": 1}]}, "currentTime": 1_795_308_879,
        })
    })
}

fn message_topic() -> impl Strategy<Value = &'static str> {
    let topics = [
        "Print Started",
        "Print Done",
        "Print Failed",
        "Print Paused",
        "Print Progress",
        "User Action Needed",
        "Error",
        "Custom Event",
        "Something New",
    ];
    prop::sample::select(topics.to_vec())
}

proptest! {
    #[test]
    fn all_ways_of_transport_tell_the_same(message in plain_message()) {
        let texts = as_text(message.as_object().unwrap());
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&texts).finish();
        let bodies = [
            (JSON, message.to_string().into_bytes()),
            (FORM, form.into_bytes()),
            (MULTIPART, multipart(&texts)),
        ];
        let [json, form, multipart] = bodies.map(|(content_type, body)| {
            let fields = post(&OctoPrint, content_type, &body).unwrap();
            OctoPrint.parse(&fields, &context(None, &|_| None))
        });
        prop_assert_eq!(&json, &form);
        prop_assert_eq!(&json, &multipart);
    }
}
