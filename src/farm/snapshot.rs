//! Every printer at one moment, to be read in pieces.

use std::ops::Range;
use std::sync::Arc;

use super::view::{PrinterSnapshot, PrinterTimes};
use super::{Printer, View};
use crate::labels::Source;
use crate::timestamp::Timestamp;

/// Every printer as it is at one moment. It shares the printers with the view, so that they may go on meanwhile.
#[derive(Debug)]
pub struct Snapshot {
    view: Arc<View>,
    moments: Vec<PrinterTimes>,
}

impl Snapshot {
    /// The printers of a view as they are at `now`.
    #[must_use]
    pub fn new(view: Arc<View>, now: Timestamp) -> Self {
        let moments = view.printers.iter().map(|printer| printer.moment(now)).collect();
        Self { view, moments }
    }

    /// The number of printers.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.moments.len()
    }

    /// Whether there is no printer.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    /// The printers at these positions, in the order in which they were first seen.
    pub fn read(
        &self,
        positions: Range<usize>,
    ) -> impl ExactSizeIterator<Item = PrinterSnapshot<'_>> + Clone {
        let printers = self.view.printers[positions.clone()].iter().map(Arc::as_ref);
        printers.zip(&self.moments[positions]).map(|(printer, moment): (&Printer, _)| printer.read(moment))
    }

    /// When a source last said that its webhooks of the day are used up.
    #[must_use]
    pub fn limit_reached(&self, source: Source) -> Option<Timestamp> {
        self.view.limit_reached(source)
    }
}
