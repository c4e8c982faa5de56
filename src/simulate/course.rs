//! The course of one print: what it prints, where it waits, and how it ends.

use std::time::Duration;

use super::calendar::Calendar;
use super::dice::Dice;
use super::persona::Persona;
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

/// How a print ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Completed,
    Cancelled,
    CancelledWhilePaused,
    /// An error of the firmware, and then the failure.
    Failed,
    /// The line to the printer breaks: a failure without an error.
    LineBroken,
    /// It is paused, and started anew.
    Restarted,
    /// No end is ever reported.
    Silent,
    /// An error is all that is reported.
    ErrorOnly,
    /// The printer is disconnected within a pause, and nothing else is reported.
    Disconnected,
}

impl Fate {
    /// Whether only the next start tells that this print is over.
    pub(super) const fn is_settled_by_the_next_start(self) -> bool {
        matches!(self, Self::Restarted | Self::Silent | Self::ErrorOnly | Self::Disconnected)
    }
}

/// A part of a print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    Prints(Duration),
    Waits(Duration, Why),
}

/// Why a print waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Somebody paused it.
    Person,
    /// The filament has to be changed.
    Filament,
    /// A failure detector paused it.
    Detector,
}

/// A file of the farm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) size: u64,
}

/// One print from its start to its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Course {
    pub(super) file: File,
    pub(super) origin: Origin,
    /// How long it would print in all.
    pub(super) whole: Duration,
    /// How long the slicer believes that it prints.
    pub(super) estimate: Duration,
    pub(super) legs: Vec<Leg>,
    pub(super) fate: Fate,
    /// What OctoEverywhere calls it.
    pub(super) id: String,
    /// The part of its time after which the printer is not heard of any more; 1 for a print that is heard to its end.
    pub(super) heard: f64,
}

impl Course {
    /// Draws a print of `persona`, of another file than `last`.
    pub(super) fn draw(
        persona: &Persona,
        calendar: Calendar,
        dice: &mut Dice,
        last: Option<File>,
        id: String,
    ) -> Self {
        let whole = calendar.real(persona.hours(dice) * HOUR);
        let fate = persona.fate(dice);
        let printer_goes_on = persona.is_octoeverywhere();
        let part = match fate {
            Fate::Completed => 1.0,
            Fate::Silent if printer_goes_on => 1.0,
            _ => dice.between(0.05, 0.95),
        };
        let mut course = Self {
            file: file(dice, last),
            origin: persona.origin(dice),
            whole,
            estimate: whole.mul_f64(dice.between(0.8, 1.2)),
            legs: Vec::new(),
            fate,
            id,
            heard: if fate == Fate::Silent && printer_goes_on { dice.between(0.1, 0.9) } else { 1.0 },
        };
        let pauses = if persona.pauses_before(fate) { pauses(dice) } else { 0 };
        let mut cuts: Vec<f64> = (0..pauses).map(|_| dice.between(0.05, 0.95)).collect();
        cuts.sort_by(f64::total_cmp);
        let mut printed = Duration::ZERO;
        for cut in cuts {
            let until = course.micros(part * cut);
            course.legs.push(Leg::Prints(until.saturating_sub(printed)));
            course.legs.push(Leg::Waits(calendar.real(dice.between(3.0, 45.0) * MINUTE), persona.why(dice)));
            printed = printed.max(until);
        }
        course.legs.push(Leg::Prints(course.micros(part).saturating_sub(printed)));
        if persona.ends_in_a_pause(fate) {
            course.legs.push(Leg::Waits(calendar.real(dice.between(3.0, 90.0) * MINUTE), persona.why(dice)));
        }
        course
    }

    /// A part of the whole, in whole microseconds.
    fn micros(&self, part: f64) -> Duration {
        let micros = self.whole.mul_f64(part).as_micros();
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// How long it takes, pauses included.
    pub(super) fn span(&self) -> Duration {
        self.legs.iter().map(|leg| leg.span()).sum()
    }

    /// Somebody cancels it once it has taken `span`, if it takes longer.
    pub(super) fn cancel_after(&mut self, span: Duration) {
        let mut left = span;
        for at in 0..self.legs.len() {
            if let Some(rest) = left.checked_sub(self.legs[at].span()) {
                left = rest;
                continue;
            }
            self.legs.truncate(at + 1);
            match &mut self.legs[at] {
                Leg::Prints(span) | Leg::Waits(span, _) => *span = left,
            }
            self.heard = 1.0;
            self.cancel_at_its_end();
            return;
        }
    }

    /// Somebody cancels it where it would otherwise have ended.
    pub(super) fn cancel_at_its_end(&mut self) {
        self.fate = match self.legs.last() {
            Some(Leg::Waits(..)) => Fate::CancelledWhilePaused,
            _ => Fate::Cancelled,
        };
        self.heard = 1.0;
    }
}

impl Leg {
    pub(super) const fn span(self) -> Duration {
        match self {
            Self::Prints(span) | Self::Waits(span, _) => span,
        }
    }
}

fn pauses(dice: &mut Dice) -> u32 {
    match dice.below(20) {
        0 => 2,
        1..=5 => 1,
        _ => 0,
    }
}

fn file(dice: &mut Dice, last: Option<File>) -> File {
    let others: Vec<_> =
        FILES.iter().filter(|name| last.is_none_or(|last| last.name != **name)).copied().collect();
    let name = dice.pick(&others).unwrap_or(FILES[0]);
    File { name, size: 1_000_000 + u64::from(dice.below(40_000_000)) }
}
