//! Aligned columns, for people.

use std::io::{self, Write};
use std::time::Duration;

use super::{Format, is_invisible};
use crate::date;
use crate::labels::FilamentBasis;
use crate::store::PrintRow;

/// The maximum width of the printer column. A longer label is shown in full, out of alignment.
const WIDEST_LABEL: usize = 40;

/// The maximum length of a file name; a longer one is cut.
const WIDEST_FILE: usize = 60;

pub(crate) struct Table<W> {
    out: W,
    width: usize,
}

impl<W: Write> Table<W> {
    /// Writes the header line. `labels` are those of all printers in the list.
    pub(crate) fn begin(out: W, labels: &[String]) -> io::Result<Self> {
        let widths = labels.iter().map(|label| visible(label).chars().count());
        let width = widths.max().unwrap_or(0).clamp("printer".len(), WIDEST_LABEL);
        let mut table = Self { out, width };
        table.line([
            "started", "ended", "printer", "outcome", "printed", "paused", "filament", "origin", "file",
        ])?;
        Ok(table)
    }

    fn line(&mut self, cells: [&str; 9]) -> io::Result<()> {
        let [started, ended, printer, outcome, busy, paused, filament, origin, file] = cells;
        let width = self.width;
        writeln!(
            self.out,
            "{started:19}  {ended:19}  {printer:width$}  {outcome:9}  {busy:>9}  {paused:>8}  {filament:>10}  {origin:7}  {file}"
        )
    }
}

impl<W: Write> Format for Table<W> {
    fn print(&mut self, print: &PrintRow) -> io::Result<()> {
        self.line([
            &date::utc(print.started).unwrap_or_else(nothing),
            &date::utc(print.ended).unwrap_or_else(nothing),
            &visible(&print.printer),
            &print.outcome,
            &hours(print.printed_seconds),
            &hours(print.paused_seconds),
            &filament(print),
            &print.origin,
            &print.file.as_deref().map_or_else(nothing, |file| shortened(&visible(file))),
        ])
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The length and the mass of the filament as far as they are known; `~` before what was planned.
fn filament(print: &PrintRow) -> String {
    let amounts = [
        (print.filament_meters, &print.filament_meters_basis, "m"),
        (print.filament_grams, &print.filament_grams_basis, "g"),
    ];
    let shown = amounts.into_iter().filter_map(|(amount, basis, unit)| {
        let about = if basis.as_deref() == Some(FilamentBasis::Planned.as_str()) { "~" } else { "" };
        Some(format!("{about}{:.1} {unit}", amount?))
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    if shown.is_empty() { nothing() } else { shown }
}

/// What stands for a value that is not there.
fn nothing() -> String {
    "-".to_owned()
}

fn visible(text: &str) -> String {
    let shown = |character: char| {
        if is_invisible(character) { character.escape_default().to_string() } else { character.to_string() }
    };
    text.chars().map(shown).collect()
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= WIDEST_FILE {
        return text.to_owned();
    }
    text.chars().take(WIDEST_FILE - 1).chain(['…']).collect()
}

/// A duration as h:mm:ss, rounded to seconds.
fn hours(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds + 0.5).map_or(0, |span| span.as_secs());
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
