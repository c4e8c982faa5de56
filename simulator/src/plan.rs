//! All printers of the farm, in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::calendar::Calendar;
use super::ledger::{Fact, Ledger};
use super::printer::{self, Printer};
use super::profile::PrinterProfile;
use super::rng::Rng;
use super::secrets::Secrets;
use super::senders::Request;

/// Which farm is simulated, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How many printers it has.
    pub printers: u32,
    /// How many times faster than a real farm it lives: everything takes that much less time. More than 0.
    pub speed: f64,
    /// What its chances are drawn from.
    pub seed: u64,
    /// How long it lives, in real time.
    pub duration: Duration,
    /// The wall clock at its start, since the Unix epoch; senders write the time of day into their webhooks.
    pub start: Duration,
    /// The farm's own time at its start, counted from a Monday's midnight.
    pub week: Duration,
    /// What its senders present.
    pub secrets: Secrets,
}

/// What happens at one moment of the farm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, after the start.
    pub at: Duration,
    /// The number of the printer, from 0. What one printer sends has to arrive in order.
    pub printer: usize,
    /// What changes in the truth.
    pub fact: Option<Fact>,
    /// What is sent.
    pub request: Option<Request>,
}

/// Everything that happens at the farm, in order. The same options give the same steps, byte for byte.
#[derive(Debug)]
pub struct Plan {
    printers: Vec<Printer>,
    /// The next step of each printer that has one, the earliest on top.
    next: BinaryHeap<Reverse<(Duration, usize)>>,
    waiting: Vec<Option<printer::Step>>,
}

impl Plan {
    /// The plan of a farm.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let calendar = Calendar::new(options.speed, options.week);
        let printers = (0..options.printers).map(|index| {
            let rng = [0, 1].map(|stream| Rng::new(options.seed, u64::from(index) * 2 + stream));
            let secrets = options.secrets.clone();
            Printer::new(PrinterProfile::at(index), calendar, rng, secrets, options.start, options.duration)
        });
        let mut plan = Self { printers: printers.collect(), next: BinaryHeap::new(), waiting: Vec::new() };
        plan.waiting.resize_with(plan.printers.len(), || None);
        for printer in 0..plan.printers.len() {
            plan.refill(printer);
        }
        plan
    }

    /// The `printer` label of the printer with this number.
    #[must_use]
    pub fn name(&self, printer: usize) -> &str {
        self.printers.get(printer).map_or("", |printer| &printer.profile.name)
    }

    /// Takes what a step tells into the truth.
    pub fn record(&self, step: &Step, truth: &mut Ledger) {
        let name = self.name(step.printer);
        match step.fact {
            Some(fact) => truth.note(step.at, name, fact),
            None => {
                truth.heard_of(name);
            }
        }
    }

    fn refill(&mut self, printer: usize) {
        let step = self.printers[printer].next_step();
        if let Some(step) = &step {
            self.next.push(Reverse((step.at, printer)));
        }
        self.waiting[printer] = step;
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let Reverse((at, printer)) = self.next.pop()?;
        let step = self.waiting[printer].take()?;
        self.refill(printer);
        Some(Step { at, printer, fact: step.fact, request: step.request })
    }
}
