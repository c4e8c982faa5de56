//! One printer of the farm: when its prints start, and which ones they are.

use std::time::Duration;

use crate::calendar::Calendar;
use crate::draw::draw_script;
use crate::labels::Origin;
use crate::narrator::{Event, Narrator};
use crate::occurrence::Ending;
use crate::options::Options;
use crate::profile::PrinterProfile;
use crate::rng::Rng;
use crate::script::{File, PrintScript};

/// No print starts within this time before the farm closes, in seconds of the farm.
const LAST_START: f64 = 20.0 * 60.0;

/// People switch the printers off within this time before the simulation ends, so that they do not all end at once; in
/// seconds of the farm.
const CLOSING: f64 = 15.0 * 60.0;

#[derive(Debug)]
pub(crate) struct Printer {
    narrator: Narrator,
    calendar: Calendar,
    rng: Rng,
    /// Starts every print id of this run.
    run_id: u128,
    closes: Duration,
    next_start: Option<Duration>,
    prints: u32,
    last: Option<(File, Origin)>,
    /// The next print is the last one again.
    is_restart: bool,
}

impl Printer {
    /// The printer with this number, from 0.
    pub(crate) fn new(index: u32, options: &Options) -> Self {
        let calendar = Calendar::new(options.speed, options.week);
        let profile = PrinterProfile::at(index);
        let [mut rng, wire_rng] = [0, 1].map(|stream| Rng::new(options.seed, u64::from(index) * 2 + stream));
        let secret = options.secrets.of(profile.sender.source()).map(str::to_owned);
        let closes = options.duration.saturating_sub(calendar.real(rng.between(0.0, CLOSING)));
        let first = calendar.next_start(Duration::ZERO, &mut rng);
        let mut printer = Self {
            narrator: Narrator::new(profile, calendar, secret, options.start, wire_rng),
            calendar,
            rng,
            run_id: options.start.as_micros(),
            closes,
            next_start: None,
            prints: 0,
            last: None,
            is_restart: false,
        };
        printer.next_start = printer.unless_too_late(first);
        printer
    }

    pub(crate) fn name(&self) -> &str {
        &self.narrator.profile.name
    }

    /// The next event; `None` after the farm has closed.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.narrator.next_event() {
                return Some(event);
            }
            let start = self.next_start.take()?;
            self.print(start);
        }
    }

    fn unless_too_late(&self, start: Duration) -> Option<Duration> {
        (start + self.calendar.real(LAST_START) < self.closes).then_some(start)
    }

    fn print(&mut self, start: Duration) {
        let mut script = self.script(start);
        let end = start + script.duration();
        let next = match script.ending {
            Ending::Restarted => end,
            _ => self.calendar.next_start(end, &mut self.rng),
        };
        let next = self.unless_too_late(next);
        if script.ending.is_known_at_the_next_start() && next.is_none() {
            script.cancel_at_its_end();
        }
        self.next_start = next;
        self.is_restart = script.ending == Ending::Restarted;
        self.last = Some((script.file, script.origin));
        self.prints += 1;
        self.narrator.narrate(&script, start, next, &mut self.rng);
    }

    fn script(&mut self, start: Duration) -> PrintScript {
        let profile = &self.narrator.profile;
        let id = format!("{:x}-{}-{}", self.run_id, &profile.id[..8], self.prints);
        let last_file = self.last.map(|(file, _)| file);
        let mut script = draw_script(profile.sender, self.calendar, &mut self.rng, last_file, id);
        if let Some(last) = self.last.filter(|_| self.is_restart) {
            (script.file, script.origin) = last;
        }
        script.cancel_after(self.closes.saturating_sub(start));
        script
    }
}
