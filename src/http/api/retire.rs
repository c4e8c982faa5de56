//! What changes the farm by hand, only with `--web.enable-admin-api`.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tracing::info;

use super::{AppState, response};
use crate::farm::{Disposition, Event, EventKind, PrintReport};
use crate::recorder::RecordError;
use crate::server::Peer;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    #[error("the admin API is off; start with --web.enable-admin-api")]
    Off,
    #[error("no printer has the label {0:?}; the label `printer` in the metrics shows those that there are")]
    UnknownPrinter(String),
    #[error("{0}")]
    NotStored(#[from] RecordError),
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Off => StatusCode::FORBIDDEN,
            Self::UnknownPrinter(_) => StatusCode::NOT_FOUND,
            Self::NotStored(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        response::json(status, &json!({ "error": self.to_string() }))
    }
}

/// `DELETE /api/v1/printers/{printer}`
pub(super) async fn retire(
    State(web): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    Path(label): Path<String>,
) -> Result<Response, AdminError> {
    if !web.options.admin_api {
        return Err(AdminError::Off);
    }
    let Some(printer) = web.recorder.view().0.identity(&label) else {
        return Err(AdminError::UnknownPrinter(label));
    };
    let (received, kind, report) = (web.clock.now(), EventKind::Retired, PrintReport::default());
    let event = Event { printer, received, sent: None, kind, report };
    let applied = web.recorder.record(event, web.settings.current().limits).await?;
    if applied.disposition == Disposition::Duplicate {
        return Err(AdminError::UnknownPrinter(label));
    }
    info!(printer = label, client = %peer.client(), "printer retired");
    Ok(response::json(StatusCode::OK, &json!({ "retired": label })))
}
