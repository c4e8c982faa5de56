//! The table of states: for every event, what it does to a printer without a print, and to one whose print runs, waits,
//! or has met an error.
//!
//! Every print that is counted as started is counted as ended exactly once, or is still open: `open` and `count_end` are
//! the only places that count.

use std::time::Duration;

use super::{ApplyOutcome, Attention, IdleState, LastEnd, PrinterState};
use crate::farm::event::{Event, EventKind, ReportedState};
use crate::farm::open_print::{OpenPrint, Phase, are_different};
use crate::farm::{EndedPrint, Limits};
use crate::labels::{AttentionReason, Outcome, WarningAction};

/// A second end without a stated time, this soon after the first, repeats it: a plugin may report one end twice.
const END_WINDOW: Duration = Duration::from_secs(60);

/// A second end with the same stated time repeats the first for as long as this.
const SAME_END_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Calls for a person that differ in their reason have one cause when they come within this time.
const ATTENTION_WINDOW: Duration = Duration::from_secs(60);

impl PrinterState {
    /// What the event does, once the clocks are up to date. `already_ended`: its print id is that of a print that has ended.
    pub(super) fn transition(&mut self, event: &Event, already_ended: bool, limits: &Limits) -> ApplyOutcome {
        match event.kind {
            EventKind::Notice if already_ended => ApplyOutcome::default(),
            EventKind::Error if already_ended && self.print.is_none() => self.error(event),
            _ if already_ended => ApplyOutcome::duplicate(),
            EventKind::Started => self.started(event, limits),
            EventKind::Progress => self.progress(event, limits),
            EventKind::Paused => self.paused_now(event, limits),
            EventKind::Resumed => self.resume_or_progress(event, limits, Phase::Printing),
            EventKind::Ended(outcome) => self.ended(event, outcome, limits),
            EventKind::Error => self.error(event),
            EventKind::FailureWarning(action) => self.failure_warning(event, action, limits),
            EventKind::Attention(reason) => self.attention(event, reason),
            EventKind::StateReport(reported) => self.state_report(event, reported),
            EventKind::Notice => self.notice(event),
            EventKind::LimitReached | EventKind::Test => ApplyOutcome::default(),
        }
    }

    fn started(&mut self, event: &Event, limits: &Limits) -> ApplyOutcome {
        let mut effect = ApplyOutcome::default();
        if let Some(print) = &self.print {
            let outcome = match print.phase() {
                _ if print.has_id(event.report.print_id.as_deref()) => return ApplyOutcome::duplicate(),
                Phase::Printing if print.is_announced_again_by(event) => return ApplyOutcome::duplicate(),
                Phase::Paused if !print.is_of_another_file(&event.report) => Outcome::Cancelled,
                Phase::ErrorPending => Outcome::Failed,
                Phase::Printing | Phase::Paused | Phase::Lost => Outcome::Unknown,
            };
            self.close(event, outcome, &mut effect);
        }
        self.open(event, Phase::Printing, limits);
        effect
    }

    fn progress(&mut self, event: &Event, limits: &Limits) -> ApplyOutcome {
        if self.print.is_none() && !event.report.tells_of_a_print() {
            return ApplyOutcome::default();
        }
        let waits = match &self.print {
            None => event.report.says_paused,
            Some(print) => print.phase() == Phase::Paused && event.report.says_paused,
        };
        self.resume_or_progress(event, limits, if waits { Phase::Paused } else { Phase::Printing })
    }

    fn paused_now(&mut self, event: &Event, limits: &Limits) -> ApplyOutcome {
        if self.print.as_ref().is_some_and(|print| print.went_on(event)) {
            self.attention = None;
        }
        self.resume_or_progress(event, limits, Phase::Paused)
    }

    /// A report of a print that runs or waits: of the open one, or of one whose start was lost.
    fn resume_or_progress(&mut self, event: &Event, limits: &Limits, phase: Phase) -> ApplyOutcome {
        let mut effect = ApplyOutcome::default();
        self.close_if_of_another_print(event, &mut effect);
        match &mut self.print {
            Some(print) => print.update(event, phase),
            None => self.open(event, phase, limits),
        }
        self.rest = IdleState::Idle;
        if phase == Phase::Printing {
            self.attention = None;
        }
        effect
    }

    fn ended(&mut self, event: &Event, outcome: Outcome, limits: &Limits) -> ApplyOutcome {
        let mut effect = ApplyOutcome::default();
        if self.print.as_ref().is_none_or(|print| print.is_not_of(event)) && self.repeats_the_last_end(event)
        {
            return ApplyOutcome::duplicate();
        }
        self.close_if_of_another_print(event, &mut effect);
        if self.print.is_none() {
            self.open(event, Phase::Printing, limits);
        }
        if let Some(print) = self.print.take() {
            // What made a print fail, such as an error or a lost connection, outlasts it.
            self.rest = if outcome == Outcome::Failed { self.rest } else { IdleState::Idle };
            self.count_end(print.end(event, outcome), event, &mut effect);
        }
        self.attention = None;
        effect
    }

