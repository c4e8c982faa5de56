//! What the operating system is asked for on behalf of this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::debug;

/// Has the system write no core when the process crashes: the memory holds secrets and what senders wrote. The hard limit
/// stays, so that a person can allow one while the process runs.
pub fn disable_core_dumps() {
    set(Resource::Core, |limit| Rlimit { current: Some(0), ..limit });
}

/// Raises the number of open files to what the system allows: each connection is one, and many systems begin with fewer
/// than the connections that we take.
pub fn raise_nofile_limit() {
    set(Resource::Nofile, |limit| Rlimit { current: limit.maximum, ..limit });
}

/// A system that refuses leaves everything as it was, which is no reason not to start.
fn set(resource: Resource, change: impl FnOnce(Rlimit) -> Rlimit) {
    if let Err(error) = setrlimit(resource, change(getrlimit(resource))) {
        debug!(?resource, %error, "a limit of the process could not be set");
    }
}
