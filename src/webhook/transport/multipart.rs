//! Multipart bodies, as they stream in. Files are read past: a picture is never in memory as a whole.

use std::pin::{Pin, pin};

use axum::BoxError;
use bytes::{Buf as _, Bytes, BytesMut};
use http_body::Body;
use http_body_util::Limited;
use httparse::{EMPTY_HEADER, Status, parse_headers};
use memchr::memmem::Finder;
use serde_json::Map;

use super::BodyLimits;
use super::budget::{Budget, is_unread};
use super::{json, next_piece};
use crate::webhook::error::{DecodeError, Malformed};
use crate::webhook::payload::Payload;

#[cfg(test)]
mod tests;

/// How many bytes a head may have; those of real senders have about a hundred.
const MAX_HEAD: usize = 8 * 1024;

/// How many headers a head may have.
const MAX_HEADERS: usize = 32;

const LINE_END: &[u8] = b"\r\n";
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

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
    let delimiter = format!("\r\n--{boundary}");
    let (delimiter, end_of_head) = (Finder::new(&delimiter), Finder::new(END_OF_HEAD));
    let body = pin!(Limited::new(body, limits.multipart_bytes));
    // A body may begin with its delimiter, whose line end is then missing.
    let mut stream = Stream { body, limit: limits.multipart_bytes, held: LINE_END.into() };
    let (mut fields, mut budget) = (Map::new(), Budget::new(limits));
    stream.pass(&delimiter, |_| Ok(())).await?;
    while !stream.is_at_end().await? {
        budget.count_field()?;
        let mut head = Vec::new();
        let take_head = |piece: &[u8]| {
            head.extend_from_slice(piece);
            if head.len() > MAX_HEAD { Err(bad_head()) } else { Ok(()) }
        };
        stream.pass(&end_of_head, take_head).await?;
        let name = read_name(head)?;
        budget.take(name.as_ref().map_or(0, String::len))?;
        let mut text = Vec::new();
        let take_text = |piece: &[u8]| {
            if name.is_some() {
                text.extend_from_slice(piece);
            }
            Ok(budget.check_room(text.len())?)
        };
        stream.pass(&delimiter, take_text).await?;
        if let Some(name) = name {
            let text =
                str::from_utf8(&text).map_err(|_| Malformed::NotUtf8 { what: "a part of the body" })?;
            fields.insert(name, json::field(text, &mut budget)?);
        }
    }
    Ok(Payload::new(fields))
}

/// A body of which little is held at a time.
struct Stream<'b, B> {
    body: Pin<&'b mut Limited<B>>,
    /// The most bytes of the whole body.
    limit: usize,
    /// What has come and was not passed yet.
    held: BytesMut,
}

impl<B> Stream<'_, B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    /// Passes the next `pattern`, and gives `take` what precedes it, piece by piece.
    async fn pass(
        &mut self,
        pattern: &Finder<'_>,
        mut take: impl FnMut(&[u8]) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let length = pattern.needle().len();
        loop {
            if let Some(at) = pattern.find(&self.held) {
                take(&self.held[..at])?;
                self.held.advance(at + length);
                return Ok(());
            }
            // The last bytes may be the beginning of the pattern.
            let certain = (self.held.len() + 1).saturating_sub(length);
            take(&self.held[..certain])?;
            self.held.advance(certain);
            self.receive().await?;
        }
    }

    /// Whether the delimiter that was passed was the last one.
    async fn is_at_end(&mut self) -> Result<bool, DecodeError> {
        while self.held.len() < 2 {
            self.receive().await?;
        }
        Ok(self.held.starts_with(b"--"))
    }

    async fn receive(&mut self) -> Result<(), DecodeError> {
        let piece = next_piece(self.body.as_mut(), self.limit).await?;
        self.held.extend_from_slice(&piece.ok_or_else(no_end)?);
        Ok(())
    }
}

/// The name of the part with this head, unless it is a file or something that nothing reads. The head begins with the rest of
/// the delimiter's line, which is blank.
fn read_name(mut head: Vec<u8>) -> Result<Option<String>, DecodeError> {
    head.extend_from_slice(END_OF_HEAD);
    let line_end = head.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (delimiter_rest, lines) = head.split_at(line_end);
    if !delimiter_rest.trim_ascii().is_empty() {
        return Err(no_end());
    }
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let Ok(Status::Complete((_, headers))) = parse_headers(lines, &mut headers) else {
        return Err(bad_head());
    };
    let header = |name: &str| {
        let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value)).unwrap_or_default()
    };
    let disposition = header("content-disposition");
    let (mut name, mut is_file) = (None, header("content-type").to_ascii_lowercase().starts_with("image/"));
    for (key, value) in parameters(&disposition) {
        if key.eq_ignore_ascii_case("name") {
            name = name.or(Some(value));
        }
        // The name of a file may be empty.
        is_file |= key.eq_ignore_ascii_case("filename") || key.eq_ignore_ascii_case("filename*");
    }
    if is_file {
        return Ok(None);
    }
    let name = name.ok_or_else(|| malformed("a part has no name"))?;
    Ok((name != "snapshot" && !is_unread(name)).then(|| name.to_owned()))
}

/// The parameters of a header's value.
fn parameters(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (before, after) = rest.split_once('=')?;
        let (text, following) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => {
                let is_end = |at: &usize| !quoted[..*at].ends_with('\\');
                let end = quoted.match_indices('"').map(|(at, _)| at).find(is_end)?;
                (&quoted[..end], &quoted[end + 1..])
            }
            None => after.split_once(';').unwrap_or((after, "")),
        };
        rest = following;
        let key = before.rsplit(';').next().unwrap_or_default();
        Some((key.trim(), text.trim()))
    })
}

fn no_end() -> DecodeError {
    malformed("it ends before its last boundary, or its boundary is not the one that its Content-Type names")
}

fn bad_head() -> DecodeError {
    malformed("the headers of a part are malformed")
}

fn malformed(fault: &'static str) -> DecodeError {
    Malformed::Multipart { fault }.into()
}
