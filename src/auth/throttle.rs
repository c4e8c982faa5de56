//! Throttles guesses of webhook secrets: a client that sends many wrong ones is told to slow down, and finally none of its
//! secrets are compared for a while. Times are measured since the start of the exporter.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::labels::Source;
use crate::limits::token_bucket::{Refill, TokenBucket};
use crate::limits::{CLIENTS, ClientNetwork, GenerationalMap};

/// The time after which one wrong secret is forgiven.
const INTERVAL: Duration = Duration::from_secs(6);

/// Wrong secrets without a request to slow down: somebody who tries, or printers whose secret was changed.
const FREE: u32 = 10;

/// Wrong secrets that are compared at all.
const MAX: u32 = 110;

const UNTIL_SLOWED: Refill = Refill { interval: INTERVAL, capacity: FREE };
const UNTIL_REFUSED: Refill = Refill { interval: INTERVAL, capacity: MAX };

/// How long a client that has sent a right secret is remembered, at least.
const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The wrong secrets of each client and scope.
///
/// A right secret is always accepted, since many printers may share an address. But then a slowed client could go on
/// guessing, whatever the response to a wrong secret is. So once a client has sent [`MAX`] wrong secrets and never a right
/// one, its secrets are not compared until one is forgiven. Each scope counts by itself: the secret of one printer does not
/// help to guess that of another.
#[derive(Debug)]
pub struct AuthThrottle {
    clients: Mutex<Clients>,
    /// Hashes scopes: a printer's id can be long.
    hasher: RandomState,
}

type Key = (ClientNetwork, u64);
type Clients = GenerationalMap<Key, History>;

/// What a secret is valid for: one printer with secrets of its own, or all other printers of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretScope<'a> {
    /// The source of the webhooks.
    pub source: Source,
    /// The printer's id, where it has secrets of its own.
    pub printer: Option<&'a str>,
}

#[derive(Debug, Default)]
struct History {
    /// A wrong secret takes a token.
    bucket: TokenBucket,
    was_right: bool,
}

impl Default for AuthThrottle {
    fn default() -> Self {
        Self { clients: Mutex::new(GenerationalMap::new(CLIENTS, AGE)), hasher: RandomState::new() }
    }
}

impl AuthThrottle {
    /// Whether to compare a secret at all.
    ///
    /// # Errors
    /// When not; the time in the error is until the next one is compared.
    pub fn check(
        &self,
        client: ClientNetwork,
        scope: SecretScope<'_>,
        now: Duration,
    ) -> Result<(), Duration> {
        let clients = self.clients();
        let history = clients.get(&self.key(client, scope)).filter(|history| !history.was_right);
        let wait = history.map_or(Duration::ZERO, |history| history.bucket.wait(UNTIL_REFUSED, now));
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    /// Records a wrong secret. If the client has to slow down, returns for how long.
    pub fn record_wrong(
        &self,
        client: ClientNetwork,
        scope: SecretScope<'_>,
        now: Duration,
    ) -> Option<Duration> {
        let mut clients = self.clients();
        let bucket = &mut clients.entry(self.key(client, scope), now).bucket;
        let is_slowed = !bucket.wait(UNTIL_SLOWED, now).is_zero();
        // An empty bucket stays empty.
        let _ = bucket.take(UNTIL_REFUSED, now);
        is_slowed.then(|| bucket.wait(UNTIL_SLOWED, now))
    }

    /// Records a right secret.
    pub fn record_right(&self, client: ClientNetwork, scope: SecretScope<'_>, now: Duration) {
        self.clients().entry(self.key(client, scope), now).was_right = true;
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, client: ClientNetwork, scope: SecretScope<'_>) -> Key {
        (client, self.hasher.hash_one(scope))
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

    /// How many secrets are compared, and for how many the client is not slowed.
    fn guess(
        throttle: &AuthThrottle,
        (client, scope): (ClientNetwork, SecretScope<'_>),
        times: u32,
        now: Duration,
    ) -> (u32, u32) {
        let (mut compared, mut plain) = (0, 0);
        for _ in 0..times {
            if throttle.check(client, scope, now).is_ok() {
                compared += 1;
                plain += u32::from(throttle.record_wrong(client, scope, now).is_none());
            }
        }
        (compared, plain)
    }

    #[test]
    fn wrong_secrets_are_plain_then_slowed_and_then_not_compared() {
        let throttle = AuthThrottle::default();
        assert_eq!(guess(&throttle, (client(1), scope(None)), 1_000, NOW), (MAX, FREE));
        let wait = throttle.check(client(1), scope(None), NOW).unwrap_err();
        assert!(wait <= INTERVAL && !wait.is_zero(), "{wait:?}");
        assert_eq!(throttle.check(client(1), scope(None), NOW + wait), Ok(()));
    }

    #[test]
    fn other_clients_and_scopes_are_not_affected() {
        let throttle = AuthThrottle::default();
        guess(&throttle, (client(1), scope(None)), 1_000, NOW);
        for other in [(client(2), scope(None)), (client(1), scope(Some("delta")))] {
            assert_eq!(guess(&throttle, other, 1, NOW), (1, 1), "{other:?}");
        }
    }

    #[test]
    fn a_client_with_a_right_secret_is_always_compared_in_that_scope() {
        let throttle = AuthThrottle::default();
        throttle.record_right(client(1), scope(Some("delta")), NOW);
        assert_eq!(guess(&throttle, (client(1), scope(Some("delta"))), 1_000, NOW), (1_000, FREE));
        assert_eq!(guess(&throttle, (client(1), scope(Some("omega"))), 1_000, NOW), (MAX, FREE));
    }

    #[test]
    fn wrong_secrets_are_forgiven_with_time() {
        let throttle = AuthThrottle::default();
        guess(&throttle, (client(1), scope(None)), 1_000, NOW);
        assert_eq!(guess(&throttle, (client(1), scope(None)), 1_000, NOW + INTERVAL * MAX), (MAX, FREE));
    }

    #[test]
    fn the_stated_wait_is_long_enough() {
        let throttle = AuthThrottle::default();
        guess(&throttle, (client(1), scope(None)), FREE, NOW);
        let wait = throttle.record_wrong(client(1), scope(None), NOW).unwrap();
        assert_eq!(throttle.record_wrong(client(1), scope(None), NOW + wait), None);
    }

    proptest! {
        /// However guesses are spread, no more are compared than the maximum and one per interval.
        #[test]
        fn guesses_are_bounded(pauses in proptest::collection::vec(0..5_000_u64, 1..600)) {
            let throttle = AuthThrottle::default();
            let (mut now, mut compared) = (NOW, 0);
            for pause in pauses {
                now += Duration::from_millis(pause);
                compared += guess(&throttle, (client(1), scope(None)), 1, now).0;
                let spans = now.saturating_sub(NOW).as_secs_f64() / INTERVAL.as_secs_f64();
                prop_assert!(f64::from(compared) <= f64::from(MAX) + spans + 1.0);
            }
        }
    }
}
