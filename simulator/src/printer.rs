//! One printer at work: its prints, one after the other, as steps in the order of time.

use std::collections::VecDeque;
use std::time::Duration;

use super::calendar::Calendar;
use super::ledger::Fact;
use super::occurrence::{Ending, Occurrence, PauseReason};
use super::profile::{Platform, PrinterProfile, Sender};
use super::rng::Rng;
use super::script::{File, PrintScript, Segment};
use super::secrets::Secrets;
use super::senders::octoeverywhere::OctoEverywhereSender;
use super::senders::octoprint::OctoPrintSender;
use super::senders::{Moment, Request};
use crate::labels::{Origin, Outcome};

/// How often newer firmware repeats that it waits for somebody. It does so in real time, whatever the speed.
const REMINDER: Duration = Duration::from_secs(2);

/// How many times it does so at most; a real one goes on for as long as it waits, and says nothing else by it.
const REMINDERS: u32 = 20;

/// A print that would begin this short a time before the farm closes is not begun, in seconds of the farm.
const TOO_LATE: f64 = 20.0 * 60.0;

/// Webhooks a day of a free account.
const FREE_WEBHOOKS: u32 = 3;

/// What one printer does at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Duration,
    pub(super) fact: Option<Fact>,
    pub(super) request: Option<Request>,
}

/// A printer of the farm.
#[derive(Debug)]
pub(super) struct Printer {
    pub(super) profile: PrinterProfile,
    calendar: Calendar,
    rng: Rng,
    /// What does not change the prints is drawn apart, so that they are the same at every speed.
    wire_rng: Rng,
    secrets: Secrets,
    /// The wall clock at the start.
    clock: Duration,
    closes: Duration,
    next_start: Option<Duration>,
    prints: u32,
    /// The outcome of the last print, where only the next start tells it.
    unsettled: Option<Outcome>,
    last: Option<(File, Origin)>,
    /// The same print is started anew.
    again: bool,
    is_disconnected: bool,
    /// The day of a free account, and how many webhooks it has used on it.
    used: (i64, u32),
    steps: VecDeque<Step>,
}

impl Printer {
    /// A printer that stops working when the farm closes. The farm opens at a wall clock of `clock`.
    pub(super) fn new(
        profile: PrinterProfile,
        calendar: Calendar,
        [mut rng, wire_rng]: [Rng; 2],
        secrets: Secrets,
        clock: Duration,
        ends: Duration,
    ) -> Self {
        // People go round and switch the printers off, so that not all of them end at one moment.
        let closes = ends.saturating_sub(calendar.real(rng.between(0.0, 15.0 * 60.0)));
        let first = calendar.next_start(Duration::ZERO, &mut rng);
        let mut printer = Self {
            profile,
            calendar,
            rng,
            wire_rng,
            secrets,
            clock,
            closes,
            next_start: None,
            prints: 0,
            unsettled: None,
            last: None,
            again: false,
            is_disconnected: false,
            used: (0, 0),
            steps: VecDeque::new(),
        };
        printer.next_start = printer.in_time(first);
        printer
    }

    fn in_time(&self, start: Duration) -> Option<Duration> {
        (start + self.calendar.real(TOO_LATE) < self.closes).then_some(start)
    }

    /// The next step; `None` when the farm has closed.
    pub(super) fn next_step(&mut self) -> Option<Step> {
        while self.steps.is_empty() {
            let start = self.next_start.take()?;
            self.print(start);
        }
        self.steps.pop_front()
    }

    fn print(&mut self, start: Duration) {
        let mut script = self.script(start);
        let end = start + script.span();
        let next = match script.ending {
            Ending::Restarted => end,
            _ => self.calendar.next_start(end, &mut self.rng),
        };
        let next = self.in_time(next);
        if script.ending.is_settled_by_the_next_start() && next.is_none() {
            script.cancel_at_its_end();
        }
        self.next_start = next;
        self.again = script.ending == Ending::Restarted;
        self.prints += 1;
        self.last = Some((script.file, script.origin));
        if self.profile.is_free() {
            self.perform_within_the_limit(&script, start, next);
        } else {
            self.perform(&script, start);
        }
    }

    fn script(&mut self, start: Duration) -> PrintScript {
        // A print id is never used again, not even by the next simulation.
        let run = self.clock.as_micros();
        let id = format!("{run:x}-{}-{}", &self.profile.id[..8], self.prints);
        let last_file = self.last.map(|(file, _)| file);
        let mut script = PrintScript::draw(&self.profile, self.calendar, &mut self.rng, last_file, id);
        if let Some(last) = self.last.filter(|_| self.again) {
            (script.file, script.origin) = last;
        }
        script.cancel_after(self.closes.saturating_sub(start));
        script
    }

