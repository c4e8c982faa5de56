//! One open print.

mod matching;
mod merging;
mod shown;
mod unannounced;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::credit::{Credit, Measured};
use super::event::{Elapsed, Event, EventKind, File};
use super::filament::FilamentUse;
use super::report_time::ReportTime;
use super::stopwatch::{Running, Stopwatch};
use super::{EndedPrint, Limits};
use crate::labels::{Origin, Outcome, State};
use crate::timestamp::{ClockStep, Timestamp};

/// What an open print is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    #[default]
    Printing,
    Paused,
    /// An error was reported. Whether the print continues is not known yet.
    ErrorPending,
    /// The printer reported that it is idle: the end was lost or is still on its way.
    Lost,
}

/// A print from its start, announced or implied, to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenPrint {
    print_id: Option<String>,
    /// The ids that the sender had for it before.
    former_ids: Vec<String>,
    file: Option<File>,
    /// What else the sender has called the file.
    #[serde(default)]
    other_name: Option<File>,
    pub(super) origin: Origin,
    owner: Option<String>,
    pub(super) started: Timestamp,
    pub(super) phase: Phase,
    /// When the current pause began. It stays while an error is pending within the pause.
    pause_began: Option<ReportTime>,
    stopwatch: Stopwatch,
    credit: Credit,
    /// The start was announced, and nothing else has been reported of this print since.
    only_announced: bool,
    pub(super) first_report: ReportTime,
    last_report: ReportTime,
    /// The last stated time that was believed.
    pub(super) last_elapsed: Option<Elapsed>,
    progress: Option<f64>,
    /// What the stopwatch will show at the end, by the sender's estimate.
    expected: Option<Duration>,
    estimate: Option<Duration>,
    layer: Option<u32>,
    layers: Option<u32>,
    height: Option<f64>,
    position: Option<u64>,
    #[serde(default)]
    filament: FilamentUse,
    /// The reason in the last report: that of a pending error.
    #[serde(default)]
    reason: Option<String>,
    silence_deadline: Timestamp,
}

impl Phase {
    const fn running(self) -> Running {
        match self {
            Self::Printing => Running::Printing,
            Self::Paused => Running::Paused,
            Self::ErrorPending | Self::Lost => Running::Stopped,
        }
    }

    const fn state(self) -> State {
        match self {
            Self::Printing => State::Printing,
            Self::Paused => State::Paused,
            Self::ErrorPending => State::Error,
            Self::Lost => State::Unknown,
        }
    }
}

impl OpenPrint {
    /// The print that `event` reports. It did not start before `floor`, the end of the print before, of which `previous` can
    /// be stated. Its silence deadline is to be extended.
    pub(super) fn open(
        event: &Event,
        phase: Phase,
        floor: Option<ReportTime>,
        previous: Option<(Duration, Duration)>,
    ) -> Self {
        let report = &event.report;
        let time = ReportTime::of(event);
        let announced = event.kind == EventKind::Started;
        let stated = event.stated();
        let gap = floor.map(|floor| floor.until(time));
        let credit = Credit::new(event.received, announced, stated, gap, previous);
        let mut print = Self {
            print_id: report.print_id.clone(),
            file: report.file.clone(),
            origin: report.origin.unwrap_or_default(),
            owner: report.owner.clone(),
            phase,
            pause_began: (phase == Phase::Paused).then_some(time),
            stopwatch: Stopwatch::new(event.received, Duration::ZERO, phase.running()),
            credit,
            only_announced: announced,
            first_report: time,
            last_report: time,
            silence_deadline: event.received,
            ..Self::default()
        };
        if announced {
            print.filament.start(report);
        }
        let believed = print.believe(event).map(Elapsed::stated);
        let printed =
            if announced { believed } else { stated.map(|stated| gap.map_or(stated, |gap| gap.min(stated))) };
        let printed = printed.unwrap_or(Duration::ZERO);
        print.stopwatch.printed = printed;
        print.started = event.received - printed;
        print.note(event, believed.is_some());
        print.merge(report, believed);
        print
    }

    /// Credits the measured time until now, or until the silence deadline.
    pub(super) fn advance(&mut self, now: Timestamp) {
        self.stopwatch.advance(now, self.silence_deadline);
    }

    /// Applies a report of this print, which is in `phase` from here on.
    pub(super) fn update(&mut self, event: &Event, phase: Phase) {
        self.advance(event.received);
        if self.shows_a_resume(event) {
            self.pause_began = None;
        }
        if phase == Phase::Printing && event.kind == EventKind::Progress && event.elapsed().is_none() {
            self.catch_up(event, event.report.remaining);
        }
        if phase == Phase::Paused && event.kind == EventKind::Paused && event.elapsed().is_none() {
            self.begin_the_pause_again(event);
        }
        self.credit_the_beginning(event);
        let believed = self.correct(event);
        self.merge(&event.report, believed);
        self.last_report = ReportTime::of(event);
        self.only_announced = false;
        self.enter(phase, event);
    }

