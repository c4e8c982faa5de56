//! A table that forgets.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// What was used lately, by key. Two tables: what is used moves to the young one; when that is full, or of age, it becomes
/// the old one, and the old one is forgotten. So nothing has to be searched for, and a flood of keys costs no more than
/// any other use.
#[derive(Debug)]
pub(crate) struct GenerationalMap<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    size: usize,
    age: Duration,
    since: Duration,
}

impl<K: Hash + Eq, V: Default> GenerationalMap<K, V> {
    /// A table of at most twice `size` entries, which forgets what was not used for twice `age`, or sooner.
    pub(crate) fn new(size: usize, age: Duration) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), size, age, since: Duration::ZERO }
    }

    /// What is remembered of this key; a new entry when it is nothing.
    pub(crate) fn entry(&mut self, key: K, now: Duration) -> &mut V {
        let of_age = now.saturating_sub(self.since) >= self.age;
        if of_age || (self.young.len() >= self.size && !self.young.contains_key(&key)) {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
        let Self { young, old, .. } = self;
        young.entry(key).or_insert_with_key(|key| old.remove(key).unwrap_or_default())
    }

    /// What is remembered of this key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AGE: Duration = Duration::from_secs(10);

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut recent: GenerationalMap<u32, u32> = GenerationalMap::new(2, AGE);
        for key in 0..20 {
            *recent.entry(7, Duration::ZERO) += 1;
            *recent.entry(100 + key, Duration::ZERO) = 1;
        }
        assert_eq!(recent.get(&7), Some(&20));
        assert_eq!(recent.get(&100), None);
    }

    #[test]
    fn what_was_not_used_for_long_is_forgotten() {
        let mut recent: GenerationalMap<u32, u32> = GenerationalMap::new(100, AGE);
        *recent.entry(7, AGE) = 1;
        recent.entry(8, AGE * 2);
        assert_eq!(recent.get(&7), Some(&1));
        recent.entry(8, AGE * 3);
        assert_eq!(recent.get(&7), None);
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_twice_its_size(keys in proptest::collection::vec((0..50_u32, 0..3_u64), 0..300)) {
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
