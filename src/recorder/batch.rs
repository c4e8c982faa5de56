//! What the writer takes from its queue at once.

use tokio::sync::oneshot;

use super::{Message, Reading, RecordError, Submission};
use crate::clock::Clock;
use crate::farm::{Applied, Disposition, Event};
use crate::store::Dated;

/// The messages of one batch, by their kind.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) submissions: Vec<Submission>,
    pub(super) readers: Vec<oneshot::Sender<Reading>>,
    pub(super) ticks: bool,
}

impl FromIterator<Message> for Batch {
    fn from_iter<T: IntoIterator<Item = Message>>(messages: T) -> Self {
        let mut batch = Self::default();
        for message in messages {
            match message {
                Message::Event(submission) => batch.submissions.push(*submission),
                Message::Read(reply) => batch.readers.push(reply),
                Message::Tick => batch.ticks = true,
            }
        }
        batch
    }
}

/// What was done with an event, and who waits to hear it.
pub(super) struct Done {
    pub(super) event: Dated<Event>,
    pub(super) reply: oneshot::Sender<Result<Applied, RecordError>>,
    pub(super) result: Result<Applied, RecordError>,
}

impl Done {
    /// Whether the event has to be stored.
    pub(super) fn is_to_be_stored(&self) -> bool {
        self.result.as_ref().is_ok_and(|applied| applied.disposition != Disposition::Test)
    }
}

/// Moves the time of an event with the steps that the clock has made since.
pub(super) fn follow_clock(event: &mut Dated<Event>, clock: &Clock) {
    let started = clock.started();
    if let Some(epoch) = event.epoch.replace(started) {
        event.value.received = event.value.received.shift(started.micros() - epoch.micros());
    }
}
