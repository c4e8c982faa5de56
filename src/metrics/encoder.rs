//! The printers' series as Prometheus text, written straight from the readings.
//!
//! One pass over the printers for each series that every printer has, so that all the text around the printer's label
//! is put together once. Nothing is allocated for a printer but the text itself.

mod text;

use super::catalogue::{
    ATTENTION, ENDED_PRINT_SECONDS, FAILURE_WARNINGS, LAST_PRINT_END, Metric, NOTIFICATION_LIMIT,
    PAUSED_SECONDS, PRINT_ELAPSED, PRINT_ETA, PRINT_HEIGHT, PRINT_INFO, PRINT_LAYER, PRINT_LAYERS,
    PRINT_PROGRESS, PRINT_REMAINING, PRINT_SECONDS, PRINT_START, PRINTER_ERRORS, PRINTER_INFO,
    PRINTER_LAST_EVENT, PRINTER_STATE, PRINTS, PRINTS_STARTED,
};
use crate::farm::{PrintReading, Reading, Source, Time};
use text::{Escaped, Value, put, put_escaped};

/// Appends everything that is known of the printers and their sources to `out`, in text format 0.0.4, sorted by name.
///
/// `limit_reached` tells when a source last said that its daily limit is reached.
pub fn encode(readings: &[Reading<'_>], limit_reached: impl Fn(Source) -> Option<Time>, out: &mut String) {
    let mut page = Page::new(readings, out);
    page.family(&ATTENTION, |r, [reason]| Some(r.totals.attention[reason]));
    page.family(&ENDED_PRINT_SECONDS, |r, [outcome]| Some(r.totals.ended_printed[outcome]));
    page.family(&FAILURE_WARNINGS, |r, [action]| Some(r.totals.failure_warnings[action]));
    page.family(&LAST_PRINT_END, |r, [outcome]| r.totals.last_end[outcome]);
    page.sources(&NOTIFICATION_LIMIT, limit_reached);
    page.family(&PAUSED_SECONDS, |r, []| Some(r.paused));
    page.print(&PRINT_ELAPSED, |p| Some(p.elapsed));
    page.print(&PRINT_ETA, |p| p.eta);
    page.print(&PRINT_HEIGHT, |p| p.height);
    page.info(&PRINT_INFO, |r| r.print.as_ref().map(|p| [p.file, p.origin.as_str(), r.label]));
    page.print(&PRINT_LAYER, |p| p.layer);
    page.print(&PRINT_LAYERS, |p| p.layers);
    page.print(&PRINT_PROGRESS, |p| p.progress);
    page.print(&PRINT_REMAINING, |p| p.remaining);
    page.family(&PRINT_SECONDS, |r, []| Some(r.printed));
    page.print(&PRINT_START, |p| Some(p.started));
    page.family(&PRINTER_ERRORS, |r, []| Some(r.totals.errors));
    page.info(&PRINTER_INFO, |r| Some([r.id, r.name, r.label, r.source.as_str()]));
    page.family(&PRINTER_LAST_EVENT, |r, []| Some(r.last_event));
    page.family(&PRINTER_STATE, |r, [state]| Some(r.state.index() == state));
    page.family(&PRINTS_STARTED, |r, [origin]| Some(r.totals.started[origin]));
    page.family(&PRINTS, |r, [origin, outcome]| Some(r.totals.ended[origin][outcome]));
}

/// The text being written.
struct Page<'a, 'r> {
    readings: &'a [Reading<'r>],
    /// The printers' labels, in the order of the readings.
    labels: Escaped,
    out: &'a mut String,
    /// A series up to the printer's label; kept for its memory.
    head: String,
    /// A series from the printer's label to its value; kept for its memory.
    tail: String,
}

