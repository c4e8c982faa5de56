//! When something was reported, by two clocks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Event;
use crate::timestamp::Timestamp;

/// A sender's clock that ran ahead of ours by more than this was set.
const SET: Duration = Duration::from_secs(24 * 60 * 60);

/// Senders state when they sent something in whole seconds.
const ROUNDING: Duration = Duration::from_secs(1);

/// For so long senders retry.
const RETRIES: Duration = Duration::from_secs(10 * 60);

/// When something was reported, by our clock and by the sender's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReportTime {
    pub(super) received: Timestamp,
    sent: Option<Timestamp>,
}

impl ReportTime {
    pub(super) const fn of(event: &Event) -> Self {
        Self { received: event.received, sent: event.sent }
    }

    /// The time from this report to a later one: by the sender's clock, which is not affected by delays in transit, unless it
    /// was set in between; else by ours.
    pub(super) fn until(self, later: Self) -> Duration {
        self.until_by_the_sender(later).unwrap_or_else(|| later.received.since(self.received))
    }

    /// The time from this report to a later one by the sender's clock, unless it was set in between.
    pub(super) fn until_by_the_sender(self, later: Self) -> Option<Duration> {
        let (from, to) = self.sent.zip(later.sent).filter(|(from, to)| to >= from)?;
        Some(to.since(from)).filter(|by| *by <= later.received.since(self.received) + SET)
    }

    /// Whether this was sent before `other`, which arrived first. A sender's clock that was set back says nothing.
    pub(super) fn was_sent_before(self, other: Self) -> bool {
        let by = other.sent.zip(self.sent).map(|(other, this)| other.since(this));
        by.is_some_and(|by| by > ROUNDING && by <= RETRIES)
    }

    /// The time that lies `span` before this one.
    pub(super) fn before(self, span: Duration) -> Self {
        Self { received: self.received - span, sent: self.sent.map(|sent| sent - span) }
    }
}
