//! A map that forgets old entries.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Keeps recently used entries in two generations. A used entry moves to the young one. When the young one is full or old
/// enough, it replaces the old one, whose entries are dropped. So eviction needs no search, and a flood of keys costs no
/// more than other uses.
#[derive(Debug)]
pub(crate) struct GenerationalMap<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    size: usize,
    age: Duration,
    since: Duration,
}

impl<K: Hash + Eq, V: Default> GenerationalMap<K, V> {
    /// A map of at most twice `size` entries. It drops an entry that was not used for twice `age`, or sooner.
    pub(crate) fn new(size: usize, age: Duration) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), size, age, since: Duration::ZERO }
    }

    /// The entry of this key, which is new if there is none.
    pub(crate) fn entry(&mut self, key: K, now: Duration) -> &mut V {
        let is_old = now.saturating_sub(self.since) >= self.age;
        if is_old || (self.young.len() >= self.size && !self.young.contains_key(&key)) {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
        let Self { young, old, .. } = self;
        young.entry(key).or_insert_with_key(|key| old.remove(key).unwrap_or_default())
    }

    /// The entry of this key.
    #[cfg(test)]
    fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AGE: Duration = Duration::from_secs(10);

    #[test]
    fn used_entries_stay_and_others_go() {
        let mut recent: GenerationalMap<u32, u32> = GenerationalMap::new(2, AGE);
        for key in 0..20 {
            *recent.entry(7, Duration::ZERO) += 1;
            *recent.entry(100 + key, Duration::ZERO) = 1;
        }
        assert_eq!(recent.get(&7), Some(&20));
        assert_eq!(recent.get(&100), None);
    }

    #[test]
    fn an_entry_that_was_not_used_for_long_is_dropped() {
        let mut recent: GenerationalMap<u32, u32> = GenerationalMap::new(100, AGE);
        *recent.entry(7, AGE) = 1;
        recent.entry(8, AGE * 2);
        assert_eq!(recent.get(&7), Some(&1));
        recent.entry(8, AGE * 3);
        assert_eq!(recent.get(&7), None);
    }

    proptest! {
        #[test]
        fn no_generation_exceeds_its_size(keys in proptest::collection::vec((0..50_u32, 0..3_u64), 0..300)) {
            let mut recent: GenerationalMap<u32, u32> = GenerationalMap::new(5, AGE);
            let mut now = Duration::ZERO;
            for (key, seconds) in keys {
                now += Duration::from_secs(seconds);
                *recent.entry(key, now) = key;
                prop_assert_eq!(recent.get(&key), Some(&key));
                prop_assert!(recent.young.len() <= 5 && recent.old.len() <= 5);
            }
        }
    }
}
