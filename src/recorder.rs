//! The one writer.

use std::sync::Arc;

use crate::farm::{Event, Limits, Reading, Source, Time};

/// A handle to the one writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder;

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The `printer` label that the printer has, or, for a test, will have.
    pub label: Arc<str>,
    /// What was done with it.
    pub verdict: Verdict,
}

/// What was done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the state, as durable as the store makes it.
    Accepted,
    /// It repeats what is known already.
    Duplicate,
    /// It is a test; nothing was changed.
    Test,
}

/// Why an event was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// A new printer beyond the limit.
    #[error("the limit of {limit} printers is reached; raise limits.printers to take more")]
    PrinterLimit {
        /// The configured limit.
        limit: usize,
    },
    /// The store cannot take it.
    #[error("the store cannot take it: {reason}")]
    Store {
        /// What the store says.
        reason: String,
    },
    /// The exporter is stopping.
    #[error("the exporter is stopping")]
    Stopping,
}

/// The published state: what readers see.
#[derive(Debug, Default)]
pub struct View;

impl Recorder {
    /// Applies the event and answers when it is durable.
    ///
    /// # Errors
    /// When the printer limit is reached, the store fails, or the exporter is stopping: then nothing has changed.
    pub async fn record(&self, event: Event, limits: Limits) -> Result<Recorded, NotRecorded> {
        let _ = (event, limits);
        Err(NotRecorded::Stopping)
    }

    /// The last published state. Never waits for a commit.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::default()
    }

    /// Whether the last attempt to store something worked.
    #[must_use]
    pub fn healthy(&self) -> bool {
        true
    }
}

impl View {
    /// Every printer in the order in which they were first seen, as they are at `now`.
    pub fn read(&self, now: Time) -> impl Iterator<Item = Reading<'_>> {
        let _ = now;
        std::iter::empty()
    }

    /// When each source last said that its daily limit is reached.
    #[must_use]
    pub fn limit_reached(&self, source: Source) -> Option<Time> {
        let _ = source;
        None
    }
}
