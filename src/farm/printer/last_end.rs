//! The last end of a printer's prints, for recognizing its repeats and what is late.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::farm::credit::TOLERANCE;
use crate::farm::event::{Elapsed, Event, EventKind, File, PrintReport};
use crate::farm::report_time::ReportTime;

/// What states no time within this time of the last end is about the print that ended: plugins may report one end twice.
const END_WINDOW: Duration = Duration::from_secs(60);

/// A print may have begun this long before we heard of the last end, which was on its way.
const TRANSIT: Duration = Duration::from_secs(30);

/// A start that its own end has overtaken arrives within this time of the end.
const LATE_START: Duration = Duration::from_secs(2);

/// An end with the same stated time, to the fraction of a second, repeats the last one within this time.
const SAME_END_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The stated times of one end that is reported several times fall by less than this.
const ROUNDING: Duration = Duration::from_millis(500);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LastEnd {
    pub(super) time: ReportTime,
    pub(super) print_id: Option<String>,
    pub(super) file: Option<File>,
    /// The time that was stated at the end.
    pub(super) elapsed: Option<Elapsed>,
    /// The least and the most that can be stated of the end: the time stated at it, or what lies between the last stated
    /// time and the measured one.
    pub(super) range: Option<(Duration, Duration)>,
    /// Nothing was heard of the print before its end.
    #[serde(default)]
    pub(super) was_unheard_of: bool,
}

impl LastEnd {
    /// Whether `event`, while no print is open, is about the print that ended: prints do not overlap, so a print whose
    /// stated time reaches back before the last end is that one, unless its id or its file is another.
    pub(super) fn covers(&self, event: &Event) -> bool {
        if self.is_of_another_print(&event.report) {
            return false;
        }
        let ago = event.received.since(self.time.received);
        let Some(elapsed) = event.elapsed() else { return ago <= END_WINDOW };
        let (stated, since) = (elapsed.stated(), self.since(event));
        let transit = if ago > END_WINDOW && !self.runs_on_to(stated, since) { TRANSIT } else { TOLERANCE };
        stated > since + transit || self.is_repeated_by(event, elapsed, ago)
    }

    /// Whether the sender's clock of the print that ended would state `stated` after `since`.
    fn runs_on_to(&self, stated: Duration, since: Duration) -> bool {
        self.range.is_some_and(|(_, most)| stated.abs_diff(most + since) <= TOLERANCE)
    }

    fn is_repeated_by(&self, event: &Event, elapsed: Elapsed, ago: Duration) -> bool {
        let Some(last) = self.elapsed else { return event.kind.is_end() && ago <= END_WINDOW };
        let stated = elapsed.stated();
        let is_same = last == elapsed && stated.subsec_nanos() != 0 && ago <= SAME_END_WINDOW;
        let has_grown =
            stated + ROUNDING >= last.stated() && stated > self.since(event) + ROUNDING && ago <= END_WINDOW;
        event.kind.is_end() && (is_same || has_grown)
    }

    /// Whether `event`, a start, is that of the print that ended, of which nothing was heard before.
    pub(super) fn overtook(&self, event: &Event) -> bool {
        self.was_unheard_of
            && event.received.since(self.time.received) <= LATE_START
            && !self.is_of_another_print(&event.report)
    }

    /// Whether the sender uses the id of the print that ended for another file.
    pub(super) fn lends_its_id_to(&self, event: &Event) -> bool {
        let report = &event.report;
        let fits = match event.stated() {
            Some(stated) => stated <= self.since(event) + TOLERANCE,
            None => event.received.since(self.time.received) > END_WINDOW,
        };
        self.print_id.is_some()
            && self.print_id == report.print_id
            && File::differ(self.file.as_ref(), report.file.as_ref())
            && (fits || event.kind.is_end() || event.kind == EventKind::Started)
    }

    fn is_of_another_print(&self, report: &PrintReport) -> bool {
        match (&self.print_id, &report.print_id) {
            (Some(one), Some(other)) if one != other => true,
            _ => File::differ(self.file.as_ref(), report.file.as_ref()),
        }
    }

    fn since(&self, event: &Event) -> Duration {
        self.time.until(ReportTime::of(event))
    }
}
