//! Turns a request into a [`Payload`], whatever way the message came: JSON, multipart, a form, or the query of the URL.

use std::pin::{Pin, pin};

use axum::BoxError;
use axum::http::{HeaderMap, Method, header};
use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::{BodyFault, DecodeError, Malformed, TooLarge};
use super::payload::Payload;

mod budget;
mod form;
mod json;
mod multipart;
#[cfg(test)]
mod tests;

/// How large a body may be, and how much of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// What is kept of a message, in bytes: names and texts, and of a multipart body a part while it is read.
    pub body_bytes: usize,
    /// The whole body, with what nothing reads, in bytes.
    pub multipart_bytes: usize,
    /// How many fields a message may have, those within objects and all parts of a multipart body included. A real one has
    /// about a hundred.
    pub fields: usize,
}

/// How many bodies of more than [`BodyLimits::body_bytes`] are in memory at a time, of all connections; others wait. A multipart
/// body is not: it is read as it comes.
static LARGE_BODIES: Semaphore = Semaphore::const_new(8);

impl Default for BodyLimits {
    fn default() -> Self {
        Self { body_bytes: 256 << 10, multipart_bytes: 8 << 20, fields: 1_024 }
    }
}

/// How a message may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object.
    Json,
    /// `multipart/form-data`, as of a form with files.
    Multipart,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// JSON or a form, told apart by looking at the body, where its Content-Type names neither or the wrong one.
    JsonOrForm,
    /// The query of the URL, of a GET or of a request without a body.
    Query,
    /// The query of the URL beside a body. What both say is taken from the body.
    QueryAndBody,
}

/// In which formats the webhooks of a sender are read.
#[derive(Clone, Copy, Debug)]
pub struct Accepts {
    /// The formats.
    pub formats: &'static [Format],
    /// The format of a body without a Content-Type, unless it is looked at.
    pub untyped: Option<Format>,
    /// What to do about a body in another format, for the error's text.
    pub hint: &'static str,
}

impl Accepts {
    fn reads(&self, format: Format) -> bool {
        self.formats.contains(&format)
    }

    /// The format of a body of this Content-Type.
    fn format(&self, content_type: &str) -> Result<Format, BodyFault> {
        let content_type = content_type.to_ascii_lowercase();
        let media_type = content_type.split([';', ',', ' ', '\t']).next().unwrap_or_default();
        let format = match media_type {
            "" | "application/octet-stream" | "text/plain" if self.reads(Format::JsonOrForm) => {
                Some(Format::JsonOrForm)
            }
            "" if content_type.is_empty() => return self.untyped.ok_or(BodyFault::Unnamed),
            _ => named(&content_type),
        };
        format.filter(|format| self.reads(*format)).ok_or(BodyFault::Unknown)
    }

    /// The format of this body, which its Content-Type calls `declared`. A form is declared by curl where nothing else is.
    fn look(&self, declared: Format, body: &[u8]) -> Format {
        let begins_as_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'));
        match declared {
            _ if !self.reads(Format::JsonOrForm) => declared,
            _ if begins_as_json => Format::Json,
            Format::Json if !body.contains(&b'=') => Format::Json,
            _ => Format::Form,
        }
    }
}

/// Media types, and their formats.
const NAMES: [(&str, Format); 6] = [
    ("application/json", Format::Json),
    ("text/json", Format::Json),
    ("/x-json", Format::Json),
    ("+json", Format::Json),
    ("multipart/form-data", Format::Multipart),
    ("application/x-www-form-urlencoded", Format::Form),
];

/// The format that a Content-Type names first, wherever. People paste `application/json charset=utf8;`, which the plugin's
/// README tells them to, write quotes around it, and send it twice.
fn named(content_type: &str) -> Option<Format> {
    let found = NAMES.iter().filter_map(|(name, format)| Some((content_type.find(name)?, *format)));
    found.min_by_key(|(position, _)| *position).map(|(_, format)| format)
}

