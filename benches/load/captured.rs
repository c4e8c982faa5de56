//! Captured webhooks, decoded as the exporter decodes them, without a connection.

use std::path::Path;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use http_body_util::Full;
use printfarm_exporter::farm::Event;
use printfarm_exporter::timestamp::Timestamp;
use printfarm_exporter::webhook::{self, BodyLimits, Context, OctoPrint, Parsed, Payload, Sender};

const LIMITS: BodyLimits = BodyLimits { body_bytes: 1 << 20, multipart_bytes: 8 << 20, fields: 1_024 };

/// One print as OctoPrint reported it: each file is one webhook.
pub(crate) const PRINT: [&str; 4] = [
    "pause-resume-done/default-progress/01-print-started.http",
    "pause-resume-done/default-progress/02-print-progress.http",
    "pause-resume-done/default-progress/07-print-progress.http",
    "pause-resume-done/default-progress/12-print-done.http",
];

/// A captured request.
pub(crate) struct Request {
    headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// Reads a file of the captures.
    pub(crate) fn captured(path: &str) -> Self {
        let bytes = Bytes::from(bytes(path));
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let headers = head.lines().skip(1).map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
        });
        Self { headers: headers.collect(), body: bytes.slice(end + 4..) }
    }

    /// The fields of its body.
    pub(crate) async fn decode(&self) -> Payload {
        let body = Full::new(self.body.clone());
        webhook::read(&OctoPrint, &Method::POST, &self.headers, None, body, &LIMITS).await.unwrap()
    }
}

/// The event of the fields, for this printer.
pub(crate) fn parse(fields: &Payload, printer: &str, received: Timestamp) -> Event {
    let context = Context { segment: Some(printer), configured_name: &|_| None, received };
    match OctoPrint.parse(fields, &context).unwrap() {
        Parsed::Event(event) => event,
        Parsed::Ignored { .. } => panic!("the capture tells of an event"),
    }
}

/// A file of the captures.
pub(crate) fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures").join(path)).unwrap()
}
