//! The last webhooks that arrived, and what was answered, for people who press a test button. A body, a secret or a path is
//! never kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use crate::labels::{EventLabel, Source};
use crate::timestamp::Timestamp;

/// How many are kept.
const KEPT: usize = 100;

/// One webhook that was answered.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) at: Timestamp,
    pub(super) source: Source,
    pub(super) printer: Option<Printer>,
    /// The kind of event, where it could be read.
    pub(super) event: Option<EventLabel>,
    pub(super) status: StatusCode,
    /// `accepted`, `ignored` or `rejected`.
    pub(super) answer: &'static str,
    /// Why it was not accepted, as a label value.
    pub(super) reason: Option<&'static str>,
    /// Why it was rejected, for a person.
    pub(super) message: Option<String>,
}

/// The printer of a webhook.
#[derive(Debug)]
pub(super) enum Printer {
    /// The label that the answer named.
    Label(String),
    /// The name in the path of a webhook that was rejected. It may be anything, a secret in the wrong place too, so it is
    /// shown only when a printer has it.
    Claimed(String),
}

/// The last webhooks.
#[derive(Debug, Default)]
pub(super) struct Arrivals(Mutex<VecDeque<Arc<Arrival>>>);

impl Arrivals {
    pub(super) fn note(&self, arrival: Arrival) {
        let mut arrivals = self.lock();
        if arrivals.len() == KEPT {
            arrivals.pop_back();
        }
        arrivals.push_front(Arc::new(arrival));
    }

    /// Those that are kept, the latest first.
    pub(super) fn latest(&self) -> Vec<Arc<Arrival>> {
        self.lock().iter().cloned().collect()
    }

    // A `std::sync::Mutex`: nobody holds it for longer than it takes to copy the pointers.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Arrival>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hundred_are_kept() {
        let arrivals = Arrivals::default();
        for second in 0..250 {
            arrivals.note(Arrival {
                at: Timestamp::from_micros(second),
                source: Source::UNKNOWN,
                printer: None,
                event: None,
                status: StatusCode::OK,
                answer: "accepted",
                reason: None,
                message: None,
            });
        }
        let kept: Vec<_> = arrivals.latest().iter().map(|arrival| arrival.at.micros()).collect();
        assert_eq!(kept, (150..250).rev().collect::<Vec<_>>());
    }
}
