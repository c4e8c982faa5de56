//! The thread on which connections to the database live.

use tokio::runtime::{Builder, Runtime};

use crate::store::StoreError;

/// It ends with this.
#[derive(Debug)]
pub(super) struct Background(Option<Runtime>);

impl Background {
    pub(super) fn start() -> Result<Self, StoreError> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("postgres").enable_all().build();
        let runtime = runtime
            .map_err(|error| StoreError(format!("cannot start the thread for the database: {error}")))?;
        Ok(Self(Some(runtime)))
    }

    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(work);
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // This may happen within another runtime, which must not wait.
            runtime.shutdown_background();
        }
    }
}
