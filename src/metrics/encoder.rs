//! The printers' series as Prometheus text, written straight from the readings.
//!
//! One pass over the printers for each series that every printer has, so that all the text around the printer's label
//! is put together once. Nothing is allocated for a printer but the text itself.

use std::ops::Range;

use bytes::{BufMut, BytesMut};

use super::catalogue::{
    ATTENTION, ENDED_PRINT_SECONDS, FAILURE_WARNINGS, LAST_PRINT_END, Metric, NOTIFICATION_LIMIT,
    PAUSED_SECONDS, PRINT_ELAPSED, PRINT_ETA, PRINT_HEIGHT, PRINT_INFO, PRINT_LAYER, PRINT_LAYERS,
    PRINT_PROGRESS, PRINT_REMAINING, PRINT_SECONDS, PRINT_START, PRINTER_ERRORS, PRINTER_INFO,
    PRINTER_LAST_EVENT, PRINTER_STATE, PRINTS, PRINTS_STARTED,
};
use super::text::{CLOSE, Escaped, Value, put, put_escaped, put_head};
use crate::farm::{PrintSnapshot, PrinterSnapshot, Snapshot};
use crate::labels::Source;
use crate::timestamp::Timestamp;

/// How many printers a step writes at most. So many keep a step short, and make what is done once for each a trifle.
const STEP: usize = 256;

/// The printers as the encoder reads them.
pub trait Printers {
    /// How many there are.
    fn count(&self) -> usize;

    /// Those at these positions, always the same ones.
    fn read(&self, positions: Range<usize>) -> impl ExactSizeIterator<Item = PrinterSnapshot<'_>> + Clone;

    /// When a source last said that its daily limit is reached.
    fn limit_reached(&self, source: Source) -> Option<Timestamp>;
}

impl Printers for Snapshot {
    fn count(&self) -> usize {
        self.len()
    }

    fn read(&self, positions: Range<usize>) -> impl ExactSizeIterator<Item = PrinterSnapshot<'_>> + Clone {
        self.read(positions)
    }

    fn limit_reached(&self, source: Source) -> Option<Timestamp> {
        self.limit_reached(source)
    }
}

/// Writes everything that is known of the printers and their sources, in text format 0.0.4, sorted by name.
pub struct Encoder<P> {
    printers: P,
    /// The printers' labels, in the order of the printers.
    labels: Escaped,
    place: Place,
    /// A series up to the printer's label; kept for its memory.
    head: BytesMut,
    /// A series from the printer's label to its value, empty where that is only [`CLOSE`]; kept for its memory.
    tail: BytesMut,
}

/// How far the text has come.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The family that is being written, by its number in [`Encoder::step`].
    family: usize,
    /// Whether its help and type stand there; they come before its first series, and a family without series has none.
    headed: bool,
    /// The combination of its closed labels.
    combination: usize,
    /// The first printer that has not got its series of this combination yet.
    printer: usize,
}

impl<P: Printers> Encoder<P> {
    /// An encoder at the beginning of the text.
    pub fn new(printers: P) -> Self {
        let labels = Escaped::of(printers.read(0..printers.count()).map(|reading| reading.label));
        let (head, tail) = (BytesMut::with_capacity(256), BytesMut::with_capacity(64));
        Self { printers, labels, place: Place::default(), head, tail }
    }

    /// Appends the next few series to `out`. Answers whether there may be more.
    pub fn step(&mut self, out: &mut BytesMut) -> bool {
        match self.place.family {
            0 => self.family(out, &ATTENTION, |r, [reason]| Some(r.totals.attention[reason])),
            1 => self.family(out, &ENDED_PRINT_SECONDS, |r, [outcome]| Some(r.totals.ended_printed[outcome])),
            2 => self.family(out, &FAILURE_WARNINGS, |r, [action]| Some(r.totals.failure_warnings[action])),
            3 => self.family(out, &LAST_PRINT_END, |r, [outcome]| r.totals.last_end[outcome]),
            4 => self.sources(out, &NOTIFICATION_LIMIT),
            5 => self.family(out, &PAUSED_SECONDS, |r, []| Some(r.paused)),
            6 => self.print(out, &PRINT_ELAPSED, |p| Some(p.elapsed)),
            7 => self.print(out, &PRINT_ETA, |p| p.eta),
            8 => self.print(out, &PRINT_HEIGHT, |p| p.height),
            9 => self
                .info(out, &PRINT_INFO, |r| r.print.as_ref().map(|p| [p.file, p.origin.as_str(), r.label])),
            10 => self.print(out, &PRINT_LAYER, |p| p.layer),
            11 => self.print(out, &PRINT_LAYERS, |p| p.layers),
            12 => self.print(out, &PRINT_PROGRESS, |p| p.progress),
            13 => self.print(out, &PRINT_REMAINING, |p| p.remaining),
            14 => self.family(out, &PRINT_SECONDS, |r, []| Some(r.printed)),
            15 => self.print(out, &PRINT_START, |p| Some(p.started)),
            16 => self.family(out, &PRINTER_ERRORS, |r, []| Some(r.totals.errors)),
            17 => self.info(out, &PRINTER_INFO, |r| Some([r.id, r.name, r.label, r.source.as_str()])),
            18 => self.family(out, &PRINTER_LAST_EVENT, |r, []| Some(r.last_event)),
            19 => self.family(out, &PRINTER_STATE, |r, [state]| Some(r.state.index() == state)),
            20 => self.family(out, &PRINTS_STARTED, |r, [origin]| Some(r.totals.started[origin])),
            21 => self.family(out, &PRINTS, |r, [origin, outcome]| Some(r.totals.ended[origin][outcome])),
            _ => return false,
        }
        true
    }

