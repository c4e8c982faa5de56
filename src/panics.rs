//! Panics: the log says where one happened, never its message, which may hold a body or a secret.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, Location};
use std::pin::pin;
use std::task::Poll;

use tokio::task::JoinError;
use tracing::error;

/// Installs the panic hook of the process: one log line with the place, then a call of `count`.
pub fn install_hook(count: impl Fn() + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |panicked| {
        let place = panicked.location().map(Location::to_string).unwrap_or_default();
        let thread = std::thread::current();
        error!(place, thread = thread.name(), "a bug in the exporter; please report it with this line");
        count();
    }));
}

/// The output of a future; `None` when it panics.
pub async fn catch_unwind<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let polled = panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or_else(|_: Box<dyn Any + Send>| Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

/// Why a task did not finish, without the message of the panic.
#[must_use]
pub fn ended(error: &JoinError) -> &'static str {
    if error.is_panic() { "it was ended by a bug in the exporter" } else { "it was cancelled" }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_future_that_panics_has_no_output() {
        assert_eq!(catch_unwind(async { 7 }).await, Some(7));
        assert_eq!(catch_unwind(async { panic!("this is meant to happen") }).await, None::<()>);
    }

    #[tokio::test]
    async fn a_task_that_panics_is_described_without_the_message() {
        let task = tokio::spawn(async { panic!("hunter2, which is meant to happen") });
        assert!(!ended(&task.await.unwrap_err()).contains("hunter2"));
    }

    /// The test below runs this as a process, since a process has one hook.
    #[test]
    #[ignore = "it replaces the hook of all tests"]
    fn a_panic_in_a_process_of_its_own() {
        let _log = crate::log::init(crate::log::LogLevel::Debug, crate::log::LogFormat::Logfmt).unwrap();
        install_hook(|| eprintln!("counted"));
        let body: Result<f64, String> = std::hint::black_box(Err("hunter2".to_owned()));
        let _ = panic::catch_unwind(|| body.unwrap());
    }

    #[test]
    fn the_log_has_the_place_of_a_panic_without_its_message() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "panics::tests::a_panic_in_a_process_of_its_own"])
            .env("RUST_BACKTRACE", "full")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("level=error") && text.contains("place=src/panics.rs:"), "{text}");
        assert!(text.contains("counted"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
