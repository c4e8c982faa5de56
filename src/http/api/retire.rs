//! `DELETE /api/v1/printers/{printer}`: retires a printer, only with `--web.enable-admin-api`.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use tracing::info;

use super::ApiError;
use crate::farm::{Disposition, Event, EventKind, PrintReport};
use crate::http::{AppState, response};
use crate::server::Peer;

pub(in crate::http) async fn retire(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    Path(label): Path<String>,
) -> Result<Response, ApiError> {
    if !web.options.admin_api {
        return Err(ApiError::AdminIsOff);
    }
    let Some(printer) = web.recorder.view().0.identity(&label) else {
        return Err(ApiError::UnknownPrinter(label));
    };
    let (received, kind, report) = (web.clock.now(), EventKind::Retired, PrintReport::default());
    let event = Event { printer, received, sent: None, kind, report };
    let applied = web.recorder.record(event, web.settings.current().limits).await?;
    if applied.disposition == Disposition::Duplicate {
        return Err(ApiError::UnknownPrinter(label));
    }
    info!(printer = label, client = %peer.client(), "printer retired");
    Ok(response::json(StatusCode::OK, &json!({ "retired": label })))
}