    /// Goes through the print from `start` on.
    fn perform(&mut self, script: &PrintScript, start: Duration) {
        let mut narrator =
            Narrator { script, at: start, printed: Duration::ZERO, paused: Duration::ZERO, waits: None };
        self.before(&narrator);
        self.settle(start);
        self.tell(&narrator, Some(Fact::Begins(script.origin)), Occurrence::Started);
        let warns = self.rng.chance(10);
        for (number, segment) in script.segments.iter().enumerate() {
            let is_last = number + 1 == script.segments.len();
            match *segment {
                Segment::Prints(span) => self.print_on(&mut narrator, span, warns),
                Segment::Waits(span, reason) => self.wait(&mut narrator, span, reason, is_last),
            }
        }
        self.end(&mut narrator);
    }

    /// What a printer may tell before a print: a test, a placeholder of its queue, that it is back.
    fn before(&mut self, narrator: &Narrator<'_>) {
        if self.is_disconnected {
            self.tell(narrator, None, Occurrence::Connected);
            self.is_disconnected = false;
        }
        if self.prints == 1 || self.rng.chance(2) {
            self.tell(narrator, None, Occurrence::Test);
        }
        if matches!(self.profile.sender, Sender::OctoPrint(plugin) if plugin.queue) {
            self.tell(narrator, None, Occurrence::Placeholder);
        }
    }

    /// The start of a print tells how the one before it ended, where nothing else did.
    fn settle(&mut self, at: Duration) {
        if let Some(outcome) = self.unsettled.take() {
            self.steps.push_back(Step { at, fact: Some(Fact::Ends(outcome)), request: None });
        }
    }

    fn print_on(&mut self, narrator: &mut Narrator<'_>, span: Duration, warns: bool) {
        let (begun, printed) = (narrator.at, narrator.printed);
        for tenth in 1..10 {
            let milestone = micros(narrator.script.whole * tenth / 10);
            if milestone <= printed || milestone >= printed + span {
                continue;
            }
            narrator.printed = milestone;
            narrator.at = begun + milestone.saturating_sub(printed);
            let goes_on = self.profile.tells_of_progress().then_some(Fact::GoesOn);
            self.tell(narrator, goes_on, Occurrence::Progress);
            if tenth == 1 {
                self.tell(narrator, None, Occurrence::FirstLayer);
            }
            if tenth == 6 && warns {
                self.tell(narrator, None, Occurrence::Warned);
            }
            if self.rng.chance(1) {
                self.tell(narrator, None, Occurrence::Test);
            }
        }
        narrator.printed = printed + span;
        narrator.at = begun + span;
    }

    fn wait(&mut self, narrator: &mut Narrator<'_>, span: Duration, reason: PauseReason, is_last: bool) {
        let (begun, paused) = (narrator.at, narrator.paused);
        narrator.waits = Some(Duration::ZERO);
        self.tell(narrator, Some(Fact::Pauses), Occurrence::Paused(reason));
        let every = REMINDER.min(span / 4).max(span / REMINDERS);
        let reminders = if self.profile.is_octoeverywhere() { 1 } else { REMINDERS };
        for after in (0..reminders).map(|number| micros(every * number)).take_while(|after| *after < span) {
            narrator.at = begun + after;
            narrator.paused = paused + after;
            narrator.waits = Some(after);
            self.tell(narrator, None, Occurrence::StillWaits(reason));
        }
        narrator.at = begun + span;
        narrator.paused = paused + span;
        narrator.waits = Some(span);
        if !is_last {
            narrator.waits = None;
            self.tell(
                narrator,
                Some(Fact::Resumes { told: self.profile.tells_of_resumes() }),
                Occurrence::Resumed,
            );
        }
    }

    fn end(&mut self, narrator: &mut Narrator<'_>) {
        let ends = |outcome| Some(Fact::Ends(outcome));
        match narrator.script.ending {
            Ending::Completed => {
                self.tell(narrator, ends(Outcome::Completed), Occurrence::Completed);
                narrator.at += self.calendar.real(120.0);
                self.tell(narrator, None, Occurrence::BedCooled);
            }
            Ending::Cancelled | Ending::CancelledWhilePaused => {
                self.tell(narrator, ends(Outcome::Cancelled), Occurrence::Cancelled);
            }
            Ending::Failed => {
                self.tell(narrator, None, Occurrence::Error);
                self.tell(narrator, ends(Outcome::Failed), Occurrence::Failed);
            }
            Ending::LineBroken => {
                self.tell(narrator, ends(Outcome::Failed), Occurrence::Failed);
                self.disconnect(narrator, None);
            }
            Ending::Restarted => self.unsettled = Some(Outcome::Cancelled),
            Ending::Silent => {
                let fact = Some(Fact::Stops { told: false });
                self.steps.push_back(Step { at: narrator.at, fact, request: None });
                self.is_disconnected = true;
                self.unsettled = Some(Outcome::Unknown);
            }
            Ending::ErrorOnly => {
                self.tell(narrator, Some(Fact::Stops { told: true }), Occurrence::Error);
                self.unsettled = Some(Outcome::Failed);
            }
            Ending::Disconnected => {
                self.disconnect(narrator, Some(Fact::Stops { told: true }));
                self.unsettled = Some(Outcome::Failed);
            }
        }
    }

