//! The state table: what each event does to a printer without a print, and to one whose print is running, paused, or
//! pending after an error.
//!
//! Every print that is counted as started is counted as ended exactly once or is still open, because only `open` and
//! `count_end` count.

use std::time::Duration;

use super::last_end::LastEnd;
use super::{ApplyOutcome, Attention, IdleState, PrinterState};
use crate::farm::EndedPrint;
use crate::farm::event::{Elapsed, Event, EventKind, ReportedState};
use crate::farm::open_print::{OpenPrint, Phase};
use crate::farm::report_time::ReportTime;
use crate::labels::{AttentionReason, Outcome, WarningAction};

/// Requests for attention that differ in their reason have one cause when they arrive within this time.
const ATTENTION_WINDOW: Duration = Duration::from_secs(60);

/// Errors within this time of each other are one: several hooks report it, or a firmware in several lines.
const ERROR_WINDOW: Duration = Duration::from_secs(10);

/// The time of a print whose end was overtaken by the next start is stated as less than the measured one by this at most.
const ROUGHLY: Duration = Duration::from_secs(90);

impl PrinterState {
    /// Applies the event. `already_ended`: its print id belongs to a print that has ended.
    pub(super) fn transition(&mut self, event: &Event, already_ended: bool) -> ApplyOutcome {
        match event.kind {
            EventKind::Retired => self.retire(event),
            EventKind::Notice if already_ended => ApplyOutcome::default(),
            EventKind::Error if already_ended && self.print.is_none() => self.error(event),
            _ if already_ended => ApplyOutcome::duplicate(),
            EventKind::Started => self.started(event),
            EventKind::Ended(_) | EventKind::Progress | EventKind::Paused | EventKind::Resumed
                if self.is_past(event) =>
            {
                ApplyOutcome::duplicate()
            }
            EventKind::Progress | EventKind::Paused | EventKind::Resumed if self.is_late(event) => {
                ApplyOutcome::duplicate()
            }
            EventKind::Progress => self.progress(event),
            EventKind::Paused => self.paused_now(event),
            EventKind::Resumed => self.resume_or_progress(event, Phase::Printing),
            EventKind::Ended(outcome) => self.ended(event, outcome),
            EventKind::Error => self.error(event),
            EventKind::FailureWarning(action) => self.failure_warning(event, action),
            EventKind::Attention(reason) => self.attention(event, reason),
            EventKind::StateReport(reported) => self.state_report(event, reported),
            EventKind::Notice => self.notice(event),
            EventKind::LimitReached | EventKind::Test => ApplyOutcome::default(),
        }
    }

    /// Whether the event is about a print that has ended, as far as its file and its time tell.
    fn is_past(&self, event: &Event) -> bool {
        let is_covered = || self.last_end.as_ref().is_some_and(|last| last.covers(event));
        match &self.print {
            None => is_covered(),
            Some(print) if !print.is_another_print(event) => print.is_stated_of_the_print_before(event),
            Some(print) => {
                let has_new_id = event.report.print_id.is_some();
                is_covered() || !has_new_id && print.is_reached_behind_by(event)
            }
        }
    }

    /// Whether other reports of the open print overtook the event, or the event itself says that no print is open.
    fn is_late(&self, event: &Event) -> bool {
        match &self.print {
            Some(print) if !print.is_another_print(event) => {
                let is_idle = event.kind == EventKind::Progress && event.report.says_idle;
                print.is_late(event) || is_idle && print.believe(event).is_none()
            }
            _ => event.report.says_idle,
        }
    }

    fn started(&mut self, event: &Event) -> ApplyOutcome {
        let mut applied = ApplyOutcome::default();
        if let Some(print) = &mut self.print {
            let outcome = match print.phase {
                _ if print.has_id(event.report.print_id.as_deref())
                    && !print.is_of_another_file(&event.report) =>
                {
                    return ApplyOutcome::duplicate();
                }
                Phase::Printing if print.is_announced_again_by(event) => return ApplyOutcome::duplicate(),
                _ if print.is_announced_by(event) => {
                    print.announce(event);
                    return applied;
                }
                _ if print.is_continued_by(event) => {
                    print.update(event, Phase::Printing);
                    self.attention = None;
                    return applied;
                }
                Phase::Paused if !print.is_of_another_file(&event.report) => Outcome::Cancelled,
                Phase::ErrorPending => Outcome::Failed,
                Phase::Printing | Phase::Paused | Phase::Lost => Outcome::Unknown,
            };
            self.close(ReportTime::of(event), outcome, &mut applied);
        } else if self.last_end.as_ref().is_some_and(|last| last.overtook(event)) {
            return ApplyOutcome::duplicate();
        }
        self.open(event, Phase::Printing);
        applied
    }

