//! Label values and numbers as text.

use std::fmt::{Display, Write};
use std::time::Duration;

use crate::farm::Time;

/// Label values that many series share: escaped once, and kept in one piece of memory however many they are.
pub(super) struct Escaped {
    text: String,
    ends: Vec<usize>,
}

impl Escaped {
    /// Escapes the labels.
    pub(super) fn of<'l>(labels: impl ExactSizeIterator<Item = &'l str> + Clone) -> Self {
        let mut text = String::with_capacity(labels.clone().map(str::len).sum());
        let mut ends = Vec::with_capacity(labels.len());
        for label in labels {
            put_escaped(&mut text, label);
            ends.push(text.len());
        }
        Self { text, ends }
    }

    /// The escaped values, in the order in which they were given.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.text[std::mem::replace(&mut start, end)..end])
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
    pub(super) fn write(self, out: &mut String) {
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

fn seconds(out: &mut String, time: Time) {
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
    out.push_str(number.as_str());
}

fn whole(out: &mut String, number: u64) {
    if number < 10 {
        return out.push(char::from(b'0' + last_digit(number)));
    }
    let mut digits = Digits::new();
    digits.put_whole(number);
    out.push_str(digits.as_str());
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

    fn as_str(&self) -> &str {
        // Digits and a point are always UTF-8.
        str::from_utf8(&self.text[self.start..]).unwrap_or_default()
    }
}

fn last_digit(number: u64) -> u8 {
    (number % 10).to_le_bytes()[0]
}

/// Appends a label value, with what must not stand between quotes escaped.
pub(super) fn put_escaped(out: &mut String, text: &str) {
    let is_special = |byte: &u8| matches!(byte, b'\\' | b'"' | b'\n');
    let mut rest = text;
    while let Some(at) = rest.as_bytes().iter().position(is_special) {
        let (clean, special) = rest.split_at(at);
        out.push_str(clean);
        out.push_str(match special.as_bytes()[0] {
            b'\\' => "\\\\",
            b'"' => "\\\"",
            _ => "\\n",
        });
        rest = &special[1..];
    }
    out.push_str(rest);
}

/// Appends anything that can be displayed.
pub(super) fn put(out: &mut String, what: impl Display) {
    // A String takes everything.
    let _ = write!(out, "{what}");
}
