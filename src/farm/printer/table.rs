//! The table of states: for every event, what it does to a printer without a print, and to one whose print runs, waits,
//! or has met an error.
//!
//! Every print that is counted as started is counted as ended exactly once, or is still open: `open` and `count_end` are
//! the only places that count.

use std::time::Duration;

use super::{Attention, Effect, LastEnd, Rest, Standing};
use crate::farm::event::{Event, Reported, What};
use crate::farm::print::{OpenPrint, Phase, are_different};
use crate::farm::words::{AttentionReason, Outcome, WarningAction};
use crate::farm::{EndedPrint, Limits};

/// A second end without a stated time, this soon after the first, repeats it: a plugin may report one end twice.
const END_WINDOW: Duration = Duration::from_secs(60);

/// A second end with the same stated time repeats the first for as long as this.
const SAME_END_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Calls for a person that differ in their reason have one cause when they come within this time.
const ATTENTION_WINDOW: Duration = Duration::from_secs(60);

impl Standing {
    /// What the event does, once the clocks are up to date. `already_ended`: its print id is that of a print that has ended.
    pub(super) fn happen(&mut self, event: &Event, already_ended: bool, limits: &Limits) -> Effect {
        match event.what {
            What::Notice if already_ended => Effect::default(),
            What::Error if already_ended && self.print.is_none() => self.error(event),
            _ if already_ended => Effect::duplicate(),
            What::Started => self.started(event, limits),
            What::Progress => self.progress(event, limits),
            What::Paused => self.paused_now(event, limits),
            What::Resumed => self.goes_on(event, limits, Phase::Printing),
            What::Finished(outcome) => self.finished(event, outcome, limits),
            What::Error => self.error(event),
            What::FailureWarning(action) => self.failure_warning(event, action, limits),
            What::Attention(reason) => self.call_for_a_person(event, reason),
            What::StateReport(reported) => self.state_report(event, reported),
            What::Notice => self.notice(event),
            What::LimitReached | What::Test => Effect::default(),
        }
    }

    fn started(&mut self, event: &Event, limits: &Limits) -> Effect {
        let mut effect = Effect::default();
        if let Some(print) = &self.print {
            let outcome = match print.phase() {
                _ if print.has_id(event.job.print_id.as_deref()) => return Effect::duplicate(),
                Phase::Printing if print.is_announced_again_by(event) => return Effect::duplicate(),
                Phase::Paused if !print.is_of_another_file(&event.job) => Outcome::Cancelled,
                Phase::ErrorPending => Outcome::Failed,
                Phase::Printing | Phase::Paused | Phase::Lost => Outcome::Unknown,
            };
            self.close(event, outcome, &mut effect);
        }
        self.open(event, Phase::Printing, limits);
        effect
    }

    fn progress(&mut self, event: &Event, limits: &Limits) -> Effect {
        if self.print.is_none() && !event.job.tells_of_a_print() {
            return Effect::default();
        }
        let waits = match &self.print {
            None => event.job.says_paused,
            Some(print) => print.phase() == Phase::Paused && event.job.says_paused,
        };
        self.goes_on(event, limits, if waits { Phase::Paused } else { Phase::Printing })
    }

    fn paused_now(&mut self, event: &Event, limits: &Limits) -> Effect {
        if self.print.as_ref().is_some_and(|print| print.went_on(event)) {
            self.attention = None;
        }
        self.goes_on(event, limits, Phase::Paused)
    }

    /// A report of a print that runs or waits: of the open one, or of one whose start was lost.
    fn goes_on(&mut self, event: &Event, limits: &Limits, phase: Phase) -> Effect {
        let mut effect = Effect::default();
        self.close_if_of_another_print(event, &mut effect);
        match &mut self.print {
            Some(print) => print.update(event, phase),
            None => self.open(event, phase, limits),
        }
        self.rest = Rest::Idle;
        if phase == Phase::Printing {
            self.attention = None;
        }
        effect
    }

    fn finished(&mut self, event: &Event, outcome: Outcome, limits: &Limits) -> Effect {
        let mut effect = Effect::default();
        if self.print.as_ref().is_none_or(|print| print.is_not_of(event)) && self.repeats_the_last_end(event)
        {
            return Effect::duplicate();
        }
        self.close_if_of_another_print(event, &mut effect);
        if self.print.is_none() {
            self.open(event, Phase::Printing, limits);
        }
        if let Some(print) = self.print.take() {
            // What made a print fail, such as an error or a lost connection, outlasts it.
            self.rest = if outcome == Outcome::Failed { self.rest } else { Rest::Idle };
            self.count_end(print.end(event, outcome), event, &mut effect);
        }
        self.attention = None;
        effect
    }

    fn error(&mut self, event: &Event) -> Effect {
        let mut effect = Effect::default();
        self.totals.errors += 1;
        self.attention = None;
        self.close_if_of_another_print(event, &mut effect);
        self.rest = Rest::Error;
        if let Some(print) = &mut self.print {
            print.update(event, Phase::ErrorPending);
        }
        effect
    }

