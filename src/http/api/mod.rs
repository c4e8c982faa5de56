//! `/api/v1/`: what the pages show, as JSON, and what changes the farm by hand.

mod printers;
mod prints;
mod retire;

use std::io;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::query::BadQuery;
use super::{encoding, response};
use crate::recorder::RecordError;
use crate::store::StoreError;

pub(super) use printers::printers;
pub(super) use prints::prints;
pub(super) use retire::retire;

/// An answer with data.
fn respond(headers: &HeaderMap, answer: &impl Serialize) -> Response {
    let json = serde_json::to_vec(answer).map_err(io::Error::other);
    let Ok(json) = json.and_then(|json| encoding::compressed(&json)) else {
        return response::text(StatusCode::INTERNAL_SERVER_ERROR, "The answer could not be written.\n");
    };
    let kind = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::VARY, HeaderValue::from_static("Accept-Encoding")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (kind, encoding::response(json, headers)).into_response()
}

/// Why the API gives no data, or changes nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error(transparent)]
    Query(#[from] BadQuery),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the admin API is off; start with --web.enable-admin-api")]
    AdminIsOff,
    #[error("no printer has the label {0:?}; the label `printer` in the metrics shows those that there are")]
    UnknownPrinter(String),
    #[error("{0}")]
    NotRecorded(#[from] RecordError),
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Query(_) => StatusCode::BAD_REQUEST,
            Self::AdminIsOff => StatusCode::FORBIDDEN,
            Self::UnknownPrinter(_) => StatusCode::NOT_FOUND,
            Self::Store(_) | Self::NotRecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        response::json(status, &json!({ "error": self.to_string() }))
    }
}
