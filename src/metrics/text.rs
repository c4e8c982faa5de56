//! The text format 0.0.4: the head of a family, and label values.

use std::borrow::Cow;

use super::catalogue::Metric;
use crate::labels::legible;

/// The `HELP` and `TYPE` lines of a family.
pub(super) fn head(metric: &Metric) -> String {
    let (name, kind) = (metric.name, metric.kind.as_str());
    format!("# HELP {name} {}\n# TYPE {name} {kind}\n", metric.help)
}

/// A label value of at most `bytes`, as it is written between quotes. Most have nothing to escape and are not copied.
pub(super) fn escape(value: &str, bytes: usize) -> Cow<'_, str> {
    let value = legible(value, bytes);
    let has_special = value.bytes().any(|byte| matches!(byte, b'\\' | b'"'));
    if has_special { value.replace('\\', "\\\\").replace('"', "\\\"").into() } else { value }
}
