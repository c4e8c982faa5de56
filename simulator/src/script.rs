//! The script of one print: what it prints, where it waits, and how it ends.

use std::time::Duration;

use super::calendar::Calendar;
use super::occurrence::{Ending, PauseReason};
use super::profile::PrinterProfile;
use super::rng::Rng;
use crate::labels::Origin;

const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;

/// The files of the farm, with characters that senders have to escape.
const FILES: [&str; 12] = [
    "bracket_v3_0.2mm_PETG.gcode",
    "cube_0.8n_0.4mm_PETG_235C.gcode",
    "Gehäuse Deckel (2).gcode",
    "gear 24T \"quiet\".gcode",
    "lamp_shade_vase.gcode",
    "drawer_80x40_PLA.gcode",
    "cable-clip_x40.gcode",
    "façade_panel.gcode",
    "spool_holder_left.gcode",
    "spool_holder_right.gcode",
    "tray_工具.gcode",
    "phone_stand_0.3mm.gcode",
];

/// A part of a print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Prints(Duration),
    Waits(Duration, PauseReason),
}

/// A file of the farm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) size: u64,
}

/// One print from its start to its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PrintScript {
    pub(super) file: File,
    pub(super) origin: Origin,
    /// How long it would print in all.
    pub(super) whole: Duration,
    /// How long the slicer believes that it prints.
    pub(super) estimate: Duration,
    pub(super) segments: Vec<Segment>,
    pub(super) ending: Ending,
    /// What OctoEverywhere calls it.
    pub(super) id: String,
    /// The part of its time after which the printer is not heard of any more; 1 for a print that is heard to its end.
    pub(super) heard: f64,
}

impl PrintScript {
    /// Draws a print of `profile`, of another file than `last`.
    pub(super) fn draw(
        profile: &PrinterProfile,
        calendar: Calendar,
        rng: &mut Rng,
        last: Option<File>,
        id: String,
    ) -> Self {
        let whole = calendar.real(profile.hours(rng) * HOUR);
        let ending = profile.ending(rng);
        let printer_goes_on = profile.is_octoeverywhere();
        let part = match ending {
            Ending::Completed => 1.0,
            Ending::Silent if printer_goes_on => 1.0,
            _ => rng.between(0.05, 0.95),
        };
        let mut script = Self {
            file: file(rng, last),
            origin: profile.origin(rng),
            whole,
            estimate: whole.mul_f64(rng.between(0.8, 1.2)),
            segments: Vec::new(),
            ending,
            id,
            heard: if ending == Ending::Silent && printer_goes_on { rng.between(0.1, 0.9) } else { 1.0 },
        };
        let pauses = if profile.pauses_before(ending) { pauses(rng) } else { 0 };
        let mut cuts: Vec<f64> = (0..pauses).map(|_| rng.between(0.05, 0.95)).collect();
        cuts.sort_by(f64::total_cmp);
        let mut printed = Duration::ZERO;
        for cut in cuts {
            let until = script.micros(part * cut);
            script.segments.push(Segment::Prints(until.saturating_sub(printed)));
            script
                .segments
                .push(Segment::Waits(calendar.real(rng.between(3.0, 45.0) * MINUTE), profile.reason(rng)));
            printed = printed.max(until);
        }
        script.segments.push(Segment::Prints(script.micros(part).saturating_sub(printed)));
        if profile.ends_in_a_pause(ending) {
            script
                .segments
                .push(Segment::Waits(calendar.real(rng.between(3.0, 90.0) * MINUTE), profile.reason(rng)));
        }
        script
    }

    /// A part of the whole, in whole microseconds.
    fn micros(&self, part: f64) -> Duration {
        let micros = self.whole.mul_f64(part).as_micros();
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// How long it takes, pauses included.
    pub(super) fn span(&self) -> Duration {
        self.segments.iter().map(|segment| segment.span()).sum()
    }

    /// Somebody cancels it once it has taken `span`, if it takes longer.
    pub(super) fn cancel_after(&mut self, span: Duration) {
        let mut left = span;
        for at in 0..self.segments.len() {
            if let Some(rest) = left.checked_sub(self.segments[at].span()) {
                left = rest;
                continue;
            }
            self.segments.truncate(at + 1);
            match &mut self.segments[at] {
                Segment::Prints(span) | Segment::Waits(span, _) => *span = left,
            }
            self.heard = 1.0;
            self.cancel_at_its_end();
            return;
        }
    }

    /// Somebody cancels it where it would otherwise have ended.
    pub(super) fn cancel_at_its_end(&mut self) {
        self.ending = match self.segments.last() {
            Some(Segment::Waits(..)) => Ending::CancelledWhilePaused,
            _ => Ending::Cancelled,
        };
        self.heard = 1.0;
    }
}

impl Segment {
    pub(super) const fn span(self) -> Duration {
        match self {
            Self::Prints(span) | Self::Waits(span, _) => span,
        }
    }
}

fn pauses(rng: &mut Rng) -> u32 {
    match rng.below(20) {
        0 => 2,
        1..=5 => 1,
        _ => 0,
    }
}

fn file(rng: &mut Rng, last: Option<File>) -> File {
    let others: Vec<_> =
        FILES.iter().filter(|name| last.is_none_or(|last| last.name != **name)).copied().collect();
    let name = rng.pick(&others).unwrap_or(FILES[0]);
    File { name, size: 1_000_000 + u64::from(rng.below(40_000_000)) }
}
