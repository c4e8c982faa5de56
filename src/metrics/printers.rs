//! The printers' series, written as text straight from the state at one moment.
//!
//! Registered gauges of the client library would be stale between webhooks, because elapsed and remaining time change
//! with the clock. A family is written in one pass over the printers. The text of each combination of its other labels is
//! made once, so that only the printer's label and the value are written for each series.

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

/// Writes the series of one family.
type Writer = fn(&mut Families<'_>, &Metric) -> io::Result<()>;

/// How much text is written at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// Every family with how it is written, sorted by name.
const FAMILIES: [(&Metric, Writer); 25] = [
    (&ATTENTION_SINCE, |f, m| f.each(m, |p, [reason]| waiting_since(p, reason))),
    (&ATTENTION, |f, m| f.each(m, |p, [reason]| Some(p.totals.attention[reason] as f64))),
    (&ENDED_PRINT_FILAMENT_GRAMS, |f, m| {
        f.each(m, |p, [outcome]| p.totals.ended_filament_mass.map(|sums| millionths(sums[outcome])))
    }),
    (&ENDED_PRINT_FILAMENT_METERS, |f, m| {
        f.each(m, |p, [outcome]| p.totals.ended_filament_length.map(|sums| millionths(sums[outcome])))
    }),
    (&ENDED_PRINT_SECONDS, |f, m| f.each(m, |p, [outcome]| Some(seconds(p.totals.ended_printed[outcome])))),
    (&FAILURE_WARNINGS, |f, m| f.each(m, |p, [action]| Some(p.totals.failure_warnings[action] as f64))),
    (&LAST_PRINT_END, |f, m| f.each(m, |p, [outcome]| p.totals.last_end[outcome].map(Timestamp::seconds))),
    (&NOTIFICATION_LIMIT, |f, m| f.notification_limits(m)),
    (&PAUSED_SECONDS, |f, m| f.each(m, |p, []| Some(seconds(p.paused)))),
    (&PRINT_ELAPSED, |f, m| f.each_print(m, |p| Some(seconds(p.elapsed)))),
    (&PRINT_ETA, |f, m| f.each_print(m, |p| p.eta.map(Timestamp::seconds))),
    (&PRINT_HEIGHT, |f, m| f.each_print(m, |p| p.height)),
    (&PRINT_INFO, |f, m| f.each_info(m, |p| p.print.map(|open| [open.file, open.origin.as_str(), p.label]))),
    (&PRINT_LAYER, |f, m| f.each_print(m, |p| p.layer.map(f64::from))),
    (&PRINT_LAYERS, |f, m| f.each_print(m, |p| p.layers.map(f64::from))),
    (&PRINT_PROGRESS, |f, m| f.each_print(m, |p| p.progress)),
    (&PRINT_REMAINING, |f, m| f.each_print(m, |p| p.remaining.map(seconds))),
    (&PRINT_SECONDS, |f, m| f.each(m, |p, []| Some(seconds(p.printed)))),
    (&PRINT_START, |f, m| f.each_print(m, |p| Some(p.started.seconds()))),
    (&PRINTER_ERRORS, |f, m| f.each(m, |p, []| Some(p.totals.errors as f64))),
    (&PRINTER_INFO, |f, m| f.each_info(m, |p| Some([p.id, p.name, p.label, p.source.as_str()]))),
    (&PRINTER_LAST_EVENT, |f, m| f.each(m, |p, []| Some(p.last_event.seconds()))),
    (&PRINTER_STATE, |f, m| f.each(m, |p, [state]| Some(f64::from(u8::from(p.state.index() == state))))),
    (&PRINTS_STARTED, |f, m| f.each(m, |p, [origin]| Some(p.totals.started[origin] as f64))),
    (&PRINTS, |f, m| f.each(m, |p, [origin, outcome]| Some(p.totals.ended[origin][outcome] as f64))),
];

/// Writes the series of these printers and of their sources in text format 0.0.4, sorted by name.
pub fn write<'a>(
    printers: impl Iterator<Item = PrinterSnapshot<'a>>,
    limits_reached: impl Iterator<Item = (Source, Timestamp)>,
    label_bytes: usize,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let rows = printers.map(|printer| Row { label: escape(printer.label, usize::MAX), printer });
    let lines = Lines { head: None, text: String::with_capacity(2 * CHUNK), out };
    let mut families =
        Families { rows: rows.collect(), limits: limits_reached.collect(), label_bytes, lines };
    for (metric, write) in FAMILIES {
        families.lines.head = Some(head(metric));
        write(&mut families, metric)?;
    }
    families.lines.flush()
}

/// What the families are written from, and where to.
struct Families<'a> {
    rows: Vec<Row<'a>>,
    limits: Vec<(Source, Timestamp)>,
    label_bytes: usize,
    lines: Lines<'a>,
}

