//! Times and spans as people read them.

use std::fmt;
use std::time::Duration;

use askama::filters::HtmlSafe;

use crate::date;
use crate::timestamp::Timestamp;

/// A point in time: text in UTC, which the script turns into the reader's time zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(pub(super) Timestamp);

/// It writes an element of digits and letters.
impl HtmlSafe for Moment {}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = date::utc(self.0.seconds());
        match text.as_deref().and_then(|text| text.split_once(' ')) {
            Some((day, time)) => {
                write!(f, "<time datetime=\"{day}T{time}Z\">{day} {} UTC</time>", &time[..time.len() - 3])
            }
            None => f.write_str("–"),
        }
    }
}

/// A span in its two largest units; without the second one where it is 0.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => two((hours, "h"), (minutes % 60, "min")),
        _ => two((days, "d"), (hours % 24, "h")),
    }
}

fn two((large, of_large): (u64, &str), (small, of_small): (u64, &str)) -> String {
    if small == 0 { format!("{large} {of_large}") } else { format!("{large} {of_large} {small} {of_small}") }
}

/// A span in seconds, such as a sum has.
pub(super) fn seconds(seconds: f64) -> String {
    span(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

/// How long ago something was.
pub(super) fn ago(time: Timestamp, now: Timestamp) -> String {
    format!("{} ago", span(now.since(time)))
}

/// A part of a sender's text: text between backticks is code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) is_code: bool,
}

/// The parts of a sender's text; `fill` replaces what stands for something else.
pub(super) fn parts(text: &str, fill: impl Fn(&str) -> String) -> Vec<Part> {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| Part { text: fill(part), is_code: at % 2 == 1 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_two_largest_units() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (86_399, "23 h 59 min"),
            (180_000, "2 d 2 h"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
        assert_eq!((seconds(-1.0), seconds(61.9)), ("0 s".into(), "1 min".into()));
    }

    #[test]
    fn a_moment_is_an_element_with_its_time_in_utc() {
        let moment = |micros| Moment(Timestamp::from_micros(micros)).to_string();
        let expected = "<time datetime=\"2026-11-01T12:34:56Z\">2026-11-01 12:34 UTC</time>";
        assert_eq!(moment(1_793_536_496_000_000), expected);
        assert_eq!(moment(i64::MAX), "–", "outside of the calendar");
    }

    #[test]
    fn a_senders_text_has_parts_of_code() {
        let parts = parts("see `{url}`, then `b`", |part| part.replace("{url}", "http://x"));
        let told: Vec<_> = parts.iter().map(|part| (part.text.as_str(), part.is_code)).collect();
        assert_eq!(told, [("see ", false), ("http://x", true), (", then ", false), ("b", true), ("", false)]);
    }
}