    /// Takes an announced start for that of this print, which an earlier report had implied.
    pub(super) fn announce(&mut self, event: &Event) {
        self.credit.is_announced = true;
        self.filament.start(&event.report);
        self.merge(&event.report, event.report.elapsed.map(Elapsed::stated));
        self.last_report = ReportTime::of(event);
        self.only_announced = true;
        let phase = if self.states_less(event) { self.phase } else { Phase::Printing };
        self.enter(phase, event);
    }

    /// Changes the phase, with nothing else reported.
    pub(super) fn enter(&mut self, phase: Phase, event: &Event) {
        self.advance(event.received);
        self.pause_began = match phase {
            Phase::Printing => None,
            Phase::Paused => self.pause_began.or_else(|| Some(ReportTime::of(event))),
            Phase::ErrorPending | Phase::Lost => self.pause_began,
        };
        self.phase = phase;
        self.stopwatch.switch(phase.running());
    }

    /// Corrects the stopwatch by the stated time, as far as that is believed. Returns the believed time.
    fn correct(&mut self, event: &Event) -> Option<Duration> {
        if let Some(stated) = event.stated()
            && self.restarts_the_clock(event)
        {
            let known = self.stopwatch.printed(event.received) + self.stopwatch.paused(event.received);
            self.credit.restart(known, stated);
        }
        let has_fallen = self.states_less(event) && !self.restarts_the_clock(event);
        let believed = self.believe(event).filter(|_| !has_fallen);
        if let Some(elapsed) = believed {
            self.stopwatch.correct(elapsed);
            if event.kind.is_end() {
                self.stopwatch.settle(elapsed);
            }
        }
        self.note(event, believed.is_some());
        believed.map(Elapsed::stated)
    }

    fn note(&mut self, event: &Event, is_believed: bool) {
        if let Some(elapsed) = event.elapsed().filter(|_| is_believed) {
            self.credit.note(elapsed.stated(), event.received);
            self.last_elapsed = Some(elapsed);
        }
    }

    /// The stated time, as far as it is believed.
    pub(super) fn believe(&self, event: &Event) -> Option<Elapsed> {
        let now = event.received;
        let is_end = event.kind.is_end();
        let progress = if is_end { Some(1.0) } else { self.progress };
        let by_the_sender = self.first_report.until_by_the_sender(ReportTime::of(event));
        let measured = Measured {
            now,
            printed: self.printed(now),
            paused: self.paused(now),
            is_end,
            work: event.report.work(progress, self.estimate).or(by_the_sender),
        };
        event.elapsed().and_then(|elapsed| self.credit.believe(elapsed, &measured))
    }

    /// Sets the silence deadline: until then, the estimate and the grace time explain that nothing is heard.
    pub(super) fn extend_deadline(&mut self, now: Timestamp, limits: &Limits) {
        let patience = match self.estimate.or(self.expected) {
            Some(estimate) => {
                let printed = self.stopwatch.printed(now);
                let remaining = self.expected.unwrap_or(estimate).saturating_sub(printed);
                remaining + estimate / 2 + limits.silence_grace
            }
            None => limits.silence_without_estimate,
        };
        self.silence_deadline = now + patience;
    }

    /// Ends the print with the sender's last elapsed time.
    pub(super) fn end(mut self, event: &Event, outcome: Outcome) -> EndedPrint {
        self.advance(event.received);
        self.credit_the_beginning(event);
        if outcome == Outcome::Completed && event.elapsed().is_none_or(Elapsed::counts_pauses) {
            self.catch_up(event, Some(Duration::ZERO));
        }
        if !self.includes_the_pause(event, outcome) && !self.includes_the_silence(event, outcome) {
            self.correct(event);
        }
        self.merge_names(&event.report);
        self.filament.note(&event.report, true);
        self.reason = event.report.reason.clone().or(self.reason);
        // Some senders state 0 when the print is over.
        self.progress = [self.progress, event.report.progress].into_iter().flatten().reduce(f64::max);
        self.close(event.received, outcome)
    }

    /// Ends the print at `at`, with the measured time.
    pub(super) fn close(mut self, at: Timestamp, outcome: Outcome) -> EndedPrint {
        self.advance(at);
        EndedPrint {
            printed: self.stopwatch.printed(at),
            paused: self.stopwatch.paused(at),
            reason: self.reason,
            filament: self.filament.credit(outcome, self.progress),
            print_id: self.print_id,
            former_ids: self.former_ids,
            file: self.file,
            origin: self.origin,
            owner: self.owner,
            started: self.started,
            ended: at,
            outcome,
        }
    }

    pub(super) fn step_clock(&mut self, step: ClockStep) {
        self.stopwatch.step_clock(step);
        let pause_began = self.pause_began.as_mut().map(|pause| &mut pause.received);
        let reports = [&mut self.first_report.received, &mut self.last_report.received];
        let times = reports.into_iter().chain([&mut self.started, &mut self.silence_deadline]);
        for time in times.chain(pause_began).chain(self.credit.times_mut()) {
            step.apply(time);
        }
    }
}
