//! Wrong secrets: a client that sends many is told to slow down, and then no longer has its guesses looked at.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::labels::Source;
use crate::limits::{CLIENTS, ClientNetwork, GenerationalMap};

/// How many wrong secrets are nothing but wrong: somebody who tries, or printers whose secret was changed.
const FREE: u32 = 10;

/// How many wrong secrets are looked at.
const MOST: u32 = 110;

/// How long it takes until one of them is forgiven.
const EACH: Duration = Duration::from_secs(6);

/// How long a client that sent a right secret is known, at least.
const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What the clients have tried.
///
/// A right secret opens at once, whatever else comes from the same address, since many printers may be behind one. That
/// alone would let somebody guess on: a wrong secret that is answered in another way is still one more that was tried. So a
/// client that has sent a great many wrong ones and never a right one has nothing more compared until time has passed.
/// Each scope counts for itself: the secret of one printer gains nothing at another.
#[derive(Debug)]
pub struct AuthThrottle {
    tried: Mutex<GenerationalMap<(ClientNetwork, u64), Tried>>,
    scopes: RandomState,
}

/// What a secret is valid for: one printer with secrets of its own, or all other printers of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretScope<'a> {
    /// The source of the webhooks.
    pub source: Source,
    /// The printer's id, where it has secrets of its own.
    pub printer: Option<&'a str>,
}

#[derive(Debug, Default)]
struct Tried {
    /// When all wrong ones will be forgiven: a single number tells how many there are.
    forgiven: Duration,
    /// Whether there was a right one.
    opened: bool,
}

impl Default for AuthThrottle {
    fn default() -> Self {
        Self { tried: Mutex::new(GenerationalMap::new(CLIENTS, AGE)), scopes: RandomState::new() }
    }
}

impl AuthThrottle {
    /// Whether a secret is to be compared at all.
    ///
    /// # Errors
    /// When it is not; the next one is after the time in the error.
    pub fn look(&self, client: ClientNetwork, scope: SecretScope<'_>, now: Duration) -> Result<(), Duration> {
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let debt = match tried.get(&self.key(client, scope)) {
            Some(Tried { forgiven, opened: false }) => forgiven.saturating_sub(now),
            _ => return Ok(()),
        };
        let wait = debt.saturating_sub(EACH * (MOST - 1));
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    /// Notes a wrong secret. When they have become many, answers how long it takes until one would not be too many.
    pub fn wrong(&self, client: ClientNetwork, scope: SecretScope<'_>, now: Duration) -> Option<Duration> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let Tried { forgiven, .. } = tried.entry(self.key(client, scope), now);
        *forgiven = ((*forgiven).max(now) + EACH).min(now + EACH * MOST);
        let debt = forgiven.saturating_sub(now);
        (debt > EACH * FREE).then(|| debt.saturating_sub(EACH * (FREE - 1)))
    }

    /// Notes a right secret.
    pub fn right(&self, client: ClientNetwork, scope: SecretScope<'_>, now: Duration) {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.entry(self.key(client, scope), now).opened = true;
    }

    /// A printer's id can be long, and is not to be kept for every client.
    fn key(&self, client: ClientNetwork, scope: SecretScope<'_>) -> (ClientNetwork, u64) {
        (client, self.scopes.hash_one(scope))
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;

    fn client(last: u8) -> ClientNetwork {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn scope(printer: Option<&str>) -> SecretScope<'_> {
        SecretScope { source: Source::new("octoprint"), printer }
    }

    const NOW: Duration = Duration::from_secs(1_000);

    /// How often a client is let in to try, and how many of the answers were plain.
    fn guess(
        auth_throttle: &AuthThrottle,
        (client, scope): (ClientNetwork, SecretScope<'_>),
        times: u32,
        now: Duration,
    ) -> (u32, u32) {
        let (mut looked, mut plain) = (0, 0);
        for _ in 0..times {
            if auth_throttle.look(client, scope, now).is_ok() {
                looked += 1;
                plain += u32::from(auth_throttle.wrong(client, scope, now).is_none());
            }
        }
        (looked, plain)
    }

    #[test]
    fn some_are_wrong_more_are_slowed_and_then_none_is_looked_at() {
        let auth_throttle = AuthThrottle::default();
        assert_eq!(guess(&auth_throttle, (client(1), scope(None)), 1_000, NOW), (MOST, FREE));
        let wait = auth_throttle.look(client(1), scope(None), NOW).unwrap_err();
        assert!(wait <= EACH && !wait.is_zero(), "{wait:?}");
        assert_eq!(auth_throttle.look(client(1), scope(None), NOW + wait), Ok(()));
    }

    #[test]
    fn other_clients_and_other_doors_are_not_concerned() {
        let auth_throttle = AuthThrottle::default();
        guess(&auth_throttle, (client(1), scope(None)), 1_000, NOW);
        for other in [(client(2), scope(None)), (client(1), scope(Some("delta")))] {
            assert_eq!(guess(&auth_throttle, other, 1, NOW), (1, 1), "{other:?}");
        }
    }

    #[test]
    fn a_client_with_a_right_secret_is_always_looked_at_but_only_at_that_door() {
        let auth_throttle = AuthThrottle::default();
        auth_throttle.right(client(1), scope(Some("delta")), NOW);
        assert_eq!(guess(&auth_throttle, (client(1), scope(Some("delta"))), 1_000, NOW), (1_000, FREE));
        assert_eq!(guess(&auth_throttle, (client(1), scope(Some("omega"))), 1_000, NOW), (MOST, FREE));
    }

    #[test]
    fn time_forgives() {
        let auth_throttle = AuthThrottle::default();
        guess(&auth_throttle, (client(1), scope(None)), 1_000, NOW);
        assert_eq!(guess(&auth_throttle, (client(1), scope(None)), 1_000, NOW + EACH * MOST), (MOST, FREE));
    }

    #[test]
    fn what_a_slowed_client_is_told_is_true() {
        let auth_throttle = AuthThrottle::default();
        guess(&auth_throttle, (client(1), scope(None)), FREE, NOW);
        let wait = auth_throttle.wrong(client(1), scope(None), NOW).unwrap();
        assert_eq!(auth_throttle.wrong(client(1), scope(None), NOW + wait), None);
    }

    proptest! {
        /// However a stranger spreads its guesses, no more are looked at than the first many and one for each span.
        #[test]
        fn guesses_are_bounded(pauses in proptest::collection::vec(0..5_000_u64, 1..600)) {
            let auth_throttle = AuthThrottle::default();
            let (mut now, mut looked) = (NOW, 0);
            for pause in pauses {
                now += Duration::from_millis(pause);
                looked += guess(&auth_throttle, (client(1), scope(None)), 1, now).0;
                let spans = now.saturating_sub(NOW).as_secs_f64() / EACH.as_secs_f64();
                prop_assert!(f64::from(looked) <= f64::from(MOST) + spans + 1.0);
            }
        }
    }
}
