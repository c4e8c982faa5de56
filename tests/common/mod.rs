//! What the tests of the exporter share: clients, certificates, captured requests, and ways to start an exporter.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

pub(crate) mod alerts;
pub(crate) mod app;
pub(crate) mod captures;
pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod dashboards;
pub(crate) mod durability;
pub(crate) mod exposition;
pub(crate) mod postgres;
pub(crate) mod program;
pub(crate) mod simulated;

/// How long [`eventually`] waits, and how long between two looks.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// Waits until `look` returns something.
pub(crate) fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look)
}

/// Waits until `look` returns something, for about this long.
pub(crate) fn within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..patience.as_millis() / PAUSE.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(PAUSE);
    }
    panic!("it did not happen in time: {what}");
}

/// The content of a file of the repository.
pub(crate) fn repository_file(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The result of starting a tool. When it is missing, the test fails and names the script that installs it.
pub(crate) fn installed<T>(program: &str, started: std::io::Result<T>) -> T {
    started.unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!("{program} is not installed; run scripts/install-test-tools"),
        _ => panic!("{program} does not start: {error}"),
    })
}

/// A free address.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
