//! One open print.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::{Elapsed, Event, EventKind, File, PrintReport};
use super::snapshot::{PrintSnapshot, PrintTimes};
use super::stopwatch::{Running, Stopwatch};
use super::{EndedPrint, Limits};
use crate::labels::{Origin, Outcome, State};
use crate::timestamp::{ClockStep, Timestamp};

/// Two times of one sender that differ by less than this are equal: it states some of them in whole seconds.
const TOLERANCE: Duration = Duration::from_secs(2);

/// A repeated start arrives within this time. OctoPrint runs all hooks of one event before those of the next, so a repeat
/// also arrives before anything else of that print.
const START_WINDOW: Duration = Duration::from_secs(60);

/// What an open print is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    Printing,
    Paused,
    /// An error was reported. Whether the print continues is not known yet.
    ErrorPending,
    /// The printer reported that it is idle: the end was lost or is still on its way.
    Lost,
}

/// When something was reported, by our clock and by the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReportTime {
    pub(super) received: Timestamp,
    sent: Option<Timestamp>,
}

/// A print from its start, announced or implied, to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenPrint {
    print_id: Option<String>,
    file: Option<File>,
    origin: Origin,
    owner: Option<String>,
    started: Timestamp,
    phase: Phase,
    /// When the current pause began. It stays while an error is pending within the pause.
    pause_began: Option<ReportTime>,
    stopwatch: Stopwatch,
    /// The start was announced, and nothing else has been reported of this print since.
    only_announced: bool,
    last_report: ReportTime,
    last_elapsed: Option<Elapsed>,
    progress: Option<f64>,
    /// What the stopwatch will show at the end, by the sender's estimate.
    expected: Option<Duration>,
    estimate: Option<Duration>,
    layer: Option<u32>,
    layers: Option<u32>,
    height: Option<f64>,
    position: Option<u64>,
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

impl ReportTime {
    pub(super) const fn of(event: &Event) -> Self {
        Self { received: event.received, sent: event.sent }
    }

    /// The time from this report to a later one: by the sender's clock, which is not affected by delays in transit, else by
    /// ours.
    fn until(self, later: Self) -> Duration {
        match (self.sent, later.sent) {
            (Some(earlier), Some(later)) => later.since(earlier),
            _ => later.received.since(self.received),
        }
    }
}

