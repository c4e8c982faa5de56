//! Turns the scripts of one printer's prints into steps: the facts, and the webhooks that report them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::calendar::Calendar;
use crate::labels::Outcome;
use crate::ledger::Fact;
use crate::occurrence::{Ending, Occurrence, PauseReason};
use crate::profile::PrinterProfile;
use crate::rng::Rng;
use crate::script::{PrintScript, Segment};
use crate::sender::{Moment, Request};

/// How often newer firmware repeats that it waits for a person, in real time at every speed.
const REMIND_EVERY: Duration = Duration::from_secs(2);

/// A bed cools down for this time after a print, in seconds of the farm.
const COOLING: f64 = 120.0;

/// What happens at one printer at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Real time since the start.
    pub(crate) at: Duration,
    pub(crate) fact: Option<Fact>,
    pub(crate) request: Option<Request>,
}

/// The narrator of one printer.
#[derive(Debug)]
pub(crate) struct Narrator {
    pub(crate) profile: PrinterProfile,
    calendar: Calendar,
    secret: Option<String>,
    /// The wall clock at the start, since the Unix epoch.
    start: Duration,
    /// What does not change the prints has random numbers of its own, so that the prints are the same at every speed.
    wire_rng: Rng,
    is_first_print: bool,
    /// The outcome of the last print, where only the next start shows it.
    pending_outcome: Option<Outcome>,
    is_disconnected: bool,
    /// The day of an account with a limit, and how many webhooks it has used on that day.
    used: (i64, u32),
    events: VecDeque<Event>,
}

impl Narrator {
    pub(crate) const fn new(
        profile: PrinterProfile,
        calendar: Calendar,
        secret: Option<String>,
        start: Duration,
        wire_rng: Rng,
    ) -> Self {
        Self {
            profile,
            calendar,
            secret,
            start,
            wire_rng,
            is_first_print: true,
            pending_outcome: None,
            is_disconnected: false,
            used: (0, 0),
            events: VecDeque::new(),
        }
    }

    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Narrates a print that starts at `start`, when the next one starts at `next`.
    pub(crate) fn narrate(
        &mut self,
        script: &PrintScript,
        start: Duration,
        next: Option<Duration>,
        rng: &mut Rng,
    ) {
        let position = Position::new(script, start);
        match self.profile.sender.daily_limit() {
            Some(limit) => self.narrate_within(limit, position, next),
            None => self.narrate_everything(position, rng),
        }
        self.is_first_print = false;
    }

    fn narrate_everything(&mut self, mut position: Position<'_>, rng: &mut Rng) {
        let script = position.script;
        self.before(&position, rng);
        self.start(&position);
        let warns = rng.chance(10);
        for (number, segment) in script.segments.iter().enumerate() {
            match *segment {
                Segment::Printing(duration) => self.print(&mut position, duration, warns, rng),
                Segment::Paused(duration, reason) => {
                    self.pause(&mut position, duration, reason);
                    if number + 1 < script.segments.len() {
                        self.resume(&mut position);
                    }
                }
            }
        }
        self.end(&mut position);
    }

    /// What a printer may report before a print: that it is back, a test, a placeholder of its queue.
    fn before(&mut self, position: &Position<'_>, rng: &mut Rng) {
        if self.is_disconnected {
            self.report(position, None, Occurrence::Connected);
            self.is_disconnected = false;
        }
        if self.is_first_print || rng.chance(2) {
            self.report(position, None, Occurrence::Test);
        }
        if self.profile.sender.prints_placeholders() {
            self.report(position, None, Occurrence::Placeholder);
        }
    }

    fn start(&mut self, position: &Position<'_>) {
        if let Some(outcome) = self.pending_outcome.take() {
            self.record(position.at, Fact::Ended(outcome));
        }
        self.report(position, Some(Fact::Started(position.script.origin)), Occurrence::Started);
    }

    fn print(&mut self, position: &mut Position<'_>, duration: Duration, warns: bool, rng: &mut Rng) {
        let (start, printed) = (position.at, position.printed);
        for tenth in 1..10 {
            let milestone = whole_micros(position.script.whole * tenth / 10);
            if milestone <= printed || milestone >= printed + duration {
                continue;
            }
            position.printed = milestone;
            position.at = start + milestone.saturating_sub(printed);
            let seen = self.profile.sender.reports_progress().then_some(Fact::SeenPrinting);
            self.report(position, seen, Occurrence::Progress);
            if tenth == 1 {
                self.report(position, None, Occurrence::FirstLayer);
            }
            if tenth == 6 && warns {
                self.report(position, None, Occurrence::Warned);
            }
            if rng.chance(1) {
                self.report(position, None, Occurrence::Test);
            }
        }
        position.printed = printed + duration;
        position.at = start + duration;
    }

    fn pause(&mut self, position: &mut Position<'_>, duration: Duration, reason: PauseReason) {
        let (start, paused) = (position.at, position.paused);
        self.report(position, Some(Fact::Paused), Occurrence::Paused(reason));
        let reminders = self.profile.sender.pause_reminders();
        let every = REMIND_EVERY.min(duration / 4).max(duration / 20);
        let times = (0..reminders).map(|number| whole_micros(every * number));
        for passed in times.take_while(|passed| *passed < duration).chain([duration]) {
            position.at = start + passed;
            position.paused = paused + passed;
            position.open_pause = passed;
            if passed < duration {
                self.report(position, None, Occurrence::StillPaused(reason));
            }
        }
    }