impl<'a, 'r> Page<'a, 'r> {
    fn new(readings: &'a [Reading<'r>], out: &'a mut String) -> Self {
        let labels = Escaped::of(readings.iter().map(|reading| reading.label));
        Self { readings, labels, out, head: String::with_capacity(256), tail: String::with_capacity(64) }
    }

    /// Writes one series for each printer and each combination of the metric's closed labels.
    ///
    /// `value` gets the positions of the words in their sets, in the order of the labels.
    fn family<const CLOSED: usize, V: Into<Value>>(
        &mut self,
        metric: &Metric,
        value: impl Fn(&Reading<'r>, [usize; CLOSED]) -> Option<V>,
    ) {
        self.with_header(metric, |page| {
            for at in combinations(metric) {
                page.around_printer(metric, at);
                for (reading, label) in page.readings.iter().zip(page.labels.iter()) {
                    if let Some(value) = value(reading, at) {
                        page.out.push_str(&page.head);
                        page.out.push_str(label);
                        page.out.push_str(&page.tail);
                        value.into().write(page.out);
                        page.out.push('\n');
                    }
                }
            }
        });
    }

    /// Writes one series for each open print.
    fn print<V: Into<Value>>(&mut self, metric: &Metric, value: impl Fn(&PrintReading<'r>) -> Option<V>) {
        self.family(metric, |reading, []| reading.print.as_ref().and_then(&value));
    }

    /// Writes series of value 1, whose labels are all that they tell, in the order of the metric's labels.
    fn info<const LABELS: usize>(
        &mut self,
        metric: &Metric,
        labels: impl Fn(&Reading<'r>) -> Option<[&'r str; LABELS]>,
    ) {
        self.with_header(metric, |page| {
            for values in page.readings.iter().filter_map(labels) {
                page.out.push_str(metric.name);
                let mut separator = '{';
                for (label, value) in metric.label_names().zip(values) {
                    page.out.push(separator);
                    page.out.push_str(label);
                    page.out.push_str("=\"");
                    put_escaped(page.out, value);
                    page.out.push('"');
                    separator = ',';
                }
                page.out.push_str("} 1\n");
            }
        });
    }

    /// Writes one series for each source.
    fn sources(&mut self, metric: &Metric, value: impl Fn(Source) -> Option<Time>) {
        self.with_header(metric, |page| {
            for &source in Source::ALL {
                if let Some(time) = value(source) {
                    put(page.out, format_args!("{}{{source=\"{}\"}} ", metric.name, source.as_str()));
                    Value::from(time).write(page.out);
                    page.out.push('\n');
                }
            }
        });
    }

    /// Writes help and type and what `series` writes, or nothing when that is nothing.
    fn with_header(&mut self, metric: &Metric, series: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        let (name, kind) = (metric.name, metric.kind.as_str());
        put(self.out, format_args!("# HELP {name} {}\n# TYPE {name} {kind}\n", metric.help));
        let header_end = self.out.len();
        series(self);
        if self.out.len() == header_end {
            self.out.truncate(start);
        }
    }

    /// Puts together what stands before and behind the printer's label in a series.
    fn around_printer<const CLOSED: usize>(&mut self, metric: &Metric, at: [usize; CLOSED]) {
        self.head.clear();
        self.tail.clear();
        self.head.push_str(metric.name);
        let mut separator = "{";
        let mut positions = at.into_iter();
        let mut text = &mut self.head;
        for label in metric.labels {
            put(text, format_args!("{separator}{}=\"", label.name));
            match label.values {
                Some(words) => text.push_str(positions.next().map_or("", |position| words[position])),
                None => text = &mut self.tail,
            }
            text.push('"');
            separator = ",";
        }
        text.push_str("} ");
    }
}

/// Every combination of positions in the metric's closed sets of words.
fn combinations<const CLOSED: usize>(metric: &Metric) -> impl Iterator<Item = [usize; CLOSED]> {
    let mut sizes = [1; CLOSED];
    let sets = metric.labels.iter().filter_map(|label| label.values);
    for (size, words) in sizes.iter_mut().zip(sets) {
        *size = words.len();
    }
    (0..sizes.iter().product()).map(move |mut number: usize| {
        let mut at = [0; CLOSED];
        for (position, size) in at.iter_mut().zip(sizes).rev() {
            *position = number % size;
            number /= size;
        }
        at
    })
}

#[cfg(test)]
mod tests;