/// Reads a request: from its body, from its query when it has no body, or from both. Sets no deadline: the caller does.
///
/// # Errors
/// When the body is malformed, too large, or in a format that is not accepted.
pub(super) async fn read<B>(
    accepts: &Accepts,
    method: &Method,
    headers: &HeaderMap,
    query: Option<&str>,
    body: B,
    limits: &BodyLimits,
) -> Result<Payload, DecodeError>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let content_type = header_text(headers, header::CONTENT_TYPE);
    let format = accepts.format(content_type);
    let in_query = || form::read(query.unwrap_or_default().as_bytes(), limits);
    let joins = accepts.reads(Format::QueryAndBody);
    // OctoPrint's plugin names a Content-Type even when it sends everything in the query.
    let may_be_empty = accepts.reads(Format::Query) && format != Ok(Format::Multipart);
    let is_in_query = accepts.reads(Format::Query) && method == Method::GET && !joins;
    if may_be_empty && body.is_end_stream() || is_in_query {
        return in_query();
    }
    let format = format.and_then(|format| uncompressed(headers).map(|()| format));
    let format = format.map_err(|fault| DecodeError::UnsupportedBody { fault, hint: accepts.hint })?;
    if body.size_hint().lower() > limits.multipart_bytes as u64 {
        return Err(TooLarge::Body { limit: limits.multipart_bytes }.into());
    }
    let payload = if format == Format::Multipart {
        multipart::read(body, content_type, limits).await?
    } else {
        let whole = Whole::receive(body, limits).await?;
        match accepts.look(format, &whole.bytes) {
            _ if whole.bytes.is_empty() && may_be_empty => return in_query(),
            Format::Form => form::read(&whole.bytes, limits)?,
            _ => json::read(&whole.bytes, limits)?,
        }
    };
    if joins { Ok(payload.or(in_query()?)) } else { Ok(payload) }
}

/// Compressed bodies are refused: a few bytes can unpack to gigabytes.
fn uncompressed(headers: &HeaderMap) -> Result<(), BodyFault> {
    let encoding = header_text(headers, header::CONTENT_ENCODING);
    let plain = encoding.is_empty() || encoding.eq_ignore_ascii_case("identity");
    if plain { Ok(()) } else { Err(BodyFault::Encoded) }
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}

/// A whole body.
struct Whole {
    bytes: Vec<u8>,
    /// Held until the body has been read.
    large: Option<SemaphorePermit<'static>>,
}

impl Whole {
    /// Receives a body. Each piece is copied as it comes: a piece that is kept holds more memory than its bytes, and a sender
    /// may cut a body into pieces of a byte each.
    async fn receive<B>(body: B, limits: &BodyLimits) -> Result<Self, DecodeError>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let limit = limits.multipart_bytes;
        // A vector that grows step by step would leave pieces behind that nobody can use.
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
        let mut body = pin!(Limited::new(body, limit));
        let mut whole = Self { bytes: Vec::with_capacity(announced.min(limits.body_bytes)), large: None };
        while let Some(piece) = next_piece(body.as_mut(), limit).await? {
            if whole.large.is_none() && whole.bytes.len() + piece.len() > limits.body_bytes {
                whole.large = LARGE_BODIES.acquire().await.ok();
                whole.bytes.reserve_exact(limit - whole.bytes.len());
            }
            whole.bytes.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

/// The next piece of a body, until it ends.
async fn next_piece<B>(mut body: Pin<&mut Limited<B>>, limit: usize) -> Result<Option<Bytes>, DecodeError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    match body.frame().await.transpose() {
        Ok(frame) => Ok(frame.map(|frame| frame.into_data().unwrap_or_default())),
        Err(error) if error.is::<LengthLimitError>() => Err(TooLarge::Body { limit }.into()),
        Err(_) => Err(Malformed::Truncated.into()),
    }
}
