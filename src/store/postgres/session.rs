//! A connection to the database, and how it is made: in the background, so that no webhook waits for it.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, NoTls};

use super::connect_error::ConnectError;
use super::statements::Everything;
use super::url::DatabaseUrl;
use super::{schema, statements, tls};
use crate::labels::Source;

/// How long a connection may take until it can be used.
pub(super) const CONNECT: Duration = Duration::from_secs(3);

/// How long it may take to read everything: a large farm on a small machine. If that failed each time, it would never be read.
const READ_ALL: Duration = Duration::from_secs(5);

/// The time between two attempts to connect.
const RETRY: Duration = Duration::from_millis(500);

/// A connection that can be used. Dropping it closes it at once, whatever the server does.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Arc<Client>,
    driver: AbortHandle,
    /// A transaction has begun.
    pub(super) has_begun: bool,
    /// What was there when the connection was made, if that was to be read.
    pub(super) everything: Option<Everything>,
}

impl Session {
    fn new(client: Client, driver: AbortHandle) -> Self {
        Self { client: Arc::new(client), driver, has_begun: false, everything: None }
    }

    async fn read_everything(&mut self, sources: &[Source]) -> Result<(), ConnectError> {
        let reading = timeout(READ_ALL, statements::read_everything(&self.client, sources));
        let read = reading.await.map_err(|_| ConnectError::unanswered())?;
        // Another version of the exporter may know the sender that this one does not.
        let read = read.map_err(|error| ConnectError { problem: error.0, is_final: false })?;
        self.everything = Some(read);
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Tries until there is a connection, and sends the outcome of each attempt. Ends when nobody waits any more.
pub(super) async fn connect_until_done(
    url: Arc<DatabaseUrl>,
    reads: Option<Arc<[Source]>>,
    outcomes: Sender<Result<Session, ConnectError>>,
) {
    loop {
        let mut outcome = connect(&url).await;
        if let (Ok(session), Some(sources)) = (&mut outcome, &reads)
            && let Err(error) = session.read_everything(sources).await
        {
            outcome = Err(error);
        }
        let is_done = outcome.is_ok();
        if outcomes.send(outcome).is_err() || is_done {
            return;
        }
        sleep(RETRY).await;
    }
}

/// Connects to the host that can be written to. All hosts are tried at once: one that does not answer delays nothing.
async fn connect(url: &Arc<DatabaseUrl>) -> Result<Session, ConnectError> {
    let mut attempts = JoinSet::new();
    for config in url.hosts() {
        let url = Arc::clone(url);
        attempts.spawn(async move {
            timeout(CONNECT, open(&url, config)).await.map_err(|_| ConnectError::unanswered())?
        });
    }
    let mut failure = ConnectError::unanswered();
    while let Some(outcome) = attempts.join_next().await {
        match outcome {
            Ok(Ok(session)) => return Ok(session),
            // What is wrong with the settings says more than a host that is down.
            Ok(Err(error)) if error.is_final || !failure.is_final => failure = error,
            _ => {}
        }
    }
    Err(failure)
}

async fn open(url: &DatabaseUrl, mut config: Config) -> Result<Session, ConnectError> {
    url.password.set(&mut config)?;
    let session = if url.is_encrypted {
        let (client, connection) = config.connect(tls::connector(url.roots.as_deref())?).await?;
        Session::new(client, tokio::spawn(connection).abort_handle())
    } else {
        let (client, connection) = config.connect(NoTls).await?;
        Session::new(client, tokio::spawn(connection).abort_handle())
    };
    schema::prepare(&session.client).await?;
    Ok(session)
}
