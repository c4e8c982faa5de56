//! The printers as people look at them: those that need a person first.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;

use super::query::{BadQuery, Query};
use crate::date;
use crate::farm::{PrinterSnapshot, View};
use crate::labels::{AttentionReason, Outcome, State};
use crate::store::PrintedSince;
use crate::timestamp::Timestamp;

/// How long a failed print waits for a person at most.
const FAILURE_COUNTS: Duration = Duration::from_secs(24 * 60 * 60);

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// How many printers are shown at most.
pub(super) const MOST_PRINTERS: usize = 1000;

const PARAMETERS: [&str; 5] = ["name", "state", "today", "limit", "offset"];

/// The word that stands for all printers that need a person.
pub(super) const NEEDS_PERSON: &str = "needs_person";

/// Which printers to show.
#[derive(Debug)]
pub(super) struct PrintersQuery {
    /// A part of the label or of the name, in small letters.
    name: Option<String>,
    pub(super) state: Option<Wanted>,
    /// When the day began; by default, the last midnight in UTC.
    today: Option<Timestamp>,
    limit: usize,
    offset: usize,
    /// As it was written.
    pub(super) query: Query,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    NeedsPerson,
    State(State),
}

impl PrintersQuery {
    pub(super) fn read(text: Option<&str>) -> Result<Self, BadQuery> {
        let query = Query::read(text, &PARAMETERS)?;
        let words = [&[NEEDS_PERSON], State::VALUES].concat();
        let state = query.word("state", &words, |word| match word {
            NEEDS_PERSON => Some(Wanted::NeedsPerson),
            word => State::parse(word).map(Wanted::State),
        })?;
        Ok(Self {
            name: query.get("name").map(str::to_lowercase),
            state,
            today: query.parsed("today", date::parse)?,
            limit: query.number("limit", 1, MOST_PRINTERS)?.unwrap_or(MOST_PRINTERS),
            offset: query.number("offset", 0, usize::MAX)?.unwrap_or_default(),
            query,
        })
    }

    /// When the day began.
    pub(super) fn day_start(&self, now: Timestamp) -> Timestamp {
        self.today.unwrap_or_else(|| now.shift(-now.micros().rem_euclid(DAY_MICROS)))
    }

    fn takes(&self, row: &Row<'_>) -> bool {
        self.names(row)
            && self.state.is_none_or(|state| match state {
                Wanted::NeedsPerson => row.need.is_some(),
                Wanted::State(state) => row.printer.state == state,
            })
    }

    fn names(&self, row: &Row<'_>) -> bool {
        let PrinterSnapshot { label, name, .. } = row.printer;
        self.name.as_ref().is_none_or(|part| [label, name].iter().any(|it| it.to_lowercase().contains(part)))
    }
}

/// Why a printer needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Attention(AttentionReason),
    Error,
    Paused,
    /// It went silent with a print open.
    Lost,
    /// Its last print failed within a day, and it has not started again.
    Failed,
}

impl Need {
    /// As a value of the API.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Attention(reason) => reason.as_str(),
            Self::Error => "error",
            Self::Paused => "paused",
            Self::Lost => "unknown",
            Self::Failed => "print_failed",
        }
    }
}

/// One printer at one moment.
pub(super) struct Row<'a> {
    pub(super) printer: PrinterSnapshot<'a>,
    /// Why it needs a person, and since when.
    pub(super) need: Option<(Need, Timestamp)>,
    /// How and when its last print ended.
    pub(super) last_end: Option<(Outcome, Timestamp)>,
    pub(super) today: PrintedSince,
}

/// The printers that a query asks for.
pub(super) struct Overview<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// How many printers are selected, shown or not.
    pub(super) selected: usize,
    /// How many printers there are with each state, among those whose name is asked for.
    pub(super) states: [usize; State::ALL.len()],
    /// How many of these need a person.
    pub(super) need_person: usize,
}

impl<'a> Overview<'a> {
    /// The printers of `view` at `now`; `ended` is what they printed since the day began, in prints that have ended.
    pub(super) fn new(
        view: &'a View,
        now: Timestamp,
        query: &PrintersQuery,
        ended: &HashMap<String, PrintedSince>,
    ) -> Self {
        let day_start = query.day_start(now);
        let row = |printer: PrinterSnapshot<'a>| Row::new(&printer, now, day_start, ended);
        let mut rows: Vec<_> = view.read(now).map(row).filter(|row| query.names(row)).collect();
        let mut states = [0; State::ALL.len()];
        for row in &rows {
            states[row.printer.state.index()] += 1;
        }
        let need_person = rows.iter().filter(|row| row.need.is_some()).count();
        rows.retain(|row| query.takes(row));
        rows.sort_by(Row::by_urgency);
        let selected = rows.len();
        let rows = rows.into_iter().skip(query.offset).take(query.limit).collect();
        Self { rows, selected, states, need_person }
    }
}

/// What printers are shown together, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    NeedPerson,
    Printing,
    /// Those that are idle, or of which nothing is known.
    Others,
}

impl<'a> Row<'a> {
    fn new(
        printer: &PrinterSnapshot<'a>,
        now: Timestamp,
        day_start: Timestamp,
        ended: &HashMap<String, PrintedSince>,
    ) -> Self {
        let ends = Outcome::ALL.iter().map(|outcome| (*outcome, printer.totals.last_end[outcome.index()]));
        let last_end = ends.filter_map(|(outcome, end)| Some((outcome, end?))).max_by_key(|(_, end)| *end);
        let mut today = ended.get(printer.label).copied().unwrap_or_default();
        if let Some(print) = &printer.print {
            // Of a print that runs since yesterday, the share of its time that lies in today.
            let (all, of_today) = (now.since(print.started), now.since(day_start.max(print.started)));
            let share = if all.is_zero() { 1.0 } else { of_today.as_secs_f64() / all.as_secs_f64() };
            today.seconds += print.elapsed.as_secs_f64() * share;
        }
        Self { need: need(printer, last_end, now), printer: *printer, last_end, today }
    }

    pub(super) const fn group(&self) -> Group {
        match (self.need, self.printer.state) {
            (Some(_), _) => Group::NeedPerson,
            (None, State::Printing) => Group::Printing,
            (None, _) => Group::Others,
        }
    }

    /// Those that need a person, the longest wait first; then those that print, the next one to end first; then the rest by
    /// name.
    fn by_urgency(&self, other: &Self) -> Ordering {
        let since = |row: &Self| row.need.map(|(_, since)| since);
        let eta = |row: &Self| {
            let eta = row.printer.print.and_then(|print| print.eta);
            (eta.is_none(), eta)
        };
        self.group()
            .cmp(&other.group())
            .then_with(|| since(self).cmp(&since(other)))
            .then_with(|| eta(self).cmp(&eta(other)))
            .then_with(|| self.printer.label.cmp(other.printer.label))
    }
}

fn need(
    printer: &PrinterSnapshot<'_>,
    last_end: Option<(Outcome, Timestamp)>,
    now: Timestamp,
) -> Option<(Need, Timestamp)> {
    if let Some((reason, since)) = printer.attention {
        return Some((Need::Attention(reason), since));
    }
    let heard = printer.last_event;
    match (printer.state, last_end) {
        (State::Error, _) => Some((Need::Error, heard)),
        (State::Paused, _) => Some((Need::Paused, heard)),
        (State::Unknown, _) if printer.print.is_some() => Some((Need::Lost, heard)),
        (_, Some((Outcome::Failed, end))) if printer.print.is_none() && now.since(end) < FAILURE_COUNTS => {
            Some((Need::Failed, end))
        }
        _ => None,
    }
}
