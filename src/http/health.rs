//! `/-/healthy`: the process responds. `/-/ready`: it takes webhooks now.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{AppState, response};

/// The phase of the exporter's life. It only advances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    #[default]
    Starting,
    Ready,
    Draining,
}

/// Whether the exporter has started and is not stopping.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Phase>);

impl Readiness {
    /// The exporter has started.
    pub(crate) fn start(&self) {
        self.advance(Phase::Ready);
    }

    /// The exporter is stopping, for good.
    pub(crate) fn drain(&self) {
        self.advance(Phase::Draining);
    }

    fn advance(&self, to: Phase) {
        let mut phase = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *phase = to.max(*phase);
    }

    /// Why the exporter is not ready.
    fn obstacle(&self) -> Option<&'static str> {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Phase::Starting => Some("starting"),
            Phase::Ready => None,
            Phase::Draining => Some("draining: the exporter is stopping"),
        }
    }
}

/// `/-/healthy`
pub(super) async fn healthy() -> Response {
    response::text(StatusCode::OK, "healthy\n")
}

/// `/-/ready`
pub(super) async fn ready(State(web): State<Arc<AppState>>) -> Response {
    let store = || (!web.recorder.is_storing()).then_some("the store does not take events; see the log");
    match web.readiness.obstacle().or_else(store) {
        None => response::text(StatusCode::OK, "ready\n"),
        Some(obstacle) => response::text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {obstacle}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phase_never_goes_back() {
        let readiness = Readiness::default();
        assert_eq!(readiness.obstacle(), Some("starting"));
        readiness.start();
        assert_eq!(readiness.obstacle(), None);
        readiness.drain();
        readiness.start();
        assert_eq!(readiness.obstacle(), Some("draining: the exporter is stopping"));
    }
}
