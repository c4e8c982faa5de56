//! The printers' series, written as text straight from the state at one moment.
//!
//! Registered gauges of the client library would be stale between webhooks, because elapsed and remaining time change
//! with the clock. The printers are read in one pass, into one column of numbers for each family; then the families are
//! written one after the other, as the format wants it.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use super::catalogue::{
    ATTENTION, ATTENTION_SINCE, ENDED_PRINT_FILAMENT_GRAMS, ENDED_PRINT_FILAMENT_METERS, ENDED_PRINT_SECONDS,
    FAILURE_WARNINGS, LAST_PRINT_END, Metric, NOTIFICATION_LIMIT, PAUSED_SECONDS, PRINT_ELAPSED, PRINT_ETA,
    PRINT_HEIGHT, PRINT_INFO, PRINT_LAYER, PRINT_LAYERS, PRINT_PROGRESS, PRINT_REMAINING, PRINT_SECONDS,
    PRINT_START, PRINTER_ERRORS, PRINTER_INFO, PRINTER_LAST_EVENT, PRINTER_STATE, PRINTS, PRINTS_STARTED,
};
use super::text::{escape, head};
use crate::farm::{PrintSnapshot, PrinterSnapshot, millionths};
use crate::labels::Source;
use crate::timestamp::Timestamp;
use Series::{Each, Info, Limits, Print};

/// How much text is written at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// Every family with how its values are read, sorted by name.
const FAMILIES: [(&Metric, Series); 25] = [
    (&ATTENTION_SINCE, Each(|p, [reason, _]| waiting_since(p, reason))),
    (&ATTENTION, Each(|p, [reason, _]| Some(p.totals.attention[reason] as f64))),
    (
        &ENDED_PRINT_FILAMENT_GRAMS,
        Each(|p, [outcome, _]| p.totals.ended_filament_mass.map(|sums| millionths(sums[outcome]))),
    ),
    (
        &ENDED_PRINT_FILAMENT_METERS,
        Each(|p, [outcome, _]| p.totals.ended_filament_length.map(|sums| millionths(sums[outcome]))),
    ),
    (&ENDED_PRINT_SECONDS, Each(|p, [outcome, _]| Some(seconds(p.totals.ended_printed[outcome])))),
    (&FAILURE_WARNINGS, Each(|p, [action, _]| Some(p.totals.failure_warnings[action] as f64))),
    (&LAST_PRINT_END, Each(|p, [outcome, _]| p.totals.last_end[outcome].map(Timestamp::seconds))),
    (&NOTIFICATION_LIMIT, Limits),
    (&PAUSED_SECONDS, Each(|p, _| Some(seconds(p.paused)))),
    (&PRINT_ELAPSED, Print(|p| Some(seconds(p.elapsed)))),
    (&PRINT_ETA, Print(|p| p.eta.map(Timestamp::seconds))),
    (&PRINT_HEIGHT, Print(|p| p.height)),
    (&PRINT_INFO, Info(|p| p.print.map(|open| [open.file, open.origin.as_str(), p.label, ""]))),
    (&PRINT_LAYER, Print(|p| p.layer.map(f64::from))),
    (&PRINT_LAYERS, Print(|p| p.layers.map(f64::from))),
    (&PRINT_PROGRESS, Print(|p| p.progress)),
    (&PRINT_REMAINING, Print(|p| p.remaining.map(seconds))),
    (&PRINT_SECONDS, Each(|p, _| Some(seconds(p.printed)))),
    (&PRINT_START, Print(|p| Some(p.started.seconds()))),
    (&PRINTER_ERRORS, Each(|p, _| Some(p.totals.errors as f64))),
    (&PRINTER_INFO, Info(|p| Some([p.id, p.name, p.label, p.source.as_str()]))),
    (&PRINTER_LAST_EVENT, Each(|p, _| Some(p.last_event.seconds()))),
    (&PRINTER_STATE, Each(|p, [state, _]| Some(f64::from(u8::from(p.state.index() == state))))),
    (&PRINTS_STARTED, Each(|p, [origin, _]| Some(p.totals.started[origin] as f64))),
    (&PRINTS, Each(|p, [origin, outcome]| Some(p.totals.ended[origin][outcome] as f64))),
];