    /// Writes one series for each printer, of one combination of the metric's closed labels.
    ///
    /// `value` gets the positions of the words in their sets, in the order of the labels.
    fn family<const CLOSED: usize, V: Value>(
        &mut self,
        out: &mut BytesMut,
        metric: &Metric,
        value: impl Fn(&PrinterSnapshot<'_>, [usize; CLOSED]) -> Option<V>,
    ) {
        let Some(at) = combination(metric, self.place.combination) else { return self.next_family() };
        self.around_printer(metric, at);
        let positions = self.positions();
        let labels = self.labels.from(positions.start, self.tail.is_empty());
        for (reading, label) in self.printers.read(positions.clone()).zip(labels) {
            if let Some(value) = value(&reading, at) {
                self.place.head(out, metric);
                out.put_slice(&self.head);
                out.put_slice(label);
                if !self.tail.is_empty() {
                    out.put_slice(&self.tail);
                }
                value.end_line(out);
            }
        }
        self.next_printer(positions.end);
    }

    /// Writes one series for each open print.
    fn print<V: Value>(
        &mut self,
        out: &mut BytesMut,
        metric: &Metric,
        value: impl Fn(&PrintSnapshot<'_>) -> Option<V>,
    ) {
        self.family(out, metric, |reading, []| reading.print.as_ref().and_then(&value));
    }

    /// Writes series of value 1, whose labels are all that they tell, in the order of the metric's labels.
    fn info<const LABELS: usize>(
        &mut self,
        out: &mut BytesMut,
        metric: &Metric,
        labels: impl for<'r> Fn(&PrinterSnapshot<'r>) -> Option<[&'r str; LABELS]>,
    ) {
        if self.place.combination > 0 {
            return self.next_family();
        }
        let positions = self.positions();
        for reading in self.printers.read(positions.clone()) {
            let Some(values) = labels(&reading) else { continue };
            self.place.head(out, metric);
            out.put_slice(metric.name.as_bytes());
            let mut separator = b'{';
            for (label, value) in metric.label_names().zip(values) {
                out.put_u8(separator);
                out.put_slice(label.as_bytes());
                out.put_slice(b"=\"");
                put_escaped(out, value);
                out.put_u8(b'"');
                separator = b',';
            }
            out.put_slice(b"} 1\n");
        }
        self.next_printer(positions.end);
    }

    /// Writes one series for each source.
    fn sources(&mut self, out: &mut BytesMut, metric: &Metric) {
        for &source in Source::ALL {
            if let Some(time) = self.printers.limit_reached(source) {
                self.place.head(out, metric);
                put(out, format_args!("{}{{source=\"{}\"}} ", metric.name, source.as_str()));
                time.end_line(out);
            }
        }
        self.next_family();
    }

    /// The printers of this step.
    fn positions(&self) -> Range<usize> {
        let start = self.place.printer;
        start..self.printers.count().min(start + STEP)
    }

    fn next_printer(&mut self, printer: usize) {
        if printer < self.printers.count() {
            self.place.printer = printer;
        } else {
            self.place.printer = 0;
            self.place.combination += 1;
        }
    }

    fn next_family(&mut self) {
        self.place = Place { family: self.place.family + 1, ..Place::default() };
    }

    /// Puts together what stands before and behind the printer's label in a series.
    fn around_printer<const CLOSED: usize>(&mut self, metric: &Metric, at: [usize; CLOSED]) {
        self.head.clear();
        self.tail.clear();
        self.head.put_slice(metric.name.as_bytes());
        let mut separator = "{";
        let mut positions = at.into_iter();
        let mut text = &mut self.head;
        for label in metric.labels {
            put(text, format_args!("{separator}{}=\"", label.name));
            match label.values {
                Some(words) => {
                    text.put_slice(positions.next().map_or("", |position| words[position]).as_bytes());
                }
                None => text = &mut self.tail,
            }
            text.put_u8(b'"');
            separator = ",";
        }
        text.put_slice(b"} ");
        if *self.tail == *CLOSE {
            self.tail.clear();
        }
    }
}

impl Place {
    /// Writes help and type, unless they stand there.
    fn head(&mut self, out: &mut BytesMut, metric: &Metric) {
        if !self.headed {
            put_head(out, metric);
            self.headed = true;
        }
    }
}

/// One of the combinations of positions in the metric's closed sets of words, or nothing behind the last.
fn combination<const CLOSED: usize>(metric: &Metric, mut number: usize) -> Option<[usize; CLOSED]> {
    let mut sizes = [1; CLOSED];
    let sets = metric.labels.iter().filter_map(|label| label.values);
    for (size, words) in sizes.iter_mut().zip(sets) {
        *size = words.len();
    }
    let mut at = [0; CLOSED];
    for (position, size) in at.iter_mut().zip(sizes).rev() {
        *position = number % size;
        number /= size;
    }
    (number == 0).then_some(at)
}

#[cfg(test)]
pub(super) mod tests;
