//! Which printers there are: their positions, and the indexes over them.

use std::sync::Arc;

use super::identity::free_label;
use super::{Changes, Event, Farm, Identity, Limits, Printer, PrinterState, TooManyPrinters};

impl Farm {
    pub(super) fn position(&self, identity: &Identity) -> Option<usize> {
        self.by_id.get(&identity.source)?.get(identity.id.as_str()).copied()
    }

    pub(super) fn label(&self, identity: &Identity, limits: &Limits) -> String {
        match self.position(identity) {
            Some(position) => self.view.printers[position].label.to_string(),
            None => free_label(&identity.label, limits.label_bytes, |label| self.labels.contains(label)),
        }
    }

    pub(super) fn add(
        &mut self,
        event: &Event,
        limits: &Limits,
        changes: &Changes,
    ) -> Result<usize, TooManyPrinters> {
        if self.labels.len() >= limits.printers {
            return Err(TooManyPrinters { limit: limits.printers });
        }
        let Identity { source, id, name, .. } = &event.printer;
        let state = PrinterState::new(event.received);
        let printer = Printer::restore(*source, id, &self.label(&event.printer, limits), name, state);
        let position = self.free_position(changes);
        self.put(position, Arc::new(printer));
        Ok(position)
    }

    /// The position of a retired printer, else the next one. A printer that `changes` retires keeps its position, because
    /// its last print is stored with its label.
    fn free_position(&self, changes: &Changes) -> usize {
        let printers = &self.view.printers;
        let is_free =
            |position: &usize| printers[*position].state.is_retired && !changes.printers.contains(position);
        let free = (self.labels.len() < printers.len()).then(|| (0..printers.len()).find(is_free));
        free.flatten().unwrap_or(printers.len())
    }

    /// Puts a printer at this position, or after the last one, and into the indexes, unless it is retired. Returns whether its
    /// keys are unique.
    pub(super) fn put(&mut self, position: usize, printer: Arc<Printer>) -> bool {
        let mut is_unique = true;
        if !printer.state.is_retired {
            let (id, label) = (Arc::clone(&printer.id), Arc::clone(&printer.label));
            is_unique &= self.by_id.entry(printer.source).or_default().insert(id, position).is_none();
            is_unique &= self.labels.insert(label);
        }
        match self.view.printers.get_mut(position) {
            Some(other) => *other = printer,
            None => self.view.printers.push(printer),
        }
        is_unique
    }

    /// Removes the printer at this position from the indexes.
    pub(super) fn forget(&mut self, position: usize) {
        let Some(printer) = self.view.printers.get(position).filter(|it| !it.state.is_retired) else {
            return;
        };
        self.labels.remove(&printer.label);
        if let Some(by_id) = self.by_id.get_mut(&printer.source) {
            by_id.remove(&*printer.id);
        }
    }
}
