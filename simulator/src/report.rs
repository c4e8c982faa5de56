//! The report: what really happened at the farm, as text.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::PrinterLedger;
use crate::delivery::Delivered;
use crate::labels::{Origin, Outcome};

/// Writes the ledger as a table: a line for each printer and one for the farm.
///
/// # Errors
/// When `out` cannot be written to.
pub fn table(delivered: &Delivered, out: &mut impl Write) -> io::Result<()> {
    let head = ["started", "completed", "cancelled", "failed", "unknown", "open", "printed", "paused"];
    let width =
        delivered.ledger.printers().map(|(name, _)| name.len()).max().unwrap_or(0).max("all printers".len());
    line(out, width, "printer", &head.map(str::to_owned))?;
    let mut sums = Row::default();
    for (name, printer) in delivered.ledger.printers() {
        let row = Row::of(printer);
        line(out, width, name, &row.cells())?;
        sums.add(&row);
    }
    line(out, width, "all printers", &sums.cells())?;
    let (lived, acknowledged) =
        (Duration::from_millis(millis(delivered.elapsed)), delivered.tally.acknowledged);
    writeln!(out)?;
    writeln!(out, "{acknowledged} webhooks acknowledged in {}", humantime::format_duration(lived))
}

/// Writes the ledger as one JSON object.
///
/// # Errors
/// When `out` cannot be written to.
pub fn json(delivered: &Delivered, out: &mut impl Write) -> io::Result<()> {
    let printers: Vec<_> =
        delivered.ledger.printers().map(|(name, printer)| in_json(name, printer)).collect();
    let truth = json!({
        "elapsed_seconds": delivered.elapsed.as_secs_f64(),
        "webhooks": {"acknowledged": delivered.tally.acknowledged, "failed": delivered.tally.failed},
        "printers": printers,
    });
    serde_json::to_writer_pretty(&mut *out, &truth)?;
    writeln!(out)
}

fn in_json(name: &str, printer: &PrinterLedger) -> Value {
    let by_origin = |value: &dyn Fn(usize) -> Value| {
        let all = Origin::ALL.iter().map(|origin| (origin.as_str().to_owned(), value(origin.index())));
        Value::Object(all.collect::<Map<_, _>>())
    };
    let outcomes = |origin: usize| {
        let all = Outcome::ALL.iter();
        let all =
            all.map(|outcome| (outcome.as_str().to_owned(), json!(printer.ended[origin][outcome.index()])));
        Value::Object(all.collect::<Map<_, _>>())
    };
    json!({
        "printer": name,
        "started": by_origin(&|origin| json!(printer.started[origin])),
        "ended": by_origin(&outcomes),
        "open": printer.open(),
        "printed_seconds": printer.printed.as_secs_f64(),
        "paused_seconds": printer.paused.as_secs_f64(),
        "pauses": printer.pauses,
        "stopped_unseen_seconds": printer.stopped_unseen.as_secs_f64(),
        "resumed_unseen_seconds": printer.resumed_unseen.as_secs_f64(),
        "unreported": printer.unreported,
    })
}

/// The numbers of one line.
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
        let mut ended = [0; Outcome::ALL.len()];
        for by_outcome in printer.ended {
            for (sum, count) in ended.iter_mut().zip(by_outcome) {
                *sum += count;
            }
        }
        let started = printer.started.iter().sum();
        Self { started, ended, open: printer.open(), printed: printer.printed, paused: printer.paused }
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
        let seconds = |span: Duration| format!("{:.1} s", span.as_secs_f64());
        let (started, open) = (self.started.to_string(), self.open.to_string());
        [started, completed, cancelled, failed, unknown, open, seconds(self.printed), seconds(self.paused)]
    }
}

fn line(out: &mut impl Write, width: usize, name: &str, cells: &[String; 8]) -> io::Result<()> {
    write!(out, "{name:width$}")?;
    for (cell, width) in cells.iter().zip([7, 9, 9, 6, 7, 4, 12, 10]) {
        write!(out, "  {cell:>width$}")?;
    }
    writeln!(out)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
