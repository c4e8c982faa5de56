//! What readers see of an open print.

use std::time::Duration;

use super::OpenPrint;
use crate::farm::snapshot::PrintSnapshot;
use crate::labels::State;
use crate::timestamp::Timestamp;

impl OpenPrint {
    /// Time spent printing until `now`, or until the silence deadline.
    pub(in crate::farm) fn printed(&self, now: Timestamp) -> Duration {
        self.stopwatch.printed(now.min(self.silence_deadline))
    }

    /// Time spent paused until `now`, or until the silence deadline.
    pub(in crate::farm) fn paused(&self, now: Timestamp) -> Duration {
        self.stopwatch.paused(now.min(self.silence_deadline))
    }

    pub(in crate::farm) fn state(&self, now: Timestamp) -> State {
        if now > self.silence_deadline { State::Unknown } else { self.phase.state() }
    }

    pub(in crate::farm) fn snapshot(&self, now: Timestamp) -> PrintSnapshot<'_> {
        let state = self.state(now);
        let elapsed = self.printed(now);
        let expected = self.expected.filter(|_| matches!(state, State::Printing | State::Paused));
        let eta = expected.map(|expected| now + expected - elapsed);
        PrintSnapshot {
            file: self.file.as_ref().map_or("", |file| &file.name),
            origin: self.origin,
            progress: self.progress,
            remaining: expected.map(|expected| expected.saturating_sub(elapsed)),
            eta: eta.filter(|_| state == State::Printing),
            started: self.started,
            elapsed,
            layer: self.layer,
            layers: self.layers,
            height: self.height,
        }
    }
}
