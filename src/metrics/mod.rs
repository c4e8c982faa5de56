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

/// Writes what `/metrics` shows in text format 0.0.4: the printers' series as of a time, then the exporter's own; each, if it
/// is given. Texts in labels are cut to `label_bytes`, except for the printers' labels, which stay as they are.
pub fn write(
    printers: Option<(&View, Timestamp)>,
    label_bytes: usize,
    exporter: Option<&ExporterMetrics>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    if let Some((view, now)) = printers {
        printers::write(view.read(now), view.limits_reached(), label_bytes, out)?;
    }
    exporter.map_or(Ok(()), |exporter| exporter.write(out))
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
