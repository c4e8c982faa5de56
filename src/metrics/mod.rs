//! What Prometheus reads: the printers' series, written from the published state, and the exporter's own metrics.
//!
//! [`catalogue`] lists every metric, [`printers`] writes the printers' series, [`exporter`] keeps the rest.

pub mod catalogue;
pub mod exporter;
pub mod printers;
mod text;

use std::io;

use crate::farm::View;
use crate::timestamp::Timestamp;
use exporter::ExporterMetrics;

/// Writes everything that `/metrics` shows at `now` in text format 0.0.4: the printers' series, then the exporter's own.
/// Texts in labels are cut to `label_bytes`, except for the printers' labels, which stay as they are.
pub fn write(
    view: &View,
    now: Timestamp,
    label_bytes: usize,
    metrics: &ExporterMetrics,
    out: &mut impl io::Write,
) -> io::Result<()> {
    printers::write(view.read(now), view.limits_reached(), label_bytes, out)?;
    metrics.write(out)
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
