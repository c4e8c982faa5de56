//! Notices two printers behind one name in the URL, which are counted as one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::labels::Source;

/// The ids that senders give to the printers which a name in the URL identifies. Only names of recorded printers are kept,
/// so the limit of printers bounds it.
#[derive(Default)]
pub(super) struct SharedNames(Mutex<HashMap<(Source, String), SenderId>>);

enum SenderId {
    Only(String),
    Several,
}

impl SharedNames {
    /// Notes that the printer `name` has this id at its sender. Returns whether this is its second id; that is reported
    /// once.
    pub(super) fn is_second_id(&self, source: Source, name: &str, id: String) -> bool {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match names.get_mut(&(source, name.to_owned())) {
            None => {
                names.insert((source, name.to_owned()), SenderId::Only(id));
                false
            }
            Some(SenderId::Only(known)) if *known == id => false,
            Some(SenderId::Several) => false,
            Some(known) => {
                *known = SenderId::Several;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_id_of_a_name_is_reported_once() {
        let names = SharedNames::default();
        let (one, other) = (Source::new("one"), Source::new("other"));
        let cases = [
            (one, "mk3", "a", false),
            (one, "mk3", "a", false),
            (other, "mk3", "b", false),
            (one, "mk4", "b", false),
            (one, "mk3", "b", true),
            (one, "mk3", "a", false),
            (one, "mk3", "c", false),
        ];
        for (source, name, id, expected) in cases {
            assert_eq!(names.is_second_id(source, name, id.to_owned()), expected, "{source:?} {name} {id}");
        }
    }
}
