//! The state table: what each event does to a printer without a print, and to one whose print is running, paused, or
//! pending after an error.
//!
//! Every print that is counted as started is counted as ended exactly once or is still open, because only `open` and
//! `count_end` count.

use std::time::Duration;

use super::{ApplyOutcome, Attention, IdleState, LastEnd, PrinterState};
use crate::farm::event::{Event, EventKind, ReportedState};
use crate::farm::open_print::{OpenPrint, Phase, are_different};
use crate::farm::{EndedPrint, Limits};
use crate::labels::{AttentionReason, Outcome, WarningAction};

/// A second end without a stated time within this time of the first repeats it: plugins may report one end twice.
const END_WINDOW: Duration = Duration::from_secs(60);

/// A second end with the same stated time repeats the first within this time.
const SAME_END_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Requests for attention that differ in their reason have one cause when they arrive within this time.
const ATTENTION_WINDOW: Duration = Duration::from_secs(60);

impl PrinterState {
    /// Applies the event once the stopwatch is up to date. `already_ended`: its print id belongs to a print that has ended.
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
        let mut applied = ApplyOutcome::default();
        if let Some(print) = &self.print {
            let outcome = match print.phase() {
                _ if print.has_id(event.report.print_id.as_deref()) => return ApplyOutcome::duplicate(),
                Phase::Printing if print.is_announced_again_by(event) => return ApplyOutcome::duplicate(),
                Phase::Paused if !print.is_of_another_file(&event.report) => Outcome::Cancelled,
                Phase::ErrorPending => Outcome::Failed,
                Phase::Printing | Phase::Paused | Phase::Lost => Outcome::Unknown,
            };
            self.close(event, outcome, &mut applied);
        }
        self.open(event, Phase::Printing, limits);
        applied
    }

    fn progress(&mut self, event: &Event, limits: &Limits) -> ApplyOutcome {
        if self.print.is_none() && !event.report.tells_of_a_print() {
            return ApplyOutcome::default();
        }
        let is_paused = match &self.print {
            None => event.report.says_paused,
            Some(print) => print.phase() == Phase::Paused && event.report.says_paused,
        };
        self.resume_or_progress(event, limits, if is_paused { Phase::Paused } else { Phase::Printing })
    }

    fn paused_now(&mut self, event: &Event, limits: &Limits) -> ApplyOutcome {
        if self.print.as_ref().is_some_and(|print| print.shows_a_resume(event)) {
            self.attention = None;
        }
        self.resume_or_progress(event, limits, Phase::Paused)
    }

    /// A report of a running or paused print: of the open one, or of one whose start was lost.
    fn resume_or_progress(&mut self, event: &Event, limits: &Limits, phase: Phase) -> ApplyOutcome {
        let mut applied = ApplyOutcome::default();
        self.close_if_of_another_print(event, &mut applied);
        match &mut self.print {
            Some(print) => print.update(event, phase),
            None => self.open(event, phase, limits),
        }
        self.idle_state = IdleState::Idle;
        if phase == Phase::Printing {
            self.attention = None;
        }
        applied
    }

    fn ended(&mut self, event: &Event, outcome: Outcome, limits: &Limits) -> ApplyOutcome {
        let mut applied = ApplyOutcome::default();
        if self.print.as_ref().is_none_or(|print| print.is_another_print(event))
            && self.repeats_the_last_end(event)
        {
            return ApplyOutcome::duplicate();
        }
        self.close_if_of_another_print(event, &mut applied);
        if self.print.is_none() {
            self.open(event, Phase::Printing, limits);
        }
        if let Some(print) = self.print.take() {
            // An error or a lost connection that made the print fail remains after it.
            self.idle_state = if outcome == Outcome::Failed { self.idle_state } else { IdleState::Idle };
            self.count_end(print.end(event, outcome), event, &mut applied);
        }
        self.attention = None;
        applied
    }

    fn error(&mut self, event: &Event) -> ApplyOutcome {
        let mut applied = ApplyOutcome::default();
        self.totals.errors += 1;
        self.attention = None;
        self.close_if_of_another_print(event, &mut applied);
        self.idle_state = IdleState::Error;
        if let Some(print) = &mut self.print {
            print.update(event, Phase::ErrorPending);
        }
        applied
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
        let applied = self.observe(event);
        if repeated {
            return ApplyOutcome { duplicate: true, ..applied };
        }
        self.totals.attention[reason.index()] += 1;
        applied
    }

    /// Applies a report that does not change the phase of the print.
    fn observe(&mut self, event: &Event) -> ApplyOutcome {
        let mut applied = ApplyOutcome::default();
        self.close_if_of_another_print(event, &mut applied);
        if let Some(print) = &mut self.print {
            print.update(event, print.phase());
        }
        applied
    }

    fn state_report(&mut self, event: &Event, reported: ReportedState) -> ApplyOutcome {
        if reported == ReportedState::Printing {
            self.attention = None;
        }
        self.idle_state = match reported {
            ReportedState::Error => IdleState::Error,
            ReportedState::Offline => IdleState::Unknown,
            // A print is running whose start was lost. Until its end tells more, the state is not known.
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
            && !print.is_another_print(event)
        {
            print.update(event, print.phase());
        }
        ApplyOutcome::default()
    }

    fn open(&mut self, event: &Event, phase: Phase, limits: &Limits) {
        let print = OpenPrint::open(event, phase, limits);
        self.totals.started[print.origin().index()] += 1;
        self.print = Some(Box::new(print));
        self.idle_state = IdleState::Idle;
        self.attention = None;
    }

    fn close_if_of_another_print(&mut self, event: &Event, applied: &mut ApplyOutcome) {
        if self.print.as_ref().is_some_and(|print| print.is_another_print(event)) {
            self.close(event, Outcome::Unknown, applied);
        }
    }

    fn close(&mut self, event: &Event, outcome: Outcome, applied: &mut ApplyOutcome) {
        if let Some(print) = self.print.take() {
            self.count_end(print.close(event.received, outcome), event, applied);
        }
    }

    fn count_end(&mut self, ended: EndedPrint, event: &Event, applied: &mut ApplyOutcome) {
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
        applied.ended.push(ended);
    }

    /// Whether `event`, an end, repeats the last end. Where the sender has ids for prints, the id decides; elsewhere the
    /// file, the stated time, and how long ago the last end was.
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
