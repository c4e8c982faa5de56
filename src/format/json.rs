//! One JSON array, for programs.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::{Format, is_invisible};
use crate::store::PrintRow;

/// The history as an array of objects, one per line.
pub(crate) struct Json<W> {
    out: W,
    is_empty: bool,
}

impl<W: Write> Json<W> {
    pub(crate) const fn begin(out: W) -> Self {
        Self { out, is_empty: true }
    }
}

impl<W: Write> Format for Json<W> {
    fn print(&mut self, print: &PrintRow) -> io::Result<()> {
        self.out.write_all(if self.is_empty { b"[\n" } else { b",\n" })?;
        self.is_empty = false;
        print
            .serialize(&mut Serializer::with_formatter(&mut self.out, EscapeInvisible))
            .map_err(io::Error::from)
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(if self.is_empty { b"[]\n" } else { b"\n]\n" })
    }
}

/// Escapes characters that JSON allows but a terminal does not show.
struct EscapeInvisible;

impl Formatter for EscapeInvisible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for piece in fragment.split_inclusive(is_invisible) {
            let shown = piece.trim_end_matches(is_invisible);
            writer.write_all(shown.as_bytes())?;
            for unit in piece[shown.len()..].encode_utf16() {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}
