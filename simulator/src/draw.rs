//! Draws the script of a print from random numbers and the habits of its sender.

use std::time::Duration;

use crate::calendar::Calendar;
use crate::occurrence::Ending;
use crate::rng::Rng;
use crate::script::{File, PrintScript, Segment};
use crate::sender::Sender;

const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;

/// The files of the farm. Some names have characters that senders must escape.
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

/// Draws a print for a printer with this sender, of another file than `last`.
pub(crate) fn draw_script(
    sender: &dyn Sender,
    calendar: Calendar,
    rng: &mut Rng,
    last: Option<File>,
    id: String,
) -> PrintScript {
    let whole = calendar.real(sender.hours(rng) * HOUR);
    let ending = draw_ending(sender, rng);
    let is_silent_to_its_end = ending == Ending::Silent && sender.prints_on_when_silent();
    let part =
        if ending == Ending::Completed || is_silent_to_its_end { 1.0 } else { rng.between(0.05, 0.95) };
    let mut script = PrintScript {
        file: draw_file(rng, last),
        origin: sender.origin(rng),
        whole,
        estimate: whole.mul_f64(rng.between(0.8, 1.2)),
        segments: Vec::new(),
        ending,
        id,
        reported: if is_silent_to_its_end { rng.between(0.1, 0.9) } else { 1.0 },
    };
    let pauses = if sender.pauses_before(ending) { draw_pauses(rng) } else { 0 };
    let mut cuts: Vec<f64> = (0..pauses).map(|_| rng.between(0.05, 0.95)).collect();
    cuts.sort_by(f64::total_cmp);
    let mut printed = Duration::ZERO;
    for cut in cuts {
        let until = fraction(whole, part * cut);
        script.segments.push(Segment::Printing(until.saturating_sub(printed)));
        let pause = calendar.real(rng.between(3.0, 45.0) * MINUTE);
        script.segments.push(Segment::Paused(pause, sender.pause_reason(rng)));
        printed = printed.max(until);
    }
    script.segments.push(Segment::Printing(fraction(whole, part).saturating_sub(printed)));
    if sender.ends_in_a_pause(ending) {
        let pause = calendar.real(rng.between(3.0, 90.0) * MINUTE);
        script.segments.push(Segment::Paused(pause, sender.pause_reason(rng)));
    }
    script
}

/// A fraction of a duration, in whole microseconds.
fn fraction(whole: Duration, fraction: f64) -> Duration {
    let micros = whole.mul_f64(fraction).as_micros();
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

fn draw_ending(sender: &dyn Sender, rng: &mut Rng) -> Ending {
    let mut drawn = rng.below(100);
    for (percent, ending) in sender.endings() {
        match drawn.checked_sub(*percent) {
            Some(rest) => drawn = rest,
            None => return *ending,
        }
    }
    Ending::Completed
}

fn draw_pauses(rng: &mut Rng) -> u32 {
    match rng.below(20) {
        0 => 2,
        1..=5 => 1,
        _ => 0,
    }
}

fn draw_file(rng: &mut Rng, last: Option<File>) -> File {
    let others: Vec<_> =
        FILES.iter().filter(|name| last.is_none_or(|last| last.name != **name)).copied().collect();
    let name = rng.pick(&others).unwrap_or(FILES[0]);
    File { name, size: 1_000_000 + u64::from(rng.below(40_000_000)) }
}