/// How the series of a family are read.
enum Series {
    /// One for each printer and combination of the metric's closed labels, which are given as positions in their sets.
    Each(fn(&PrinterSnapshot<'_>, [usize; 2]) -> Option<f64>),
    /// One for each open print.
    Print(fn(&PrintSnapshot<'_>) -> Option<f64>),
    /// One of value 1 for each printer that has the values of all the metric's labels, in their order.
    Info(for<'p> fn(&PrinterSnapshot<'p>) -> Option<[&'p str; 4]>),
    /// One for each source that has reported its limit.
    Limits,
}

/// Writes the series of these printers and of their sources in text format 0.0.4, sorted by name.
pub fn write<'a>(
    printers: impl Iterator<Item = PrinterSnapshot<'a>>,
    limits_reached: impl Iterator<Item = (Source, Timestamp)>,
    label_bytes: usize,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let most = printers.size_hint().1.unwrap_or_default();
    let mut families: Vec<_> =
        FAMILIES.iter().map(|(metric, series)| Family::new(metric, series, most)).collect();
    let mut printer_labels = Vec::new();
    for printer in printers {
        printer_labels.push(escape(printer.label, usize::MAX));
        for family in &mut families {
            family.read(&printer, label_bytes);
        }
    }
    if let Some(family) = families.iter_mut().find(|family| matches!(family.series, Limits)) {
        for (source, time) in limits_reached {
            family.others.extend([family.metric.name, "{source=\"", source.as_str(), "\"} "]);
            number(&mut family.others, time.seconds());
        }
    }
    let mut lines = Lines { head: None, text: String::with_capacity(2 * CHUNK), out };
    for family in &families {
        family.write(&printer_labels, &mut lines)?;
    }
    lines.flush()
}

/// The series of one family, read printer by printer while that printer is in the processor's cache.
struct Family {
    metric: &'static Metric,
    series: &'static Series,
    combinations: Vec<[usize; 2]>,
    /// For each printer, the values of all combinations; not a number where there is none.
    values: Vec<f64>,
    /// The lines of other series.
    others: String,
}

impl Family {
    /// Has room for the values of this many printers.
    fn new(metric: &'static Metric, series: &'static Series, printers: usize) -> Self {
        let mut sizes = metric.labels.iter().filter_map(|label| label.values).map(<[_]>::len).chain([1, 1]);
        let [first, second] = [sizes.next().unwrap_or(1), sizes.next().unwrap_or(1)];
        let combinations: Vec<_> =
            (0..first).flat_map(|one| (0..second).map(move |other| [one, other])).collect();
        let room = if matches!(series, Each(_) | Print(_)) { printers * combinations.len() } else { 0 };
        Self { metric, series, combinations, values: Vec::with_capacity(room), others: String::new() }
    }

    fn read(&mut self, printer: &PrinterSnapshot<'_>, label_bytes: usize) {
        match self.series {
            Each(value) => {
                let values = self.combinations.iter().map(|&at| value(printer, at).unwrap_or(f64::NAN));
                self.values.extend(values);
            }
            Print(value) => {
                self.values.push(printer.print.as_ref().and_then(value).unwrap_or(f64::NAN));
            }
            Info(labels) => {
                if let Some(values) = labels(printer) {
                    info(&mut self.others, self.metric, values, label_bytes);
                }
            }
            Limits => {}
        }
    }

    fn write(&self, printer_labels: &[Cow<'_, str>], lines: &mut Lines<'_>) -> io::Result<()> {
        lines.head = Some(head(self.metric));
        let around: Vec<_> = self.combinations.iter().map(|&at| around_printer(self.metric, at)).collect();
        for (values, label) in self.values.chunks(around.len()).zip(printer_labels) {
            for (value, [before, after]) in values.iter().zip(&around).filter(|(value, _)| !value.is_nan()) {
                lines.add([before.as_str(), label, after], *value)?;
            }
        }
        lines.add_text(&self.others)
    }
}

/// The text of a series before and after the printer's label.
fn around_printer(metric: &Metric, at: [usize; 2]) -> [String; 2] {
    let (mut before, mut after) = (metric.name.to_owned(), String::new());
    let mut positions = at.into_iter();
    let (mut separator, mut text) = ("{", &mut before);
    for label in metric.labels {
        text.extend([separator, label.name, "=\""]);
        match label.values {
            Some(values) => text.push_str(positions.next().map_or("", |position| values[position])),
            None => text = &mut after,
        }
        text.push('"');
        separator = ",";
    }
    text.push_str("} ");
    [before, after]
}

/// Writes a series of value 1 with these values of all labels of the metric. The printer's label was bounded when the printer
/// was added; here it must be as in the other series.
fn info(text: &mut String, metric: &Metric, values: [&str; 4], label_bytes: usize) {
    text.push_str(metric.name);
    let mut separator = "{";
    for (name, value) in metric.label_names().zip(values) {
        let bytes = if name == "printer" { usize::MAX } else { label_bytes };
        text.extend([separator, name, "=\"", &escape(value, bytes), "\""]);
        separator = ",";
    }
    text.push_str("} 1\n");
}

/// Writes a finite number and ends the line. Whole numbers, which most are, are written as integers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "only a whole number is equal afterwards"
)]
fn number(text: &mut String, value: f64) {
    let whole = value as i64;
    if whole as f64 == value {
        text.push_str(itoa::Buffer::new().format(whole));
    } else {
        text.push_str(zmij::Buffer::new().format(value));
    }
    text.push('\n');
}

/// Lines of text, written in chunks: that of a large farm at once would not fit into the processor's cache.
struct Lines<'a> {
    /// What precedes the first line of a family: one without series has no head either.
    head: Option<String>,
    text: String,
    out: &'a mut dyn io::Write,
}

impl Lines<'_> {
    fn add<'p>(&mut self, parts: impl IntoIterator<Item = &'p str>, value: f64) -> io::Result<()> {
        if let Some(head) = self.head.take() {
            self.text.push_str(&head);
        }
        self.text.extend(parts);
        number(&mut self.text, value);
        if self.text.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    /// Adds complete lines.
    fn add_text(&mut self, text: &str) -> io::Result<()> {
        if let Some(head) = self.head.take().filter(|_| !text.is_empty()) {
            self.text.push_str(&head);
        }
        self.flush()?;
        self.out.write_all(text.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }
}

/// Since when the printer has waited for a person for this reason.
fn waiting_since(printer: &PrinterSnapshot<'_>, reason: usize) -> Option<f64> {
    printer.attention.filter(|(open, _)| open.index() == reason).map(|(_, since)| since.seconds())
}

/// Seconds, exact to the microsecond: no digits of a binary fraction follow.
fn seconds(span: Duration) -> f64 {
    span.as_micros() as f64 / 1e6
}

#[cfg(test)]
pub(super) mod tests;
