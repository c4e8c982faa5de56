//! `/api/v1/`: what the pages show, as JSON.

mod printers;
mod prints;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::query::BadQuery;
use super::response;
use crate::store::StoreError;

pub(super) use printers::printers;
pub(super) use prints::prints;

/// Why the API gives no data.
#[derive(Debug, thiserror::Error)]
enum ApiError {
    #[error(transparent)]
    Query(#[from] BadQuery),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Query(_) => StatusCode::BAD_REQUEST,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        response::json(status, &json!({ "error": self.to_string() }))
    }
}
