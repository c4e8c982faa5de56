//! Names that nobody else has.

use std::fmt::Write;

use ring::rand::{SecureRandom, SystemRandom};

/// The system has no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(crate) struct NoRandomNumbers;

/// A name of 16 hexadecimal digits.
pub(crate) fn id() -> Result<String, NoRandomNumbers> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomNumbers)?;
    let mut id = String::new();
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(id, "{byte:02x}");
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_differ() {
        let (one, other) = (id().unwrap(), id().unwrap());
        assert!(one.len() == 16 && other.len() == 16 && one != other, "{one} {other}");
    }
}
