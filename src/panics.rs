//! What is told of a panic: where it was, never what it says. A text made from a sender's data may hold a body or a secret.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, Location};
use std::pin::pin;
use std::task::Poll;

use tokio::task::JoinError;
use tracing::error;

/// From now on a panic is one line in the log that says where it was; then `count` is called.
pub fn install_hook(count: impl Fn() + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |panicked| {
        let place = panicked.location().map(Location::to_string).unwrap_or_default();
        let thread = std::thread::current();
        error!(place, thread = thread.name(), "a fault of the exporter; please report it with this line");
        count();
    }));
}

/// The outcome of a future, or nothing when it panics.
pub async fn catch_unwind<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let polled = panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or_else(|_: Box<dyn Any + Send>| Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

/// What may be said of a task that did not come to its end; its own words hold those of the panic.
#[must_use]
pub fn ended(error: &JoinError) -> &'static str {
    if error.is_panic() { "it broke off by a fault of the exporter" } else { "it was cancelled" }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_future_that_panics_has_no_outcome() {
        assert_eq!(catch_unwind(async { 7 }).await, Some(7));
        assert_eq!(catch_unwind(async { panic!("this is meant to happen") }).await, None::<()>);
    }

    #[tokio::test]
    async fn a_task_that_panics_is_described_without_its_words() {
        let task = tokio::spawn(async { panic!("hunter2, which is meant to happen") });
        assert!(!ended(&task.await.unwrap_err()).contains("hunter2"));
    }

    /// Run as a program of its own by the test below, since there is only one hook.
    #[test]
    #[ignore = "it replaces the hook of all tests"]
    fn a_panic_in_a_process_of_its_own() {
        let _log = crate::log::init(crate::log::LogLevel::Debug, crate::log::LogFormat::Logfmt).unwrap();
        install_hook(|| eprintln!("counted"));
        let body: Result<f64, String> = std::hint::black_box(Err("hunter2".to_owned()));
        let _ = panic::catch_unwind(|| body.unwrap());
    }

    #[test]
    fn the_log_tells_where_and_not_what() {
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
