//! The frame of a multipart body (RFC 2046, section 5.1, and RFC 7578): parts between delimiters, each with a head.

use std::pin::Pin;

use axum::BoxError;
use bytes::{Buf as _, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use memchr::memmem::Finder;

use super::head::Head;
use super::{bad_head, fault};
use crate::webhook::reject::{Malformed, Reject, TooLarge};

/// How many bytes the head of a part may have. Those of real senders have about a hundred.
const LONGEST_HEAD: usize = 8 * 1024;

/// The parts of a body, one after the other. Of the body, no more lies in memory than one piece of its stream and the
/// head of one part.
pub(super) struct Parts<'b, B> {
    body: Pin<&'b mut B>,
    /// What has been received and not been read yet.
    buffer: BytesMut,
    delimiter: Finder<'static>,
    /// What ends the head of a part.
    empty_line: Finder<'static>,
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
    pub(super) fn new(body: Pin<&'b mut B>, boundary: &str, limit: usize) -> Self {
        let delimiter = Finder::new(&format!("\r\n--{boundary}")).into_owned();
        // A delimiter begins a line, and the first one may begin the body.
        let buffer = BytesMut::from("\r\n");
        let empty_line = Finder::new(b"\r\n\r\n");
        Self { body, buffer, delimiter, empty_line, limit, left: limit, place: Place::Content }
    }

    /// The head of the next part; what has not been read of the part before is read past.
    ///
    /// # Errors
    /// When the frame is malformed, or when the body breaks off or is too large.
    pub(super) async fn next(&mut self) -> Result<Option<Head>, Reject> {
        self.content(|_| Ok(())).await?;
        if self.place == Place::End {
            return Ok(None);
        }
        while self.buffer.len() < 2 {
            self.fill().await?;
        }
        if self.buffer.starts_with(b"--") {
            self.place = Place::End;
            return Ok(None);
        }
        // The search begins at the line end of the delimiter: a part may have no header.
        let length = loop {
            if let Some(at) = self.empty_line.find(&self.buffer) {
                break at + 4;
            }
            if self.buffer.len() > LONGEST_HEAD {
                return Err(bad_head().into());
            }
            self.fill().await?;
        };
        let head = Head::read(&self.buffer[..length])?;
        self.buffer.advance(length);
        self.place = Place::Content;
        Ok(Some(head))
    }

    /// Hands over, in pieces, what has not been read of the part.
    ///
    /// # Errors
    /// When the body breaks off or is too large, or what `take` answers.
    pub(super) async fn content(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), Reject>,
    ) -> Result<(), Reject> {
        let delimiter = self.delimiter.needle().len();
        while self.place == Place::Content {
            if let Some(at) = self.delimiter.find(&self.buffer) {
                take(&self.buffer[..at])?;
                self.buffer.advance(at + delimiter);
                self.place = Place::Delimiter;
                break;
            }
            // The last bytes may be the beginning of a delimiter.
            let certain = self.buffer.len().saturating_sub(delimiter - 1);
            take(&self.buffer[..certain])?;
            self.buffer.advance(certain);
            self.fill().await?;
        }
        Ok(())
    }

    /// Receives more of the body.
    async fn fill(&mut self) -> Result<(), Reject> {
        let frame = self.body.frame().await.ok_or(fault(
            "it ends before its last boundary, or its boundary is not the one that its Content-Type names",
        ))?;
        if let Ok(data) = frame.map_err(|_| Malformed::BrokenOff)?.into_data() {
            self.left = self.left.checked_sub(data.len()).ok_or(TooLarge::Body { limit: self.limit })?;
            self.buffer.extend_from_slice(&data);
        }
        Ok(())
    }
}
