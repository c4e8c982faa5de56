//! The print history for the endpoints.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::panics;
use crate::store::{History, StoreError};

/// Reads the history on a thread of its own, one reader at a time: readers use one core at most, and no webhook waits for
/// them.
#[derive(Clone)]
pub(super) struct HistoryReader(Arc<Mutex<Box<dyn History>>>);

impl HistoryReader {
    pub(super) fn new(history: Box<dyn History>) -> Self {
        Self(Arc::new(Mutex::new(history)))
    }

    /// What `read` returns.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn History) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // The lock stays with the work, which goes on when the client has left.
        let history = Arc::clone(&self.0).lock_owned().await;
        let done = spawn_blocking(move || read(&**history)).await;
        done.map_err(|error| StoreError(format!("the history cannot be read: {}", panics::ended(&error))))?
    }
}
