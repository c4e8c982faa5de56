//! What became of the webhooks so far.

use std::sync::{Arc, Mutex, PoisonError};

/// How many webhooks were acknowledged, and how many were not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answered with a 2xx status.
    pub acknowledged: u64,
    /// Answered with another status, or not at all.
    pub failed: u64,
    /// Why the first of the failed ones failed.
    pub first_problem: Option<String>,
}

/// A tally that all clients write to.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedTally(Arc<Mutex<Tally>>);

impl SharedTally {
    pub(super) fn count(&self, outcome: anyhow::Result<()>) {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => tally.acknowledged += 1,
            Err(problem) => {
                tally.failed += 1;
                tally.first_problem.get_or_insert_with(|| format!("{problem:#}"));
            }
        }
    }

    pub(super) fn read(&self) -> Tally {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
