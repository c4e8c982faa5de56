//! One open print.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::brief::{is_default, optional_span};
use super::event::{Elapsed, Event, EventKind, File, PrintReport};
use super::stopwatch::{Running, Stopwatch};
use super::view::{PrintSnapshot, PrintTimes};
use super::{EndedPrint, Limits};
use crate::labels::{Origin, Outcome, State};
use crate::timestamp::{ClockStep, Timestamp};

/// Two times of a sender that are nearer than this are one: it states some of them in whole seconds.
const TOLERANCE: Duration = Duration::from_secs(2);

/// A repeat of a start comes within this time. OctoPrint runs the hooks of one event before it goes on to the next, so
/// it also comes before anything else of that print.
const START_WINDOW: Duration = Duration::from_secs(60);

/// What an open print is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    Printing,
    Paused,
    /// An error was reported; whether the print survives it is not known yet.
    ErrorPending,
    /// The printer says that it does nothing: the end was lost, or is on its way.
    Lost,
}

/// When something was reported, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) received: Timestamp,
    #[serde(skip_serializing_if = "is_default")]
    sent: Option<Timestamp>,
}

/// A print from its start, announced or implied, to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenPrint {
    #[serde(skip_serializing_if = "is_default")]
    print_id: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    file: Option<File>,
    origin: Origin,
    #[serde(skip_serializing_if = "is_default")]
    owner: Option<String>,
    started: Timestamp,
    phase: Phase,
    /// When the pause began that nothing has shown to be over.
    #[serde(skip_serializing_if = "is_default")]
    open_pause: Option<Stamp>,
    clock: Stopwatch,
    /// The start itself was reported, and nothing else of this print since.
    #[serde(default, skip_serializing_if = "is_default")]
    only_announced: bool,
    last_report: Stamp,
    #[serde(skip_serializing_if = "is_default")]
    last_elapsed: Option<Elapsed>,
    #[serde(skip_serializing_if = "is_default")]
    progress: Option<f64>,
    /// What the clock will show at the end, as far as the sender can tell.
    #[serde(with = "optional_span", default, skip_serializing_if = "is_default")]
    expected: Option<Duration>,
    #[serde(with = "optional_span", default, skip_serializing_if = "is_default")]
    estimate: Option<Duration>,
    #[serde(skip_serializing_if = "is_default")]
    layer: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    layers: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    height: Option<f64>,
    #[serde(skip_serializing_if = "is_default")]
    position: Option<u64>,
    silent_at: Timestamp,
}

