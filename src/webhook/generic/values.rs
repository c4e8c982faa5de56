//! Reads values that people's templates write: numbers as text, decimal commas, words that stand for nothing.

use std::borrow::Cow;

use super::{Malformed, Object, bounds, owned};
use crate::date;
use crate::timestamp::Timestamp;

/// What means that a value is not reported, in any case. `None` and an empty text are among them everywhere.
/// "NO FILE" and "NO PATH" are of OctoPrint's event hooks.
const NOTHING: [&str; 10] =
    ["", "unknown", "unavailable", "none", "n/a", "nan", "null", "undefined", "no file", "no path"];

/// The fields of a message.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) Object<'a>);

impl<'a> Fields<'a> {
    /// The field as text, unless it says nothing.
    ///
    /// # Errors
    /// When it is a list or an object, as for all of these.
    pub(super) fn text(self, name: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        Ok(self.0.text(name)?.filter(|text| says_something(text)))
    }

    /// The field as text to be kept.
    pub(super) fn owned_text(self, name: &str) -> Result<Option<String>, Malformed> {
        Ok(owned(self.text(name)?))
    }

    /// The field as a finite number.
    pub(super) fn number(self, name: &str) -> Result<Option<f64>, Malformed> {
        Ok(self.text(name)?.and_then(|text| number(&text)))
    }

    /// The field as a point in time.
    pub(super) fn time(self, name: &str) -> Result<Option<Timestamp>, Malformed> {
        Ok(self.text(name)?.and_then(|text| time(&text)))
    }

    /// The object in the field. A scalar counts as an absent one.
    pub(super) fn object(self, name: &'static str) -> Result<Self, Malformed> {
        self.0.object(name, name).map(Self)
    }
}

fn says_something(text: &str) -> bool {
    !NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}

/// A number with a decimal point or a decimal comma.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.,eE".contains(&byte));
    let number: f64 = text.replacen(',', ".", 1).parse().ok().filter(|_| plain)?;
    Some(number).filter(|number| number.is_finite())
}

/// Seconds or milliseconds since 1970, or a date and time with its offset from UTC as in RFC 3339. Without an offset it can be
/// any of 26 hours, so it says nothing. A blank may stand for the `T`, and in a form that nobody escaped for the `+`.
fn time(text: &str) -> Option<Timestamp> {
    if let Some(number) = number(text) {
        return bounds::timestamp(number).or_else(|| bounds::timestamp(number / 1_000.0));
    }
    let text = text.replacen(' ', "T", usize::from(text.as_bytes().get(10) == Some(&b' '))).replace(' ', "+");
    // A date alone is no point in time.
    let time = date::parse(&text).ok().filter(|_| text.contains(['T', 't']))?;
    bounds::timestamp(time.seconds()).map(|_| time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        let cases = [
            ("21.4", Some(21.4)),
            ("21,4", Some(21.4)),
            ("-5", Some(-5.0)),
            ("1e3", Some(1000.0)),
            ("0", Some(0.0)),
            ("1e400", None),
            ("1,234,5", None),
            ("1.234,5", None),
            ("4000 %", None),
            ("12 min", None),
            ("inf", None),
            ("0x10", None),
            (",", None),
            ("\u{661}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn times_as_people_write_them() {
        let second = Timestamp::from_micros(1_795_158_192_000_000);
        for text in [
            "1795158192",
            "1795158192.0",
            "1795158192,0",
            "1795158192000",
            "2026-11-20T07:03:12Z",
            "2026-11-20T08:03:12+01:00",
            "2026-11-20t07:03:12z",
            "2026-11-20 08:03:12+01:00",
            "2026-11-20 08:03:12 01:00",
            "2026-11-20T08:03:12 01:00",
            "2026-11-20T07:03:12.000000+00:00",
            "2026-11-19T19:03:12-12:00",
        ] {
            assert_eq!(time(text), Some(second), "{text}");
        }
        for text in [
            "2026-11-20T08:03:12",
            "2026-11-20",
            "08:03:12",
            "0",
            "12",
            "-1795158192",
            "1e400",
            "1900-01-01T00:00:00Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn words_that_say_nothing_say_it_in_any_case() {
        for text in
            ["", "unknown", "Unavailable", "None", "none", "N/A", "NaN", "NULL", "undefined", "NO FILE"]
        {
            assert!(!says_something(text), "{text}");
        }
        for text in ["unknown.gcode", "0", "no"] {
            assert!(says_something(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_the_same_with_a_comma(number in -1e9..1e9_f64) {
            let text = format!("{number:.3}");
            prop_assert_eq!(super::number(&text), text.parse().ok());
            prop_assert_eq!(super::number(&text.replace('.', ",")), text.parse().ok());
        }

        #[test]
        fn any_text_is_a_number_or_not(text in ".{0,20}") {
            prop_assert!(number(&text).is_none_or(f64::is_finite));
            let _ = time(&text);
        }

        #[test]
        fn a_time_is_the_same_in_every_zone(seconds in 946_684_800..4_102_444_800_i64, minutes in -1439..1440_i32) {
            let offset = time::UtcOffset::from_whole_seconds(minutes * 60).unwrap();
            let there = OffsetDateTime::from_unix_timestamp(seconds).unwrap().to_offset(offset);
            let sign = if minutes < 0 { '-' } else { '+' };
            let text = format!(
                "{}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
                there.year(), u8::from(there.month()), there.day(), there.hour(), there.minute(), there.second(),
                minutes.abs() / 60, minutes.abs() % 60
            );
            prop_assert_eq!(super::time(&text), Some(Timestamp::from_micros(seconds * 1_000_000)));
        }
    }
}
