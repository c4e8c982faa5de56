//! `GET /`: the farm now.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tracing::warn;

use super::arrivals::{self, ArrivalRow};
use super::text::{Moment, ago, seconds, span};
use super::{Frame, problem, render, respond};
use crate::farm::View;
use crate::http::AppState;
use crate::http::overview::{Group, NEEDS_PERSON, Need, Overview, PrintersQuery, Row, Wanted};
use crate::http::place::Place;
use crate::http::query::Query;
use crate::labels::{AttentionReason, State as PrinterState};
use crate::store::PrintedSince;
use crate::timestamp::Timestamp;
use crate::webhook::{Profile, Sender};

#[derive(Template)]
#[template(path = "farm.html")]
struct Page<'a> {
    frame: Frame,
    summary: String,
    has_printers: bool,
    name: &'a str,
    state: &'a str,
    chips: Vec<Chip>,
    groups: Vec<CardGroup<'a>>,
    /// How many printers are selected and not shown.
    hidden: usize,
    senders: Vec<&'static Profile>,
    /// Whose day it is.
    today: &'static str,
    history_fails: bool,
    store_fails: bool,
    now: Moment,
    arrivals: Vec<ArrivalRow>,
}

/// A link to the printers with one state.
struct Chip {
    query: String,
    text: String,
    class: &'static str,
    count: usize,
    is_current: bool,
}

/// Printers that are shown together.
struct CardGroup<'a> {
    title: &'static str,
    cards: Vec<Card<'a>>,
}

struct Card<'a> {
    label: &'a str,
    /// The link to its prints.
    query: String,
    /// What its owner calls it, if that is something else.
    name: &'a str,
    state: &'static str,
    state_word: String,
    /// Why it needs a person, and for how long.
    need: Option<(String, String)>,
    print: Option<Print<'a>>,
    /// How its last print ended, and when.
    last: Option<(&'static str, String)>,
    heard: String,
    today: String,
}

struct Print<'a> {
    file: &'a str,
    percent: Option<u8>,
    left: Option<String>,
    ready: Option<Moment>,
}

pub(in crate::http) async fn farm(
    State(web): State<Arc<AppState>>,
    place: Place,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let frame = Frame::new(&web, place, "/");
    let query = match PrintersQuery::read(query.as_deref()) {
        Ok(query) => query,
        Err(error) => {
            return problem(StatusCode::BAD_REQUEST, frame, "This filter cannot be used", &error, &headers);
        }
    };
    let state = Arc::clone(&web);
    let rendered = web.history.read(move |history| {
        let (view, now) = state.recorder.view();
        let ended = history.since(query.day_start(now)).inspect_err(|error| {
            warn!(%error, "the page shows no prints of today, because the history cannot be read");
        });
        render(&page(&state, frame, &view, now, &query, ended.ok().as_ref()))
    });
    respond(StatusCode::OK, rendered.await, &headers)
}

/// The page; `ended` is what was printed today, if that can be read.
fn page<'a>(
    web: &AppState,
    frame: Frame,
    view: &'a View,
    now: Timestamp,
    query: &'a PrintersQuery,
    ended: Option<&HashMap<String, PrintedSince>>,
) -> Page<'a> {
    let overview = Overview::new(view, now, query, ended.unwrap_or(&HashMap::new()));
    Page {
        frame,
        summary: summary(&overview),
        has_printers: !view.is_empty(),
        name: query.query.get("name").unwrap_or_default(),
        state: query.query.get("state").unwrap_or_default(),
        chips: chips(&overview, query),
        groups: groups(&overview, now, ended.is_some()),
        hidden: overview.selected - overview.rows.len(),
        senders: web.options.senders.iter().map(Sender::profile).collect(),
        today: if query.query.get("today").is_some() { "Today" } else { "Today (UTC)" },
        history_fails: ended.is_none(),
        store_fails: !web.recorder.is_storing(),
        now: Moment(now),
        arrivals: arrivals::rows(&web.arrivals.latest(), view, now),
    }
}