    fn disconnect(&mut self, narrator: &Narrator<'_>, fact: Option<Fact>) {
        self.tell(narrator, fact, Occurrence::Disconnected);
        self.is_disconnected = true;
    }

    /// A free account tells of starts and ends until its webhooks of the day are used up, and then only that they are.
    fn perform_within_the_limit(&mut self, script: &PrintScript, start: Duration, next: Option<Duration>) {
        let mut narrator =
            Narrator { script, at: start, printed: Duration::ZERO, paused: Duration::ZERO, waits: None };
        let day = self.calendar.day(start);
        if self.used.0 != day {
            self.used = (day, 0);
        }
        match FREE_WEBHOOKS.saturating_sub(self.used.1) {
            0 => self.steps.push_back(Step { at: start, fact: Some(Fact::Unreported), request: None }),
            // The end of this print will not be told; so it is only begun where a next day settles it.
            1 => {
                let told_tomorrow = next.is_some_and(|next| self.calendar.day(next) > day);
                if told_tomorrow {
                    self.used.1 += 1;
                    self.settle(start);
                    self.tell(&narrator, Some(Fact::Begins(script.origin)), Occurrence::Started);
                    narrator.at = start + script.span();
                    self.tell(&narrator, Some(Fact::Stops { told: false }), Occurrence::LimitReached);
                    self.unsettled = Some(Outcome::Unknown);
                } else {
                    self.steps.push_back(Step { at: start, fact: Some(Fact::Unreported), request: None });
                }
            }
            _ => {
                self.used.1 += 2;
                self.settle(start);
                self.tell(&narrator, Some(Fact::Begins(script.origin)), Occurrence::Started);
                narrator.at = start + script.span();
                narrator.printed = script.span();
                self.end(&mut narrator);
            }
        }
    }

    /// Plans the webhooks that tell the occurrence, if the sender sends any and the printer is still heard of, and the fact.
    fn tell(&mut self, narrator: &Narrator<'_>, mut fact: Option<Fact>, occurrence: Occurrence) {
        let requests = if narrator.is_heard() { self.requests(narrator, occurrence) } else { Vec::new() };
        let mut requests = requests.into_iter().map(Some).collect::<Vec<_>>();
        if requests.is_empty() && fact.is_some() {
            requests.push(None);
        }
        for request in requests {
            self.steps.push_back(Step { at: narrator.at, fact: fact.take(), request });
        }
    }

    fn requests(&mut self, narrator: &Narrator<'_>, occurrence: Occurrence) -> Vec<Request> {
        let moment = narrator.moment((self.clock + narrator.at).as_secs());
        match self.profile.sender {
            Sender::OctoPrint(plugin) => {
                let plug = OctoPrintSender {
                    profile: &self.profile,
                    plugin,
                    secret: self.secrets.of("octoprint").unwrap_or_default(),
                };
                plug.requests(occurrence, moment, &mut self.wire_rng)
            }
            Sender::OctoEverywhere(platform) => {
                let cloud = OctoEverywhereSender {
                    profile: &self.profile,
                    platform,
                    secret: self.secrets.of("octoeverywhere").unwrap_or_default(),
                };
                let mut requests = cloud.requests(occurrence, moment);
                // Its plugin tries again where it has got no answer, though the first try may have arrived.
                if platform != Platform::Free && requests.len() == 1 && self.wire_rng.chance(3) {
                    requests.extend(requests.first().cloned());
                }
                requests
            }
        }
    }
}

/// How far a print has come.
struct Narrator<'a> {
    script: &'a PrintScript,
    at: Duration,
    printed: Duration,
    paused: Duration,
    /// How long the open pause has lasted.
    waits: Option<Duration>,
}

impl<'a> Narrator<'a> {
    fn is_heard(&self) -> bool {
        let span = self.script.span().as_secs_f64();
        (self.printed + self.paused).as_secs_f64() <= span * self.script.heard
    }

    fn moment(&self, clock: u64) -> Moment<'a> {
        Moment {
            script: self.script,
            clock,
            printed: self.printed,
            paused: self.paused,
            open_pause: self.waits.unwrap_or_default(),
        }
    }
}

/// Whole microseconds, which is what times are counted in.
fn micros(span: Duration) -> Duration {
    Duration::from_micros(u64::try_from(span.as_micros()).unwrap_or(u64::MAX))
}