impl OpenPrint {
    /// The print that `event` reports.
    pub(super) fn open(event: &Event, phase: Phase, limits: &Limits) -> Self {
        let report = &event.report;
        let time = ReportTime::of(event);
        let mut print = Self {
            print_id: report.print_id.clone(),
            file: report.file.clone(),
            origin: report.origin.unwrap_or(Origin::Unknown),
            owner: report.owner.clone(),
            started: event.received - report.elapsed.map_or(Duration::ZERO, Elapsed::stated),
            phase,
            pause_began: (phase == Phase::Paused).then_some(time),
            stopwatch: Stopwatch::new(event.received, report.elapsed, phase.running()),
            only_announced: event.kind == EventKind::Started,
            last_report: time,
            last_elapsed: report.elapsed,
            progress: None,
            expected: None,
            estimate: None,
            layer: None,
            layers: None,
            height: None,
            position: None,
            silence_deadline: event.received,
        };
        print.merge(report);
        print.extend_deadline(event.received, limits);
        print
    }

    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) const fn origin(&self) -> Origin {
        self.origin
    }

    pub(super) fn has_id(&self, id: Option<&str>) -> bool {
        id.is_some() && self.print_id.as_deref() == id
    }

    /// Whether `event` belongs to another print.
    pub(super) fn is_another_print(&self, event: &Event) -> bool {
        let report = &event.report;
        if let (Some(ours), Some(theirs)) = (&self.print_id, &report.print_id) {
            return ours != theirs;
        }
        self.is_of_another_file(report) || self.fell_back(event)
    }

    pub(super) fn is_of_another_file(&self, report: &PrintReport) -> bool {
        are_different(self.file.as_ref(), report.file.as_ref())
            || matches!(report.origin, Some(origin) if are_different_origins(self.origin, origin))
    }

    /// The elapsed time of one print never falls. Where it fell, and another print of that length fits in since the last
    /// report, there is another print. Where none fits in, the report is late.
    fn fell_back(&self, event: &Event) -> bool {
        let (Some(before), Some(Elapsed::Printing(now) | Elapsed::WithPauses(now))) =
            (self.last_elapsed, event.report.elapsed)
        else {
            return false;
        };
        now + TOLERANCE < before.stated() && now <= self.last_report.until(ReportTime::of(event)) + TOLERANCE
    }

    /// Whether `event`, a start, announces this print again.
    pub(super) fn is_announced_again_by(&self, event: &Event) -> bool {
        self.only_announced
            && !self.is_another_print(event)
            && event.received.since(self.last_report.received) <= START_WINDOW
    }

    /// Credits the measured time until now, or until the silence deadline.
    pub(super) fn advance(&mut self, now: Timestamp) {
        self.stopwatch.advance(now, self.silence_deadline);
    }

    /// Applies a report of this print, which is in `phase` from here on.
    pub(super) fn update(&mut self, event: &Event, phase: Phase) {
        if self.shows_a_resume(event) {
            self.pause_began = None;
        }
        if let Some(elapsed) = event.report.elapsed {
            self.stopwatch.correct(elapsed);
            self.last_elapsed = Some(elapsed);
        }
        self.merge(&event.report);
        self.last_report = ReportTime::of(event);
        self.only_announced = false;
        self.enter(phase, event);
    }

    /// Changes the phase, with nothing else reported.
    pub(super) fn enter(&mut self, phase: Phase, event: &Event) {
        self.pause_began = match phase {
            Phase::Printing => None,
            Phase::Paused => self.pause_began.or_else(|| Some(ReportTime::of(event))),
            Phase::ErrorPending | Phase::Lost => self.pause_began,
        };
        self.phase = phase;
        self.stopwatch.switch(phase.running());
    }

    /// Whether `event` shows that a paused print has printed since the pause began.
    pub(super) fn shows_a_resume(&self, event: &Event) -> bool {
        self.phase == Phase::Paused && self.stopwatch.shows_a_resume(event.report.elapsed)
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

    /// Takes over what is reported, and keeps what is not reported again.
    fn merge(&mut self, report: &PrintReport) {
        self.merge_names(report);
        self.progress = report.progress.or(report.progress_in_words).or(self.progress);
        let printed = self.stopwatch.printed_so_far();
        self.expected = report.remaining.map(|remaining| printed + remaining).or(self.expected);
        self.estimate = report.estimate.or(self.estimate);
        self.layer = report.layer.or(self.layer);
        self.layers = report.layers.or(self.layers);
        self.height = report.height.or(self.height);
        self.position = report.position.or(self.position);
    }

    /// Ends the print with the sender's last elapsed time.
    pub(super) fn end(mut self, event: &Event, outcome: Outcome) -> EndedPrint {
        if let Some(elapsed) = event.report.elapsed
            && !self.includes_the_pause(event, outcome)
        {
            self.stopwatch.correct(elapsed);
        }
        self.merge_names(&event.report);
        self.close(event.received, outcome)
    }

    /// OctoPrint's elapsed time at a cancel within a pause includes that pause. Whether the print had continued before the
    /// cancel is shown by the file position; without one, by the elapsed time itself. The position on an SD card is polled
    /// and lags behind at the pause: there it only counts where it has not moved at all.
    fn includes_the_pause(&self, event: &Event, outcome: Outcome) -> bool {
        let Some(pause_began) = self.pause_began.filter(|_| outcome != Outcome::Completed) else {
            return false;
        };
        match (self.position, event.report.position, event.report.elapsed) {
            (Some(paused), Some(ended), _) if paused == ended || self.origin != Origin::SdCard => {
                paused == ended
            }
            (_, _, Some(Elapsed::Printing(elapsed))) => {
                let pause = pause_began.until(ReportTime::of(event));
                elapsed + TOLERANCE >= self.stopwatch.printed(event.received) + pause
            }
            _ => true,
        }
    }

    fn merge_names(&mut self, report: &PrintReport) {
        adopt(&mut self.print_id, report.print_id.as_ref());
        adopt(&mut self.file, report.file.as_ref());
        adopt(&mut self.owner, report.owner.as_ref());
    }

    /// Ends the print at `at`, with the measured time.
    pub(super) fn close(self, at: Timestamp, outcome: Outcome) -> EndedPrint {
        EndedPrint {
            printed: self.stopwatch.printed(at),
            paused: self.stopwatch.paused(at),
            print_id: self.print_id,
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
        let times = [&mut self.started, &mut self.last_report.received, &mut self.silence_deadline];
        for time in times.into_iter().chain(pause_began) {
            step.apply(time);
        }
    }

    /// Time spent printing until `now`, or until the silence deadline.
    pub(super) fn printed(&self, now: Timestamp) -> Duration {
        self.stopwatch.printed(now.min(self.silence_deadline))
    }

    /// Time spent paused until `now`, or until the silence deadline.
    pub(super) fn paused(&self, now: Timestamp) -> Duration {
        self.stopwatch.paused(now.min(self.silence_deadline))
    }

    pub(super) fn state(&self, now: Timestamp) -> State {
        if now > self.silence_deadline { State::Unknown } else { self.phase.state() }
    }

    pub(super) fn times(&self, now: Timestamp) -> PrintTimes {
        let state = self.state(now);
        let elapsed = self.printed(now);
        let remaining = self.expected.map(|expected| expected.saturating_sub(elapsed));
        let eta = self
            .expected
            .map(|expected| now + expected.saturating_sub(elapsed) - elapsed.saturating_sub(expected));
        PrintTimes {
            elapsed,
            remaining: remaining.filter(|_| matches!(state, State::Printing | State::Paused)),
            eta: eta.filter(|_| state == State::Printing),
        }
    }

    pub(super) fn snapshot(&self, times: &PrintTimes) -> PrintSnapshot<'_> {
        PrintSnapshot {
            file: self.file.as_ref().map_or("", |file| &file.name),
            origin: self.origin,
            progress: self.progress,
            remaining: times.remaining,
            eta: times.eta,
            started: self.started,
            elapsed: times.elapsed,
            layer: self.layer,
            layers: self.layers,
            height: self.height,
        }
    }
}

fn adopt<T: Clone>(known: &mut Option<T>, reported: Option<&T>) {
    if known.is_none() {
        *known = reported.cloned();
    }
}

fn are_different_origins(one: Origin, other: Origin) -> bool {
    one != other && one != Origin::Unknown && other != Origin::Unknown
}

/// Whether two files, as far as they are known, differ. Paths decide where both are reported.
pub(super) fn are_different(one: Option<&File>, other: Option<&File>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    match (&one.path, &other.path) {
        (Some(one), Some(other)) => one != other,
        _ => one.name != other.name,
    }
}
