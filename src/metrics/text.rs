//! The text format 0.0.4: heads of families, label values, and numbers.

use std::fmt::{Display, Write};
use std::time::Duration;

use bytes::{BufMut, BytesMut};

use super::catalogue::Metric;
use crate::timestamp::Timestamp;

/// What stands between the value of the last label and the value of the series.
pub(super) const CLOSE: &[u8] = b"\"} ";

/// Label values that many series share: escaped once, and kept in one piece of memory however many they are.
/// For most series they are the last label, so [`CLOSE`] stands behind each.
pub(super) struct Escaped {
    text: BytesMut,
    ends: Vec<usize>,
}

impl Escaped {
    /// Escapes the labels.
    pub(super) fn of<'l>(labels: impl ExactSizeIterator<Item = &'l str> + Clone) -> Self {
        let mut text = BytesMut::with_capacity(labels.clone().map(|label| label.len() + CLOSE.len()).sum());
        let mut ends = Vec::with_capacity(labels.len());
        for label in labels {
            put_escaped(&mut text, label);
            text.put_slice(CLOSE);
            ends.push(text.len());
        }
        Self { text, ends }
    }

    /// The escaped values from this position on, in the order in which they were given, each with [`CLOSE`] where they
    /// are `last`.
    pub(super) fn from(&self, position: usize, last: bool) -> impl Iterator<Item = &[u8]> {
        let mut start = position.checked_sub(1).map_or(0, |before| self.ends[before]);
        let left_out = if last { 0 } else { CLOSE.len() };
        self.ends[position..]
            .iter()
            .map(move |&end| &self.text[std::mem::replace(&mut start, end)..end - left_out])
    }
}

/// Below this, no two numbers of microseconds share an `f64` of seconds, so that their digits are those of the `f64`.
/// Most of a scrape is seconds, and whole numbers take far less time to write than an `f64`.
const EXACT_MICROS: u64 = (1 << 33) * 1_000_000;

/// The value of a series.
pub(super) trait Value {
    /// Appends the shortest decimal that reads back as the same `f64`, and ends the line.
    fn end_line(self, out: &mut BytesMut);
}

impl Value for u64 {
    fn end_line(self, out: &mut BytesMut) {
        if self < 10 {
            out.put_slice(&[b'0' + lowest_byte(self), b'\n']);
        } else {
            digits(out, self, 0);
        }
    }
}

impl Value for u32 {
    fn end_line(self, out: &mut BytesMut) {
        u64::from(self).end_line(out);
    }
}

impl Value for bool {
    fn end_line(self, out: &mut BytesMut) {
        u64::from(self).end_line(out);
    }
}

impl Value for Timestamp {
    fn end_line(self, out: &mut BytesMut) {
        match u64::try_from(self.micros()) {
            Ok(0) => out.put_slice(b"0\n"),
            Ok(micros) if micros < EXACT_MICROS => digits(out, micros / 1_000_000, micros % 1_000_000),
            _ => self.seconds().end_line(out),
        }
    }
}

impl Value for Duration {
    fn end_line(self, out: &mut BytesMut) {
        (Timestamp::from_micros(0) + self).end_line(out);
    }
}

impl Value for f64 {
    fn end_line(self, out: &mut BytesMut) {
        put(out, self);
        out.put_u8(b'\n');
    }
}

fn digits(out: &mut BytesMut, whole: u64, micros: u64) {
    let mut line = Line::new();
    line.put_micros(micros);
    line.put_whole(whole);
    out.put_slice(line.text());
}

/// The end of a line, put together from its last digit to its first.
struct Line {
    text: [u8; 32],
    start: usize,
}

impl Line {
    const fn new() -> Self {
        Self { text: [b'\n'; 32], start: 31 }
    }

    const fn put(&mut self, byte: u8) {
        self.start -= 1;
        self.text[self.start] = byte;
    }

    fn put_digit(&mut self, digit: u64) {
        self.put(b'0' + lowest_byte(digit));
    }

    /// Puts the last two digits of a number.
    fn put_pair(&mut self, number: u64) {
        let pair = lowest_byte(number % 100);
        self.put(b'0' + pair % 10);
        self.put(b'0' + pair / 10);
    }

    /// Puts millionths with the point before them, without zeros at their end.
    fn put_micros(&mut self, mut micros: u64) {
        if micros == 0 {
            return;
        }
        let mut pairs = 3;
        while micros.is_multiple_of(100) {
            micros /= 100;
            pairs -= 1;
        }
        if micros.is_multiple_of(10) {
            micros /= 10;
            self.put_digit(micros % 10);
            micros /= 10;
            pairs -= 1;
        }
        for _ in 0..pairs {
            self.put_pair(micros);
            micros /= 100;
        }
        self.put(b'.');
    }

    fn put_whole(&mut self, mut number: u64) {
        while number >= 100 {
            self.put_pair(number);
            number /= 100;
        }
        if number >= 10 {
            self.put_pair(number);
        } else {
            self.put_digit(number);
        }
    }

    fn text(&self) -> &[u8] {
        &self.text[self.start..]
    }
}

const fn lowest_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

/// Appends a label value, with what must not stand between quotes escaped.
pub(super) fn put_escaped(out: &mut BytesMut, text: &str) {
    let is_special = |byte: &u8| matches!(byte, b'\\' | b'"' | b'\n');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(is_special) {
        out.put_slice(&rest[..at]);
        out.put_slice(match rest[at] {
            b'\\' => b"\\\\",
            b'"' => b"\\\"",
            _ => b"\\n",
        });
        rest = &rest[at + 1..];
    }
    out.put_slice(rest);
}

/// Appends help and type of a family.
pub(super) fn put_head(out: &mut BytesMut, metric: &Metric) {
    let (name, kind) = (metric.name, metric.kind.as_str());
    put(out, format_args!("# HELP {name} {}\n# TYPE {name} {kind}\n", metric.help));
}

/// Appends anything that can be displayed.
pub(super) fn put(out: &mut BytesMut, what: impl Display) {
    // It takes everything that there is memory for.
    let _ = write!(out, "{what}");
}
