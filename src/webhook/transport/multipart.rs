//! Multipart bodies, as they stream in. Files are read past: a picture is never in memory as a whole.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::BoxError;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_DISPOSITION;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http_body::Body;
use http_body_util::BodyExt as _;
use multer::{Constraints, Error, Field, Multipart, SizeLimit};
use serde_json::Map;
use tokio::task::yield_now;

use super::BodyLimits;
use super::budget::{Budget, is_unread};
use super::json;
use crate::webhook::error::{DecodeError, Malformed, TooLarge};
use crate::webhook::payload::Payload;

#[cfg(test)]
mod tests;

/// How many bytes a head may have; those of real senders have about a hundred.
const MAX_HEAD: usize = 8 * 1024;

/// The boundary that a Content-Type names, whatever stands between the two.
fn boundary(content_type: &str) -> Option<&str> {
    const NAME: &str = "boundary=";
    let rest = &content_type[content_type.to_ascii_lowercase().find(NAME)? + NAME.len()..];
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split([';', ',', ' ', '\t']).next(),
    }
}

/// Reads a body of this Content-Type.
pub(super) async fn read<B>(body: B, content_type: &str, limits: &BodyLimits) -> Result<Payload, DecodeError>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let boundary = boundary(content_type).unwrap_or_default();
    if boundary.is_empty() {
        return Err(malformed("its Content-Type names no boundary"));
    }
    let held = AtomicUsize::new(0);
    let body = pin!(body);
    let whole = SizeLimit::new().whole_stream(limits.multipart_bytes as u64);
    let constraints = Constraints::new().size_limit(whole);
    let mut parts = Multipart::with_constraints(pieces(body, &held), boundary, constraints);
    let (mut fields, mut budget) = (Map::new(), Budget::new(limits));
    let refusal = |error| refusal(error, limits);
    while let Some(mut part) = parts.next_field().await.map_err(refusal)? {
        held.store(0, Ordering::Relaxed);
        budget.count_field()?;
        let name = read_name(&part)?.map(|name| budget.keep(name)).transpose()?;
        let mut text = Vec::new();
        while let Some(piece) = part.chunk().await.map_err(refusal)? {
            held.store(0, Ordering::Relaxed);
            if name.is_some() {
                text.extend_from_slice(&piece);
            }
            budget.check_room(text.len())?;
        }
        if let Some(name) = name {
            let text =
                str::from_utf8(&text).map_err(|_| Malformed::NotUtf8 { what: "a part of the body" })?;
            fields.insert(name, json::field(text, &mut budget)?);
        }
    }
    Ok(Payload::new(fields))
}

/// The pieces of the body, one at a time: `multer` takes in all that are ready before it looks at them, and where it finds
/// no end of a head, it searches all that it holds again with each piece. `held` is how much it has taken in without a result.
fn pieces<B>(body: B, held: &AtomicUsize) -> impl Stream<Item = Result<Bytes, DecodeError>>
where
    B: Body<Data = Bytes> + Unpin,
{
    stream::unfold(body, move |mut body| async move {
        if held.load(Ordering::Relaxed) > 0 {
            yield_now().await;
        }
        if held.load(Ordering::Relaxed) > MAX_HEAD {
            return Some((Err(bad_head()), body));
        }
        let piece = match body.frame().await? {
            Ok(frame) => Ok(frame.into_data().unwrap_or_default()),
            Err(_) => Err(Malformed::Truncated.into()),
        };
        held.fetch_add(piece.as_ref().map_or(0, Bytes::len), Ordering::Relaxed);
        Some((piece, body))
    })
}

/// The name of a part, unless it is a file or something that nothing reads.
fn read_name<'a>(part: &'a Field<'_>) -> Result<Option<&'a str>, DecodeError> {
    if is_file(part) {
        return Ok(None);
    }
    let name = part.name().ok_or_else(|| malformed("a part has no name"))?;
    Ok(Some(name).filter(|name| *name != "snapshot" && !is_unread(name)))
}

/// Whether a part is a file: it has a file name, even an empty one, or it is a picture.
fn is_file(part: &Field<'_>) -> bool {
    let is_typed_file = |kind: &str| kind == "image" || has_encoded_file_name(part);
    part.file_name().is_some() || part.content_type().is_some_and(|kind| is_typed_file(kind.type_().as_str()))
}

/// Whether the file name is in `filename*`, as of names that are not ASCII; `multer` does not read it.
fn has_encoded_file_name(part: &Field<'_>) -> bool {
    let disposition = part.headers().get(CONTENT_DISPOSITION).map(HeaderValue::as_bytes);
    disposition.is_some_and(|value| value.windows(10).any(|part| part == b"filename*="))
}

/// The texts of `multer` quote the body, so they are replaced.
fn refusal(error: Error, limits: &BodyLimits) -> DecodeError {
    match error {
        Error::StreamReadFailed(error) => {
            error.downcast().map_or_else(|_| Malformed::Truncated.into(), |error| *error)
        }
        Error::StreamSizeExceeded { .. } => TooLarge::Body { limit: limits.multipart_bytes }.into(),
        Error::IncompleteStream | Error::IncompleteFieldData { .. } => malformed(
            "it ends before its last boundary, or its boundary is not the one that its Content-Type names",
        ),
        _ => bad_head(),
    }
}

fn bad_head() -> DecodeError {
    malformed("the headers of a part are malformed")
}

fn malformed(fault: &'static str) -> DecodeError {
    Malformed::Multipart { fault }.into()
}