    fn progress(&mut self, event: &Event) -> ApplyOutcome {
        if self.print.is_none() && !event.report.tells_of_a_print() {
            return ApplyOutcome::default();
        }
        let phase = match &self.print {
            Some(_) if event.report.says_idle => Phase::Lost,
            Some(print) if print.phase != Phase::Paused => Phase::Printing,
            _ if event.report.says_paused => Phase::Paused,
            _ => Phase::Printing,
        };
        self.resume_or_progress(event, phase)
    }

    fn paused_now(&mut self, event: &Event) -> ApplyOutcome {
        if self.print.as_ref().is_some_and(|print| print.shows_a_resume(event)) {
            self.attention = None;
        }
        self.resume_or_progress(event, Phase::Paused)
    }

    /// A report of a running or paused print: of the open one, or of one whose start was lost.
    fn resume_or_progress(&mut self, event: &Event, phase: Phase) -> ApplyOutcome {
        let mut applied = ApplyOutcome::default();
        self.close_if_of_another_print(event, &mut applied);
        match &mut self.print {
            Some(print) => print.update(event, phase),
            None => self.open(event, phase),
        }
        self.idle_state = IdleState::Idle;
        self.error = None;
        if phase == Phase::Printing {
            self.attention = None;
        }
        applied
    }

    fn ended(&mut self, event: &Event, outcome: Outcome) -> ApplyOutcome {
        let mut applied = ApplyOutcome::default();
        self.close_if_of_another_print(event, &mut applied);
        let is_failure = outcome == Outcome::Cancelled && (self.failing || event.report.says_failing);
        let outcome = if is_failure { Outcome::Failed } else { outcome };
        let was_unheard_of = self.print.is_none();
        if was_unheard_of {
            self.open(event, Phase::Printing);
        }
        if let Some(print) = self.print.take() {
            // An error or a lost connection that made the print fail remains after it.
            let remains = outcome == Outcome::Failed && !event.report.says_ready;
            self.idle_state = if remains { self.idle_state } else { IdleState::Idle };
            let last_elapsed = print.last_elapsed;
            let ended = print.end(event, outcome);
            self.count_end(ended, ReportTime::of(event), event.elapsed(), last_elapsed, &mut applied);
        }
        if let Some(last) = self.last_end.as_mut().filter(|_| was_unheard_of) {
            last.was_unheard_of = true;
        }
        self.attention = None;
        applied
    }

    fn error(&mut self, event: &Event) -> ApplyOutcome {
        let mut applied = ApplyOutcome::default();
        let repeats = self.error.is_some_and(|last| event.received.since(last) <= ERROR_WINDOW);
        self.error = Some(event.received);
        self.totals.errors += u64::from(!repeats);
        applied.duplicate = repeats;
        self.attention = None;
        self.close_if_of_another_print(event, &mut applied);
        self.idle_state = IdleState::Error;
        if let Some(print) = &mut self.print {
            print.update(event, Phase::ErrorPending);
        }
        applied
    }

    fn failure_warning(&mut self, event: &Event, action: WarningAction) -> ApplyOutcome {
        self.totals.failure_warnings[action.index()] += 1;
        match action {
            WarningAction::Paused if self.is_past(event) || self.is_late(event) => ApplyOutcome::default(),
            WarningAction::Paused => self.resume_or_progress(event, Phase::Paused),
            WarningAction::Warned => self.observe(event),
        }
    }

