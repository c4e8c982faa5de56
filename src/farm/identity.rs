//! Which printer and which print an event belongs to, and the printer's unique label.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use crate::labels::{Source, legible};

/// The printer that an event belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    #[serde(skip, default = "unknown")]
    pub source: Source,
    /// Tells this printer from all others of its source, permanently.
    pub id: String,
    /// The `printer` label to give it when it is first seen.
    pub label: String,
    pub name: String,
}

const fn unknown() -> Source {
    Source::UNKNOWN
}

/// The wanted label, legible and of at most `bytes`, or, where another printer has it, with the first free number appended.
pub(super) fn free_label(wanted: &str, bytes: usize, is_taken: impl Fn(&str) -> bool) -> String {
    let mut label = legible(wanted, bytes).into_owned();
    let mut number = 2_u32;
    while is_taken(&label) {
        let suffix = format!("-{number}");
        label = format!("{}{suffix}", legible(wanted, bytes.saturating_sub(suffix.len())));
        number += 1;
    }
    label
}

/// A fingerprint of an id, in its parts. Fingerprints are stored, so the function must never change.
pub(super) fn fingerprint(parts: &[&str]) -> u64 {
    let mut hasher = SipHasher24::new();
    for part in parts {
        hasher.write_u64(part.len() as u64);
        hasher.write(part.as_bytes());
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_label_is_used_as_wanted_and_a_taken_one_gets_the_first_free_number() {
        for (taken, label) in
            [(&[][..], "delta"), (&["delta"], "delta-2"), (&["delta", "delta-2", "delta-4"], "delta-3")]
        {
            assert_eq!(free_label("delta", 200, |it| taken.contains(&it)), label, "{taken:?} are taken");
        }
    }

    #[test]
    fn a_long_label_stays_unique_within_its_length() {
        let long = "\u{e4}".repeat(300);
        let first = free_label(&long, 200, |_| false);
        assert_eq!(first, "\u{e4}".repeat(100));
        assert_eq!(free_label(&long, 200, |it| it == first), format!("{}-2", "\u{e4}".repeat(99)));
        assert_eq!(free_label("a\0", 200, |it| it == "a_"), "a_-2");
    }
}