    fn failure_warning(&mut self, event: &Event, action: WarningAction, limits: &Limits) -> Effect {
        self.totals.failure_warnings[action.index()] += 1;
        match action {
            WarningAction::Paused => self.goes_on(event, limits, Phase::Paused),
            WarningAction::Warned => self.observe(event),
        }
    }

    fn call_for_a_person(&mut self, event: &Event, reason: AttentionReason) -> Effect {
        let now = event.received;
        let repeated = self.attention.is_some_and(|attention| {
            attention.reason == reason || now.since(attention.last) <= ATTENTION_WINDOW
        });
        let kept =
            if repeated { self.attention.map_or(reason, |attention| attention.reason) } else { reason };
        self.attention = Some(Attention { reason: kept, last: now });
        let effect = self.observe(event);
        if repeated {
            return Effect { duplicate: true, ..effect };
        }
        self.totals.attention[reason.index()] += 1;
        effect
    }

    /// Takes in a report that leaves the print in the phase it is in.
    fn observe(&mut self, event: &Event) -> Effect {
        let mut effect = Effect::default();
        self.close_if_of_another_print(event, &mut effect);
        if let Some(print) = &mut self.print {
            print.update(event, print.phase());
        }
        effect
    }

    fn state_report(&mut self, event: &Event, reported: Reported) -> Effect {
        if reported == Reported::Printing {
            self.attention = None;
        }
        self.rest = match reported {
            Reported::Error => Rest::Error,
            Reported::Offline => Rest::Unknown,
            // A print that nobody announced is going on: until its end tells more, idle would be a lie.
            Reported::Printing | Reported::Paused if self.print.is_none() => Rest::Unknown,
            Reported::Printing | Reported::Paused | Reported::Idle => Rest::Idle,
        };
        let Some(print) = &mut self.print else { return Effect::default() };
        match (reported, print.phase()) {
            (Reported::Printing, phase) if phase != Phase::Printing => print.update(event, Phase::Printing),
            (Reported::Paused, phase) if phase != Phase::Paused => print.update(event, Phase::Paused),
            (Reported::Error | Reported::Offline, Phase::Printing | Phase::Paused) => {
                print.enter(Phase::ErrorPending, event);
            }
            (Reported::Idle, Phase::Printing | Phase::Paused) => print.enter(Phase::Lost, event),
            _ => {}
        }
        Effect::default()
    }

    fn notice(&mut self, event: &Event) -> Effect {
        if let Some(print) = &mut self.print
            && !print.is_not_of(event)
        {
            print.update(event, print.phase());
        }
        Effect::default()
    }

    fn open(&mut self, event: &Event, phase: Phase, limits: &Limits) {
        let print = OpenPrint::open(event, phase, limits);
        self.totals.started[print.origin().index()] += 1;
        self.print = Some(Box::new(print));
        self.rest = Rest::Idle;
        self.attention = None;
    }

    fn close_if_of_another_print(&mut self, event: &Event, effect: &mut Effect) {
        if self.print.as_ref().is_some_and(|print| print.is_not_of(event)) {
            self.close(event, Outcome::Unknown, effect);
        }
    }

    fn close(&mut self, event: &Event, outcome: Outcome, effect: &mut Effect) {
        if let Some(print) = self.print.take() {
            self.count_end(print.close(event.received, outcome), event, effect);
        }
    }

    fn count_end(&mut self, ended: EndedPrint, event: &Event, effect: &mut Effect) {
        self.totals.ended[ended.origin.index()][ended.outcome.index()] += 1;
        self.totals.ended_printed[ended.outcome.index()] += ended.printed;
        self.totals.last_end[ended.outcome.index()] = Some(ended.ended);
        self.ended_paused += ended.paused;
        let reported = matches!(event.what, What::Finished(_));
        self.last_end = Some(Box::new(LastEnd {
            at: ended.ended,
            print_id: ended.print_id.clone(),
            file: ended.file.clone(),
            elapsed: event.job.elapsed.filter(|_| reported),
        }));
        effect.ended.push(ended);
    }

    /// Whether `event`, an end, is the last end reported once more. Where the sender names its prints, the name tells;
    /// elsewhere the file, the stated time, and how long ago it was.
    fn repeats_the_last_end(&self, event: &Event) -> bool {
        let Some(last) = &self.last_end else { return false };
        if last.print_id.is_some() && event.job.print_id.is_some() {
            return last.print_id == event.job.print_id;
        }
        if are_different(last.file.as_ref(), event.job.file.as_ref()) {
            return false;
        }
        let ago = event.received.since(last.at);
        match (last.elapsed, event.job.elapsed) {
            (Some(before), Some(now)) => before == now && ago <= SAME_END_WINDOW,
            _ => ago <= END_WINDOW,
        }
    }
}
