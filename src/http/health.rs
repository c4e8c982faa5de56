//! `/-/healthy`: the process answers. `/-/ready`: it would take a webhook now.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{AppState, answer};

const STARTING: u8 = 0;
const READY: u8 = 1;
const DRAINING: u8 = 2;

/// How far the exporter's life has come: starting, then ready, then draining.
#[derive(Debug, Default)]
pub struct Readiness(AtomicU8);

impl Readiness {
    /// The start is over.
    pub fn start(&self) {
        self.0.fetch_max(READY, Ordering::Relaxed);
    }

    /// The exporter stops; nothing makes it ready again.
    pub fn drain(&self) {
        self.0.fetch_max(DRAINING, Ordering::Relaxed);
    }

    /// Why the exporter is not ready.
    fn obstacle(&self) -> Option<&'static str> {
        match self.0.load(Ordering::Relaxed) {
            STARTING => Some("starting"),
            READY => None,
            _ => Some("draining: the exporter is stopping"),
        }
    }
}

/// `/-/healthy`
pub(super) async fn healthy() -> Response {
    answer::text(StatusCode::OK, "healthy\n")
}

/// `/-/ready`
pub(super) async fn ready(State(web): State<Arc<AppState>>) -> Response {
    let store = || (!web.recorder.is_storing()).then_some("the store does not take events; see the log");
    match web.readiness.obstacle().or_else(store) {
        None => answer::text(StatusCode::OK, "ready\n"),
        Some(obstacle) => answer::text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {obstacle}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_goes_one_way() {
        let readiness = Readiness::default();
        assert_eq!(readiness.obstacle(), Some("starting"));
        readiness.start();
        assert_eq!(readiness.obstacle(), None);
        readiness.drain();
        readiness.start();
        assert_eq!(readiness.obstacle(), Some("draining: the exporter is stopping"));
    }
}
