//! Throttles guesses of webhook secrets: a client that sends many wrong ones is told to slow down. Times are measured since
//! the start of the exporter.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::labels::Source;
use crate::limits::{CLIENTS, ClientNetwork, GenerationalMap, Refill, Throttled, TokenBucket};

/// One wrong secret is forgiven per interval. The capacity is for somebody who tries, and for printers whose secret was
/// changed.
const REFILL: Refill = Refill { interval: Duration::from_secs(6), capacity: 10 };

/// A client without a wrong secret for this long may be forgotten: its bucket is full again.
const AGE: Duration = Duration::from_secs(60);

/// The wrong secrets of each client and scope.
///
/// A right secret is never refused: all printers behind a proxy share an address with every other client of it. So a guess
/// is always compared, and a throttled client can tell a right one from a wrong one. What keeps it from finding one is
/// the secret's length; the throttle is a message to people and a limit on log lines. Each scope counts by itself.
#[derive(Debug)]
pub struct AuthThrottle {
    clients: Mutex<GenerationalMap<(ClientNetwork, u64), TokenBucket>>,
    /// Hashes scopes: a printer's id can be long.
    hasher: RandomState,
}

/// What a secret is valid for: one printer with secrets of its own, or all other printers of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretScope<'a> {
    /// The source of the webhooks.
    pub source: Source,
    /// The printer's id, where it has secrets of its own.
    pub printer: Option<&'a str>,
}

impl Default for AuthThrottle {
    fn default() -> Self {
        Self { clients: Mutex::new(GenerationalMap::new(CLIENTS, AGE)), hasher: RandomState::new() }
    }
}

impl AuthThrottle {
    /// Records a wrong secret.
    pub fn record_wrong(
        &self,
        client: ClientNetwork,
        scope: SecretScope<'_>,
        now: Duration,
    ) -> Result<(), Throttled> {
        let key = (client, self.hasher.hash_one(scope));
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(key, now).take(REFILL, now)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(last: u8) -> ClientNetwork {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn scope(printer: Option<&str>) -> SecretScope<'_> {
        SecretScope { source: Source::new("octoprint"), printer }
    }

    const NOW: Duration = Duration::from_secs(1_000);

    #[test]
    fn ten_wrong_secrets_are_plain_and_then_one_every_six_seconds() {
        let throttle = AuthThrottle::default();
        let plain =
            |now| (0..100).filter(|_| throttle.record_wrong(client(1), scope(None), now).is_ok()).count();
        assert_eq!(plain(NOW), 10);
        let throttled = throttle.record_wrong(client(1), scope(None), NOW).unwrap_err();
        assert_eq!(throttled, Throttled { retry_after: Duration::from_secs(6), begins: false });
        assert_eq!(plain(NOW + throttled.retry_after), 1);
        assert_eq!(plain(NOW + Duration::from_secs(3_600)), 10);
    }

    #[test]
    fn other_clients_and_scopes_are_not_affected() {
        let throttle = AuthThrottle::default();
        for _ in 0..100 {
            let _ = throttle.record_wrong(client(1), scope(None), NOW);
        }
        for (client, scope) in [(client(2), scope(None)), (client(1), scope(Some("delta")))] {
            assert_eq!(throttle.record_wrong(client, scope, NOW), Ok(()), "{client:?} {scope:?}");
        }
    }
}
