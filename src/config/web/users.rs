//! The users of `basic_auth_users`, and the hashes of their passwords.

use std::collections::HashMap;

use bcrypt::HashParts;

use super::file::Entries;

/// The highest cost of a hash. Each step doubles the time of a check, which takes some seconds at this one.
const HIGHEST_COST: u32 = 18;

/// What is wrong with an entry, counted from 1. Neither a name nor a hash is repeated: where they are mixed up, the name
/// is a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    #[error("basic_auth_users, entry {0}: the name must be a text without a colon; put it in quotes")]
    Name(usize),
    #[error("basic_auth_users, entry {0}: the hash must be a text; make one with: htpasswd -nBC 10 ''")]
    NoHash(usize),
    #[error("basic_auth_users, entry {0}: this is not a bcrypt hash; make one with: htpasswd -nBC 10 ''")]
    NotBcrypt(usize),
    #[error(
        "basic_auth_users, entry {0}: the cost of the hash is not 4 to {HIGHEST_COST}; make one with: htpasswd -nBC 10 ''"
    )]
    Cost(usize),
    #[error("basic_auth_users, entry {0}: a user of this name is there already; remove one")]
    Twice(usize),
}

/// The hash of each user.
pub(super) fn hashes(entries: Entries) -> Result<HashMap<String, String>, UserError> {
    let mut hashes = HashMap::new();
    for (entry, (name, hash)) in (1..).zip(entries.0) {
        let name =
            name.filter(|name| !name.is_empty() && !name.contains(':')).ok_or(UserError::Name(entry))?;
        let hash = hash.ok_or(UserError::NoHash(entry))?;
        let parts: HashParts = hash.parse().map_err(|_| UserError::NotBcrypt(entry))?;
        if !(4..=HIGHEST_COST).contains(&parts.get_cost()) {
            return Err(UserError::Cost(entry));
        }
        if hashes.insert(name, hash).is_some() {
            return Err(UserError::Twice(entry));
        }
    }
    Ok(hashes)
}
