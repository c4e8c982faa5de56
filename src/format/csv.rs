//! Comma-separated values (RFC 4180), for spreadsheets.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{ErrorKind, Terminator, Writer, WriterBuilder};

use super::Format;
use crate::store::PrintRow;

pub(crate) struct Csv<W: Write>(Writer<W>);

impl<W: Write> Csv<W> {
    pub(crate) fn begin(out: W) -> io::Result<Self> {
        let mut csv = Self::go_on(out);
        csv.0.write_record(PrintRow::COLUMNS).map_err(io_error)?;
        Ok(csv)
    }

    /// Writes no heading: more of what was begun.
    pub(crate) fn go_on(out: W) -> Self {
        Self(WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out))
    }
}

impl<W: Write> Format for Csv<W> {
    fn print(&mut self, print: &PrintRow) -> io::Result<()> {
        let optional =
            |text: &Option<String>| text.as_deref().map(without_formula).unwrap_or_default().into_owned();
        let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        let fields = [
            print.number.to_string(),
            without_formula(&print.printer).into_owned(),
            print.source.clone(),
            optional(&print.print_id),
            optional(&print.file),
            optional(&print.path),
            print.origin.clone(),
            optional(&print.owner),
            print.started.to_string(),
            print.ended.to_string(),
            print.outcome.clone(),
            print.printed_seconds.to_string(),
            print.paused_seconds.to_string(),
            optional(&print.reason),
            number(print.filament_meters),
            optional(&print.filament_meters_basis),
            number(print.filament_grams),
            optional(&print.filament_grams_basis),
        ];
        self.0.write_record(fields).map_err(io_error)
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Prefixes an apostrophe to text that a spreadsheet would run as a formula; anybody who can send a webhook can name a
/// file.
fn without_formula(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Keeps the kind of the error, which identifies a closed pipe.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
