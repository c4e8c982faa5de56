//! The published state.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::identity::Identity;
use super::printer::Printer;
use super::snapshot::PrinterSnapshot;
use super::{Changes, Farm};
use crate::labels::Source;
use crate::timestamp::Timestamp;

/// The state of every printer as last published. Cheap to clone: the printers are shared.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub(super) printers: Vec<Arc<Printer>>,
    pub(super) limits_reached: BTreeMap<Source, Timestamp>,
}

impl View {
    /// Every printer as it is at `now`, except those that are retired.
    pub fn read(&self, now: Timestamp) -> impl Iterator<Item = PrinterSnapshot<'_>> {
        let printers = self.printers.iter().filter(|printer| !printer.state.is_retired);
        printers.map(move |printer| printer.snapshot(now))
    }

    /// The identity of the printer with this label.
    pub fn identity(&self, label: &str) -> Option<Identity> {
        let is_named = |printer: &&Arc<Printer>| *printer.label == *label && !printer.state.is_retired;
        self.printers.iter().find(is_named).map(|printer| printer.identity())
    }

    /// When a source last reported that its webhooks of the day are used up.
    pub fn limit_reached(&self, source: Source) -> Option<Timestamp> {
        self.limits_reached.get(&source).copied()
    }

    /// The sources that have reported that their webhooks of the day are used up, and when they last did.
    pub fn limits_reached(&self) -> impl Iterator<Item = (Source, Timestamp)> {
        self.limits_reached.iter().map(|(source, reached)| (*source, *reached))
    }

    /// The number of printers, with those that are retired.
    pub fn len(&self) -> usize {
        self.printers.len()
    }

    /// Whether no printer has been seen yet.
    pub fn is_empty(&self) -> bool {
        self.printers.is_empty()
    }

    /// The printer at a position that [`Changes`] names.
    pub fn printer(&self, position: usize) -> Option<&Printer> {
        self.printers.get(position).map(Arc::as_ref)
    }

    /// Copies what `changes` names from the writer's state.
    pub fn publish(&mut self, farm: &Farm, changes: &Changes) {
        self.printers.truncate(farm.view().len());
        for &position in &changes.printers {
            let printer = Arc::clone(&farm.view().printers[position]);
            match self.printers.get_mut(position) {
                Some(published) => *published = printer,
                None => self.printers.push(printer),
            }
        }
        if changes.limits {
            self.limits_reached.clone_from(&farm.view().limits_reached);
        }
    }
}
