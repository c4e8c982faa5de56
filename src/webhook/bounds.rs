//! Bounds of the values that senders report. A value out of bounds counts as not reported.

use std::time::Duration;

use crate::timestamp::Timestamp;

/// The longest print, and the longest estimate of one.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The longest text that is kept, in bytes.
pub(super) const MAX_TEXT: usize = 1_024;
const MAX_LAYERS: f64 = 1_000_000.0;
const MAX_MILLIMETERS: f64 = 10_000.0;
/// No spool has more than some kilometres or kilograms.
const MAX_FILAMENT_MILLIMETERS: f64 = 100_000_000.0;
const MAX_FILAMENT_GRAMS: f64 = 1_000_000.0;
/// Beyond this, a float no longer tells neighbouring integers apart.
const MAX_POSITION: f64 = 9_007_199_254_740_992.0;
/// 2000-01-01 and 2100-01-01, in seconds since the Unix epoch.
const CREDIBLE_SECONDS: std::ops::Range<f64> = 946_684_800.0..4_102_444_800.0;

/// A duration in seconds, up to [`LONGEST`].
pub(super) fn span(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().and_then(duration)
}

/// A duration up to [`LONGEST`].
pub(super) fn duration(span: Duration) -> Option<Duration> {
    Some(span).filter(|span| *span <= LONGEST)
}

/// A ratio from 0 to 1, from a percentage.
pub(super) fn ratio(percent: f64) -> Option<f64> {
    up_to(percent, 100.0).map(|percent| percent / 100.0)
}

/// Meters, from millimeters.
pub(super) fn metres(millimetres: f64) -> Option<f64> {
    up_to(millimetres, MAX_MILLIMETERS).map(|millimetres| millimetres / 1_000.0)
}

/// A length of filament in metres, from millimetres.
pub(super) fn filament_metres(millimetres: f64) -> Option<f64> {
    up_to(millimetres, MAX_FILAMENT_MILLIMETERS).map(|millimetres| millimetres / 1_000.0)
}

/// A mass of filament in grams.
pub(super) fn filament_grams(grams: f64) -> Option<f64> {
    up_to(grams, MAX_FILAMENT_GRAMS)
}

/// The number of a layer, from 1, or a count of layers.
pub(super) fn layers(value: f64) -> Option<u32> {
    let valid = value.fract() == 0.0 && (1.0..=MAX_LAYERS).contains(&value);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive integer, checked"
    )]
    valid.then_some(value as u32)
}

/// A position in a file, in bytes.
pub(super) fn position(value: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, checked")]
    up_to(value, MAX_POSITION).map(|value| value as u64)
}

/// A time, from seconds since the Unix epoch.
pub(super) fn timestamp(seconds: f64) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "a date of this century, checked")]
    CREDIBLE_SECONDS.contains(&seconds).then(|| Timestamp::from_micros((seconds * 1e6) as i64))
}

/// The text, cut between two characters to at most [`MAX_TEXT`] bytes.
pub(super) fn truncate(text: &str) -> &str {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// The absolute value, because -0 is in bounds and would be shown as such.
fn up_to(value: f64, most: f64) -> Option<f64> {
    (0.0..=most).contains(&value).then(|| value.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONSENSE: [f64; 5] = [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300];

    #[test]
    fn a_value_out_of_bounds_is_not_reported() {
        for value in NONSENSE {
            assert_eq!(span(value), None, "{value}");
            assert_eq!(ratio(value), None, "{value}");
            assert_eq!(metres(value), None, "{value}");
            assert_eq!(filament_metres(value), None, "{value}");
            assert_eq!(filament_grams(value), None, "{value}");
            assert_eq!(layers(value), None, "{value}");
            assert_eq!(position(value), None, "{value}");
            assert_eq!(timestamp(value), None, "{value}");
        }
    }

    #[test]
    fn bounds_are_inclusive() {
        assert_eq!(span(0.0), Some(Duration::ZERO));
        assert_eq!(span(-0.0), Some(Duration::ZERO));
        assert_eq!(span(LONGEST.as_secs_f64()), Some(LONGEST));
        assert_eq!(span(LONGEST.as_secs_f64() + 1.0), None);
        assert_eq!(ratio(100.0), Some(1.0));
        assert_eq!(ratio(100.1), None);
        assert_eq!(metres(10_000.0), Some(10.0));
        assert_eq!(metres(10_001.0), None);
        assert_eq!((filament_metres(1e8), filament_metres(1e8 + 1.0)), (Some(100_000.0), None));
        assert_eq!((filament_grams(1e6), filament_grams(1e6 + 1.0)), (Some(1e6), None));
        assert_eq!((layers(0.0), layers(1.0), layers(1.5)), (None, Some(1), None));
        assert_eq!((layers(1e6), layers(1e6 + 1.0)), (Some(1_000_000), None));
        assert_eq!((position(0.0), position(5348.0)), (Some(0), Some(5348)));
        assert_eq!(timestamp(1_795_308_879.5), Some(Timestamp::from_micros(1_795_308_879_500_000)));
        assert_eq!(timestamp(12.0), None);
    }

    #[test]
    fn minus_zero_becomes_zero() {
        assert!(ratio(-0.0).is_some_and(f64::is_sign_positive));
        assert!(metres(-0.0).is_some_and(f64::is_sign_positive));
        assert!(filament_grams(-0.0).is_some_and(f64::is_sign_positive));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(truncate("short"), "short");
        assert_eq!(truncate(&"x".repeat(2000)).len(), 1024);
        assert_eq!(truncate(&format!("x{}", "\u{20ac}".repeat(1000))).len(), 1024);
        assert_eq!(truncate(&"\u{20ac}".repeat(1000)).len(), 1023);
    }
}
