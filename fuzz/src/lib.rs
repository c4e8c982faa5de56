//! What holds for every request, whatever its bytes: nothing panics or hangs, no value is out of range, no error text quotes
//! the sender, and the secret is checked for the same printer that the event is about.
//!
//! There is one function for each decoder. `cargo fuzz run NAME` searches for bytes that break it;
//! `tests/fuzz_corpus.rs` replays the corpus that it has collected.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, header};
use bytes::Bytes;
use http_body::{Body, Frame};
use printfarm_exporter::farm::{Elapsed, Event};
use printfarm_exporter::timestamp::Timestamp;
use printfarm_exporter::webhook::{
    BodyLimits, Context, DecodeError, OctoPrint, Parsed, Payload, Sender, Senders, read,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// A JSON body, from every sender.
pub fn json(bytes: &[u8]) {
    for sender in Senders::builtin().iter() {
        let _ = understood(sender, post(sender, JSON, Whole::of(bytes)));
    }
}

/// A line with a Content-Type, and a body. The result must not depend on how the body is split into pieces.
pub fn multipart(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(end);
    let Ok(content_type) = HeaderValue::from_bytes(head) else {
        return;
    };
    let body = body.get(1..).unwrap_or_default();
    let sender = &OctoPrint;
    let whole = understood(sender, post(sender, content_type.clone(), Whole::of(body)));
    for size in [1, 7] {
        let pieces = understood(sender, post(sender, content_type.clone(), Pieces::of(body, size)));
        assert_eq!(whole.as_ref().ok(), pieces.as_ref().ok());
    }
}

/// A form. It must mean the same in a body and in a query.
pub fn form_query(bytes: &[u8]) {
    let sender = &OctoPrint;
    let form = understood(sender, post(sender, FORM, Whole::of(bytes)));
    if let Ok(query) = std::str::from_utf8(bytes) {
        let headers = HeaderMap::new();
        let body = Whole::of(b"");
        let fields = finish(read(sender, &Method::GET, &headers, Some(query), body, &BodyLimits::default()));
        assert_eq!(form, understood(sender, fields));
    }
}

/// A message of one sender, as JSON and as a form.
pub fn sender(source: &str, bytes: &[u8]) {
    let Some(sender) = Senders::builtin().get(source) else { panic!("{source} is no sender") };
    for content_type in [JSON, FORM] {
        let _ = understood(sender, post(sender, content_type, Whole::of(bytes)));
    }
}

fn post<B>(sender: &dyn Sender, content_type: HeaderValue, body: B) -> Result<Payload, DecodeError>
where
    B: Body<Data = Bytes, Error = Infallible> + Send,
{
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]);
    finish(read(sender, &Method::POST, &headers, None, body, &BodyLimits::default()))
}

fn understood(sender: &dyn Sender, fields: Result<Payload, DecodeError>) -> Result<Parsed, DecodeError> {
    let fields = fields.inspect_err(check_reject)?;
    let _ = understood_as(sender, &fields, None);
    understood_as(sender, &fields, Some("printer"))
}

fn understood_as(
    sender: &dyn Sender,
    fields: &Payload,
    segment: Option<&str>,
) -> Result<Parsed, DecodeError> {
    let received = Timestamp::from_micros(1_800_000_000_000_000);
    let outcome = sender.parse(fields, &Context { segment, configured_name: &|_| None, received });
    match &outcome {
        Ok(Parsed::Event(event)) => {
            check_event(event);
            assert_eq!(sender.printer_id(fields, segment).as_ref(), Some(&event.printer.id));
        }
        Ok(Parsed::Ignored { .. }) => {}
        Err(reject) => check_reject(reject),
    }
    outcome
}

fn check_event(event: &Event) {
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    let job = &event.report;
    let elapsed = job.elapsed.map(|elapsed| match elapsed {
        Elapsed::Printing(span)
        | Elapsed::WithPauses(span)
        | Elapsed::InMinutes(span)
        | Elapsed::Either(span) => span,
    });
    for span in [elapsed, job.remaining, job.estimate].into_iter().flatten() {
        assert!(span <= LONGEST, "{span:?}");
    }
    for ratio in [job.progress, job.progress_in_words].into_iter().flatten() {
        assert!((0.0..=1.0).contains(&ratio) && ratio.is_sign_positive(), "{ratio}");
    }
    for layer in [job.layer, job.layers].into_iter().flatten() {
        assert!((1..=1_000_000).contains(&layer), "{layer}");
    }
    assert!(job.height.is_none_or(|height| (0.0..=10.0).contains(&height)));
    for filament in [job.filament_used, job.filament_planned] {
        assert!(filament.metres.is_none_or(|metres| (0.0..=1e5).contains(&metres)));
        assert!(filament.grams.is_none_or(|grams| (0.0..=1e6).contains(&grams)));
    }
    let file = job.file.iter().flat_map(|file| [Some(&file.name), file.path.as_ref()]);
    let printer = [&event.printer.id, &event.printer.label, &event.printer.name].map(Some);
    let texts = file.chain(printer).chain([job.print_id.as_ref(), job.owner.as_ref(), job.reason.as_ref()]);
    for text in texts.flatten() {
        assert!(!text.is_empty() && text.len() <= 1024, "{text}");
    }
}

fn check_reject(reject: &DecodeError) {
    let text = reject.to_string();
    assert!(text.is_ascii() && text.len() < 400, "{text}");
}

/// Polls a future until it is ready; it must not wait for anything else.
fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..10_000_000 {
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
            return outcome;
        }
    }
    panic!("it hangs");
}

/// A body that is available at once.
struct Whole(Option<Bytes>);

impl Whole {
    fn of(bytes: &[u8]) -> Self {
        Self((!bytes.is_empty()).then(|| Bytes::copy_from_slice(bytes)))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

/// A body that arrives in pieces and is pending before each.
struct Pieces {
    left: VecDeque<Bytes>,
    waited: bool,
}

impl Pieces {
    fn of(bytes: &[u8], size: usize) -> Self {
        Self { left: bytes.chunks(size).map(Bytes::copy_from_slice).collect(), waited: false }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.waited = !self.waited;
        if self.waited {
            return Poll::Pending;
        }
        Poll::Ready(self.left.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }
}