struct Row<'a> {
    /// The printer's label, escaped.
    label: Cow<'a, str>,
    printer: PrinterSnapshot<'a>,
}

/// The lines of a family, written in chunks: the text of a large farm at once would not fit into the processor's cache.
struct Lines<'a> {
    /// What precedes the first line: a family without series has no head either.
    head: Option<String>,
    text: String,
    out: &'a mut dyn io::Write,
}

impl Lines<'_> {
    /// Writes a line of these parts and a finite number. Whole numbers, which most are, are written as integers.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::float_cmp,
        reason = "only a whole number is equal afterwards"
    )]
    fn add<'p>(&mut self, parts: impl IntoIterator<Item = &'p str>, value: f64) -> io::Result<()> {
        if let Some(head) = self.head.take() {
            self.text.push_str(&head);
        }
        self.text.extend(parts);
        let whole = value as i64;
        if whole as f64 == value {
            self.text.push_str(itoa::Buffer::new().format(whole));
        } else {
            self.text.push_str(zmij::Buffer::new().format(value));
        }
        self.text.push('\n');
        if self.text.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }
}

impl Families<'_> {
    /// One series for each printer and combination of the metric's closed labels. `value` gets the combination as
    /// positions in their sets, in the order of the labels.
    fn each<const CLOSED: usize>(
        &mut self,
        metric: &Metric,
        value: impl Fn(&PrinterSnapshot<'_>, [usize; CLOSED]) -> Option<f64>,
    ) -> io::Result<()> {
        let combinations: Vec<_> = (0..)
            .map_while(|number| combination(metric, number))
            .map(|at| (at, around_printer(metric, at)))
            .collect();
        for Row { label, printer } in &self.rows {
            for (at, [before, after]) in &combinations {
                if let Some(value) = value(printer, *at) {
                    self.lines.add([before.as_str(), label, after], value)?;
                }
            }
        }
        Ok(())
    }

    /// One series for each open print.
    fn each_print(
        &mut self,
        metric: &Metric,
        value: impl Fn(&PrintSnapshot<'_>) -> Option<f64>,
    ) -> io::Result<()> {
        self.each(metric, |printer, []| printer.print.as_ref().and_then(&value))
    }

    /// One series of value 1 for each printer that has `labels`: the values of all labels of the metric, in their order.
    fn each_info<const LABELS: usize>(
        &mut self,
        metric: &Metric,
        labels: impl for<'r> Fn(&PrinterSnapshot<'r>) -> Option<[&'r str; LABELS]>,
    ) -> io::Result<()> {
        for Row { printer, .. } in &self.rows {
            let Some(values) = labels(printer) else { continue };
            let values = metric.label_names().zip(values).map(|(name, value)| {
                // The printer's label was bounded when the printer was added; here it must be as in the other series.
                (name, escape(value, if name == "printer" { usize::MAX } else { self.label_bytes }))
            });
            let mut text = metric.name.to_owned();
            for (at, (name, value)) in values.enumerate() {
                text.extend([if at == 0 { "{" } else { "," }, name, "=\"", &value, "\""]);
            }
            self.lines.add([text.as_str(), "} "], 1.0)?;
        }
        Ok(())
    }

    /// One series for each source that has reported its limit.
    fn notification_limits(&mut self, metric: &Metric) -> io::Result<()> {
        for (source, time) in &self.limits {
            self.lines.add([metric.name, "{source=\"", source.as_str(), "\"} "], time.seconds())?;
        }
        Ok(())
    }
}

/// The text of a series before and after the printer's label.
fn around_printer<const CLOSED: usize>(metric: &Metric, at: [usize; CLOSED]) -> [String; 2] {
    let (mut before, mut after) = (metric.name.to_owned(), String::new());
    let mut positions = at.into_iter();
    let (mut separator, mut text) = ('{', &mut before);
    for label in metric.labels {
        text.push(separator);
        text.push_str(label.name);
        text.push_str("=\"");
        match label.values {
            Some(values) => text.push_str(positions.next().map_or("", |position| values[position])),
            None => text = &mut after,
        }
        text.push('"');
        separator = ',';
    }
    text.push_str("} ");
    [before, after]
}

/// One of the combinations of positions in the metric's closed label sets, by its number; `None` after the last.
fn combination<const CLOSED: usize>(metric: &Metric, mut number: usize) -> Option<[usize; CLOSED]> {
    let mut at = [0; CLOSED];
    let sets = metric.labels.iter().rev().filter_map(|label| label.values);
    for (position, values) in at.iter_mut().rev().zip(sets) {
        *position = number % values.len();
        number /= values.len();
    }
    (number == 0).then_some(at)
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
