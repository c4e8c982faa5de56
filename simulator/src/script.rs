//! The script of one print: its file, its segments, and how it ends.

use std::time::Duration;

use crate::labels::Origin;
use crate::occurrence::{Ending, PauseReason};

/// A part of a print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Printing(Duration),
    Paused(Duration, PauseReason),
}

impl Segment {
    const fn duration(self) -> Duration {
        match self {
            Self::Printing(duration) | Self::Paused(duration, _) => duration,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) size: u64,
}

/// One print from its start to its end. All durations are in real time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PrintScript {
    pub(crate) file: File,
    pub(crate) origin: Origin,
    /// How long the whole file takes to print.
    pub(crate) whole: Duration,
    /// The slicer's estimate of that.
    pub(crate) estimate: Duration,
    pub(crate) segments: Vec<Segment>,
    pub(crate) ending: Ending,
    /// The print's id at a cloud service.
    pub(crate) id: String,
    /// The fraction of its duration after which the sender reports nothing more; 1 when it reports everything.
    pub(crate) reported: f64,
}

impl PrintScript {
    /// How long it takes, pauses included.
    pub(crate) fn duration(&self) -> Duration {
        self.segments.iter().map(|segment| segment.duration()).sum()
    }

    /// Somebody cancels it after `duration`, unless it is over by then.
    pub(crate) fn cancel_after(&mut self, duration: Duration) {
        let mut left = duration;
        for at in 0..self.segments.len() {
            if let Some(rest) = left.checked_sub(self.segments[at].duration()) {
                left = rest;
                continue;
            }
            self.segments.truncate(at + 1);
            match &mut self.segments[at] {
                Segment::Printing(duration) | Segment::Paused(duration, _) => *duration = left,
            }
            self.cancel_at_its_end();
            return;
        }
    }

    /// Somebody cancels it when it would have ended otherwise.
    pub(crate) fn cancel_at_its_end(&mut self) {
        self.ending = match self.segments.last() {
            Some(Segment::Paused(..)) => Ending::CancelledWhilePaused,
            _ => Ending::Cancelled,
        };
        self.reported = 1.0;
    }
}
