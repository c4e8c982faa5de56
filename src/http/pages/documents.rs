//! The documents for those who run the exporter, as they belong to this version: `/docs/`.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use crate::http::response;

/// File, title and text.
pub(super) const DOCUMENTS: [(&str, &str, &str); 5] = [
    ("CONFIGURATION.md", "Configuration", include_str!("../../../docs/CONFIGURATION.md")),
    ("METRICS.md", "The metrics explained", include_str!("../../../docs/METRICS.md")),
    ("RUNBOOK.md", "Runbook of the alerts", include_str!("../../../docs/RUNBOOK.md")),
    ("HARDENING.md", "Hardening", include_str!("../../../docs/HARDENING.md")),
    ("STORAGE.md", "Storage", include_str!("../../../docs/STORAGE.md")),
];

pub(in crate::http) async fn document(Path(name): Path<String>) -> Response {
    match DOCUMENTS.iter().find(|(file, ..)| *file == name) {
        Some((.., text)) => response::text(StatusCode::OK, *text),
        None => response::text(StatusCode::NOT_FOUND, "There is no such document here.\n"),
    }
}
