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

/// Everything that `/metrics` shows. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The exporter's own metrics.
    pub own: ExporterMetrics,
}

impl Metrics {
    /// The metrics of an exporter that starts at `now`.
    ///
    /// # Errors
    /// When two metrics of the catalogue contradict each other.
    pub fn new(now: Timestamp) -> prometheus::Result<Self> {
        Ok(Self { own: ExporterMetrics::new(now)? })
    }

    /// Writes everything as it is at `now` in text format 0.0.4: the printers' series, then the exporter's own.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write(&self, view: &View, now: Timestamp, out: &mut impl io::Write) -> io::Result<()> {
        printers::write(view.read(now), |source| view.limit_reached(source), out)?;
        self.own.write(out)
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
