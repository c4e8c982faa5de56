//! `GET /api/v1/printers`: the printers as they are now.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::ApiError;
use crate::farm::PrintSnapshot;
use crate::http::AppState;
use crate::http::overview::{Overview, PrintersQuery, Row};
use crate::labels::{Origin, Outcome};
use crate::timestamp::Timestamp;

/// Times are in seconds since 1970, UTC; what is not known is null.
#[derive(Serialize)]
struct Answer<'a> {
    now: f64,
    today_since: f64,
    /// How many printers are selected, in this answer or not.
    selected: usize,
    printers: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    printer: &'a str,
    source: &'static str,
    id: &'a str,
    name: &'a str,
    state: crate::labels::State,
    needs_person: Option<Need>,
    last_event: f64,
    print: Option<Print<'a>>,
    last_end: Option<LastEnd>,
    today: Today,
}

#[derive(Serialize)]
struct Need {
    reason: &'static str,
    since: f64,
}

#[derive(Serialize)]
struct Print<'a> {
    file: Option<&'a str>,
    origin: Origin,
    started: f64,
    progress: Option<f64>,
    printed_seconds: f64,
    remaining_seconds: Option<f64>,
    eta: Option<f64>,
    layer: Option<u32>,
    layers: Option<u32>,
}

#[derive(Serialize)]
struct LastEnd {
    outcome: Outcome,
    ended: f64,
}

#[derive(Serialize)]
struct Today {
    prints: u32,
    printed_seconds: f64,
}

pub(in crate::http) async fn printers(
    State(web): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    answer(&web, query.as_deref(), &headers).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(web: &AppState, query: Option<&str>, headers: &HeaderMap) -> Result<Response, ApiError> {
    let query = PrintersQuery::read(query)?;
    let (view, now) = web.recorder.view();
    let day_start = query.day_start(now);
    let ended = web.history.read(move |history| history.since(day_start)).await?;
    let overview = Overview::new(&view, now, &query, &ended);
    let answer = Answer {
        now: now.seconds(),
        today_since: day_start.seconds(),
        selected: overview.selected,
        printers: overview.rows.iter().map(Item::from).collect(),
    };
    Ok(super::respond(headers, &answer))
}

impl<'a> From<&Row<'a>> for Item<'a> {
    fn from(row: &Row<'a>) -> Self {
        let printer = &row.printer;
        Self {
            printer: printer.label,
            source: printer.source.as_str(),
            id: printer.id,
            name: printer.name,
            state: printer.state,
            needs_person: row
                .need
                .map(|(need, since)| Need { reason: need.as_str(), since: since.seconds() }),
            last_event: printer.last_event.seconds(),
            print: printer.print.as_ref().map(Print::from),
            last_end: row.last_end.map(|(outcome, ended)| LastEnd { outcome, ended: ended.seconds() }),
            today: Today { prints: row.today.prints, printed_seconds: row.today.seconds },
        }
    }
}

impl<'a> From<&PrintSnapshot<'a>> for Print<'a> {
    fn from(print: &PrintSnapshot<'a>) -> Self {
        Self {
            file: Some(print.file).filter(|file| !file.is_empty()),
            origin: print.origin,
            started: print.started.seconds(),
            progress: print.progress,
            printed_seconds: print.elapsed.as_secs_f64(),
            remaining_seconds: print.remaining.map(|span| span.as_secs_f64()),
            eta: print.eta.map(Timestamp::seconds),
            layer: print.layer,
            layers: print.layers,
        }
    }
}
