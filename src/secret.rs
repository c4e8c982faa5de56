//! A shared secret. Nothing shows it, and comparing it takes a time that tells nothing but its length.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};

/// A shared secret. Its text is never formatted. An empty one matches nothing.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret with this text.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// Whether the candidate is the secret.
    #[must_use]
    pub fn matches(&self, candidate: &[u8]) -> bool {
        self.ct_eq(candidate).into()
    }

    /// The text, to be sent to where it is asked for.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// [`Self::matches`] as a value that several comparisons can be combined from without a branch.
    pub(crate) fn ct_eq(&self, candidate: &[u8]) -> Choice {
        self.0.as_bytes().ct_eq(candidate) & !self.0.as_bytes().ct_eq(b"")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hidden")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_formatted() {
        let secret = Secret::new("s3cr3t".to_owned());
        assert_eq!(format!("{secret} {secret:?} {secret:#?}"), "hidden Secret(hidden) Secret(hidden)");
    }

    #[test]
    fn only_the_same_bytes_match() {
        let secret = Secret::new("s3cr3t".to_owned());
        for (candidate, matches) in
            [("s3cr3t", true), ("S3CR3T", false), ("s3cr3", false), ("s3cr3t2", false), ("", false)]
        {
            assert_eq!(secret.matches(candidate.as_bytes()), matches, "{candidate}");
        }
    }

    #[test]
    fn an_empty_secret_matches_nothing() {
        assert!(!Secret::new(String::new()).matches(b""));
    }
}
