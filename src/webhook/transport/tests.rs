use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::HeaderValue;
use http_body::{Frame, SizeHint};
use http_body_util::Full;

use super::*;
use crate::labels::RejectReason;
use crate::webhook::tests::{FORM, JSON, MULTIPART, block_on, post};
use crate::webhook::transport;
use crate::webhook::{OctoEverywhere, OctoPrint, Sender, read};

/// A body that comes in pieces, with a wait before each.
pub(super) struct Trickle {
    pieces: VecDeque<Bytes>,
    waited: bool,
}

impl Trickle {
    pub(super) fn new(body: &[u8], size: usize) -> Self {
        Self { pieces: body.chunks(size).map(Bytes::copy_from_slice).collect(), waited: false }
    }
}

impl Body for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.waited = !self.waited;
        if self.waited {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

/// A body of which nobody may read a byte.
struct Untouchable {
    length: u64,
}

impl Body for Untouchable {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("it was read");
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

/// A body that breaks off after its first bytes.
struct Broken(Option<Bytes>);

impl Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let end = Err(std::io::ErrorKind::ConnectionReset.into());
        Poll::Ready(Some(self.0.take().map_or(end, |bytes| Ok(Frame::data(bytes)))))
    }
}

pub(super) fn headers(list: &[(header::HeaderName, &'static str)]) -> HeaderMap {
    list.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
}

pub(super) fn typed(content_type: &'static str) -> HeaderMap {
    headers(&[(header::CONTENT_TYPE, content_type)])
}

pub(super) fn text(fields: &Payload, name: &str) -> Option<String> {
    fields.top().owned_text(name).unwrap()
}

pub(super) fn octoprint(content_type: &'static str, body: &[u8]) -> Result<Payload, DecodeError> {
    post(&OctoPrint, content_type, body)
}

pub(super) fn rejection(content_type: &'static str, body: &[u8]) -> (RejectReason, String) {
    let reject = octoprint(content_type, body).unwrap_err();
    (reject.reason(), reject.to_string())
}

pub(super) fn part(head: &str, text: &[u8]) -> Vec<u8> {
    [b"--frontier\r\n", head.as_bytes(), b"\r\n\r\n", text, b"\r\n"].concat()
}

pub(super) fn text_part(name: &str, text: &str) -> Vec<u8> {
    part(&format!("Content-Disposition: form-data; name=\"{name}\""), text.as_bytes())
}

pub(super) fn whole(parts: &[Vec<u8>]) -> Vec<u8> {
    [&parts.concat(), &b"--frontier--\r\n"[..]].concat()
}

pub(super) fn with_picture(picture: &[u8]) -> Vec<u8> {
    let head =
        "Content-Disposition: form-data; name=\"picture\"; filename=\"p.jpg\"\r\nContent-Type: image/jpeg";
    whole(&[text_part("topic", "Print Done"), part(head, picture), text_part("message", "after")])
}

#[test]
fn the_format_follows_from_the_sender_the_method_and_the_content_type() {
    let (octoprint, octoeverywhere): (&dyn Sender, &dyn Sender) = (&OctoPrint, &OctoEverywhere);
    let object = r#"{"topic":"in json"}"#;
    let multipart = String::from_utf8(whole(&[text_part("topic", "in multipart")])).unwrap();
    let cases = [
        (octoprint, Method::POST, Some(JSON), object, Ok("in json")),
        (octoprint, Method::PUT, Some("Application/JSON; charset=utf-8"), object, Ok("in json")),
        (octoprint, Method::POST, Some("application/json charset=utf8;"), object, Ok("in json")),
        (octoprint, Method::POST, Some("application/json, application/json"), object, Ok("in json")),
        (
            octoprint,
            Method::POST,
            Some("application/x-www-form-urlencoded\tx"),
            "topic=in+form",
            Ok("in form"),
        ),
        (octoprint, Method::POST, Some("\"application/json\""), object, Ok("in json")),
        (octoprint, Method::POST, Some("charset=utf-8; application/json"), object, Ok("in json")),
        (octoprint, Method::POST, Some("application/json:charset=utf-8"), object, Ok("in json")),
        (octoprint, Method::POST, Some("Content-Type: application/json"), object, Ok("in json")),
        (octoprint, Method::POST, Some("application/x-json"), object, Ok("in json")),
        (
            octoprint,
            Method::POST,
            Some("multipart/form-data, Boundary=frontier, charset=utf-8"),
            &multipart,
            Ok("in multipart"),
        ),
        (
            octoprint,
            Method::POST,
            Some("multipart/form-data boundary=\"frontier\""),
            &multipart,
            Ok("in multipart"),
        ),
        (octoprint, Method::POST, Some("application/jason"), object, Err(RejectReason::UnsupportedBody)),
        (octoprint, Method::PATCH, Some("text/json"), object, Ok("in json")),
        (octoprint, Method::DELETE, Some("application/vnd.x+json"), object, Ok("in json")),
        (octoprint, Method::POST, Some(FORM), "topic=in+form", Ok("in form")),
        (octoprint, Method::POST, Some(MULTIPART), &multipart, Ok("in multipart")),
        (octoprint, Method::GET, Some(JSON), "", Ok("in query")),
        (octoprint, Method::GET, Some(MULTIPART), "", Ok("in query")),
        (octoprint, Method::GET, None, object, Ok("in query")),
        (octoprint, Method::DELETE, None, "", Ok("in query")),
        (octoprint, Method::POST, Some("text/plain"), "", Ok("in query")),
        (octoprint, Method::POST, Some(MULTIPART), "", Err(RejectReason::Malformed)),
        (octoprint, Method::POST, None, object, Err(RejectReason::UnsupportedBody)),
        (octoprint, Method::POST, Some("text/plain"), object, Err(RejectReason::UnsupportedBody)),
        (octoprint, Method::POST, Some("application/xml"), object, Err(RejectReason::UnsupportedBody)),
        (octoeverywhere, Method::POST, Some(JSON), object, Ok("in json")),
        (octoeverywhere, Method::POST, None, object, Ok("in json")),
        (octoeverywhere, Method::POST, Some(FORM), "topic=in+form", Err(RejectReason::UnsupportedBody)),
        (octoeverywhere, Method::POST, Some(MULTIPART), &multipart, Err(RejectReason::UnsupportedBody)),
        (octoeverywhere, Method::POST, None, "", Err(RejectReason::Malformed)),
    ];
    for (sender, method, content_type, body, expected) in cases {
        let headers = content_type.map(typed).unwrap_or_default();
        let full = Full::new(Bytes::copy_from_slice(body.as_bytes()));
        let fields =
            block_on(read(sender, &method, &headers, Some("topic=in+query"), full, &BodyLimits::default()));
        let seen = fields.map(|fields| text(&fields, "topic").unwrap()).map_err(|reject| reject.reason());
        assert_eq!(
            seen,
            expected.map(str::to_owned),
            "{} {method} {content_type:?} {body}",
            sender.profile().title
        );
    }
}

#[test]
fn the_query_is_read_when_a_chunked_body_is_empty() {
    let body = Trickle::new(b"", 1);
    let fields = block_on(read(
        &OctoPrint,
        &Method::POST,
        &typed(JSON),
        Some("topic=in+query"),
        body,
        &BodyLimits::default(),
    ));
    assert_eq!(text(&fields.unwrap(), "topic").as_deref(), Some("in query"));
}

#[test]
fn compressed_bodies_are_refused() {
    for (encoding, expected) in [
        ("gzip", Some(RejectReason::UnsupportedBody)),
        ("br, gzip", Some(RejectReason::UnsupportedBody)),
        ("identity", None),
        ("", None),
    ] {
        let headers = headers(&[(header::CONTENT_TYPE, JSON), (header::CONTENT_ENCODING, encoding)]);
        let body = Full::new(Bytes::from_static(b"{}"));
        let read = block_on(read(&OctoPrint, &Method::POST, &headers, None, body, &BodyLimits::default()));
        assert_eq!(read.err().map(|reject| reject.reason()), expected, "{encoding}");
    }
}

#[test]
fn text_that_holds_an_object_becomes_one() {
    let bodies: [(&'static str, Vec<u8>); 3] = [
        (JSON, br#"{"extra":"{\"name\":\"a\"}","job":"{not json","topic":"t"}"#.to_vec()),
        (FORM, b"extra={\"name\":\"a\"}&job={not+json&topic=t&meta={}&offsets={}".to_vec()),
        (
            MULTIPART,
            whole(&[
                text_part("extra", r#"{"name":"a"}"#),
                text_part("job", "{not json"),
                text_part("meta", "{}"),
            ]),
        ),
    ];
    for (content_type, body) in bodies {
        let fields = octoprint(content_type, &body).unwrap();
        let extra = fields.top().object("extra", "").unwrap();
        assert_eq!(extra.owned_text("name"), Ok(Some("a".to_owned())), "{content_type}");
        assert_eq!(text(&fields, "job").as_deref(), Some("{not json"), "{content_type}");
        assert!(fields.top().get("meta").is_none(), "{content_type}");
    }
}

#[test]
fn of_several_fields_with_one_name_the_last_counts() {
    let bodies: [(&'static str, Vec<u8>); 3] = [
        (JSON, br#"{"topic":"first","topic":"last"}"#.to_vec()),
        (FORM, b"topic=first&topic=last".to_vec()),
        (MULTIPART, whole(&[text_part("topic", "first"), text_part("topic", "last")])),
    ];
    for (content_type, body) in bodies {
        let fields = octoprint(content_type, &body).unwrap();
        assert_eq!(text(&fields, "topic").as_deref(), Some("last"), "{content_type}");
    }
}

#[test]
fn a_form_and_multipart_leave_text_as_it_is() {
    let odd = "NUL \0, line\r\nend, --frontier, \u{1F5A8} and \u{fffd}";
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("message", odd).finish();
    for (content_type, body) in [(FORM, form.into_bytes()), (MULTIPART, whole(&[text_part("message", odd)]))]
    {
        let fields = octoprint(content_type, &body).unwrap();
        assert_eq!(text(&fields, "message").as_deref(), Some(odd), "{content_type}");
    }
}

#[test]
fn what_is_not_utf8_is_refused() {
    let name = "Content-Disposition: form-data; name=\"topic\"";
    assert_eq!(
        rejection(MULTIPART, &whole(&[part(name, b"\xff")])),
        (RejectReason::Malformed, "a part of the body is not valid UTF-8".to_owned())
    );
    assert_eq!(
        rejection(FORM, b"topic=%ff"),
        (RejectReason::Malformed, "the form is not valid UTF-8".to_owned())
    );
}

#[test]
fn an_announced_length_over_the_limit_is_refused_unread() {
    let limits = BodyLimits::default();
    for content_type in [JSON, FORM, MULTIPART] {
        let limit = 8 << 20;
        let body = Untouchable { length: limit + 1 };
        let read = block_on(read(&OctoPrint, &Method::POST, &typed(content_type), None, body, &limits));
        let text = read.unwrap_err().to_string();
        assert_eq!(text, format!("the body is larger than {limit} bytes"), "{content_type}");
    }
}

#[test]
fn an_unannounced_length_is_refused_at_the_limit() {
    let limits = BodyLimits { body_bytes: 100, multipart_bytes: 1_000, ..BodyLimits::default() };
    let long = "x".repeat(101);
    let json = |text: &str| format!(r#"{{"message":"{text}"}}"#).into_bytes();
    let form = |text: &str| format!("message={text}").into_bytes();
    let (whole_body, kept) = (
        "the body is larger than 1000 bytes",
        "the names and texts of the message are larger than 100 bytes",
    );
    let cases = [
        ("all of JSON", JSON, json(&"x".repeat(1_000)), whole_body),
        ("a text in JSON", JSON, json(&long), kept),
        ("all of a form", FORM, form(&"x".repeat(1_000)), whole_body),
        ("a text in a form", FORM, form(&long), kept),
        ("a text in multipart", MULTIPART, whole(&[text_part("message", &long)]), kept),
        ("a name in multipart", MULTIPART, whole(&[text_part(&long, "")]), kept),
        ("a picture", MULTIPART, with_picture(&[7; 1_000]), whole_body),
    ];
    for (case, content_type, body, text) in cases {
        let body = Trickle::new(&body, 40);
        let read = block_on(read(&OctoPrint, &Method::POST, &typed(content_type), None, body, &limits));
        let reject = read.unwrap_err();
        assert_eq!((reject.reason(), reject.to_string().as_str()), (RejectReason::TooLarge, text), "{case}");
    }
}

#[test]
fn what_nothing_reads_is_no_reason_to_refuse() {
    let history =
        (0..10_000).map(|at| serde_json::json!({"timestamp": at, "success": true})).collect::<Vec<_>>();
    let message = serde_json::json!({
        "topic": "Print Done", "meta": {"history": history}, "analysis": {"progress": history}, "image": "x".repeat(3 << 20),
    });
    let pairs =
        [("topic", "Print Done"), ("meta", &message["meta"].to_string()), ("image", &"x".repeat(3 << 20))];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    for (content_type, body) in [(JSON, message.to_string()), (FORM, form)] {
        let payload = octoprint(content_type, body.as_bytes()).unwrap();
        assert_eq!(text(&payload, "topic").as_deref(), Some("Print Done"), "{content_type}");
        let image = text(&payload, "image").unwrap();
        assert!(image.len() <= 1_024, "{content_type}: {} bytes are kept", image.len());
    }
}

#[tokio::test]
async fn a_large_body_waits_until_others_are_gone() {
    let message = format!(r#"{{"topic":"t","image":"{}"}}"#, "x".repeat(300_000));
    let (headers, limits) = (typed(JSON), BodyLimits::default());
    let read = || {
        let body = Full::new(Bytes::from(message.clone()));
        Box::pin(read(&OctoPrint, &Method::POST, &headers, None, body, &limits))
    };
    let others = LARGE_BODIES.acquire_many(8).await.unwrap();
    let mut waiting = read();
    let poll = std::future::poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
    assert!(poll.is_pending());
    let small = Full::new(Bytes::from_static(br#"{"topic":"t"}"#));
    let small = crate::webhook::read(&OctoPrint, &Method::POST, &headers, None, small, &limits).await;
    assert!(small.is_ok());
    drop(others);
    assert!(waiting.await.is_ok());
}

#[test]
fn too_many_fields_are_refused() {
    let many = 1_025;
    let pairs: Vec<_> = (0..many).map(|n| format!("f{n}=")).collect();
    let members: Vec<_> = (0..many).map(|n| format!(r#""f{n}":0"#)).collect();
    let object = format!("{{{}}}", members.join(","));
    let parts: Vec<_> = (0..many).map(|n| text_part(&format!("f{n}"), "")).collect();
    let file = part("Content-Disposition: form-data; name=\"f\"; filename=\"f\"", b"");
    let cases: [(&str, &'static str, Vec<u8>); 7] = [
        ("a form", FORM, pairs.join("&").into_bytes()),
        ("JSON", JSON, object.clone().into_bytes()),
        ("nested JSON", JSON, format!(r#"{{"extra":{object}}}"#).into_bytes()),
        ("JSON in a text", JSON, serde_json::json!({ "extra": object }).to_string().into_bytes()),
        ("parts", MULTIPART, whole(&parts)),
        ("files", MULTIPART, whole(&vec![file; many])),
        ("JSON in a part", MULTIPART, whole(&[text_part("extra", &object)])),
    ];
    for (case, content_type, body) in cases {
        let expected = (RejectReason::TooLarge, "the message has more than 1024 fields".to_owned());
        assert_eq!(rejection(content_type, &body), expected, "{case}");
    }
}

#[tokio::test]
async fn the_number_of_fields_is_the_configured_one() {
    let limits = BodyLimits { fields: 2, ..BodyLimits::default() };
    for (body, taken) in [("a=1&b=2", true), ("a=1&b=2&c=3", false)] {
        let body = axum::body::Body::from(body);
        let read = read(&OctoPrint, &Method::POST, &typed(FORM), None, body, &limits).await;
        assert_eq!(read.map(drop), if taken { Ok(()) } else { Err(TooLarge::Fields { limit: 2 }.into()) });
    }
}

#[test]
fn a_connection_that_closes_within_a_body_is_reported() {
    for content_type in [JSON, MULTIPART] {
        let body = Broken(Some(Bytes::from_static(b"--frontier\r\n")));
        let limits = BodyLimits::default();
        let read = block_on(read(&OctoPrint, &Method::POST, &typed(content_type), None, body, &limits));
        assert_eq!(read.err(), Some(Malformed::Truncated.into()), "{content_type}");
    }
}

#[test]
fn reading_may_move_between_threads() {
    fn check<T: Send>(_: T) {}
    let (headers, limits) = (HeaderMap::new(), BodyLimits::default());
    check(read(&OctoPrint, &Method::POST, &headers, None, axum::body::Body::empty(), &limits));
}

/// How a sender is read whose people set any Content-Type.
const LOOKED_AT: Accepts = Accepts {
    formats: &[
        Format::Json,
        Format::Form,
        Format::Multipart,
        Format::JsonOrForm,
        Format::Query,
        Format::QueryAndBody,
    ],
    untyped: None,
    hint: "",
};

fn looked_at(
    method: &Method,
    content_type: Option<&'static str>,
    body: &[u8],
) -> Result<Payload, DecodeError> {
    let headers = content_type.map(typed).unwrap_or_default();
    let body = Full::new(Bytes::copy_from_slice(body));
    let query = Some("topic=in+query&also=in+query");
    block_on(transport::read(&LOOKED_AT, method, &headers, query, body, &BodyLimits::default()))
}

#[test]
fn a_body_of_no_or_a_wrong_type_is_looked_at() {
    let (json, form) = (" {\"topic\":\"in json\"}", "topic=in+form");
    for content_type in
        [None, Some("application/octet-stream"), Some("text/plain; charset=utf-8"), Some(JSON), Some(FORM)]
    {
        for (body, expected) in [(json, "in json"), (form, "in form"), ("", "in query")] {
            for method in [Method::POST, Method::PUT, Method::GET] {
                let payload = looked_at(&method, content_type, body.as_bytes()).unwrap();
                assert_eq!(
                    text(&payload, "topic").as_deref(),
                    Some(expected),
                    "{method} {content_type:?} {body}"
                );
                assert_eq!(
                    text(&payload, "also").as_deref(),
                    Some("in query"),
                    "{method} {content_type:?} {body}"
                );
            }
        }
    }
}

#[test]
fn what_looks_like_json_and_is_none_is_malformed() {
    for body in ["{\"progress\": unavailable}", "[1]", "\"a\"", "{\"a\":\"b\"c\"}"] {
        for content_type in [None, Some(JSON), Some(FORM), Some("text/plain")] {
            let reason = looked_at(&Method::POST, content_type, body.as_bytes()).unwrap_err().reason();
            assert_eq!(reason, RejectReason::Malformed, "{content_type:?} {body}");
        }
    }
    let reason = looked_at(&Method::POST, Some("application/xml"), b"<a/>").unwrap_err().reason();
    assert_eq!(reason, RejectReason::UnsupportedBody);
}

#[test]
fn the_body_goes_before_the_query_however_a_name_is_written() {
    let bodies: [(&str, Vec<u8>); 3] = [
        (JSON, br#"{"T-opic": null}"#.to_vec()),
        (FORM, b"TOPIC=".to_vec()),
        (MULTIPART, whole(&[text_part("to pic", "")])),
    ];
    for (content_type, body) in bodies {
        let payload = looked_at(&Method::POST, Some(content_type), &body).unwrap();
        assert_eq!((text(&payload, "topic"), text(&payload, "also").as_deref()), (None, Some("in query")));
    }
}

#[test]
fn a_picture_in_json_is_read_past() {
    let picture = "iVBORw0KGgo".repeat(500_000);
    let body = format!("{{\"image\":\"{picture}\",\"topic\":\"after\"}}");
    let payload = post(&OctoEverywhere, JSON, body.as_bytes()).unwrap();
    assert_eq!(text(&payload, "topic").as_deref(), Some("after"));
    assert_eq!(text(&payload, "image").map(|kept| kept.len()), Some(1024));
    let beyond = format!("{{\"image\":\"{}\"}}", "x".repeat(BodyLimits::default().multipart_bytes));
    let reason = post(&OctoEverywhere, JSON, beyond.as_bytes()).unwrap_err().reason();
    assert_eq!(reason, RejectReason::TooLarge);
}
