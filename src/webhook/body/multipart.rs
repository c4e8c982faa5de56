//! Multipart bodies, as they stream in. What nothing reads is read past: a picture never lies in memory as a whole.

use axum::BoxError;
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use multer::{Constraints, Error, Field, Multipart, SizeLimit};

use super::BodyLimits;
use crate::webhook::fields::{Budget, Collector, Fields, UNREAD};
use crate::webhook::reject::{Malformed, Reject, TooLarge};

#[cfg(test)]
mod tests;

/// The longest boundary that the standard allows.
const LONGEST_BOUNDARY: usize = 70;

/// Reads a body of this Content-Type.
///
/// # Errors
/// When its frame or its text is malformed, or when it is too large.
pub(super) async fn read<B>(body: B, content_type: &str, limits: &BodyLimits) -> Result<Fields, Reject>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let size = SizeLimit::new().whole_stream(limits.multipart_bytes as u64);
    let constraints = Constraints::new().size_limit(size);
    let mut parts =
        Multipart::with_constraints(body.into_data_stream(), boundary(content_type)?, constraints);
    let mut collector = Collector::new(Budget::of(limits));
    let mut text_left = limits.body_bytes;
    while let Some(mut part) = parts.next_field().await.map_err(|error| reject(&error, limits))? {
        collector.count()?;
        if is_unread(&part) {
            continue;
        }
        let name = part.name().ok_or(fault("a part has no name"))?.to_owned();
        spend(&mut text_left, name.len(), limits)?;
        let mut text = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(|error| reject(&error, limits))? {
            spend(&mut text_left, chunk.len(), limits)?;
            text.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(text).map_err(|_| Malformed::NotUtf8 { what: "a part of the body" })?;
        collector.keep(name, text)?;
    }
    Ok(collector.finish())
}

fn boundary(content_type: &str) -> Result<String, Malformed> {
    match multer::parse_boundary(content_type) {
        Ok(boundary) if boundary.len() <= LONGEST_BOUNDARY => Ok(boundary),
        Ok(_) => Err(fault("the boundary in its Content-Type is longer than 70 characters")),
        Err(_) => Err(fault("its Content-Type names no boundary")),
    }
}

/// Files, by any of the signs that senders give of one, and fields that nothing reads.
fn is_unread(part: &Field<'_>) -> bool {
    part.file_name().is_some()
        || part.name().is_some_and(|name| name == "snapshot" || UNREAD.contains(&name))
        || part.content_type().is_some_and(|kind| kind.type_() == "image")
}

fn spend(left: &mut usize, bytes: usize, limits: &BodyLimits) -> Result<(), TooLarge> {
    *left = left.checked_sub(bytes).ok_or(TooLarge::Text { limit: limits.body_bytes })?;
    Ok(())
}

/// The parser's own texts can quote the body.
fn reject(error: &Error, limits: &BodyLimits) -> Reject {
    match error {
        Error::StreamSizeExceeded { .. } => TooLarge::Body { limit: limits.multipart_bytes }.into(),
        Error::StreamReadFailed(_) => Malformed::BrokenOff.into(),
        Error::IncompleteStream | Error::IncompleteFieldData { .. } => fault(
            "it ends before its last boundary, or its boundary is not the one that its Content-Type names",
        )
        .into(),
        _ => fault("the headers of a part are malformed").into(),
    }
}

const fn fault(fault: &'static str) -> Malformed {
    Malformed::Multipart { fault }
}
