//! The text format 0.0.4: the head of a family, and label values.

use std::borrow::Cow;

use super::catalogue::Metric;
use crate::labels::legible;

/// The `HELP` and `TYPE` lines of a family.
pub(super) fn head(metric: &Metric) -> String {
    let (name, kind) = (metric.name, metric.kind.as_str());
    format!("# HELP {name} {}\n# TYPE {name} {kind}\n", metric.help)
}

/// A label value of at most `bytes`, as it is written between quotes. Most are plain ASCII: they are not copied, and not looked
/// at character by character.
pub(super) fn escape(value: &str, bytes: usize) -> Cow<'_, str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'\\' | b'"');
    if value.len() <= bytes && value.as_bytes().iter().all(is_plain) {
        return value.into();
    }
    let value = legible(value, bytes);
    if value.contains(['\\', '"']) { value.replace('\\', "\\\\").replace('"', "\\\"").into() } else { value }
}
