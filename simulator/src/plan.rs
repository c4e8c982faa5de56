//! All printers of the farm, in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::ledger::{Fact, Ledger};
use crate::narrator::Event;
use crate::options::Options;
use crate::printer::Printer;
use crate::sender::Request;

/// What happens at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Real time since the start.
    pub at: Duration,
    /// The number of the printer, from 0. The webhooks of one printer must arrive in order.
    pub printer: usize,
    /// What changes in the ledger.
    pub fact: Option<Fact>,
    /// What is sent.
    pub request: Option<Request>,
}

/// Everything that happens at the farm, in order. The same options give the same steps, byte for byte.
#[derive(Debug)]
pub struct Plan {
    printers: Vec<Printer>,
    /// The time of the next event of each printer that has one, the earliest on top.
    next: BinaryHeap<Reverse<(Duration, usize)>>,
    /// The next event of each printer.
    events: Vec<Option<Event>>,
}

impl Plan {
    /// The plan of a farm.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let printers: Vec<_> = (0..options.printers).map(|index| Printer::new(index, options)).collect();
        let events = printers.iter().map(|_| None).collect();
        let mut plan = Self { printers, next: BinaryHeap::new(), events };
        for printer in 0..plan.printers.len() {
            plan.fetch_next_event(printer);
        }
        plan
    }

    /// Records a step of this plan in the ledger.
    pub fn record(&self, step: &Step, ledger: &mut Ledger) {
        let Some(printer) = self.printers.get(step.printer) else { return };
        match step.fact {
            Some(fact) => ledger.record(step.at, printer.name(), fact),
            None => ledger.add_printer(printer.name()),
        }
    }

    fn fetch_next_event(&mut self, printer: usize) {
        let event = self.printers[printer].next_event();
        if let Some(event) = &event {
            self.next.push(Reverse((event.at, printer)));
        }
        self.events[printer] = event;
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let Reverse((at, printer)) = self.next.pop()?;
        let event = self.events[printer].take()?;
        self.fetch_next_event(printer);
        Some(Step { at, printer, fact: event.fact, request: event.request })
    }
}
