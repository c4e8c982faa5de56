//! What really happened at the farm, kept by a stopwatch of its own: nothing of the exporter's rules is used here.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::labels::{Origin, Outcome};

/// Something that changes the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A print begins.
    Begins(Origin),
    /// The open print waits from here on.
    Pauses,
    /// The open print goes on.
    Resumes {
        /// Whether a webhook tells that it does.
        told: bool,
    },
    /// A webhook shows that the open print goes on.
    GoesOn,
    /// The open print neither prints nor waits any more, but no webhook has said yet that it has ended.
    Stops {
        /// Whether a webhook tells that it stopped.
        told: bool,
    },
    /// The open print ends, or is given up for ended.
    Ends(Outcome),
    /// A print of which no webhook tells, because the daily limit of the account is reached.
    Unreported,
}

/// The truth of one printer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrinterLedger {
    /// Prints that began, by the position of their origin in [`Origin::ALL`].
    pub started: [u64; Origin::ALL.len()],
    /// Prints that ended, by origin and by the position of their outcome in [`Outcome::ALL`].
    pub ended: [[u64; Outcome::ALL.len()]; Origin::ALL.len()],
    /// Time spent printing, without pauses, the open print included.
    pub printed: Duration,
    /// Time spent paused, the open print included.
    pub paused: Duration,
    /// How often a print was paused.
    pub pauses: u64,
    /// Time in which a print had stopped while no webhook had told so: an exporter may take it for printing.
    pub stopped_unseen: Duration,
    /// Time in which a print had gone on while no webhook had told so: an exporter may have shown it as paused.
    pub resumed_unseen: Duration,
    /// Prints of which no webhook told.
    pub unreported: u64,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Open {
    origin: Origin,
    hand: Hand,
    since: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    Printing { told: bool },
    Paused,
    Stopped { told: bool },
}

impl PrinterLedger {
    /// Prints that have begun and not ended: 0 or 1.
    #[must_use]
    pub fn open(&self) -> u64 {
        u64::from(self.open.is_some())
    }

    /// Credits the time until `at`, so that the times are those of that moment.
    pub fn advance(&mut self, at: Duration) {
        let Some(open) = &mut self.open else { return };
        let span = at.saturating_sub(open.since);
        open.since = open.since.max(at);
        match open.hand {
            Hand::Printing { told } => {
                self.printed += span;
                self.resumed_unseen += if told { Duration::ZERO } else { span };
            }
            Hand::Paused => self.paused += span,
            Hand::Stopped { told: false } => self.stopped_unseen += span,
            Hand::Stopped { told: true } => {}
        }
    }

    fn note(&mut self, at: Duration, fact: Fact) {
        self.advance(at);
        match fact {
            Fact::Begins(origin) => {
                self.started[origin.index()] += 1;
                self.open = Some(Open { origin, hand: Hand::Printing { told: true }, since: at });
            }
            Fact::Pauses => {
                self.pauses += 1;
                self.turn(Hand::Paused);
            }
            Fact::Resumes { told } => self.turn(Hand::Printing { told }),
            Fact::GoesOn => self.turn(Hand::Printing { told: true }),
            Fact::Stops { told } => self.turn(Hand::Stopped { told }),
            Fact::Ends(outcome) => {
                if let Some(open) = self.open.take() {
                    self.ended[open.origin.index()][outcome.index()] += 1;
                }
            }
            Fact::Unreported => self.unreported += 1,
        }
    }

    fn turn(&mut self, hand: Hand) {
        if let Some(open) = &mut self.open {
            open.hand = hand;
        }
    }
}

/// The truth of the whole farm, by the name of the printer, which is its `printer` label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger(BTreeMap<String, PrinterLedger>);

impl Ledger {
    /// Takes in what happened to a printer, `at` after the start. Facts of one printer come in their order.
    pub fn note(&mut self, at: Duration, printer: &str, fact: Fact) {
        self.heard_of(printer).note(at, fact);
    }

    /// A printer that a webhook tells of is in the truth, even before its first print.
    pub fn heard_of(&mut self, printer: &str) -> &mut PrinterLedger {
        self.0.entry(printer.to_owned()).or_default()
    }

    /// The truth as it is `at` after the start.
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
    fn every_second_goes_to_one_account() {
        let mut truth = Ledger::default();
        let facts = [
            (10, Fact::Begins(Origin::Local)),
            (40, Fact::Pauses),
            (45, Fact::Resumes { told: false }),
            (50, Fact::GoesOn),
            (65, Fact::Stops { told: false }),
            (72, Fact::Ends(Outcome::Unknown)),
            (72, Fact::Begins(Origin::SdCard)),
            (73, Fact::Stops { told: true }),
        ];
        for (at, fact) in facts {
            truth.note(Duration::from_secs(at), "mk3", fact);
        }
        let truth = truth.at(Duration::from_secs(100));
        let (_, printer) = truth.printers().next().unwrap();
        assert_eq!([printer.printed, printer.paused].map(|it| it.as_secs()), [51, 5]);
        assert_eq!([printer.stopped_unseen, printer.resumed_unseen].map(|it| it.as_secs()), [7, 5]);
        assert_eq!((printer.started, printer.open(), printer.pauses), ([1, 1, 0], 1, 1));
        assert_eq!(printer.ended, [[0, 0, 0, 1], [0; 4], [0; 4]]);
    }
}
