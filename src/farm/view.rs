//! The published state, and all its printers at one moment.

use std::ops::Range;
use std::sync::Arc;

use super::printer::Printer;
use super::snapshot::{PrinterSnapshot, PrinterTimes};
use super::{Changes, Farm};
use crate::labels::Source;
use crate::timestamp::Timestamp;

/// The state of every printer as last published. Cheap to clone: the printers are shared.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub(super) printers: Vec<Arc<Printer>>,
    pub(super) limit_reached: [Option<Timestamp>; Source::ALL.len()],
}

impl View {
    /// Every printer as it is at `now`, in the order in which they were first seen.
    pub fn read(&self, now: Timestamp) -> impl Iterator<Item = PrinterSnapshot<'_>> {
        self.printers.iter().map(move |printer| printer.snapshot(&printer.times(now)))
    }

    /// When a source last reported that its webhooks of the day are used up.
    #[must_use]
    pub fn limit_reached(&self, source: Source) -> Option<Timestamp> {
        self.limit_reached[source.index()]
    }

    /// The number of printers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.printers.len()
    }

    /// Whether no printer has been seen yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.printers.is_empty()
    }

    /// The printer at a position that [`Changes`] names.
    #[must_use]
    pub fn printer(&self, position: usize) -> Option<&Printer> {
        self.printers.get(position).map(Arc::as_ref)
    }

    /// Copies what `changes` names from the writer's state.
    pub fn publish(&mut self, farm: &Farm, changes: &Changes) {
        for &position in &changes.printers {
            let printer = Arc::clone(&farm.view().printers[position]);
            match self.printers.get_mut(position) {
                Some(published) => *published = printer,
                None => self.printers.push(printer),
            }
        }
        self.limit_reached = farm.view().limit_reached;
    }
}

/// Every printer at one moment. It shares the printers with the view; later events do not change it.
#[derive(Debug)]
pub struct Snapshot {
    view: Arc<View>,
    times: Vec<PrinterTimes>,
}

impl Snapshot {
    /// The printers of a view as they are at `now`.
    #[must_use]
    pub fn new(view: Arc<View>, now: Timestamp) -> Self {
        let times = view.printers.iter().map(|printer| printer.times(now)).collect();
        Self { view, times }
    }

    /// The number of printers.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no printer.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The printers at these positions, in the order in which they were first seen.
    #[must_use]
    pub fn read(
        &self,
        positions: Range<usize>,
    ) -> impl ExactSizeIterator<Item = PrinterSnapshot<'_>> + Clone {
        let printers = self.view.printers[positions.clone()].iter();
        printers.zip(&self.times[positions]).map(|(printer, times)| printer.snapshot(times))
    }

    /// When a source last reported that its webhooks of the day are used up.
    #[must_use]
    pub fn limit_reached(&self, source: Source) -> Option<Timestamp> {
        self.view.limit_reached(source)
    }
}
