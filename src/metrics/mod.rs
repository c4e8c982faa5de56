//! What Prometheus reads: the printers' series, written from the published state at each scrape, and the exporter's own.
//!
//! [`catalogue`] says which metrics there are, [`encoder`] writes those of the printers, [`own`] keeps the rest.

pub mod catalogue;
pub mod encoder;
pub mod exporter;
mod text;

use std::sync::Arc;

use bytes::BytesMut;

use crate::farm::{Snapshot, View};
use crate::timestamp::Timestamp;
use encoder::Encoder;
use exporter::ExporterMetrics;

/// More bytes than the exporter's own metrics take.
const OWN: usize = 32 * 1024;

/// All that is behind `/metrics`. Cheap to clone.
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

    /// Everything as it is at `now`, to be written in text format 0.0.4: the printers' series, then the exporter's own.
    #[must_use]
    pub fn scrape(&self, view: Arc<View>, now: Timestamp) -> Scrape {
        let mut own = BytesMut::with_capacity(OWN);
        self.own.encode(&mut own);
        Scrape { printers: Encoder::new(Snapshot::new(view, now)), own }
    }
}

/// A scrape that is being written.
pub struct Scrape {
    printers: Encoder<Snapshot>,
    own: BytesMut,
}

impl Scrape {
    /// Appends a little of it to `out`. Answers whether there may be more.
    pub fn step(&mut self, out: &mut BytesMut) -> bool {
        if self.printers.step(out) {
            return true;
        }
        out.extend_from_slice(&std::mem::take(&mut self.own));
        false
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
