//! The report: what really happened at the farm, as text.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::delivery::Delivered;
use crate::labels::{Origin, Outcome};
use crate::ledger::PrinterLedger;

const HEAD: [&str; 8] =
    ["started", "completed", "cancelled", "failed", "unknown", "open", "printed", "paused"];
const WIDTHS: [usize; 8] = [7, 9, 9, 6, 7, 4, 12, 10];
const FARM: &str = "all printers";

/// Writes the ledger as a table: a line for each printer and one for the farm.
///
/// # Errors
/// When `out` cannot be written to.
pub fn table(delivered: &Delivered, out: &mut impl Write) -> io::Result<()> {
    let names = delivered.ledger.printers().map(|(name, _)| name.len());
    let width = names.chain([FARM.len()]).max().unwrap_or(0);
    write_line(out, width, "printer", &HEAD.map(str::to_owned))?;
    let mut farm = Row::default();
    for (name, printer) in delivered.ledger.printers() {
        let row = Row::of(printer);
        write_line(out, width, name, &row.cells())?;
        farm.add(&row);
    }
    write_line(out, width, FARM, &farm.cells())?;
    let elapsed = Duration::from_millis(u64::try_from(delivered.elapsed.as_millis()).unwrap_or(u64::MAX));
    let (acknowledged, elapsed) = (delivered.tally.acknowledged, humantime::format_duration(elapsed));
    writeln!(out, "\n{acknowledged} webhooks acknowledged in {elapsed}")
}

/// Writes the ledger as one JSON object.
///
/// # Errors
/// When `out` cannot be written to.
pub fn json(delivered: &Delivered, out: &mut impl Write) -> io::Result<()> {
    let printers = delivered.ledger.printers().map(|(name, printer)| printer_json(name, printer));
    let report = json!({
        "elapsed_seconds": delivered.elapsed.as_secs_f64(),
        "webhooks": {"acknowledged": delivered.tally.acknowledged, "failed": delivered.tally.failed},
        "printers": printers.collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn printer_json(name: &str, printer: &PrinterLedger) -> Value {
    let outcomes = |ended: &[u64]| {
        let all =
            Outcome::ALL.iter().map(|outcome| (outcome.as_str().to_owned(), json!(ended[outcome.index()])));
        Value::Object(all.collect())
    };
    let (mut started, mut ended) = (Map::new(), Map::new());
    for origin in Origin::ALL {
        started.insert(origin.as_str().to_owned(), json!(printer.started[origin.index()]));
        ended.insert(origin.as_str().to_owned(), outcomes(&printer.ended[origin.index()]));
    }
    json!({
        "printer": name,
        "started": started,
        "ended": ended,
        "open": printer.open(),
        "printed_seconds": printer.printed.as_secs_f64(),
        "paused_seconds": printer.paused.as_secs_f64(),
        "pauses": printer.pauses,
        "stopped_unseen_seconds": printer.stopped_unseen.as_secs_f64(),
        "resumed_unseen_seconds": printer.resumed_unseen.as_secs_f64(),
        "unreported": printer.unreported,
    })
}

/// The numbers of one line of the table.
#[derive(Default)]
struct Row {
    started: u64,
    ended: [u64; Outcome::ALL.len()],
    open: u64,
    printed: Duration,
    paused: Duration,
}

impl Row {
    fn of(printer: &PrinterLedger) -> Self {
        Self {
            started: printer.started.iter().sum(),
            ended: std::array::from_fn(|outcome| printer.ended.iter().map(|ended| ended[outcome]).sum()),
            open: printer.open(),
            printed: printer.printed,
            paused: printer.paused,
        }
    }

    fn add(&mut self, other: &Self) {
        self.started += other.started;
        for (sum, count) in self.ended.iter_mut().zip(other.ended) {
            *sum += count;
        }
        self.open += other.open;
        self.printed += other.printed;
        self.paused += other.paused;
    }

    fn cells(&self) -> [String; 8] {
        let [completed, cancelled, failed, unknown] = self.ended.map(|count| count.to_string());
        let seconds = |duration: Duration| format!("{:.1} s", duration.as_secs_f64());
        let (started, open) = (self.started.to_string(), self.open.to_string());
        [started, completed, cancelled, failed, unknown, open, seconds(self.printed), seconds(self.paused)]
    }
}

fn write_line(out: &mut impl Write, width: usize, name: &str, cells: &[String; 8]) -> io::Result<()> {
    write!(out, "{name:width$}")?;
    for (cell, width) in cells.iter().zip(WIDTHS) {
        write!(out, "  {cell:>width$}")?;
    }
    writeln!(out)
}
