//! Whether an event belongs to an open print.

use std::mem::discriminant;
use std::time::Duration;

use super::OpenPrint;
use crate::farm::credit::{DELAY, TOLERANCE};
use crate::farm::event::{Elapsed, Event, EventKind, File, PrintReport};
use crate::farm::report_time::ReportTime;
use crate::labels::Origin;

/// A repeated start arrives within this time. OctoPrint runs all hooks of one event before those of the next, so a repeat
/// also arrives before anything else of that print.
const START_WINDOW: Duration = Duration::from_secs(60);

/// A report that is late arrives within this time of one that was sent after it: senders retry for minutes.
const LATE_WINDOW: Duration = Duration::from_secs(10 * 60);

/// A print that is reported before its start is announced has completed no more than this.
const BEGINNING: f64 = 0.05;

impl OpenPrint {
    pub(in crate::farm) fn has_id(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.print_id.as_deref() == Some(id) || self.has_had_id(id))
    }

    fn has_had_id(&self, id: &str) -> bool {
        self.former_ids.iter().any(|former| former == id)
    }

    /// Whether `event` belongs to another print.
    pub(in crate::farm) fn is_another_print(&self, event: &Event) -> bool {
        let report = &event.report;
        let is_of_another_file = self.is_of_another_file(report);
        match (&self.print_id, &report.print_id) {
            (Some(_), Some(theirs)) if self.has_id(Some(theirs)) => {
                is_of_another_file && self.fell_back(event)
            }
            (Some(_), Some(_)) => !self.is_renamed_by(event),
            (Some(_), None) => is_of_another_file,
            (None, _) => is_of_another_file && !self.has_another_name_in(event) || self.fell_back(event),
        }
    }

    pub(in crate::farm) fn is_of_another_file(&self, report: &PrintReport) -> bool {
        let differs = |file: &Option<File>| File::differ(file.as_ref(), report.file.as_ref());
        differs(&self.file) && (self.other_name.is_none() || differs(&self.other_name))
            || matches!(report.origin, Some(origin) if differ(self.origin, origin))
    }

    /// Whether `event`, with another id, still belongs to this print: a print that has done so much cannot have started
    /// after the last report of this one. Senders choose a new id when they restart.
    fn is_renamed_by(&self, event: &Event) -> bool {
        let report = &event.report;
        let is_end = event.kind.is_end();
        let goes_on = match (self.progress, report.progress) {
            (Some(before), Some(now)) => now >= before,
            _ => true,
        };
        let since = self.since_last_report(event);
        let lasted_longer = match event.stated() {
            Some(stated) if self.only_announced => stated + TOLERANCE >= since,
            Some(stated) => stated > since + TOLERANCE,
            None => is_end,
        };
        let work = report.progress.and_then(|_| report.work(None, self.estimate));
        let did_more = !is_end && work.is_some_and(|work| work > since + DELAY);
        let is_start = event.kind == EventKind::Started;
        !self.is_of_another_file(report) && goes_on && !is_start && (lasted_longer || did_more)
    }

    /// Whether `event` calls the file of this print by another name. Where neither an id nor a path tells, a print that goes on
    /// from the progress of this one, and has done more than fits in since the last report of it, is this one.
    fn has_another_name_in(&self, event: &Event) -> bool {
        let report = &event.report;
        let has_path = |file: &Option<File>| file.as_ref().is_some_and(|file| file.path.is_some());
        let goes_on = matches!((self.progress, report.progress), (Some(before), Some(now)) if now >= before);
        let work = report.work(None, self.estimate);
        let did_more = work.is_some_and(|work| work > self.since_last_report(event) + DELAY);
        let is_within = event.kind != EventKind::Started && !event.kind.is_end();
        report.print_id.is_none()
            && !(has_path(&self.file) && has_path(&report.file))
            && is_within
            && goes_on
            && did_more
    }

    /// The elapsed time of one print never falls. Where it fell, and another print of that length fits in since the last
    /// report, there is another print. Where none fits in, the report is late; a pause that was reported late may fit in.
    /// What was received before the last report, and waited, is of no print after it.
    fn fell_back(&self, event: &Event) -> bool {
        let since = self.since_last_report(event);
        let may_be_late = event.kind == EventKind::Paused && since <= LATE_WINDOW;
        self.states_less(event)
            && !may_be_late
            && event.received >= self.last_report.received
            && event.stated().is_some_and(|stated| stated <= since + TOLERANCE)
    }

    /// Whether the event states less than a report of this print before it. One may count pauses that the other leaves out.
    pub(super) fn states_less(&self, event: &Event) -> bool {
        let (Some(before), Some(now)) = (self.last_elapsed, event.elapsed()) else { return false };
        let counted_alike = discriminant(&before) == discriminant(&now);
        let pauses = if counted_alike { Duration::ZERO } else { self.paused(event.received) };
        now.stated() + pauses + TOLERANCE < before.stated()
    }

    /// Whether `event` was sent before another report of this print that has already arrived.
    pub(in crate::farm) fn is_late(&self, event: &Event) -> bool {
        let id = event.report.print_id.as_deref();
        let has_former_id = id.is_some_and(|id| self.has_had_id(id) && self.print_id.as_deref() != Some(id));
        let states_less = self.states_less(event) && !self.restarts_the_clock(event);
        has_former_id || states_less || ReportTime::of(event).was_sent_before(self.last_report)
    }

    /// Whether the sender's clock started again within this print: it restarted, which also gives the print another id, or
    /// its clock was set back.
    pub(super) fn restarts_the_clock(&self, event: &Event) -> bool {
        let report = &event.report;
        let is_renamed =
            self.print_id.is_some() && report.print_id.is_some() && !self.has_id(report.print_id.as_deref());
        let has_progressed = matches!((self.progress, report.progress), (Some(a), Some(b)) if b > a);
        self.states_less(event)
            && (is_renamed || has_progressed || event.received.since(self.last_report.received) > LATE_WINDOW)
    }

    /// Whether `event`, a start, announces this print again.
    pub(in crate::farm) fn is_announced_again_by(&self, event: &Event) -> bool {
        self.only_announced
            && !self.is_another_print(event)
            && !self.states_another_time(event)
            && event.received.since(self.last_report.received) <= START_WINDOW
    }

    /// Whether the event states another time than the last report, both to the fraction of a second: what is sent again
    /// states the same.
    fn states_another_time(&self, event: &Event) -> bool {
        let times = self.last_elapsed.map(Elapsed::stated).zip(event.stated());
        times.is_some_and(|(one, other)| one != other && one.subsec_nanos() != 0 && other.subsec_nanos() != 0)
    }

    /// Whether `event`, a start, is that of this print, which an earlier report had implied: one that overtook the start, or
    /// one of the beginning.
    pub(in crate::farm) fn is_announced_by(&self, event: &Event) -> bool {
        let is_overtaken = event.received < self.first_report.received;
        !self.credit.is_announced
            && !self.is_of_another_file(&event.report)
            && event.received.since(self.started) <= DELAY
            && (is_overtaken || self.progress.is_none_or(|progress| progress <= BEGINNING))
    }

    /// Whether `event`, a start, states the time or the progress of this print: then this print goes on.
    pub(in crate::farm) fn is_continued_by(&self, event: &Event) -> bool {
        let has_its_time = match (self.last_elapsed, self.believe(event)) {
            (Some(before), Some(now)) => {
                now.stated() > TOLERANCE && now.stated() + TOLERANCE >= before.stated()
            }
            _ => false,
        };
        let has_its_progress = match (self.progress, event.report.progress) {
            (Some(before), Some(now)) => now > BEGINNING && now >= before,
            _ => false,
        };
        has_its_progress && !self.is_of_another_file(&event.report)
            || has_its_time && !self.is_another_print(event)
    }

    /// Whether `event`, which no id assigns to this print, states the time of the print before.
    pub(in crate::farm) fn is_stated_of_the_print_before(&self, event: &Event) -> bool {
        !self.has_id(event.report.print_id.as_deref())
            && event.stated().is_some_and(|stated| {
                self.credit.is_of_the_print_before(stated, event.kind.is_end(), event.received)
            })
    }

    /// Whether the time that `event` states reaches back before this print.
    pub(in crate::farm) fn is_reached_behind_by(&self, event: &Event) -> bool {
        let age = self.since_last_report(event) + self.last_report.received.since(self.started);
        event.stated().is_some_and(|stated| stated > age + TOLERANCE)
    }

    /// When this print ended where `event` is of the next one: that one began when it states, but not before the last report
    /// of this print, nor within the time that is credited to it.
    pub(in crate::farm) fn end_before(&self, event: &Event) -> ReportTime {
        let stated = event.stated().unwrap_or(Duration::ZERO);
        let uncredited = event.received.since(self.stopwatch.at);
        ReportTime::of(event).before(stated.min(self.since_last_report(event)).min(uncredited))
    }

    fn since_last_report(&self, event: &Event) -> Duration {
        self.last_report.until(ReportTime::of(event))
    }
}

fn differ(one: Origin, other: Origin) -> bool {
    one != other && one != Origin::Unknown && other != Origin::Unknown
}
