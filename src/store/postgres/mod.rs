//! The database of replicas: PostgreSQL, in plain SQL that `CockroachDB` and `YugabyteDB` speak too.
//!
//! Statements are not prepared, so that pgbouncer can give every transaction to another connection. There is no statement
//! timeout and no cancel: a commit whose wait for the standby is cancelled is a commit. A server that does not answer in
//! time loses its connection, and whether it committed is asked later.

mod background;
mod connect_error;
mod history;
mod link;
mod migration;
mod password;
mod schema;
mod session;
mod statements;
mod tls;
mod url;

use std::error::Error;
use std::mem::replace;
use std::sync::Arc;
use std::time::Duration;

use super::retention::SLICE;
use super::shared::{Ask, Batch, Database, Locked};
use super::{History, StoreError};
use crate::labels::Source;
use crate::timestamp::Timestamp;
use link::Link;

pub use history::PostgresHistory;
pub(super) use migration::Migration;
pub use password::Password;
pub use url::{DatabaseUrl, UrlError};

/// How long it may take to remove a slice of old prints, while webhooks wait.
const PRUNE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Postgres {
    link: Link,
    sources: Arc<[Source]>,
    /// How long ended prints are kept; `None` for ever.
    retention: Option<Duration>,
    /// This replica removes old prints now.
    is_pruning: bool,
}

impl Postgres {
    /// A database with printers of these senders.
    pub fn new(url: DatabaseUrl, sources: Vec<Source>) -> Result<Self, StoreError> {
        let sources: Arc<[Source]> = sources.into();
        Ok(Self {
            link: Link::new(Arc::new(url), Some(Arc::clone(&sources)))?,
            sources,
            retention: None,
            is_pruning: false,
        })
    }

    /// Keeps ended prints only for `span`, or for ever.
    #[must_use]
    pub const fn with_retention(mut self, span: Option<Duration>) -> Self {
        self.retention = span;
        self
    }
}

impl Database for Postgres {
    fn connect(&mut self) -> Result<(), StoreError> {
        match self.link.wait() {
            None => tracing::info!(database = self.link.url().name(), "connected to the shared store"),
            Some(error) if error.is_final => return Err(StoreError(error.problem)),
            Some(error) => {
                tracing::warn!(error = error.problem, "webhooks wait in the outbox until it can");
            }
        }
        Ok(())
    }

    fn begin(&mut self, ask: &Ask, limit: Duration) -> Result<Locked, StoreError> {
        let (mut ask, sources) = (ask.clone(), Arc::clone(&self.sources));
        let session = self.link.session()?;
        let has_begun = replace(&mut session.has_begun, true);
        let everything = session.everything.take().filter(|_| ask.known.is_none());
        ask.known = ask.known.or(everything.as_ref().map(|everything| everything.version));
        self.link.run(limit, |client| async move {
            if has_begun {
                client.batch_execute("ROLLBACK").await?;
            }
            let mut locked = statements::begin(&client, &ask, &sources, limit).await?;
            if Some(locked.head.version) < ask.known {
                return Err(StoreError("it went back to an older state".into()));
            }
            locked.everything = everything.map(|everything| everything.news);
            Ok(locked)
        })
    }

    fn commit(&mut self, batch: Batch, limit: Duration) -> Result<(), StoreError> {
        self.link.run(limit, |client| async move { statements::commit(&client, &batch).await })?;
        self.link.session()?.has_begun = false;
        Ok(())
    }

    fn disconnect(&mut self) {
        self.link.disconnect();
    }

    fn prune(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        // While there is no connection, nothing is due.
        let (Some(span), Ok(_)) = (self.retention, self.link.session()) else { return Ok(0) };
        let is_in_a_pass = self.is_pruning;
        let removed = self.link.run(PRUNE, |client| async move {
            Ok(statements::prune(&client, now, span, is_in_a_pass).await?)
        });
        self.is_pruning = removed.as_ref().is_ok_and(|removed| *removed == SLICE);
        removed
    }

    fn history(&self) -> Result<Box<dyn History>, StoreError> {
        Ok(Box::new(PostgresHistory::new(Arc::clone(self.link.url()))?))
    }
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(chain(&error))
    }
}