    fn resume(&mut self, position: &mut Position<'_>) {
        position.open_pause = Duration::ZERO;
        let reported = self.profile.sender.reports_resumes();
        self.report(position, Some(Fact::Resumed { reported }), Occurrence::Resumed);
    }

    fn end(&mut self, position: &mut Position<'_>) {
        let ended = |outcome| Some(Fact::Ended(outcome));
        match position.script.ending {
            Ending::Completed => {
                self.report(position, ended(Outcome::Completed), Occurrence::Completed);
                position.at += self.calendar.real(COOLING);
                self.report(position, None, Occurrence::BedCooled);
            }
            Ending::Cancelled | Ending::CancelledWhilePaused => {
                self.report(position, ended(Outcome::Cancelled), Occurrence::Cancelled);
            }
            Ending::Failed => {
                self.report(position, None, Occurrence::Error);
                self.report(position, ended(Outcome::Failed), Occurrence::Failed);
            }
            Ending::ConnectionLost => {
                self.report(position, ended(Outcome::Failed), Occurrence::Failed);
                self.disconnect(position, None);
            }
            Ending::Restarted => self.pending_outcome = Some(Outcome::Cancelled),
            Ending::Silent => {
                self.record(position.at, Fact::Stopped { reported: false });
                self.is_disconnected = true;
                self.pending_outcome = Some(Outcome::Unknown);
            }
            Ending::ErrorOnly => {
                self.report(position, Some(Fact::Stopped { reported: true }), Occurrence::Error);
                self.pending_outcome = Some(Outcome::Failed);
            }
            Ending::Disconnected => {
                self.disconnect(position, Some(Fact::Stopped { reported: true }));
                self.pending_outcome = Some(Outcome::Failed);
            }
        }
    }

    fn disconnect(&mut self, position: &Position<'_>, fact: Option<Fact>) {
        self.report(position, fact, Occurrence::Disconnected);
        self.is_disconnected = true;
    }

    /// Reports starts and ends until the webhooks of the day are used up, then only that they are.
    fn narrate_within(&mut self, limit: u32, mut position: Position<'_>, next: Option<Duration>) {
        let (start, end) = (position.at, position.at + position.script.duration());
        let day = self.calendar.day(start);
        if self.used.0 != day {
            self.used = (day, 0);
        }
        let next_day_shows_the_end = next.is_some_and(|next| self.calendar.day(next) > day);
        match limit.saturating_sub(self.used.1) {
            // The start is reported and the end is not, so the next start must follow on another day.
            1 if next_day_shows_the_end => {
                self.used.1 += 1;
                self.start(&position);
                position.at = end;
                self.report(&position, Some(Fact::Stopped { reported: false }), Occurrence::LimitReached);
                self.pending_outcome = Some(Outcome::Unknown);
            }
            0 | 1 => self.record(start, Fact::Unreported),
            _ => {
                self.used.1 += 2;
                self.start(&position);
                position.at = end;
                position.printed = position.script.duration();
                self.end(&mut position);
            }
        }
    }

    fn record(&mut self, at: Duration, fact: Fact) {
        self.events.push_back(Event { at, fact: Some(fact), request: None });
    }

    /// Adds the fact, and the webhooks for the occurrence unless the sender is silent by now.
    fn report(&mut self, position: &Position<'_>, mut fact: Option<Fact>, occurrence: Occurrence) {
        let requests = if position.is_reported() { self.requests(position, occurrence) } else { Vec::new() };
        if requests.is_empty()
            && let Some(fact) = fact
        {
            self.record(position.at, fact);
        }
        for request in requests {
            self.events.push_back(Event { at: position.at, fact: fact.take(), request: Some(request) });
        }
    }

    fn requests(&mut self, position: &Position<'_>, occurrence: Occurrence) -> Vec<Request> {
        let moment = Moment {
            printer: &self.profile.name,
            printer_id: &self.profile.id,
            secret: self.secret.as_deref(),
            script: position.script,
            clock: (self.start + position.at).as_secs(),
            printed: position.printed,
            paused: position.paused,
            open_pause: position.open_pause,
        };
        self.profile.sender.requests(occurrence, &moment, &mut self.wire_rng)
    }
}

/// How far a print has come.
struct Position<'a> {
    script: &'a PrintScript,
    at: Duration,
    printed: Duration,
    paused: Duration,
    open_pause: Duration,
}

impl<'a> Position<'a> {
    const fn new(script: &'a PrintScript, start: Duration) -> Self {
        Self {
            script,
            at: start,
            printed: Duration::ZERO,
            paused: Duration::ZERO,
            open_pause: Duration::ZERO,
        }
    }

    fn is_reported(&self) -> bool {
        let duration = self.script.duration().as_secs_f64();
        (self.printed + self.paused).as_secs_f64() <= duration * self.script.reported
    }
}

/// Times are whole microseconds.
fn whole_micros(duration: Duration) -> Duration {
    Duration::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}
