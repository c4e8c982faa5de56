//! Which printer and which print an event belongs to, and the printer's unique label.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::labels::Source;

/// The printer that an event belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The sender.
    pub source: Source,
    /// Tells this printer from all others of its source, permanently.
    pub id: String,
    /// The `printer` label to give it when it is first seen.
    pub label: String,
    /// Its current name.
    pub name: String,
}

/// The wanted label, or, where another printer has it, the wanted label with the first free number appended.
pub(super) fn free_label(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(wanted) {
        return wanted.to_owned();
    }
    let mut number = 2_u32;
    loop {
        let label = format!("{wanted}-{number}");
        if !is_taken(&label) {
            return label;
        }
        number += 1;
    }
}

/// A fingerprint of the id of one print. Fingerprints are stored, so the function must never change.
pub(super) fn fingerprint(source: Source, printer_id: &str, print_id: &str) -> u64 {
    let mut hasher = SipHasher24::new();
    for part in [source.as_str(), printer_id, print_id] {
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
            assert_eq!(free_label("delta", |it| taken.contains(&it)), label, "{taken:?} are taken");
        }
    }
}
