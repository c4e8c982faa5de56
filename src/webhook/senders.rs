//! The senders whose webhooks are taken.

use std::fmt;

use super::bambuddy::Bambuddy;
use super::generic::Generic;
use super::moonraker::Moonraker;
use super::obico::Obico;
use super::simplyprint::SimplyPrint;
use super::{OctoEverywhere, OctoPrint, Sender};
use crate::labels::Source;

/// The registered senders. Routes, secrets, metrics and the store know these and no other.
#[derive(Clone)]
pub struct Senders(Vec<&'static dyn Sender>);

impl Senders {
    /// The senders of this program. A new sender is one line here.
    #[must_use]
    pub fn builtin() -> Self {
        Self(vec![&OctoPrint, &OctoEverywhere, &Moonraker, &Obico, &SimplyPrint, &Bambuddy, &Generic])
    }

    /// These and one more, which must have a source of its own.
    #[must_use]
    pub fn with(mut self, sender: &'static dyn Sender) -> Self {
        self.0.push(sender);
        self
    }

    /// The sender with this name.
    #[must_use]
    pub fn get(&self, source: &str) -> Option<&'static dyn Sender> {
        self.iter().find(|sender| sender.profile().source.as_str() == source)
    }

    /// All senders.
    pub fn iter(&self) -> impl Iterator<Item = &'static dyn Sender> {
        self.0.iter().copied()
    }

    /// Their sources.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        self.iter().map(|sender| sender.profile().source).collect()
    }
}

impl fmt::Debug for Senders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Senders").field(&self.sources()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn sources_are_unique_words_of_small_letters_and_digits() {
        let sources = Senders::builtin().sources();
        assert_eq!(sources.iter().collect::<HashSet<_>>().len(), sources.len());
        for source in sources.iter().map(|source| source.as_str()) {
            assert!(
                source.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{source}"
            );
        }
    }
}
