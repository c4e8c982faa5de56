//! One printer at work: its prints, one after the other, as steps in the order of time.

use std::collections::VecDeque;
use std::time::Duration;

use super::calendar::Calendar;
use super::course::{Course, Fate, File, Leg, Why};
use super::dice::Dice;
use super::news::{Moment, News, Request};
use super::octoeverywhere::Cloud;
use super::octoprint::Plug;
use super::persona::{Persona, Platform, Sender};
use super::plan::Secrets;
use super::truth::Fact;
use crate::labels::{Origin, Outcome};
use crate::timestamp::Timestamp;

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
    pub(super) persona: Persona,
    calendar: Calendar,
    dice: Dice,
    /// What does not change the prints is drawn apart, so that they are the same at every speed.
    ink: Dice,
    secrets: Secrets,
    /// The wall clock at the start.
    clock: Timestamp,
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
        persona: Persona,
        calendar: Calendar,
        [mut dice, ink]: [Dice; 2],
        secrets: Secrets,
        clock: Timestamp,
        ends: Duration,
    ) -> Self {
        // People go round and switch the printers off, so that not all of them end at one moment.
        let closes = ends.saturating_sub(calendar.real(dice.between(0.0, 15.0 * 60.0)));
        let first = calendar.next_start(Duration::ZERO, &mut dice);
        let mut printer = Self {
            persona,
            calendar,
            dice,
            ink,
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
        let mut course = self.course(start);
        let end = start + course.span();
        let next = match course.fate {
            Fate::Restarted => end,
            _ => self.calendar.next_start(end, &mut self.dice),
        };
        let next = self.in_time(next);
        if course.fate.is_settled_by_the_next_start() && next.is_none() {
            course.cancel_at_its_end();
        }
        self.next_start = next;
        self.again = course.fate == Fate::Restarted;
        self.prints += 1;
        self.last = Some((course.file, course.origin));
        if self.persona.is_free() {
            self.perform_within_the_limit(&course, start, next);
        } else {
            self.perform(&course, start);
        }
    }

    fn course(&mut self, start: Duration) -> Course {
        // A print id is never used again, not even by the next simulation.
        let run = self.clock.micros().unsigned_abs();
        let id = format!("{run:x}-{}-{}", &self.persona.id[..8], self.prints);
        let last_file = self.last.map(|(file, _)| file);
        let mut course = Course::draw(&self.persona, self.calendar, &mut self.dice, last_file, id);
        if let Some(last) = self.last.filter(|_| self.again) {
            (course.file, course.origin) = last;
        }
        course.cancel_after(self.closes.saturating_sub(start));
        course
    }

    /// Goes through the print from `start` on.
    fn perform(&mut self, course: &Course, start: Duration) {
        let mut teller =
            Teller { course, at: start, printed: Duration::ZERO, paused: Duration::ZERO, waits: None };
        self.before(&teller);
        self.settle(start);
        self.tell(&teller, Some(Fact::Begins(course.origin)), News::Started);
        let warns = self.dice.chance(10);
        for (number, leg) in course.legs.iter().enumerate() {
            let is_last = number + 1 == course.legs.len();
            match *leg {
                Leg::Prints(span) => self.print_on(&mut teller, span, warns),
                Leg::Waits(span, why) => self.wait(&mut teller, span, why, is_last),
            }
        }
        self.end(&mut teller);
    }

    /// What a printer may tell before a print: a test, a placeholder of its queue, that it is back.
    fn before(&mut self, teller: &Teller<'_>) {
        if self.is_disconnected {
            self.tell(teller, None, News::Connected);
            self.is_disconnected = false;
        }
        if self.prints == 1 || self.dice.chance(2) {
            self.tell(teller, None, News::Test);
        }
        if matches!(self.persona.sender, Sender::OctoPrint(plugin) if plugin.queue) {
            self.tell(teller, None, News::Placeholder);
        }
    }

    /// The start of a print tells how the one before it ended, where nothing else did.
    fn settle(&mut self, at: Duration) {
        if let Some(outcome) = self.unsettled.take() {
            self.steps.push_back(Step { at, fact: Some(Fact::Ends(outcome)), request: None });
        }
    }

    fn print_on(&mut self, teller: &mut Teller<'_>, span: Duration, warns: bool) {
        let (begun, printed) = (teller.at, teller.printed);
        for tenth in 1..10 {
            let milestone = micros(teller.course.whole * tenth / 10);
            if milestone <= printed || milestone >= printed + span {
                continue;
            }
            teller.printed = milestone;
            teller.at = begun + milestone.saturating_sub(printed);
            let goes_on = self.persona.tells_of_progress().then_some(Fact::GoesOn);
            self.tell(teller, goes_on, News::Progress);
            if tenth == 1 {
                self.tell(teller, None, News::FirstLayer);
            }
            if tenth == 6 && warns {
                self.tell(teller, None, News::Warned);
            }
            if self.dice.chance(1) {
                self.tell(teller, None, News::Test);
            }
        }
        teller.printed = printed + span;
        teller.at = begun + span;
    }

    fn wait(&mut self, teller: &mut Teller<'_>, span: Duration, why: Why, is_last: bool) {
        let (begun, paused) = (teller.at, teller.paused);
        teller.waits = Some(Duration::ZERO);
        self.tell(teller, Some(Fact::Pauses), News::Paused(why));
        let every = REMINDER.min(span / 4).max(span / REMINDERS);
        let reminders = if self.persona.is_octoeverywhere() { 1 } else { REMINDERS };
        for after in (0..reminders).map(|number| micros(every * number)).take_while(|after| *after < span) {
            teller.at = begun + after;
            teller.paused = paused + after;
            teller.waits = Some(after);
            self.tell(teller, None, News::StillWaits(why));
        }
        teller.at = begun + span;
        teller.paused = paused + span;
        teller.waits = Some(span);
        if !is_last {
            teller.waits = None;
            self.tell(teller, Some(Fact::Resumes { told: self.persona.tells_of_resumes() }), News::Resumed);
        }
    }

    fn end(&mut self, teller: &mut Teller<'_>) {
        let ends = |outcome| Some(Fact::Ends(outcome));
        match teller.course.fate {
            Fate::Completed => {
                self.tell(teller, ends(Outcome::Completed), News::Completed);
                teller.at += self.calendar.real(120.0);
                self.tell(teller, None, News::BedCooled);
            }
            Fate::Cancelled | Fate::CancelledWhilePaused => {
                self.tell(teller, ends(Outcome::Cancelled), News::Cancelled);
            }
            Fate::Failed => {
                self.tell(teller, None, News::Error);
                self.tell(teller, ends(Outcome::Failed), News::Failed);
            }
            Fate::LineBroken => {
                self.tell(teller, ends(Outcome::Failed), News::Failed);
                self.disconnect(teller, None);
            }
            Fate::Restarted => self.unsettled = Some(Outcome::Cancelled),
            Fate::Silent => {
                let fact = Some(Fact::Stops { told: false });
                self.steps.push_back(Step { at: teller.at, fact, request: None });
                self.is_disconnected = true;
                self.unsettled = Some(Outcome::Unknown);
            }
            Fate::ErrorOnly => {
                self.tell(teller, Some(Fact::Stops { told: true }), News::Error);
                self.unsettled = Some(Outcome::Failed);
            }
            Fate::Disconnected => {
                self.disconnect(teller, Some(Fact::Stops { told: true }));
                self.unsettled = Some(Outcome::Failed);
            }
        }
    }

    fn disconnect(&mut self, teller: &Teller<'_>, fact: Option<Fact>) {
        self.tell(teller, fact, News::Disconnected);
        self.is_disconnected = true;
    }

    /// A free account tells of starts and ends until its webhooks of the day are used up, and then only that they are.
    fn perform_within_the_limit(&mut self, course: &Course, start: Duration, next: Option<Duration>) {
        let mut teller =
            Teller { course, at: start, printed: Duration::ZERO, paused: Duration::ZERO, waits: None };
        let day = self.calendar.day(start);
        if self.used.0 != day {
            self.used = (day, 0);
        }
        match FREE_WEBHOOKS.saturating_sub(self.used.1) {
            0 => self.steps.push_back(Step { at: start, fact: Some(Fact::Untold), request: None }),
            // The end of this print will not be told; so it is only begun where a next day settles it.
            1 => {
                let told_tomorrow = next.is_some_and(|next| self.calendar.day(next) > day);
                if told_tomorrow {
                    self.used.1 += 1;
                    self.settle(start);
                    self.tell(&teller, Some(Fact::Begins(course.origin)), News::Started);
                    teller.at = start + course.span();
                    self.tell(&teller, Some(Fact::Stops { told: false }), News::LimitReached);
                    self.unsettled = Some(Outcome::Unknown);
                } else {
                    self.steps.push_back(Step { at: start, fact: Some(Fact::Untold), request: None });
                }
            }
            _ => {
                self.used.1 += 2;
                self.settle(start);
                self.tell(&teller, Some(Fact::Begins(course.origin)), News::Started);
                teller.at = start + course.span();
                teller.printed = course.span();
                self.end(&mut teller);
            }
        }
    }

    /// Plans the webhooks that tell the news, if the sender sends any and the printer is still heard of, and the fact.
    fn tell(&mut self, teller: &Teller<'_>, mut fact: Option<Fact>, news: News) {
        let requests = if teller.is_heard() { self.requests(teller, news) } else { Vec::new() };
        let mut requests = requests.into_iter().map(Some).collect::<Vec<_>>();
        if requests.is_empty() && fact.is_some() {
            requests.push(None);
        }
        for request in requests {
            self.steps.push_back(Step { at: teller.at, fact: fact.take(), request });
        }
    }

    fn requests(&mut self, teller: &Teller<'_>, news: News) -> Vec<Request> {
        let moment = teller.moment((self.clock + teller.at).micros().div_euclid(1_000_000));
        match self.persona.sender {
            Sender::OctoPrint(plugin) => {
                let plug = Plug { persona: &self.persona, plugin, secret: &self.secrets.octoprint };
                plug.requests(news, moment, &mut self.ink)
            }
            Sender::OctoEverywhere(platform) => {
                let cloud = Cloud { persona: &self.persona, platform, secret: &self.secrets.octoeverywhere };
                let mut requests = cloud.requests(news, moment);
                // Its plugin tries again where it has got no answer, though the first try may have arrived.
                if platform != Platform::Free && requests.len() == 1 && self.ink.chance(3) {
                    requests.extend(requests.first().cloned());
                }
                requests
            }
        }
    }
}

/// How far a print has come.
struct Teller<'a> {
    course: &'a Course,
    at: Duration,
    printed: Duration,
    paused: Duration,
    /// How long the open pause has lasted.
    waits: Option<Duration>,
}

impl<'a> Teller<'a> {
    fn is_heard(&self) -> bool {
        let span = self.course.span().as_secs_f64();
        (self.printed + self.paused).as_secs_f64() <= span * self.course.heard
    }

    fn moment(&self, clock: i64) -> Moment<'a> {
        Moment {
            course: self.course,
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
