//! Dates and times as people write them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::timestamp::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write 2026-11-01, for midnight UTC, or a time such as 2026-11-01T18:30:00+01:00")]
pub(crate) struct BadDate;

/// Parses a date, which means its midnight in UTC, or a time in RFC 3339.
pub(crate) fn parse(text: &str) -> Result<Timestamp, BadDate> {
    let is_date = text.len() == "2026-11-01".len();
    let midnight = is_date.then(|| format!("{text}T00:00:00Z"));
    let time = OffsetDateTime::parse(midnight.as_deref().unwrap_or(text), &Rfc3339).map_err(|_| BadDate)?;
    let micros = time.unix_timestamp_nanos() / 1000;
    i64::try_from(micros).map(Timestamp::from_micros).map_err(|_| BadDate)
}

/// A time in seconds since 1970 as a date and a time in UTC, such as `2026-11-01 18:30:00`; `None` when it is outside the
/// calendar.
pub(crate) fn utc(seconds: f64) -> Option<String> {
    let time = OffsetDateTime::UNIX_EPOCH.checked_add(time::Duration::saturating_seconds_f64(seconds))?;
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    Some(format!("{year}-{:02}-{day:02} {hour:02}:{minute:02}:{second:02}", u8::from(month)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_and_times_are_parsed() {
        let cases = [
            ("a date", "2026-11-01", Some(1_793_491_200_000_000)),
            ("a leap day", "2028-02-29", Some(1_835_395_200_000_000)),
            ("a time in UTC", "2026-11-01T12:34:56Z", Some(1_793_536_496_000_000)),
            ("a time with an offset", "2026-11-01T12:34:56+01:00", Some(1_793_532_896_000_000)),
            ("a fraction of a second", "2026-11-01T00:00:00.25Z", Some(1_793_491_200_250_000)),
            ("before 1970", "1969-12-31T23:59:59Z", Some(-1_000_000)),
            ("nothing", "", None),
            ("a day that does not exist", "2026-02-29", None),
            ("a date in another order", "01.11.2026", None),
            ("a time without an offset", "2026-11-01T12:34:56", None),
            ("a year alone", "2026", None),
            ("a trailing space", "2026-11-01 ", None),
            ("ten bytes that are not a date", "ééééé", None),
        ];
        for (name, text, micros) in cases {
            assert_eq!(parse(text).ok(), micros.map(Timestamp::from_micros), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_parsed_within_the_calendar(text in "[-0-9TZ:.+é]{0,30}") {
            if let Ok(time) = parse(&text) {
                prop_assert!((-100_000_000_000.0..300_000_000_000.0).contains(&time.seconds()));
            }
        }

        #[test]
        fn consecutive_days_are_24_hours_apart(day in 1_u32..28) {
            let [one, next] = [day, day + 1].map(|day| parse(&format!("2027-03-{day:02}")).unwrap());
            prop_assert_eq!(next.micros() - one.micros(), 86_400_000_000);
        }
    }
}