fn groups<'a>(overview: &Overview<'a>, now: Timestamp, knows_today: bool) -> Vec<CardGroup<'a>> {
    let group = |rows: &[Row<'a>]| CardGroup {
        title: match rows[0].group() {
            Group::NeedPerson => "Need a person",
            Group::Printing => "Printing",
            Group::Others => "Others",
        },
        cards: rows.iter().map(|row| Card::new(row, now, knows_today)).collect(),
    };
    overview.rows.chunk_by(|one, other| one.group() == other.group()).map(group).collect()
}

fn summary(overview: &Overview<'_>) -> String {
    let printers: usize = overview.states.iter().sum();
    match (printers, overview.need_person) {
        (0, _) => String::new(),
        (_, 0) => "No printer needs a person".to_owned(),
        (1, _) => "The printer needs a person".to_owned(),
        (_, 1) => format!("1 of {printers} printers needs a person"),
        (_, waiting) => format!("{waiting} of {printers} printers need a person"),
    }
}

/// Links to all printers, to those that need a person, and to each state that any printer has.
fn chips(overview: &Overview<'_>, query: &PrintersQuery) -> Vec<Chip> {
    let chip = |wanted: Option<Wanted>, word: Option<&'static str>, text: &str, count| Chip {
        query: link(&query.query, word),
        text: text.to_owned(),
        class: word.unwrap_or("all"),
        count,
        is_current: query.state == wanted,
    };
    let all = chip(None, None, "All", overview.states.iter().sum());
    let need = chip(Some(Wanted::NeedsPerson), Some(NEEDS_PERSON), "Needs a person", overview.need_person);
    let states = PrinterState::ALL.iter().map(|state| {
        let (wanted, word) = (Wanted::State(*state), state.as_str());
        chip(Some(wanted), Some(word), &capitalized(word), overview.states[state.index()])
    });
    let shown = states.filter(|chip| chip.count > 0 || chip.is_current);
    [all, need].into_iter().chain(shown).collect()
}

/// The query of the same names with another state.
fn link(query: &Query, state: Option<&str>) -> String {
    let query = query.with(&[("state", state), ("today", None), ("offset", None)]);
    if query.is_empty() { query } else { format!("?{query}") }
}

impl<'a> Card<'a> {
    fn new(row: &Row<'a>, now: Timestamp, knows_today: bool) -> Self {
        let printer = row.printer;
        Self {
            label: printer.label,
            query: Query::default().with(&[("printer", Some(printer.label))]),
            name: if printer.name == printer.label { "" } else { printer.name },
            state: printer.state.as_str(),
            state_word: capitalized(printer.state.as_str()),
            need: row.need.map(|(need, since)| (words(need).to_owned(), span(now.since(since)))),
            print: printer.print.map(|print| Print {
                file: if print.file.is_empty() { "a file without a name" } else { print.file },
                percent: print.progress.map(percent),
                left: print.remaining.map(span),
                ready: print.eta.map(Moment),
            }),
            last: row.last_end.map(|(outcome, ended)| (outcome.as_str(), ago(ended, now))),
            heard: ago(printer.last_event, now),
            today: if knows_today { today(row.today) } else { "–".to_owned() },
        }
    }
}

/// Whole percent, rounded down: 100 is a print that is done.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 100")]
fn percent(progress: f64) -> u8 {
    (progress.clamp(0.0, 1.0) * 100.0) as u8
}

fn today(today: PrintedSince) -> String {
    let prints = if today.prints == 1 { "print" } else { "prints" };
    format!("{} {prints}, {}", today.prints, seconds(today.seconds))
}

const fn words(need: Need) -> &'static str {
    match need {
        Need::Attention(AttentionReason::FilamentChange) => "Change the filament",
        Need::Attention(AttentionReason::UserInteraction) => "Asks for a person",
        Need::Error => "Reports an error",
        Need::Paused => "Is paused",
        Need::Lost => "Went silent in a print",
        Need::Failed => "Its print failed",
    }
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    format!("{}{rest}", first.to_uppercase())
}