    fn attention(&mut self, event: &Event, reason: AttentionReason) -> ApplyOutcome {
        let now = event.received;
        let repeated = self.attention.is_some_and(|attention| {
            attention.reason == reason || now.since(attention.repeated) <= ATTENTION_WINDOW
        });
        let open = self.attention.get_or_insert(Attention { reason, since: now, repeated: now });
        open.reason = if repeated { open.reason } else { reason };
        open.repeated = now;
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
            print.update(event, print.phase);
        }
        applied
    }

    fn state_report(&mut self, event: &Event, reported: ReportedState) -> ApplyOutcome {
        if reported == ReportedState::Printing {
            self.attention = None;
        }
        self.idle_state = match reported {
            ReportedState::Error => IdleState::Error,
            ReportedState::Offline | ReportedState::Unreachable => IdleState::Unknown,
            ReportedState::ErrorCleared if self.idle_state != IdleState::Error => self.idle_state,
            // A print is running whose start was lost. Until its end tells more, the state is not known.
            ReportedState::Printing | ReportedState::Paused if self.print.is_none() => IdleState::Unknown,
            ReportedState::Printing
            | ReportedState::Paused
            | ReportedState::Idle
            | ReportedState::ErrorCleared => IdleState::Idle,
        };
        let Some(print) = &mut self.print else { return ApplyOutcome::default() };
        match (reported, print.phase) {
            (ReportedState::Printing, phase) if phase != Phase::Printing => {
                print.update(event, Phase::Printing);
            }
            (ReportedState::Paused, phase) if phase != Phase::Paused => print.update(event, Phase::Paused),
            (ReportedState::Error | ReportedState::Offline, Phase::Printing | Phase::Paused) => {
                print.enter(Phase::ErrorPending, event);
            }
            (ReportedState::ErrorCleared, Phase::ErrorPending) => {
                print.update(event, print.phase_without_error());
            }
            (ReportedState::Idle | ReportedState::Unreachable, Phase::Printing | Phase::Paused) => {
                print.enter(Phase::Lost, event);
            }
            _ => {}
        }
        ApplyOutcome::default()
    }

    fn notice(&mut self, event: &Event) -> ApplyOutcome {
        let is_of_open_print = self.print.as_ref().is_none_or(|print| !print.is_another_print(event));
        self.failing |= event.report.says_failing && is_of_open_print;
        if let Some(print) = self.print.as_mut().filter(|_| is_of_open_print) {
            print.update(event, print.phase);
        }
        ApplyOutcome::default()
    }

    /// The open print ends, and nothing else remains.
    fn retire(&mut self, event: &Event) -> ApplyOutcome {
        let mut applied = ApplyOutcome::default();
        self.close(ReportTime::of(event), Outcome::Unknown, &mut applied);
        *self = Self { is_retired: true, since: self.since, last_event: self.last_event, ..Self::default() };
        applied
    }

    fn open(&mut self, event: &Event, phase: Phase) {
        let (floor, previous) =
            self.last_end.as_ref().map_or((None, None), |last| (Some(last.time), last.range));
        let print = OpenPrint::open(event, phase, floor, previous);
        self.totals.started[print.origin.index()] += 1;
        self.print = Some(Box::new(print));
        self.idle_state = IdleState::Idle;
        self.error = None;
        self.failing = false;
        self.attention = None;
    }

    /// Closes the open print where the event belongs to another one.
    fn close_if_of_another_print(&mut self, event: &Event, applied: &mut ApplyOutcome) {
        let Some(print) = self.print.as_ref().filter(|print| print.is_another_print(event)) else { return };
        if !self.is_past(event) {
            self.close(print.end_before(event), Outcome::Unknown, applied);
        }
    }

    fn close(&mut self, time: ReportTime, outcome: Outcome, applied: &mut ApplyOutcome) {
        if let Some(print) = self.print.take() {
            let last_elapsed = print.last_elapsed;
            self.count_end(print.close(time.received, outcome), time, None, last_elapsed, applied);
        }
    }

    fn count_end(
        &mut self,
        ended: EndedPrint,
        time: ReportTime,
        elapsed: Option<Elapsed>,
        last_elapsed: Option<Elapsed>,
        applied: &mut ApplyOutcome,
    ) {
        self.totals.ended[ended.origin.index()][ended.outcome.index()] += 1;
        self.totals.ended_printed[ended.outcome.index()] += ended.printed;
        self.totals.credit_filament(ended.outcome, ended.filament);
        self.totals.last_end[ended.outcome.index()] = Some(ended.ended);
        self.ended_paused += ended.paused;
        self.failing = false;
        let (print_id, file) = (ended.print_id.clone(), ended.file.clone());
        let measured = ended.printed + ended.paused;
        let range = match (elapsed.map(Elapsed::stated), last_elapsed.map(Elapsed::stated)) {
            (Some(stated), _) => Some((stated, stated)),
            (None, Some(stated)) => Some((stated, stated.max(measured))),
            // Senders that state a time at the end alone round it to minutes.
            (None, None) => Some((measured.saturating_sub(ROUGHLY), measured)),
        };
        let was_unheard_of = false;
        self.last_end = Some(Box::new(LastEnd { time, print_id, file, elapsed, range, was_unheard_of }));
        applied.ended.push(ended);
    }
}