impl Phase {
    const fn hand(self) -> Running {
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

impl Stamp {
    pub(super) const fn of(event: &Event) -> Self {
        Self { received: event.received, sent: event.sent }
    }

    /// The time from this report to a later one: by the sender's clock, which knows of no delay on the way, else by ours.
    fn until(self, later: Self) -> Duration {
        match (self.sent, later.sent) {
            (Some(earlier), Some(later)) => later.since(earlier),
            _ => later.received.since(self.received),
        }
    }
}

impl OpenPrint {
    /// The print that `event` tells of.
    pub(super) fn open(event: &Event, phase: Phase, limits: &Limits) -> Self {
        let report = &event.report;
        let stamp = Stamp::of(event);
        let mut print = Self {
            print_id: report.print_id.clone(),
            file: report.file.clone(),
            origin: report.origin.unwrap_or(Origin::Unknown),
            owner: report.owner.clone(),
            started: event.received - report.elapsed.map_or(Duration::ZERO, Elapsed::stated),
            phase,
            open_pause: (phase == Phase::Paused).then_some(stamp),
            clock: Stopwatch::new(event.received, report.elapsed, phase.hand()),
            only_announced: event.kind == EventKind::Started,
            last_report: stamp,
            last_elapsed: report.elapsed,
            progress: None,
            expected: None,
            estimate: None,
            layer: None,
            layers: None,
            height: None,
            position: None,
            silent_at: event.received,
        };
        print.take(report);
        print.listen(event.received, limits);
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

    /// Whether `event` is about another print than this one.
    pub(super) fn is_not_of(&self, event: &Event) -> bool {
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

    /// The elapsed time of one print never falls. Where it fell, and the smaller time fits in since the last report,
    /// another print has begun there; where it does not fit, a report was overtaken on its way.
    fn fell_back(&self, event: &Event) -> bool {
        let (Some(before), Some(Elapsed::Printing(now) | Elapsed::WithPauses(now))) =
            (self.last_elapsed, event.report.elapsed)
        else {
            return false;
        };
        now + TOLERANCE < before.stated() && now <= self.last_report.until(Stamp::of(event)) + TOLERANCE
    }

    /// Whether `event`, a start, announces this very print once more.
    pub(super) fn is_announced_again_by(&self, event: &Event) -> bool {
        self.only_announced
            && !self.is_not_of(event)
            && event.received.since(self.last_report.received) <= START_WINDOW
    }

    /// Credits the watched time until now, or until the print was lost track of.
    pub(super) fn advance(&mut self, now: Timestamp) {
        self.clock.advance(now, self.silent_at);
    }

    /// Takes in what a running or waiting print reports, then goes on in `phase`.
    pub(super) fn update(&mut self, event: &Event, phase: Phase) {
        if self.went_on(event) {
            self.open_pause = None;
        }
        if let Some(elapsed) = event.report.elapsed {
            self.clock.report(elapsed);
            self.last_elapsed = Some(elapsed);
        }
        self.take(&event.report);
        self.last_report = Stamp::of(event);
        self.only_announced = false;
        self.enter(phase, event);
    }

    /// Goes on in `phase`, with nothing else reported.
    pub(super) fn enter(&mut self, phase: Phase, event: &Event) {
        self.open_pause = match phase {
            Phase::Printing => None,
            Phase::Paused => self.open_pause.or_else(|| Some(Stamp::of(event))),
            Phase::ErrorPending | Phase::Lost => self.open_pause,
        };
        self.phase = phase;
        self.clock.turn(phase.hand());
    }

    /// Whether `event` shows that a paused print has printed since it was paused.
    pub(super) fn went_on(&self, event: &Event) -> bool {
        self.phase == Phase::Paused && self.clock.went_on(event.report.elapsed)
    }

    /// Waits for the next report from here on: until then the estimate, and some grace, explain the silence.
    pub(super) fn listen(&mut self, now: Timestamp, limits: &Limits) {
        let patience = match self.estimate.or(self.expected) {
            Some(estimate) => {
                let printed = self.clock.printed(now);
                let remaining = self.expected.unwrap_or(estimate).saturating_sub(printed);
                remaining + estimate / 2 + limits.silence_grace
            }
            None => limits.silence_without_estimate,
        };
        self.silent_at = now + patience;
    }

    /// Takes what is said of the print, and keeps what is not said again.
    fn take(&mut self, report: &PrintReport) {
        self.take_names(report);
        self.progress = report.progress.or(report.progress_in_words).or(self.progress);
        let printed = self.clock.printed_so_far();
        self.expected = report.remaining.map(|remaining| printed + remaining).or(self.expected);
        self.estimate = report.estimate.or(self.estimate);
        self.layer = report.layer.or(self.layer);
        self.layers = report.layers.or(self.layers);
        self.height = report.height.or(self.height);
        self.position = report.position.or(self.position);
    }

    /// Ends the print with the sender's last word on its time.
    pub(super) fn end(mut self, event: &Event, outcome: Outcome) -> EndedPrint {
        if let Some(elapsed) = event.report.elapsed
            && !self.counts_an_open_pause(event, outcome)
        {
            self.clock.report(elapsed);
        }
        self.take_names(&event.report);
        self.close(event.received, outcome)
    }

    /// OctoPrint's elapsed time at a cancel within a pause includes that pause. Whether the print went on before the
    /// cancel shows in the file position; without one, in the elapsed time itself. The position on an SD card is asked
    /// for now and then, and is behind at the pause: only where it has not moved at all it tells.
    fn counts_an_open_pause(&self, event: &Event, outcome: Outcome) -> bool {
        let Some(open_pause) = self.open_pause.filter(|_| outcome != Outcome::Completed) else {
            return false;
        };
        match (self.position, event.report.position, event.report.elapsed) {
            (Some(paused), Some(ended), _) if paused == ended || self.origin != Origin::SdCard => {
                paused == ended
            }
            (_, _, Some(Elapsed::Printing(elapsed))) => {
                let pause = open_pause.until(Stamp::of(event));
                elapsed + TOLERANCE >= self.clock.printed(event.received) + pause
            }
            _ => true,
        }
    }

    fn take_names(&mut self, report: &PrintReport) {
        adopt(&mut self.print_id, report.print_id.as_ref());
        adopt(&mut self.file, report.file.as_ref());
        adopt(&mut self.owner, report.owner.as_ref());
    }

    /// Ends the print without a word from the sender.
    pub(super) fn close(self, at: Timestamp, outcome: Outcome) -> EndedPrint {
        EndedPrint {
            printed: self.clock.printed(at),
            paused: self.clock.paused(at),
            print_id: self.print_id,
            file: self.file,
            origin: self.origin,
            owner: self.owner,
            started: self.started,
            ended: at,
            outcome,
        }
    }

    pub(super) fn reset(&mut self, reset: ClockStep) {
        self.clock.reset(reset);
        let open_pause = self.open_pause.as_mut().map(|pause| &mut pause.received);
        let times = [&mut self.started, &mut self.last_report.received, &mut self.silent_at];
        for time in times.into_iter().chain(open_pause) {
            reset.apply(time);
        }
    }

    /// Time spent printing until `now`, or until the print was lost track of.
    pub(super) fn printed(&self, now: Timestamp) -> Duration {
        self.clock.printed(now.min(self.silent_at))
    }

    /// Time spent paused until `now`, or until the print was lost track of.
    pub(super) fn paused(&self, now: Timestamp) -> Duration {
        self.clock.paused(now.min(self.silent_at))
    }

    pub(super) fn state(&self, now: Timestamp) -> State {
        if now > self.silent_at { State::Unknown } else { self.phase.state() }
    }

    pub(super) fn moment(&self, now: Timestamp) -> PrintTimes {
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

    pub(super) fn read(&self, moment: &PrintTimes) -> PrintSnapshot<'_> {
        PrintSnapshot {
            file: self.file.as_ref().map_or("", |file| &file.name),
            origin: self.origin,
            progress: self.progress,
            remaining: moment.remaining,
            eta: moment.eta,
            started: self.started,
            elapsed: moment.elapsed,
            layer: self.layer,
            layers: self.layers,
            height: self.height,
        }
    }
}

fn adopt<T: Clone>(known: &mut Option<T>, told: Option<&T>) {
    if known.is_none() {
        *known = told.cloned();
    }
}

fn are_different_origins(one: Origin, other: Origin) -> bool {
    one != other && one != Origin::Unknown && other != Origin::Unknown
}

/// Whether two files, as far as they are known, cannot be one. Paths decide where both are told.
pub(super) fn are_different(one: Option<&File>, other: Option<&File>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    match (&one.path, &other.path) {
        (Some(one), Some(other)) => one != other,
        _ => one.name != other.name,
    }
}
