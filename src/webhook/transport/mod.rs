//! The ways of transport: JSON, multipart, a form, or the query of the URL.

use std::pin::pin;

use axum::BoxError;
use axum::http::{HeaderMap, Method, header};
use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::error::{BodyFault, DecodeError, Malformed, TooLarge};
use super::fields::Fields;
use super::hints;
use crate::labels::Source;

pub(super) mod form;
pub(super) mod json;
mod multipart;
#[cfg(test)]
mod tests;

/// How large a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// All of a JSON body or a form, and all text of a multipart body, in bytes.
    pub body_bytes: usize,
    /// All of a multipart body, files included, in bytes.
    pub multipart_bytes: usize,
    /// How many fields a message may have, those within objects and all parts of a multipart body included. A real one has
    /// about a hundred.
    pub fields: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { body_bytes: 256 << 10, multipart_bytes: 8 << 20, fields: 1_024 }
    }
}

/// Reads a request, from its body or, when it has none, from its query. Sets no deadline: that is the caller's.
///
/// # Errors
/// When the body is malformed, too large, or in a format that this sender's webhooks are not read in.
pub async fn read<B>(
    source: Source,
    method: &Method,
    headers: &HeaderMap,
    query: Option<&str>,
    body: B,
    limits: &BodyLimits,
) -> Result<Fields, DecodeError>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let content_type = header_text(headers, header::CONTENT_TYPE);
    let format = Format::named(source, content_type);
    let query = || form::read(query.unwrap_or_default().as_bytes(), limits);
    // The plugin names a Content-Type even when it sends everything in the query.
    let may_be_empty = source == Source::OctoPrint && format != Ok(Format::Multipart);
    if (source == Source::OctoPrint && method == Method::GET) || (may_be_empty && body.is_end_stream()) {
        return query();
    }
    let format = format.and_then(|format| plain(headers).map(|()| format));
    let format = format.map_err(|fault| DecodeError::UnsupportedBody { fault, hint: hints(source).body })?;
    let limit = format.limit(limits);
    if body.size_hint().lower() > limit as u64 {
        return Err(TooLarge::Body { limit }.into());
    }
    match format {
        Format::Multipart => multipart::read(body, content_type, limits).await,
        Format::Json | Format::Form => match collect(body, limit).await? {
            bytes if bytes.is_empty() && may_be_empty => query(),
            bytes if format == Format::Json => json::read(&bytes, limits),
            bytes => form::read(&bytes, limits),
        },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Multipart,
    Form,
}

impl Format {
    fn named(source: Source, content_type: &str) -> Result<Self, BodyFault> {
        let name = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match (source, name.as_str()) {
            (_, "application/json" | "text/json") | (Source::OctoEverywhere, "") => Ok(Self::Json),
            (_, name) if name.ends_with("+json") => Ok(Self::Json),
            (Source::OctoPrint, "multipart/form-data") => Ok(Self::Multipart),
            (Source::OctoPrint, "application/x-www-form-urlencoded") => Ok(Self::Form),
            (_, "") => Err(BodyFault::Unnamed),
            _ => Err(BodyFault::Unknown),
        }
    }

    const fn limit(self, limits: &BodyLimits) -> usize {
        match self {
            Self::Json | Self::Form => limits.body_bytes,
            Self::Multipart => limits.multipart_bytes,
        }
    }
}

/// Compressed bodies are refused rather than unpacked: a few bytes can unpack to gigabytes.
fn plain(headers: &HeaderMap) -> Result<(), BodyFault> {
    let encoding = header_text(headers, header::CONTENT_ENCODING);
    if encoding.is_empty() || encoding.eq_ignore_ascii_case("identity") {
        Ok(())
    } else {
        Err(BodyFault::Encoded)
    }
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}

/// What has come is copied together at once: pieces that are kept hold more memory than their bytes, and a sender may cut
/// a body into pieces of a byte each.
async fn collect<B>(body: B, limit: usize) -> Result<Vec<u8>, DecodeError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    // Growing step by step would leave pieces behind that nobody can use.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit).min(limit);
    let mut body = pin!(Limited::new(body, limit));
    let mut bytes = Vec::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
            Err(error) if error.is::<LengthLimitError>() => return Err(TooLarge::Body { limit }.into()),
            Err(_) => return Err(Malformed::Truncated.into()),
        }
    }
    Ok(bytes)
}