    fn error(&mut self, event: &Event) -> ApplyOutcome {
        let mut effect = ApplyOutcome::default();
        self.totals.errors += 1;
        self.attention = None;
        self.close_if_of_another_print(event, &mut effect);
        self.rest = IdleState::Error;
        if let Some(print) = &mut self.print {
            print.update(event, Phase::ErrorPending);
        }
        effect
    }

    fn failure_warning(&mut self, event: &Event, action: WarningAction, limits: &Limits) -> ApplyOutcome {
        self.totals.failure_warnings[action.index()] += 1;
        match action {
            WarningAction::Paused => self.resume_or_progress(event, limits, Phase::Paused),
            WarningAction::Warned => self.observe(event),
        }
    }

    fn attention(&mut self, event: &Event, reason: AttentionReason) -> ApplyOutcome {
        let now = event.received;
        let repeated = self.attention.is_some_and(|attention| {
            attention.reason == reason || now.since(attention.last) <= ATTENTION_WINDOW
        });
        let kept =
            if repeated { self.attention.map_or(reason, |attention| attention.reason) } else { reason };
        self.attention = Some(Attention { reason: kept, last: now });
        let effect = self.observe(event);
        if repeated {
            return ApplyOutcome { duplicate: true, ..effect };
        }
        self.totals.attention[reason.index()] += 1;
        effect
    }

    /// Takes in a report that leaves the print in the phase it is in.
    fn observe(&mut self, event: &Event) -> ApplyOutcome {
        let mut effect = ApplyOutcome::default();
        self.close_if_of_another_print(event, &mut effect);
        if let Some(print) = &mut self.print {
            print.update(event, print.phase());
        }
        effect
    }

    fn state_report(&mut self, event: &Event, reported: ReportedState) -> ApplyOutcome {
        if reported == ReportedState::Printing {
            self.attention = None;
        }
        self.rest = match reported {
            ReportedState::Error => IdleState::Error,
            ReportedState::Offline => IdleState::Unknown,
            // A print that nobody announced is going on: until its end tells more, idle would be a lie.
            ReportedState::Printing | ReportedState::Paused if self.print.is_none() => IdleState::Unknown,
            ReportedState::Printing | ReportedState::Paused | ReportedState::Idle => IdleState::Idle,
        };
        let Some(print) = &mut self.print else { return ApplyOutcome::default() };
        match (reported, print.phase()) {
            (ReportedState::Printing, phase) if phase != Phase::Printing => {
                print.update(event, Phase::Printing);
            }
            (ReportedState::Paused, phase) if phase != Phase::Paused => print.update(event, Phase::Paused),
            (ReportedState::Error | ReportedState::Offline, Phase::Printing | Phase::Paused) => {
                print.enter(Phase::ErrorPending, event);
            }
            (ReportedState::Idle, Phase::Printing | Phase::Paused) => print.enter(Phase::Lost, event),
            _ => {}
        }
        ApplyOutcome::default()
    }

    fn notice(&mut self, event: &Event) -> ApplyOutcome {
        if let Some(print) = &mut self.print
            && !print.is_not_of(event)
        {
            print.update(event, print.phase());
        }
        ApplyOutcome::default()
    }

    fn open(&mut self, event: &Event, phase: Phase, limits: &Limits) {
        let print = OpenPrint::open(event, phase, limits);
        self.totals.started[print.origin().index()] += 1;
        self.print = Some(Box::new(print));
        self.rest = IdleState::Idle;
        self.attention = None;
    }

    fn close_if_of_another_print(&mut self, event: &Event, effect: &mut ApplyOutcome) {
        if self.print.as_ref().is_some_and(|print| print.is_not_of(event)) {
            self.close(event, Outcome::Unknown, effect);
        }
    }

    fn close(&mut self, event: &Event, outcome: Outcome, effect: &mut ApplyOutcome) {
        if let Some(print) = self.print.take() {
            self.count_end(print.close(event.received, outcome), event, effect);
        }
    }

    fn count_end(&mut self, ended: EndedPrint, event: &Event, effect: &mut ApplyOutcome) {
        self.totals.ended[ended.origin.index()][ended.outcome.index()] += 1;
        self.totals.ended_printed[ended.outcome.index()] += ended.printed;
        self.totals.last_end[ended.outcome.index()] = Some(ended.ended);
        self.ended_paused += ended.paused;
        let reported = matches!(event.kind, EventKind::Ended(_));
        self.last_end = Some(Box::new(LastEnd {
            at: ended.ended,
            print_id: ended.print_id.clone(),
            file: ended.file.clone(),
            elapsed: event.report.elapsed.filter(|_| reported),
        }));
        effect.ended.push(ended);
    }

    /// Whether `event`, an end, is the last end reported once more. Where the sender names its prints, the name tells;
    /// elsewhere the file, the stated time, and how long ago it was.
    fn repeats_the_last_end(&self, event: &Event) -> bool {
        let Some(last) = &self.last_end else { return false };
        if last.print_id.is_some() && event.report.print_id.is_some() {
            return last.print_id == event.report.print_id;
        }
        if are_different(last.file.as_ref(), event.report.file.as_ref()) {
            return false;
        }
        let ago = event.received.since(last.at);
        match (last.elapsed, event.report.elapsed) {
            (Some(before), Some(now)) => before == now && ago <= SAME_END_WINDOW,
            _ => ago <= END_WINDOW,
        }
    }
}
