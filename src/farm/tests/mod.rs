//! Tests of the farm: events at given times, and what it shows then.

#![allow(clippy::float_cmp, reason = "the stories' times are whole microseconds")]
#![allow(clippy::cast_possible_truncation, reason = "the stories' times are small")]

mod attention;
mod credit;
mod filament;
mod identity;
mod late;
mod live;
mod names;
mod overtaken;
pub(crate) mod random;
mod repeats;
mod retired;
mod seconds;
mod silence;
mod table;
mod unannounced;

use std::cell::Cell;
use std::time::Duration;

use super::*;
use crate::labels::{AttentionReason, Origin, Outcome, State, WarningAction};

const DONE: EventKind = EventKind::Ended(Outcome::Completed);
const CANCELLED: EventKind = EventKind::Ended(Outcome::Cancelled);
const FAILED: EventKind = EventKind::Ended(Outcome::Failed);
const ATTENTION: EventKind = EventKind::Attention(AttentionReason::UserInteraction);

/// A farm and the time of its story, in seconds.
#[derive(Default)]
struct Story {
    farm: Farm,
    changes: Changes,
    now: f64,
    /// When it was last read.
    last_read: Cell<f64>,
}

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + (seconds * 1e6) as i64)
}

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn identity() -> Identity {
    Identity { source: Source::OCTOPRINT, id: "delta".into(), label: "delta".into(), name: "delta".into() }
}

/// A report with the file only.
fn file(name: &str) -> PrintReport {
    PrintReport {
        file: Some(File { name: name.into(), path: Some(name.into()) }),
        origin: Some(Origin::Local),
        ..PrintReport::default()
    }
}

/// A report with the file and OctoPrint's elapsed time.
fn elapsed(name: &str, seconds: f64) -> PrintReport {
    PrintReport { elapsed: Some(Elapsed::Printing(secs(seconds))), ..file(name) }
}

/// A report with a print id, the file and an elapsed time with pauses.
fn named(print_id: &str, seconds: f64) -> PrintReport {
    PrintReport {
        print_id: Some(print_id.into()),
        elapsed: Some(Elapsed::WithPauses(secs(seconds))),
        ..file("part.gcode")
    }
}

impl Story {
    fn after(&mut self, seconds: f64) -> &mut Self {
        self.now += seconds;
        self
    }

    fn tell(&mut self, kind: EventKind, report: PrintReport) -> Disposition {
        self.tell_of(identity(), kind, report).unwrap().disposition
    }

    fn tell_of(
        &mut self,
        printer: Identity,
        kind: EventKind,
        report: PrintReport,
    ) -> Result<Applied, TooManyPrinters> {
        self.apply(&Event { printer, received: at(self.now), sent: None, kind, report })
    }

    /// Applies an event now, whenever it was received.
    fn apply(&mut self, event: &Event) -> Result<Applied, TooManyPrinters> {
        let time = self.time();
        self.farm.apply(event, time, &Limits::default(), &mut self.changes)
    }

    fn time(&self) -> ApplyTime {
        ApplyTime { now: at(self.now), last_read: at(self.last_read.get()) }
    }

    /// Reads the farm as a scrape does.
    fn read(&self) -> PrinterSnapshot<'_> {
        self.last_read.set(self.now);
        self.farm.view().read(at(self.now)).next().unwrap()
    }

    fn state(&self) -> State {
        self.read().state
    }

    /// Started, completed, cancelled, failed, unknown, running.
    fn counts(&self) -> [u64; 6] {
        let printer = self.read();
        let ended = |outcome: Outcome| printer.totals.ended.iter().map(|by| by[outcome.index()]).sum();
        [
            printer.totals.started.iter().sum(),
            ended(Outcome::Completed),
            ended(Outcome::Cancelled),
            ended(Outcome::Failed),
            ended(Outcome::Unknown),
            u64::from(printer.print.is_some()),
        ]
    }

    fn printed(&self) -> f64 {
        self.read().printed.as_secs_f64()
    }

    fn paused(&self) -> f64 {
        self.read().paused.as_secs_f64()
    }
}

/// A report with a print id, its progress, what remains, and an elapsed time with pauses.
fn reports(print_id: &str, progress: f64, seconds: f64, remaining: f64) -> PrintReport {
    PrintReport {
        progress: Some(progress),
        remaining: Some(secs(remaining)),
        estimate: Some(secs(seconds + remaining)),
        ..named(print_id, seconds)
    }
}

/// An hour's print of `a.gcode` that has just ended.
fn after_an_hour() -> Story {
    let mut story = Story::default();
    story.tell(EventKind::Started, file("a.gcode"));
    story.after(3600.0).tell(DONE, elapsed("a.gcode", 3600.0));
    story
}
