//! Checks names and passwords, and remembers the right ones.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use ring::hmac;
use ring::rand::SystemRandom;

/// How many right passwords are remembered. One user may have several: bcrypt only compares the first 72 bytes.
const REMEMBERED: usize = 256;

/// The users and their hashes.
///
/// A check with bcrypt deliberately takes a good part of a second, which is too long for each scrape. So a right password is
/// remembered, as a digest under a key of this process. A wrong one is not: each guess costs a check.
pub struct Users {
    /// In order: a name that does not exist is checked against one of them.
    hashes: BTreeMap<String, String>,
    key: hmac::Key,
    right: Mutex<HashSet<[u8; 32]>>,
    verify: Box<Verify>,
}

/// Why users cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers, which basic_auth_users needs")]
pub struct NoRandomness;

/// Whether a password belongs to a hash.
type Verify = dyn Fn(&[u8], &str) -> bool + Send + Sync;

impl std::fmt::Debug for Users {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Users({})", self.hashes.len())
    }
}

impl Users {
    /// Users with these bcrypt hashes of their passwords. `None` when there are none.
    pub fn new(hashes: HashMap<String, String>) -> Result<Option<Self>, NoRandomness> {
        Self::with(hashes, Box::new(|password, hash| bcrypt::verify(password, hash).unwrap_or(false)))
    }

    fn with(hashes: HashMap<String, String>, verify: Box<Verify>) -> Result<Option<Self>, NoRandomness> {
        if hashes.is_empty() {
            return Ok(None);
        }
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|_| NoRandomness)?;
        Ok(Some(Self { hashes: hashes.into_iter().collect(), key, right: Mutex::default(), verify }))
    }

    /// Whether this pair was right before. Fast.
    pub fn remembers(&self, name: &str, password: &[u8]) -> bool {
        let Some(hash) = self.hashes.get(name) else { return false };
        let digest = self.digest(name, hash, password);
        self.right.lock().unwrap_or_else(PoisonError::into_inner).contains(&digest)
    }

    /// Whether the password is the user's. Slow: not for an async worker.
    ///
    /// An unknown name is checked against the hash of one of the users, always the same one, and refused in any case: so the
    /// time does not reveal which users exist, whatever the costs of their hashes.
    pub fn check(&self, name: &str, password: &[u8]) -> bool {
        let known = self.hashes.get(name);
        let Some(hash) = known.or_else(|| self.stand_in(name)) else { return false };
        let right = (self.verify)(password, hash) && known.is_some();
        if right {
            let digest = self.digest(name, hash, password);
            let mut remembered = self.right.lock().unwrap_or_else(PoisonError::into_inner);
            if remembered.len() >= REMEMBERED {
                remembered.clear();
            }
            remembered.insert(digest);
        }
        right
    }

    fn stand_in(&self, name: &str) -> Option<&String> {
        let [first, second, ..] = *hmac::sign(&self.key, name.as_bytes()).as_ref() else { return None };
        let index = usize::from(u16::from_le_bytes([first, second])) % self.hashes.len().max(1);
        self.hashes.values().nth(index)
    }

    fn digest(&self, name: &str, hash: &str, password: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [name.as_bytes(), hash.as_bytes(), password] {
            // With the lengths no two triples are the same bytes.
            context.update(&part.len().to_le_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A text with the form of a hash.
    fn hash(cost: u32) -> String {
        format!("$2y${cost:02}$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK")
    }

    fn hashes(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned())).collect()
    }

    /// Users for whom "fern" is right, without bcrypt. Each check notes its hash.
    fn counted(pairs: &[(&str, &str)]) -> (Users, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let verify = move |password: &[u8], hash: &str| {
            noted.lock().unwrap().push(hash.to_owned());
            password == b"fern"
        };
        (Users::with(hashes(pairs), Box::new(verify)).unwrap().unwrap(), seen)
    }

    #[test]
    fn an_unknown_name_costs_as_many_checks_as_a_user() {
        let (low, high) = (hash(4), hash(10));
        let (users, seen) = counted(&[("alice", &low), ("bob", &high)]);
        let cases = [
            ("a user with the right password", "alice", "fern", true),
            ("a user with a wrong one", "alice", "moss", false),
            ("nobody", "carol", "moss", false),
            ("nobody, with a password that somebody has", "carol", "fern", false),
            ("no name", "", "fern", false),
        ];
        for (name, user, password, right) in cases {
            seen.lock().unwrap().clear();
            assert_eq!(users.check(user, password.as_bytes()), right, "{name}");
            assert_eq!(seen.lock().unwrap().len(), 1, "{name}");
        }
    }

    #[test]
    fn an_unknown_name_is_always_checked_against_the_same_hash_of_a_user() {
        let (low, high) = (hash(4), hash(10));
        let (users, seen) = counted(&[("alice", &low), ("bob", &high)]);
        for index in 0..64 {
            let name = format!("stranger {index}");
            let _ = (users.check(&name, b"moss"), users.check(&name, b"fern"));
            let hashes = std::mem::take(&mut *seen.lock().unwrap());
            assert!(hashes.len() == 2 && hashes[0] == hashes[1], "{name}: {hashes:?}");
        }
        for index in 0..64 {
            let _ = users.check(&format!("stranger {index}"), b"moss");
        }
        let hashes: HashSet<_> = seen.lock().unwrap().drain(..).collect();
        assert_eq!(hashes, HashSet::from([low, high]));
    }

    #[test]
    fn only_right_passwords_are_remembered_and_only_for_their_user() {
        let hash = hash(4);
        let (users, _) = counted(&[("alice", &hash), ("bob", &hash)]);
        for (user, password) in [("alice", "fern"), ("alice", "moss"), ("carol", "fern")] {
            let _ = users.check(user, password.as_bytes());
        }
        let cases = [
            ("right before", "alice", "fern", true),
            ("wrong before", "alice", "moss", false),
            ("nobody", "carol", "fern", false),
            ("right, but of another user who was not there yet", "bob", "fern", false),
            ("the same bytes, cut at another place", "alicef", "ern", false),
        ];
        for (name, user, password, remembered) in cases {
            assert_eq!(users.remembers(user, password.as_bytes()), remembered, "{name}");
        }
    }

    #[test]
    fn the_number_of_remembered_passwords_is_bounded() {
        let hash = hash(4);
        let verify = |_: &[u8], _: &str| true;
        let users = Users::with(hashes(&[("alice", &hash)]), Box::new(verify)).unwrap().unwrap();
        for index in 0..2_000_u32 {
            assert!(users.check("alice", &index.to_le_bytes()));
        }
        assert!(users.right.lock().unwrap().len() <= REMEMBERED);
    }

    #[test]
    fn hashes_of_common_tools_are_understood() {
        let made = bcrypt::hash("fern", 4).unwrap();
        for version in ["2a", "2b", "2y"] {
            let hash = made.replacen("2b", version, 1);
            let users = Users::new(hashes(&[("alice", &hash)])).unwrap().unwrap();
            assert!(users.check("alice", b"fern"), "{version}");
            assert!(!users.check("alice", b"fern "), "{version}");
            assert!(!users.check("alice", b""), "{version}");
        }
    }
}
