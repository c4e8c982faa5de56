//! What Prometheus reads: the printers' series, written from the published state at each scrape, and the exporter's own.
//!
//! [`catalogue`] says which metrics there are, [`encoder`] writes those of the printers, [`own`] keeps the rest.

pub mod catalogue;
pub mod encoder;
pub mod own;

use crate::farm::Time;
use crate::farm::View;
use own::Own;

/// All that is behind `/metrics`. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The exporter's own metrics.
    pub own: Own,
}

impl Metrics {
    /// The metrics of an exporter that starts at `now`.
    ///
    /// # Errors
    /// When two metrics of the catalogue contradict each other.
    pub fn new(now: Time) -> prometheus::Result<Self> {
        Ok(Self { own: Own::new(now)? })
    }

    /// Appends everything as it is at `now` to `out`, in text format 0.0.4: the printers' series, then the exporter's own.
    ///
    /// # Errors
    /// When the exporter's own metrics cannot be encoded.
    pub fn render(&self, view: &View, now: Time, out: &mut String) -> prometheus::Result<()> {
        let readings: Vec<_> = view.read(now).collect();
        encoder::encode(&readings, |source| view.limit_reached(source), out);
        self.own.encode(out)
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
