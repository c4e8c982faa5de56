//! `GET /api/v1/prints`: the prints that have ended, the latest first, as JSON or CSV.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::ApiError;
use crate::format::{Csv, Format as _};
use crate::http::AppState;
use crate::http::history::HistoryReader;
use crate::http::prints_query::{Format, PrintsQuery};
use crate::labels::Outcome;
use crate::store::{Filter, PAGE, Page, PrintRow, StoreError, Sums};

const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
const AS_FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"prints.csv\"");

#[derive(Serialize)]
struct Answer {
    prints: Vec<PrintRow>,
    /// What `after` has to be for the next page; null on the last one.
    next: Option<String>,
    /// Of the whole selection, on its first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    sums: Option<SumsJson>,
}

#[derive(Serialize)]
struct SumsJson {
    #[serde(flatten)]
    sums: Sums,
    outcomes: BTreeMap<&'static str, u32>,
}

pub(in crate::http) async fn prints(
    State(web): State<Arc<AppState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let answered = match PrintsQuery::read(query.as_deref()) {
        Ok(query) if query.format == Format::Csv => csv(web.history.clone(), query).await,
        Ok(query) => json(&web, query, &headers).await,
        Err(error) => Err(error.into()),
    };
    answered.unwrap_or_else(IntoResponse::into_response)
}

async fn json(web: &AppState, query: PrintsQuery, headers: &HeaderMap) -> Result<Response, ApiError> {
    let (page, filter) = (query.page(), query.filter);
    let read = web.history.read(move |history| {
        let sums = if page.after.is_none() { Some(history.sums(&filter)?) } else { None };
        Ok((history.page(&filter, &page)?, sums))
    });
    let (prints, sums) = read.await?;
    let next = page.next(&prints).and_then(|page| page.after).map(|after| after.to_string());
    let sums = sums.map(|sums| SumsJson {
        outcomes: Outcome::VALUES.iter().copied().zip(sums.outcomes).collect(),
        sums,
    });
    Ok(super::respond(headers, &Answer { prints, next, sums }))
}

/// The selection, page by page, so that its size does not matter; with a limit, one page.
async fn csv(history: HistoryReader, query: PrintsQuery) -> Result<Response, ApiError> {
    let page = Page { limit: query.limit.unwrap_or(PAGE), ..query.page() };
    let is_whole = query.limit.is_none();
    let filter = query.filter;
    // An error on the first page is still answered; a later one closes the connection in the middle of the file.
    let (first, next) = csv_page(&history, &filter, page, true).await?;
    let rest = stream::try_unfold(next.filter(|_| is_whole), move |page| {
        let (history, filter) = (history.clone(), filter.clone());
        async move {
            let Some(page) = page else { return Ok(None) };
            csv_page(&history, &filter, page, false).await.map(Some).map_err(io::Error::other)
        }
    });
    let body = Body::from_stream(stream::iter([Ok(first)]).chain(rest));
    Ok(([(header::CONTENT_TYPE, CSV), (header::CONTENT_DISPOSITION, AS_FILE)], body).into_response())
}

/// One page as text, and the page after it.
async fn csv_page(
    history: &HistoryReader,
    filter: &Filter,
    page: Page,
    heading: bool,
) -> Result<(Bytes, Option<Page>), StoreError> {
    let filter = filter.clone();
    let prints = history.read(move |history| history.page(&filter, &page)).await?;
    let mut text = Vec::new();
    let mut write = || {
        let mut csv = if heading { Csv::begin(&mut text)? } else { Csv::go_on(&mut text) };
        prints.iter().try_for_each(|print| csv.print(print))?;
        csv.end()
    };
    write().map_err(|error| StoreError(format!("the history cannot be written: {error}")))?;
    Ok((text.into(), page.next(&prints)))
}
