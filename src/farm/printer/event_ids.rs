//! The ids of the latest events of a printer, for recognizing those that are sent again.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::farm::identity::fingerprint;
use crate::timestamp::{ClockStep, Timestamp};

/// An event that is sent again arrives within this time.
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// How many ids of a printer are kept.
const MOST: usize = 128;

/// Fingerprints of ids, with when they came; the latest is the last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct EventIds(VecDeque<(u64, Timestamp)>);

impl EventIds {
    /// Whether no event had an id.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an event with this id came before `now`; notes it otherwise.
    pub(super) fn repeats(&mut self, id: &str, now: Timestamp) -> bool {
        let fingerprint = fingerprint(&[id]);
        self.0.retain(|(_, came)| now.since(*came) <= WINDOW);
        if self.0.iter().any(|(known, _)| *known == fingerprint) {
            return true;
        }
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((fingerprint, now));
        false
    }

    pub(super) fn step_clock(&mut self, step: ClockStep) {
        self.0.iter_mut().for_each(|(_, came)| step.apply(came));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: u64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000) + Duration::from_secs(hours * 3600)
    }

    #[test]
    fn an_id_is_a_repeat_within_a_day() {
        let mut ids = EventIds::default();
        assert!(!ids.repeats("a", at(0)) && !ids.repeats("b", at(1)));
        assert!(ids.repeats("a", at(24)) && ids.repeats("b", at(24)));
        assert!(!ids.repeats("a", at(25)) && ids.repeats("a", at(49)));
    }

    #[test]
    fn the_latest_ids_are_kept() {
        let mut ids = EventIds::default();
        for number in 0..=MOST {
            assert!(!ids.repeats(&number.to_string(), at(0)));
        }
        assert!(ids.repeats("1", at(0)) && !ids.repeats("0", at(0)));
        assert_eq!(ids.0.len(), MOST);
    }
}
