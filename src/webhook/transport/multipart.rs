//! Multipart bodies, as they stream in. What nothing reads is read past: a picture never lies in memory as a whole.

use std::borrow::Cow;
use std::pin::pin;

use axum::BoxError;
use bytes::Bytes;
use http_body::Body;

use super::BodyLimits;
use crate::webhook::error::{DecodeError, Malformed, TooLarge};
use crate::webhook::fields::{Collector, Fields};
use frame::Parts;
use head::{Head, parameter};

mod frame;
mod head;
#[cfg(test)]
mod tests;

/// The longest boundary that the standard allows.
const LONGEST_BOUNDARY: usize = 70;

/// Reads a body of this Content-Type.
///
/// # Errors
/// When its frame or its text is malformed, or when it is too large.
pub(super) async fn read<B>(body: B, content_type: &str, limits: &BodyLimits) -> Result<Fields, DecodeError>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let body = pin!(body);
    let mut parts = Parts::new(body, boundary(content_type)?, limits.multipart_bytes);
    let mut collector = Collector::new(limits);
    let too_long = TooLarge::Text { limit: limits.body_bytes };
    let mut text_left = limits.body_bytes;
    while let Some(head) = parts.next().await? {
        collector.count()?;
        if is_unread(&head) {
            continue;
        }
        let name = head.name.ok_or(fault("a part has no name"))?;
        text_left = text_left.checked_sub(name.len()).ok_or(too_long)?;
        let name = collector.text(&name);
        let text = parts.text(text_left).await?.ok_or(too_long)?;
        text_left -= text.len();
        let text = str::from_utf8(text).map_err(|_| Malformed::NotUtf8 { what: "a part of the body" })?;
        collector.put_text(name, text)?;
    }
    Ok(collector.finish())
}

fn boundary(content_type: &str) -> Result<Cow<'_, str>, Malformed> {
    match parameter(content_type, "boundary") {
        Some(boundary) if boundary.len() > LONGEST_BOUNDARY => {
            Err(fault("the boundary in its Content-Type is longer than 70 characters"))
        }
        Some(boundary) if !boundary.is_empty() => Ok(boundary),
        _ => Err(fault("its Content-Type names no boundary")),
    }
}

/// Files, and fields that nothing reads.
fn is_unread(head: &Head<'_>) -> bool {
    head.is_file || head.name.as_deref().is_some_and(|name| name == "snapshot" || Collector::is_unread(name))
}

const fn bad_head() -> Malformed {
    fault("the headers of a part are malformed")
}

const fn fault(fault: &'static str) -> Malformed {
    Malformed::Multipart { fault }
}
