//! The way to the database: a connection that is made again, in the background, whenever it is lost.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Client;

use super::background::Background;
use super::connect_error::ConnectError;
use super::session::{CONNECT, Session, connect_until_done};
use super::url::DatabaseUrl;
use crate::labels::Source;
use crate::store::StoreError;

#[derive(Debug)]
pub(super) struct Link {
    url: Arc<DatabaseUrl>,
    reads: Option<Arc<[Source]>>,
    background: Background,
    state: State,
    /// Why there is no connection.
    problem: String,
}

#[derive(Debug)]
enum State {
    Connecting(Receiver<Result<Session, ConnectError>>),
    Connected(Session),
}

impl Link {
    /// Begins to connect. Each connection first reads everything, with printers of the senders `reads`, if there are any.
    pub(super) fn new(url: Arc<DatabaseUrl>, reads: Option<Arc<[Source]>>) -> Result<Self, StoreError> {
        let background = Background::start()?;
        let state = connecting(&background, &url, reads.as_ref());
        Ok(Self { url, reads, background, state, problem: "it is not connected yet".into() })
    }

    pub(super) fn url(&self) -> &Arc<DatabaseUrl> {
        &self.url
    }

    /// Waits for the first attempt to connect. Returns why it failed, if it did.
    pub(super) fn wait(&mut self) -> Option<ConnectError> {
        let State::Connecting(outcomes) = &self.state else { return None };
        let outcome = outcomes.recv_timeout(CONNECT).unwrap_or_else(|_| Err(ConnectError::unanswered()));
        let error = match outcome {
            Ok(session) => {
                self.state = State::Connected(session);
                return None;
            }
            Err(error) => error,
        };
        self.problem.clone_from(&error.problem);
        Some(ConnectError { problem: self.away().0, ..error })
    }

    /// The connection, if there is one.
    pub(super) fn session(&mut self) -> Result<&mut Session, StoreError> {
        while let State::Connecting(outcomes) = &self.state {
            match outcomes.try_recv() {
                Ok(Ok(session)) => self.state = State::Connected(session),
                Ok(Err(error)) => self.problem = error.problem,
                Err(_) => break,
            }
        }
        let away = self.away();
        match &mut self.state {
            State::Connected(session) => Ok(session),
            State::Connecting(_) => Err(away),
        }
    }

    /// Does something with the connection. One that fails or takes longer than `limit` is closed.
    pub(super) fn run<T: Send + 'static, F>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(Arc<Client>) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.session()?.client));
        let (send, receive) = mpsc::channel();
        self.background.spawn(async move {
            let unanswered = |_| StoreError(format!("it did not answer within {} ms", limit.as_millis()));
            let _ = send.send(timeout(limit, work).await.map_err(unanswered).flatten());
        });
        let done = receive.recv().unwrap_or_else(|_| Err(StoreError("its thread has ended".into())));
        done.map_err(|error| {
            self.disconnect();
            self.problem = error.0;
            self.away()
        })
    }

    /// Closes the connection, if there is one, and begins to make another.
    pub(super) fn disconnect(&mut self) {
        if matches!(self.state, State::Connected(_)) {
            self.state = connecting(&self.background, &self.url, self.reads.as_ref());
            self.problem = "the connection is made anew".into();
        }
    }

    fn away(&self) -> StoreError {
        StoreError(format!("the database {} cannot be used: {}", self.url.name(), self.problem))
    }
}

fn connecting(background: &Background, url: &Arc<DatabaseUrl>, reads: Option<&Arc<[Source]>>) -> State {
    let (send, receive) = mpsc::channel();
    background.spawn(connect_until_done(Arc::clone(url), reads.map(Arc::clone), send));
    State::Connecting(receive)
}
