//! The frame of a multipart body (RFC 2046, section 5.1, and RFC 7578): parts between delimiters, each with a head.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::LazyLock;

use axum::BoxError;
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt as _;
use memchr::memmem::Finder;

use super::head::Head;
use super::{bad_head, fault};
use crate::webhook::error::{DecodeError, Malformed, TooLarge};

/// What a delimiter begins with; the boundary follows.
const DELIMITER: &str = "\r\n--";
static DELIMITERS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(DELIMITER));
/// What ends the head of a part.
static EMPTY_LINE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\r\n\r\n"));

/// How many bytes the head of a part may have. Those of real senders have about a hundred.
const LONGEST_HEAD: usize = 8 * 1024;

/// The parts of a body, one after the other. Of the body, no more lies in memory than one piece of its stream and the
/// head or the text of one part.
pub(super) struct Parts<'b, B> {
    body: Pin<&'b mut B>,
    boundary: Cow<'b, str>,
    /// The last of what has been received.
    buffer: Vec<u8>,
    /// How much of that has been read.
    read: usize,
    limit: usize,
    /// How many more bytes the body may have.
    left: usize,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a delimiter: in a part, or before the first one.
    Content,
    /// Behind a delimiter.
    Delimiter,
    /// Behind the last delimiter.
    End,
}

impl<'b, B> Parts<'b, B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    /// The parts of `body`, which may have up to `limit` bytes.
    pub(super) fn new(body: Pin<&'b mut B>, boundary: Cow<'b, str>, limit: usize) -> Self {
        // A delimiter begins a line, and the first one may begin the body.
        let buffer = b"\r\n".to_vec();
        Self { body, boundary, buffer, read: 0, limit, left: limit, place: Place::Content }
    }

    /// The head of the next part; what has not been read of the part before is read past.
    ///
    /// # Errors
    /// When the frame is malformed, or when the body breaks off or is too large.
    pub(super) async fn next(&mut self) -> Result<Option<Head<'_>>, DecodeError> {
        self.skip().await?;
        if self.place == Place::End {
            return Ok(None);
        }
        while self.unread().len() < 2 {
            self.fill().await?;
        }
        if self.unread().starts_with(b"--") {
            self.place = Place::End;
            return Ok(None);
        }
        // The search begins at the line end of the delimiter: a part may have no header.
        let length = loop {
            if let Some(at) = EMPTY_LINE.find(self.unread()) {
                break at + 4;
            }
            if self.unread().len() > LONGEST_HEAD {
                return Err(bad_head().into());
            }
            self.fill().await?;
        };
        self.place = Place::Content;
        Ok(Some(Head::read(self.take(length))?))
    }

    /// What has not been read of the part, or `None` when that is more than `most` bytes.
    ///
    /// # Errors
    /// When the body breaks off or is too large.
    pub(super) async fn text(&mut self, most: usize) -> Result<Option<&[u8]>, DecodeError> {
        let mut searched = 0;
        let length = loop {
            if let Some(at) = self.delimiter(searched) {
                break at;
            }
            searched = self.certain();
            if searched > most {
                return Ok(None);
            }
            self.fill().await?;
        };
        self.place = Place::Delimiter;
        let delimiter = self.delimiter_length();
        let text = &self.take(length + delimiter)[..length];
        Ok(Some(text).filter(|text| text.len() <= most))
    }

    /// Reads past what has not been read of the part.
    async fn skip(&mut self) -> Result<(), DecodeError> {
        while self.place == Place::Content {
            if let Some(at) = self.delimiter(0) {
                self.place = Place::Delimiter;
                self.take(at + self.delimiter_length());
            } else {
                self.take(self.certain());
                self.fill().await?;
            }
        }
        Ok(())
    }

    /// Where the next delimiter begins, searched from there on.
    fn delimiter(&self, mut from: usize) -> Option<usize> {
        let unread = self.unread();
        while let Some(at) = DELIMITERS.find(&unread[from..]) {
            let behind = from + at + DELIMITER.len();
            if unread[behind..].starts_with(self.boundary.as_bytes()) {
                return Some(from + at);
            }
            from = behind;
        }
        None
    }

    fn delimiter_length(&self) -> usize {
        DELIMITER.len() + self.boundary.len()
    }

    /// How many bytes are before the next delimiter for certain: the last ones may be the beginning of one.
    fn certain(&self) -> usize {
        self.unread().len().saturating_sub(self.delimiter_length() - 1)
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.read..]
    }

    fn take(&mut self, length: usize) -> &[u8] {
        let start = self.read;
        self.read += length;
        &self.buffer[start..self.read]
    }

    /// Receives more of the body.
    async fn fill(&mut self) -> Result<(), DecodeError> {
        let frame = self.body.frame().await.ok_or(fault(
            "it ends before its last boundary, or its boundary is not the one that its Content-Type names",
        ))?;
        if let Ok(data) = frame.map_err(|_| Malformed::Truncated)?.into_data() {
            self.left = self.left.checked_sub(data.len()).ok_or(TooLarge::Body { limit: self.limit })?;
            self.buffer.drain(..self.read);
            self.read = 0;
            self.buffer.extend_from_slice(&data);
        }
        Ok(())
    }
}
