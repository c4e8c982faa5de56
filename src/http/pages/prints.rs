//! `GET /prints`: the prints that have ended.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::text::{Moment, seconds};
use super::{Frame, problem, render, respond};
use crate::date;
use crate::http::AppState;
use crate::http::place::Place;
use crate::http::prints_query::PrintsQuery;
use crate::http::query::Query;
use crate::labels::Outcome;
use crate::store::{History, PrintRow, StoreError, Sums};
use crate::timestamp::Timestamp;

#[derive(Template)]
#[template(path = "prints.html")]
struct Page<'a> {
    frame: Frame,
    /// The days of the filter in UTC, and its times as they were written.
    since: String,
    since_text: &'a str,
    until: String,
    until_text: &'a str,
    printer: &'a str,
    owner: &'a str,
    /// Every outcome, and whether it is chosen.
    outcomes: Vec<(&'static str, bool)>,
    labels: Vec<String>,
    sums: SumTexts,
    csv_query: String,
    rows: Vec<PrintTexts<'a>>,
    latest_query: Option<String>,
    older_query: Option<String>,
}

struct SumTexts {
    prints: u32,
    outcomes: Vec<(&'static str, u32)>,
    printed: String,
    paused: String,
}

struct PrintTexts<'a> {
    ended: Moment,
    printer: &'a str,
    printer_query: String,
    file: &'a str,
    owner: &'a str,
    owner_query: String,
    outcome: &'a str,
    printed: String,
    paused: String,
}

pub(in crate::http) async fn prints(
    State(web): State<Arc<AppState>>,
    place: Place,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let frame = || Frame::new(&web, place.clone(), "/prints");
    let query = match PrintsQuery::read(query.as_deref()) {
        Ok(query) => query,
        Err(error) => {
            return problem(StatusCode::BAD_REQUEST, frame(), "This filter cannot be used", &error, &headers);
        }
    };
    let page = frame();
    let rendered = web.history.read(move |history| read(history, page, &query)).await;
    if let Err(error) = &rendered {
        return problem(
            StatusCode::SERVICE_UNAVAILABLE,
            frame(),
            "The history cannot be read",
            error,
            &headers,
        );
    }
    respond(StatusCode::OK, rendered, &headers)
}

fn read(history: &dyn History, frame: Frame, query: &PrintsQuery) -> Result<Arc<[u8]>, StoreError> {
    let page = query.page();
    let prints = history.page(&query.filter, &page)?;
    let older = page.next(&prints).and_then(|page| page.after).map(|after| after.to_string());
    let text = |name| query.query.get(name).unwrap_or_default();
    let (filter, chosen) = (&query.filter, query.filter.outcome);
    let with_after = |after: Option<&str>| query.query.with(&[("after", after)]);
    let page = Page {
        frame,
        since: day(filter.since),
        since_text: text("since"),
        until: day(filter.until),
        until_text: text("until"),
        printer: text("printer"),
        owner: text("owner"),
        outcomes: Outcome::ALL.iter().map(|outcome| (outcome.as_str(), chosen == Some(*outcome))).collect(),
        labels: history.labels()?,
        sums: SumTexts::from(history.sums(filter)?),
        csv_query: query.query.with(&[("after", None), ("limit", None), ("format", Some("csv"))]),
        rows: prints.iter().map(|print| PrintTexts::new(print, &query.query)).collect(),
        latest_query: query.after.map(|_| with_after(None)),
        older_query: older.map(|after| with_after(Some(&after))),
    };
    render(&page)
}

/// The day of a time in UTC, as a field for a date has it.
fn day(time: Option<Timestamp>) -> String {
    let text = time.and_then(|time| date::utc(time.seconds()));
    text.and_then(|text| Some(text.split_once(' ')?.0.to_owned())).unwrap_or_default()
}

impl From<Sums> for SumTexts {
    fn from(sums: Sums) -> Self {
        Self {
            prints: sums.prints,
            outcomes: Outcome::VALUES.iter().copied().zip(sums.outcomes).collect(),
            printed: seconds(sums.printed_seconds),
            paused: seconds(sums.paused_seconds),
        }
    }
}

impl<'a> PrintTexts<'a> {
    fn new(print: &'a PrintRow, query: &Query) -> Self {
        let only = |name, value: &str| query.with(&[("after", None), (name, Some(value))]);
        let owner = print.owner.as_deref().unwrap_or_default();
        Self {
            ended: Moment(Timestamp::from_seconds(print.ended)),
            printer: &print.printer,
            printer_query: only("printer", &print.printer),
            file: print.file.as_deref().unwrap_or("–"),
            owner,
            owner_query: only("owner", owner),
            outcome: &print.outcome,
            printed: seconds(print.printed_seconds),
            paused: if print.paused_seconds > 0.0 { seconds(print.paused_seconds) } else { String::new() },
        }
    }
}
