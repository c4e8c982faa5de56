//! What really happened at the farm, measured with a stopwatch of its own and without the exporter's rules.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::labels::{Origin, Outcome};

/// Something that changes the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A print starts.
    Started(Origin),
    /// The open print is paused.
    Paused,
    /// The open print is resumed.
    Resumed {
        /// Whether a webhook reports it.
        reported: bool,
    },
    /// A webhook shows that the open print is printing.
    SeenPrinting,
    /// The open print neither prints nor is paused any more, but no webhook has reported its end.
    Stopped {
        /// Whether a webhook shows that it stopped.
        reported: bool,
    },
    /// The open print ends, or is given up.
    Ended(Outcome),
    /// A print that no webhook reports, because the account has reached its daily limit.
    Unreported,
}

/// What really happened at one printer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrinterLedger {
    /// Prints that started, by [`Origin::index`].
    pub started: [u64; Origin::ALL.len()],
    /// Prints that ended, by [`Origin::index`] and [`Outcome::index`].
    pub ended: [[u64; Outcome::ALL.len()]; Origin::ALL.len()],
    /// Time spent printing, without pauses, the open print included.
    pub printed: Duration,
    /// Time spent paused, the open print included.
    pub paused: Duration,
    /// How often a print was paused.
    pub pauses: u64,
    /// Time in which a print had stopped and no webhook had shown it: an exporter may count it as printed.
    pub stopped_unseen: Duration,
    /// Time in which a print had resumed and no webhook had shown it: an exporter may count it as paused.
    pub resumed_unseen: Duration,
    /// Prints that no webhook reports.
    pub unreported: u64,
    open: Option<OpenPrint>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct OpenPrint {
    origin: Origin,
    activity: Activity,
    /// The time up to which it is credited.
    since: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    Printing { reported: bool },
    Paused,
    Stopped { reported: bool },
}

impl PrinterLedger {
    /// Prints that have started and not ended: 0 or 1.
    #[must_use]
    pub fn open(&self) -> u64 {
        u64::from(self.open.is_some())
    }

    /// Credits the time until `at`.
    fn advance(&mut self, at: Duration) {
        let Some(open) = &mut self.open else { return };
        let passed = at.saturating_sub(open.since);
        open.since = open.since.max(at);
        match open.activity {
            Activity::Printing { reported } => {
                self.printed += passed;
                self.resumed_unseen += if reported { Duration::ZERO } else { passed };
            }
            Activity::Paused => self.paused += passed,
            Activity::Stopped { reported: false } => self.stopped_unseen += passed,
            Activity::Stopped { reported: true } => {}
        }
    }

    fn record(&mut self, at: Duration, fact: Fact) {
        self.advance(at);
        match fact {
            Fact::Started(origin) => {
                self.started[origin.index()] += 1;
                let activity = Activity::Printing { reported: true };
                self.open = Some(OpenPrint { origin, activity, since: at });
            }
            Fact::Paused => {
                self.pauses += 1;
                self.switch(Activity::Paused);
            }
            Fact::Resumed { reported } => self.switch(Activity::Printing { reported }),
            Fact::SeenPrinting => self.switch(Activity::Printing { reported: true }),
            Fact::Stopped { reported } => self.switch(Activity::Stopped { reported }),
            Fact::Ended(outcome) => {
                if let Some(open) = self.open.take() {
                    self.ended[open.origin.index()][outcome.index()] += 1;
                }
            }
            Fact::Unreported => self.unreported += 1,
        }
    }

    fn switch(&mut self, activity: Activity) {
        if let Some(open) = &mut self.open {
            open.activity = activity;
        }
    }
}

/// What really happened at the farm, by the name of the printer, which is its `printer` label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger(BTreeMap<String, PrinterLedger>);

impl Ledger {
    /// Records what happened at a printer, `at` after the start. The facts of a printer come in order.
    pub fn record(&mut self, at: Duration, printer: &str, fact: Fact) {
        self.0.entry(printer.to_owned()).or_default().record(at, fact);
    }

    /// Adds a printer that a webhook names, even before its first print.
    pub fn add_printer(&mut self, printer: &str) {
        self.0.entry(printer.to_owned()).or_default();
    }

    /// Credits the time of open prints until `at` after the start.
    #[must_use]
    pub fn at(mut self, at: Duration) -> Self {
        self.0.values_mut().for_each(|printer| printer.advance(at));
        self
    }

    /// Every printer, sorted by name.
    pub fn printers(&self) -> impl Iterator<Item = (&str, &PrinterLedger)> {
        self.0.iter().map(|(name, printer)| (name.as_str(), printer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_is_credited_to_one_activity() {
        let mut ledger = Ledger::default();
        let facts = [
            (10, Fact::Started(Origin::Local)),
            (40, Fact::Paused),
            (45, Fact::Resumed { reported: false }),
            (50, Fact::SeenPrinting),
            (65, Fact::Stopped { reported: false }),
            (72, Fact::Ended(Outcome::Unknown)),
            (72, Fact::Started(Origin::SdCard)),
            (73, Fact::Stopped { reported: true }),
        ];
        for (at, fact) in facts {
            ledger.record(Duration::from_secs(at), "mk3", fact);
        }
        let ledger = ledger.at(Duration::from_secs(100));
        let (_, printer) = ledger.printers().next().unwrap();
        assert_eq!([printer.printed, printer.paused].map(|it| it.as_secs()), [51, 5]);
        assert_eq!([printer.stopped_unseen, printer.resumed_unseen].map(|it| it.as_secs()), [7, 5]);
        assert_eq!((printer.started, printer.open(), printer.pauses), ([1, 1, 0], 1, 1));
        assert_eq!(printer.ended, [[0, 0, 0, 1], [0; 4], [0; 4]]);
    }
}
