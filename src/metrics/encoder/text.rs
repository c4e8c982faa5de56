//! Label values and numbers as text.

use std::fmt::{Display, Write};
use std::time::Duration;

use bytes::{BufMut, BytesMut};

use crate::farm::Time;

/// Label values that many series share: escaped once, and kept in one piece of memory however many they are.
pub(super) struct Escaped {
    text: BytesMut,
    ends: Vec<usize>,
}

impl Escaped {
    /// Escapes the labels.
    pub(super) fn of<'l>(labels: impl ExactSizeIterator<Item = &'l str> + Clone) -> Self {
        let mut text = BytesMut::with_capacity(labels.clone().map(str::len).sum());
        let mut ends = Vec::with_capacity(labels.len());
        for label in labels {
            put_escaped(&mut text, label);
            ends.push(text.len());
        }
        Self { text, ends }
    }

    /// The escaped values from this position on, in the order in which they were given.
    pub(super) fn from(&self, position: usize) -> impl Iterator<Item = &[u8]> {
        let mut start = position.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.ends[position..].iter().map(move |&end| &self.text[std::mem::replace(&mut start, end)..end])
    }
}

/// Below this, no two numbers of microseconds share an `f64` of seconds, so that their digits are those of the `f64`.
/// Most of a scrape is seconds, and whole numbers take far less time to write than an `f64`.
const EXACT_MICROS: u64 = (1 << 33) * 1_000_000;

/// The value of a series.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// A count.
    Whole(u64),
    /// Seconds, held in microseconds.
    Seconds(Time),
    /// Anything else.
    Float(f64),
}

impl Value {
    /// Appends the shortest decimal that reads back as the same `f64`.
    pub(super) fn write(self, out: &mut BytesMut) {
        match self {
            Self::Whole(number) => whole(out, number),
            Self::Seconds(time) => seconds(out, time),
            Self::Float(number) => put(out, number),
        }
    }
}

impl From<bool> for Value {
    fn from(holds: bool) -> Self {
        Self::Whole(holds.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Whole(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Seconds(time)
    }
}

impl From<Duration> for Value {
    fn from(span: Duration) -> Self {
        Self::Seconds(Time::from_micros(0) + span)
    }
}

fn seconds(out: &mut BytesMut, time: Time) {
    let Some(micros) = u64::try_from(time.micros()).ok().filter(|&micros| micros < EXACT_MICROS) else {
        return put(out, time.seconds());
    };
    let mut number = Digits::new();
    let (mut fraction, mut places) = (micros % 1_000_000, 6);
    if fraction != 0 {
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            places -= 1;
        }
        for _ in 0..places {
            number.put(b'0' + last_digit(fraction));
            fraction /= 10;
        }
        number.put(b'.');
    }
    number.put_whole(micros / 1_000_000);
    out.put_slice(number.text());
}

fn whole(out: &mut BytesMut, number: u64) {
    if number < 10 {
        return out.put_u8(b'0' + last_digit(number));
    }
    let mut digits = Digits::new();
    digits.put_whole(number);
    out.put_slice(digits.text());
}

/// A number as text, put together from its last digit to its first.
struct Digits {
    text: [u8; 32],
    start: usize,
}

impl Digits {
    const fn new() -> Self {
        Self { text: [0; 32], start: 32 }
    }

    const fn put(&mut self, byte: u8) {
        self.start -= 1;
        self.text[self.start] = byte;
    }

    fn put_whole(&mut self, mut number: u64) {
        loop {
            self.put(b'0' + last_digit(number));
            number /= 10;
            if number == 0 {
                break;
            }
        }
    }

    fn text(&self) -> &[u8] {
        &self.text[self.start..]
    }
}

fn last_digit(number: u64) -> u8 {
    (number % 10).to_le_bytes()[0]
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

/// Appends anything that can be displayed.
pub(super) fn put(out: &mut BytesMut, what: impl Display) {
    // It takes everything that there is memory for.
    let _ = write!(out, "{what}");
}
