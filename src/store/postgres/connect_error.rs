//! Why there is no connection to the database.

use tokio_postgres::error::SqlState;

use super::chain;
use crate::store::StoreError;

#[derive(Clone, Debug)]
pub(super) struct ConnectError {
    pub(super) problem: String,
    /// Another attempt with the same settings would fail too.
    pub(super) is_final: bool,
}

impl ConnectError {
    pub(super) fn unanswered() -> Self {
        Self { problem: "it does not answer".into(), is_final: false }
    }
}

impl From<StoreError> for ConnectError {
    fn from(error: StoreError) -> Self {
        Self { problem: error.0, is_final: true }
    }
}

impl From<tokio_postgres::Error> for ConnectError {
    fn from(error: tokio_postgres::Error) -> Self {
        let is_refused = error.code().is_some_and(|code| {
            code.code().starts_with("28")
                || [SqlState::INVALID_CATALOG_NAME, SqlState::INSUFFICIENT_PRIVILEGE].contains(code)
        });
        Self { problem: chain(&error), is_final: is_refused || is_of_a_certificate(&error) }
    }
}

fn is_of_a_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let is_tls = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
        .is_some_and(|inner| matches!(inner.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))));
    is_tls || error.source().is_some_and(is_of_a_certificate)
}
